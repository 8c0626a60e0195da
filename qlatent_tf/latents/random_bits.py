"""Independent fair bits as a TensorFlow Probability distribution."""

import math

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from absl import logging

from qlatent_tf.checks import check_count, check_real
from qlatent_tf.latents.vector_distribution import VectorDistribution


class RandomBits(VectorDistribution):
    """Independent fair bits, 0 and 1, moved by `loc`.

    Samples are bits plus `loc`, so `log_prob` takes bits plus `loc`, and is -inf for others.

    Args:
      width: int. The number of bits.
      loc: float. Is added to each bit; -1/2 centres them.
      dtype: float dtype of the draws.

    Raises:
      ValueError: if `width` is not a positive integer, or `loc` no finite number.

    Example:
      >>> RandomBits(16, loc=-0.5).sample(500, seed=(0, 1)).shape
      TensorShape([500, 16])
    """

    def __init__(self, width, loc=0.0, dtype=tf.float32, name="RandomBits"):
        parameters = dict(locals())
        self._width = check_count(width, "width", least=1)
        if np.ndim(loc):
            raise ValueError(f"loc is one number, for all bits; received {loc!r}.")
        self._loc = float(check_real(loc, "loc"))
        super().__init__(self._width, dtype, parameters, name)

    def __repr__(self) -> str:
        return f"{self.name}(width={self._width}, loc={self._loc:g}, dtype={self.dtype.name})"

    def _sample_n(self, n, seed=None):
        seed = tfp.random.sanitize_seed(seed, salt="RandomBits")
        bits = tf.random.stateless_uniform([n, self._width], seed, 0, 2, tf.int32)
        return tf.cast(bits, self.dtype) + self._loc

    def _log_prob(self, value):
        value = self._checked(value)
        zero, one = (tf.cast(bit, self.dtype) for bit in (0, 1))
        if self._loc and tf.executing_eagerly() and _are_either(value, zero, one).numpy().any():
            logging.warning(
                "log_prob of %s is -inf for bits, since its samples are bits plus loc=%g. Ask for "
                "log_prob(bits %+g).", self.name, self._loc, self._loc
            )  # fmt: skip
        bits = value - self._loc  # but for rounding
        error = 4 * float(np.spacing(np.ones((), self.dtype.as_numpy_dtype))) * (1 + abs(self._loc))
        rounded = tf.round(bits)
        bits = tf.where(tf.abs(bits - rounded) <= tf.cast(error, self.dtype), rounded, bits)
        possible = _are_either(bits, zero, one)
        log_prob = tf.constant(-self._width * math.log(2), self.dtype)
        return tf.where(possible, log_prob, tf.constant(-math.inf, self.dtype))

    def _mean(self):
        return tf.fill([self._width], tf.constant(0.5 + self._loc, self.dtype))

    def _covariance(self):
        return 0.25 * tf.eye(self._width, dtype=self.dtype)


def _are_either(value, one, other):
    return tf.reduce_all((value == one) | (value == other), axis=-1)
