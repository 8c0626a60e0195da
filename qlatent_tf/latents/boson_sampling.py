"""Photon counts as a TensorFlow Probability distribution."""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from absl import logging

from qlatent_tf.checks import as_array
from qlatent_tf.latents.device_counts import DeviceCounts
from qlatent_tf.latents.vector_distribution import seed_of
from qlatent_tf.quantum.arguments import MAX_PHOTONS
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.devices.tiles import draw_tiles


class BosonSampling(DeviceCounts):
    """Outcomes of independent photonic devices, side by side.

    #### Mathematical details

    With identical photons in the first n of m modes of a unitary U, the counts t follow

    ```none
    p(t) = |Per(U_t)|^2 / (t_1! ... t_m!)
    ```

    where U_t holds the first n columns of U, row i repeated t_i times. `PhotonicDevice` describes
    what imperfections change. Devices are independent, so means and log-probabilities
    add up and the covariance is block diagonal; all are exact.

    Draw i under a seed depends on the devices, the seed and i alone, where the seed is a pair of
    integers; an integer is the start of a sequence, see `VectorDistribution`.

    Samples are counts plus `loc`: a centred latent's `log_prob` takes centred counts and is -inf
    for whole numbers. `log_prob_of_counts` takes the counts themselves.

    Args:
      devices: PhotonicDevice, or sequence of them. Their outcomes are concatenated.
      loc: array-like, shape `[width]`. Is added to the counts; zeros by default.
      dtype: float dtype of the draws.

    Raises:
      ValueError: if there is no device, or `loc` does not have their joint width.

    #### Example

    ```python
    device = PhotonicDevice(haar_unitary(16, seed=0), [1] * 8 + [0] * 8)
    latent = BosonSampling(device, loc=-device.mean())
    samples = latent.sample(500, seed=(0, 1))  # shape [500, 16], of mean 0
    latent.log_prob(samples)  # shape [500]
    latent.log_prob_of_counts(latent.counts(500, seed=0))  # without centring
    ```

    #### References

    - Aaronson, Arkhipov, "The computational complexity of linear optics", arXiv:1011.3245.
    - Wallner, Clements, "Towards an inductive bias for quantum statistics in GANs".
    """

    DEVICE = PhotonicDevice
    SALT = "BosonSampling"

    def _sample_and_log_prob(self, sample_shape, seed):
        seed = tfp.random.sanitize_seed(seed, salt=self.SALT)
        sample_shape = tf.cast(tf.reshape(sample_shape, [-1]), tf.int32)

        def draw(n, words) -> list[np.ndarray]:
            pairs = draw_tiles(self.devices, int(n), seed_of(words), return_log_prob=True)
            counts, log_probs = zip(*pairs, strict=True)
            results = np.concatenate(counts, axis=1) + self._loc, np.sum(log_probs, axis=0)
            return [result.astype(self.dtype.as_numpy_dtype) for result in results]

        draws, log_probs = tf.numpy_function(
            draw,
            [tf.reduce_prod(sample_shape), seed],
            [self.dtype, self.dtype],
            stateful=self.changes,
        )
        draws = tf.reshape(draws, tf.concat([sample_shape, [self._width]], axis=0))
        return draws, tf.reshape(log_probs, sample_shape)

    def _log_prob(self, value):
        value = self._checked(value)
        log_probs = tf.numpy_function(
            self._samples_log_prob, [value], self.dtype, stateful=self.changes
        )
        log_probs.set_shape(value.shape[:-1])
        return log_probs

    def log_prob_of_counts(self, counts) -> np.ndarray:
        """Returns exact log-probabilities of counts, without `loc` and without TensorFlow.

        Args:
          counts: array-like, shape `[..., width]`. Photons or clicks of each mode.

        Returns:
          float64 array, shape `[...]`; -inf where an outcome cannot happen, or an entry is further
          than 0.01, the rounding of shifted samples, from a count.

        Raises:
          ValueError: if the width is another, the numbers are not real, or a device is too large,
            see `PhotonicDevice`.
        """
        counts = as_array(counts, f"Outcomes have the width {self._width}")
        if counts.dtype.kind not in "biuf":
            raise ValueError(f"Outcomes are of real numbers; received {counts.dtype}.")
        counts = counts.astype(np.float64)
        if counts.shape[-1:] != (self._width,):
            raise ValueError(
                f"Outcomes of {self!r} have the width {self._width}; received shape {counts.shape}."
            )
        rows = counts.reshape(-1, self._width)
        nearest = np.rint(rows)
        # A shifted count comes back with the rounding error of the sample's dtype.
        with np.errstate(invalid="ignore"):
            whole = (np.abs(rows - nearest) < 1e-2) & (nearest >= 0) & (nearest <= MAX_PHOTONS)
        possible = whole.all(axis=1)
        log_probs = np.full(len(rows), -np.inf)
        # Also of no counts: a device that has no probabilities says so.
        edges = np.cumsum([device.modes for device in self.devices])[:-1]
        parts = np.split(nearest[possible].astype(np.int64), edges, axis=1)
        log_probs[possible] = sum(
            device.log_prob(part) for device, part in zip(self.devices, parts, strict=True)
        )
        return log_probs.reshape(counts.shape[:-1])

    def _samples_log_prob(self, value: np.ndarray) -> np.ndarray:
        counts = value.astype(np.float64) - self._loc
        # The rounding error of half precision is no longer small.
        error = np.abs(value).astype(np.float64) * float(np.spacing(np.ones((), value.dtype)))
        nearest = np.rint(counts)
        with np.errstate(invalid="ignore"):
            counts = np.where(np.abs(counts - nearest) <= error, nearest, counts)
        log_probs = self.log_prob_of_counts(counts)
        unlikely = value[np.isneginf(log_probs)]
        if self._loc.any() and (np.rint(unlikely) == unlikely).all(axis=-1).any():
            logging.warning(
                "log_prob of %s is -inf for whole numbers, since its samples are counts plus loc. "
                "Ask for log_prob_of_counts(counts), or log_prob(counts + latent.loc).", self.name
            )  # fmt: skip
        return log_probs.astype(self.dtype.as_numpy_dtype)
