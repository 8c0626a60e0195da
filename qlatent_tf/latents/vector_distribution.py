"""What the latents that are not built into TensorFlow Probability have in common."""

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from qlatent_tf.checks import check_count
from qlatent_tf.quantum.memory import check_memory

tfd = tfp.distributions

MOST_SAMPLES = 2**31 - 1  # TensorFlow Probability counts in int32, and would go on from zero


class CheckedSamples(tfd.Distribution):
    """A distribution that refuses more samples than it can count or memory can hold."""

    def _call_sample_n(self, sample_shape, seed, **kwargs):
        self._check_sample_shape(sample_shape)
        return super()._call_sample_n(sample_shape, _checked_seed(seed), **kwargs)

    def _call_sample_and_log_prob(self, sample_shape, seed, **kwargs):
        self._check_sample_shape(sample_shape)
        return super()._call_sample_and_log_prob(sample_shape, _checked_seed(seed), **kwargs)

    def _check_sample_shape(self, sample_shape) -> None:
        if tf.is_tensor(sample_shape):
            sample_shape = tf.get_static_value(sample_shape)
        if sample_shape is None:
            return
        sizes = np.ravel(np.asarray(sample_shape, object)).tolist()
        samples = math.prod(check_count(size, "sample_shape") for size in sizes)
        if samples > MOST_SAMPLES:
            raise ValueError(
                f"At most {MOST_SAMPLES:,} samples are drawn at a time; received sample_shape="
                f"{sample_shape}, which are {samples:,}. Draw them in batches."
            )
        width = self.event_shape[0]
        check_memory(samples * width * self.dtype.size, f"{samples:,} samples of {width} numbers")


def _checked_seed(seed):
    """Returns a seed as TensorFlow Probability takes it, which is not with numbers of NumPy."""
    if seed is None or callable(seed) or tf.is_tensor(seed):
        return seed
    if isinstance(seed, np.ndarray) and seed.dtype == np.uint32:
        seed = seed.astype(np.int32)  # As `np.random.SeedSequence` makes pairs.
    words = seed.tolist() if isinstance(seed, (np.ndarray, np.generic)) else seed
    pair = words if isinstance(words, (list, tuple)) and len(words) == 2 else [words]
    for word in pair:
        if tf.is_tensor(word):
            continue
        if isinstance(word, bool) or not isinstance(word, (int, np.integer)):
            raise ValueError(
                f"A seed is an integer, or a pair of integers, such as [0, 0]; received {seed!r}."
            )
        if len(pair) == 2 and not -(2**31) <= word < 2**31:
            raise ValueError(
                f"The seeds of a pair are from -2**31 to 2**31 - 1; received {seed!r}."
            )
    return words


class DiagonalNormal(CheckedSamples, tfd.MultivariateNormalDiag):
    """`tfd.MultivariateNormalDiag` that refuses more samples than it can count."""


class VectorDistribution(CheckedSamples):
    """A distribution of vectors, without a batch shape.

    Its outcomes are `discrete`, such as counts, unless a subclass says that they are not. One that
    is trained `changes`; its draws have gradients to its parameters if it is `differentiable`.

    Subclasses define `__repr__`, which is `str` as well, `_covariance`, and with it the variance.

    A pair of integers as the seed, `sample(500, seed=(0, 1))`, decides the draws. An integer does
    not: TensorFlow Probability counts the calls under it, so that the second call differs from the
    first. Without a seed, draws differ from process to process.

    Args:
      width: int. The length of the vectors.
      dtype: float dtype of the draws.
      parameters: dict. The arguments of the subclass.
      name: str. The name of the distribution.

    Raises:
      ValueError: if the dtype is none of floats, and by `sample` if a seed or a number of samples
        is not legal.
    """

    discrete = True
    changes = False
    differentiable = False

    def __init__(self, width: int, dtype, parameters: dict, name: str):
        self._width = width
        dtype = tf.as_dtype(dtype)
        if not dtype.is_floating:  # means and centred counts are no integers
            raise ValueError(f"dtype is of floats, such as float32; received {dtype.name}.")
        super().__init__(
            dtype=dtype,
            reparameterization_type=(
                tfd.FULLY_REPARAMETERIZED if self.differentiable else tfd.NOT_REPARAMETERIZED
            ),
            validate_args=False,
            allow_nan_stats=False,
            parameters=parameters,
            name=name,
        )

    def __str__(self) -> str:
        return repr(self)

    @classmethod
    def _parameter_properties(cls, dtype, num_classes=None):
        return {}

    def _event_shape(self):
        return tf.TensorShape([self._width])

    def _event_shape_tensor(self):
        return tf.constant([self._width], tf.int32)

    def _batch_shape(self):
        return tf.TensorShape([])

    def _variance(self):
        return tf.linalg.diag_part(self._covariance())

    def _checked(self, value) -> tf.Tensor:
        """Returns samples whose log-probability is asked for; refuses those of another width."""
        value = tf.convert_to_tensor(value, self.dtype)
        if not value.shape[-1:].is_compatible_with([self._width]):
            raise ValueError(
                f"Samples of {self!r} have the width {self._width}; received shape {value.shape}."
            )
        return value

    def _sample_in_numpy(self, draw: Callable[[int, int], np.ndarray], n, seed, salt: str):
        """Returns what `draw` makes of a number of rows and a seed.

        In a graph, rows of a constant number and seed are made once, unless the latent changes.
        """

        def draw_rows(n, words) -> np.ndarray:
            return draw(int(n), seed_of(words)).astype(self.dtype.as_numpy_dtype)

        seed = tfp.random.sanitize_seed(seed, salt=salt)
        rows = tf.numpy_function(draw_rows, [n, seed], self.dtype, stateful=self.changes)
        rows.set_shape([tf.get_static_value(n), self._width])
        return rows


def seed_of(words) -> int:
    """Returns the integer of a stateless seed, a pair of int32."""
    high, low = np.asarray(words).astype(np.uint32).tolist()
    return high << 32 | low
