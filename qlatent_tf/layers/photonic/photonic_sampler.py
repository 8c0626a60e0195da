"""Photon counts behind a unitary that may change at every step, and their log-probability."""

import math

import keras
import numpy as np
import tensorflow as tf

from qlatent_tf.checks import check_count
from qlatent_tf.layers.photonic.permanents import add_row, permanents
from qlatent_tf.layers.photonic.subsets import bytes_per_sample, places
from qlatent_tf.quantum.memory import readable_bytes
from qlatent_tf.text.names import check_choice

MOST_PHOTONS = 12
STATISTICS = ("identical", "distinguishable")


@keras.saving.register_keras_serializable(package="qlatent_tf")
class PhotonicSampler(keras.layers.Layer):
    """Draws the photons behind an interferometer, inside a compiled step.

    #### Mathematical details

    Let A be the columns of the unitary that photons enter, one a photon. Identical photons leave in
    the modes r_1, ..., r_n, drawn one by one: the first k photons of a random order T are in the
    rows r_1 .. r_k with probability proportional to

    ```none
    |Per(A[r_1 .. r_k, T_k])|^2
    Per(A[r_1 .. r_k, T_k]) = sum over c in T_k of A[r_k, c] Per(A[r_1 .. r_{k-1}, T_k - {c}])
    ```

    so that the smaller permanents of one expansion serve all modes and all photons that follow: n
    2^(n-1) multiplications a sample. Distinguishable photons go their own ways, photon c to mode r
    with probability |A[r, c]|^2. Counts t have the log-probability

    ```none
    log |Per(A_t)|^2 - sum log t_i! - sum log s_j!     identical
    log Per(|A_t|^2) - sum log t_i!                    distinguishable
    ```

    with A_t the rows of A, row i repeated t_i times, and s_j photons entering mode j.

    Counts, like every draw, have no gradient; their log-probability has one in the unitary. Where
    a permanent is less than its own rounding error, the gradient is that of a permanent as large as
    the error, and thus stays finite.

    Args:
      photons: int, up to 12. One photon into each of the first modes; or a sequence of ints, the
        photons of each mode.
      statistics: str. `"identical"` or `"distinguishable"`.
      max_bytes: int. What a call may take at most, see `required_bytes`.

    Raises:
      ValueError: if there are no photons or too many, or the statistics are unknown.

    Example:
      >>> sampler = PhotonicSampler(8)
      >>> unitary = Interferometer(16)()
      >>> counts = sampler(unitary, num_samples=500, seed=(0, 1))
      >>> sampler.log_prob(unitary, counts).shape
      TensorShape([500])

    Reference: Clifford, Clifford, "Faster classical boson sampling", arXiv 2005.04214.
    """

    def __init__(self, photons, statistics="identical", max_bytes=2**30, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})
        self.statistics = statistics
        self.max_bytes = check_count(max_bytes, "max_bytes", least=1)
        if np.ndim(photons):
            self.input_state = tuple(check_count(count, "A photon number") for count in photons)
        else:
            self.input_state = (1,) * check_count(photons, "photons")
        self.photons = sum(self.input_state)
        if not 1 <= self.photons <= MOST_PHOTONS:
            raise ValueError(f"photons are from 1 to {MOST_PHOTONS}; received {photons!r}.")
        check_choice("statistics", statistics, STATISTICS)
        self.built = True

    def call(self, unitary, num_samples, seed):
        """Draws samples.

        Args:
          unitary: complex tensor, shape `[modes, modes]`.
          num_samples: int.
          seed: int32 pair. Decides the samples.

        Returns:
          int32 tensor, shape `[num_samples, modes]`.

        Raises:
          ValueError: if that takes more than `max_bytes`, there are fewer modes than photons
            enter, or `num_samples` is no number from 0.
        """
        known = tf.get_static_value(num_samples) if tf.is_tensor(num_samples) else num_samples
        if known is not None:  # In a graph, a number may be known at each call alone.
            num_samples = check_count(known, "num_samples")
        # Whole numbers: of these alone XLA and eager TensorFlow draw the same.
        bits = tf.random.stateless_uniform(
            [2, self.photons, num_samples], seed, None, None, tf.uint32, alg="philox"
        )
        return self.counts_of(unitary, bits)

    def counts_of(self, unitary, bits):
        """Returns the samples that random bits make, each of its own bits alone.

        Args:
          unitary: complex tensor, shape `[modes, modes]`.
          bits: uint32 tensor, shape `[2, photons, num_samples]`.

        Returns:
          int32 tensor, shape `[num_samples, modes]`.
        """
        columns = tf.stop_gradient(self._columns(unitary, bits.shape[2] or 0))
        draw = self._draw_identical if self.statistics == "identical" else self._draw_separately
        modes = draw(columns, _unit_interval(bits[0], columns.dtype.real_dtype), bits[1])
        return tf.reduce_sum(tf.one_hot(modes, columns.shape[0], dtype=tf.int32), axis=0)

    def log_prob(self, unitary, counts):
        """Returns log-probabilities of counts; differentiable in the unitary.

        Args:
          unitary: complex tensor, shape `[modes, modes]`.
          counts: tensor of whole numbers, shape `[batch, modes]`; floating ones are rounded.

        Returns:
          Real tensor, shape `[batch]`; -inf for counts of another number of photons.

        Raises:
          ValueError: if the shapes of both do not fit.
        """
        counts = tf.convert_to_tensor(counts)
        if counts.dtype.is_floating:
            counts = tf.round(counts)
        counts = tf.cast(counts, tf.int32)
        if counts.shape.rank != 2 or counts.shape[1] not in (None, unitary.shape[0]):
            raise ValueError(
                f"counts have the shape [batch, {unitary.shape[0]}], a column a mode of the "
                f"unitary; received shape {tuple(counts.shape)}."
            )
        columns = self._columns(unitary, counts.shape[0] or 1)
        matrices = self._rows_of(columns, counts)
        real = columns.dtype.real_dtype
        if self.statistics == "identical":
            permanent, rounding = permanents(matrices)
            log = 2 * log_absolute(permanent, rounding)
            log -= sum(math.lgamma(count + 1) for count in self.input_state)
        else:
            permanent, rounding = permanents(tf.math.real(matrices * tf.math.conj(matrices)))
            log = log_absolute(permanent, rounding)
        log -= tf.reduce_sum(tf.math.lgamma(tf.cast(counts + 1, real)), axis=1)
        possible = tf.reduce_sum(counts, axis=1) == self.photons
        possible &= tf.reduce_all(counts >= 0, axis=1)
        return tf.where(possible, log, -np.inf)

    def required_bytes(self, num_samples: int, modes: int, double: bool = False) -> int:
        """Returns the memory that samples, or their log-probabilities and gradient, take at most.

        Args:
          num_samples: int.
          modes: int.
          double: bool. Whether the unitary is complex128.
        """
        return num_samples * bytes_per_sample(self.photons, modes, 16 if double else 8)

    def check_bytes(self, num_samples: int, modes: int, double: bool = False) -> None:
        """Refuses samples that take more than `max_bytes`; see `required_bytes`.

        Raises:
          ValueError: with both sizes.
        """
        needed = self.required_bytes(num_samples, modes, double)
        if needed > self.max_bytes:
            raise ValueError(
                f"{num_samples:,} samples of {self.photons} photons take up to "
                f"{readable_bytes(needed)}, and max_bytes allows {readable_bytes(self.max_bytes)}. "
                "Draw fewer at a time; in training, choose a smaller batch_size."
            )

    def get_config(self):
        """Returns the arguments."""
        return {
            **super().get_config(),
            "photons": list(self.input_state),
            "statistics": self.statistics,
            "max_bytes": self.max_bytes,
        }

    def _columns(self, unitary, num_samples):
        """The columns of the unitary that photons enter, `[modes, photons]`."""
        unitary = tf.convert_to_tensor(unitary)
        shape = unitary.shape
        if not unitary.dtype.is_complex or shape.rank != 2 or shape[0] != shape[1]:
            raise ValueError(
                f"A unitary is a square complex matrix; received {unitary.dtype.name} of shape "
                f"{tuple(shape)}."
            )
        modes = shape[0]
        if len(self.input_state) > modes:
            raise ValueError(
                f"Photons enter the first {len(self.input_state)} modes; received a unitary of "
                f"shape {tuple(unitary.shape)}."
            )
        self.check_bytes(num_samples, modes, unitary.dtype == tf.complex128)
        sources = np.repeat(np.arange(len(self.input_state)), self.input_state)
        return tf.stack([unitary[:, source] for source in sources], axis=1)

    def _rows_of(self, columns, counts):
        """The rows of counts, row i as often as mode i counts, `[photons, photons, batch]`."""
        # Photon k is in the first mode up to which more than k were counted.
        ends = tf.cumsum(counts, axis=1)
        before = ends - counts
        numbers = tf.range(self.photons)[:, None, None]
        here = (before <= numbers) & (numbers < ends)  # [photons, batch, modes]
        # A product with zeros and ones, whose gradient is one too: no scattered sums.
        rows = tf.tensordot(tf.cast(here, columns.dtype), columns, axes=1)
        return tf.transpose(rows, [0, 2, 1])

    def _draw_identical(self, columns, uniform, order_bits):
        ranks = _ranks(order_bits)
        bit = tf.constant(1 << np.arange(self.photons), tf.int32)[:, None]
        batch = uniform.shape[1] or tf.shape(uniform)[1]
        permanent = tf.ones([1, batch], columns.dtype)
        drawn = []
        for k in range(self.photons):
            # Those of the first k + 1 photons of the order, and the permanents without each.
            chosen = ranks <= k
            mask = tf.reduce_sum(tf.where(chosen, bit, 0), axis=0)
            place = tf.gather(tf.constant(places(self.photons)), tf.bitwise.bitwise_xor(mask, bit))
            place = tf.where(chosen, place, 0) * batch + tf.range(batch)
            minors = tf.where(chosen, tf.gather(tf.reshape(permanent, [-1]), place), 0)
            amplitudes = columns @ minors
            mode = _draw(tf.math.real(amplitudes * tf.math.conj(amplitudes)), uniform[k])
            drawn.append(mode)
            if k + 1 < self.photons:
                row = tf.gather(tf.transpose(columns), mode, axis=1)
                permanent = add_row(row, permanent, self.photons, k + 1)
        return tf.stack(drawn)

    def _draw_separately(self, columns, uniform, order_bits):
        del order_bits
        rates = tf.math.real(columns * tf.math.conj(columns))
        return tf.stack(
            [_draw(rates[:, photon, None], uniform[photon]) for photon in range(self.photons)]
        )


@tf.custom_gradient
def log_absolute(values, rounding):
    """Returns ``log |value|``, whose gradient is that of values no smaller than their rounding.

    Args:
      values: real or complex tensor.
      rounding: real tensor of the same shape. Their rounding errors.
    """
    square = tf.math.real(values * tf.math.conj(values))
    tiny = np.finfo(square.dtype.as_numpy_dtype).tiny
    bounded = tf.maximum(square, tf.maximum(tf.square(rounding), tiny))

    def gradient(upstream):
        return tf.cast(upstream / bounded, values.dtype) * values, None

    return tf.math.log(square) / 2, gradient


def _draw(weights, uniform):
    """Draws rows by weights that do not sum to 1, `[rows, batch or 1]` -> `[batch]`."""
    rows = weights.shape[0]
    # A product, which XLA compiles to better code than a cumulative sum.
    cumulative = tf.constant(np.tri(rows), weights.dtype) @ weights
    passed = tf.cast(cumulative <= uniform * cumulative[-1], tf.int32)
    return tf.minimum(tf.reduce_sum(passed, axis=0), rows - 1)


def _ranks(bits):
    """The places of numbers in ascending order, along the first axis, each once."""
    numbers = np.arange(bits.shape[0])
    earlier = (numbers[:, None] < numbers)[:, :, None]
    smaller = bits[:, None] < bits[None]
    equal = bits[:, None] == bits[None]
    return tf.reduce_sum(tf.cast(smaller | (equal & earlier), tf.int32), axis=0)


def _unit_interval(bits, dtype):
    """Numbers in [0, 1) of as many random bits as the dtype holds, of 32."""
    unused = 8 if dtype == tf.float32 else 0
    return tf.cast(tf.bitwise.right_shift(bits, np.uint32(unused)), dtype) / 2.0 ** (32 - unused)
