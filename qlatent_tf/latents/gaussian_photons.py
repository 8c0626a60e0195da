"""Photon counts of Gaussian devices as a TensorFlow Probability distribution."""

import numpy as np
import scipy.linalg
import tensorflow as tf
import tensorflow_probability as tfp

from qlatent_tf.latents.vector_distribution import VectorDistribution
from qlatent_tf.quantum.gaussian.device import GaussianDevice
from qlatent_tf.quantum.random_streams import stream_key


class GaussianPhotons(VectorDistribution):
    """Outcomes of independent Gaussian devices, side by side.

    #### Mathematical details

    Squeezed light of the parameters r_j enters the inputs of a transfer matrix T. With

    ```none
    N = conj(T) diag(sinh^2 r) T^t        M = T diag(sinh r cosh r) T^t
    ```

    the photon numbers have the mean N_ii and the covariance |N_ik|^2 + |M_ik|^2 + d_ik N_ii. The
    probability of an outcome is a hafnian; it is not computed. `GaussianDevice` says what classical
    light changes, and threshold detectors.

    Draw i under a seed depends on the devices, the seed and i alone.

    Args:
      devices: GaussianDevice, or sequence of them. Their outcomes are concatenated.
      loc: array-like, shape `[width]`. Is added to the counts; zeros by default.
      dtype: float dtype of the draws.

    Raises:
      ValueError: if there is no device, or `loc` does not have their joint width.

    #### Example

    ```python
    device = GaussianDevice(haar_unitary(16, seed=0), 0.66, light="squashed")
    latent = GaussianPhotons(device, loc=-device.mean())
    latent.sample(500, seed=(0, 1))  # shape [500, 16], of mean 0
    ```

    #### References

    - Hamilton et al., "Gaussian boson sampling", arXiv:1612.01199.
    """

    def __init__(self, devices, loc=None, dtype=tf.float32, name="GaussianPhotons"):
        parameters = dict(locals())
        devices = (devices,) if isinstance(devices, GaussianDevice) else tuple(devices)
        if not devices or not all(isinstance(device, GaussianDevice) for device in devices):
            raise ValueError(
                f"GaussianPhotons takes one GaussianDevice or several; received {devices!r}."
            )
        self._devices = devices
        width = sum(device.modes for device in devices)
        self._loc = np.zeros(width) if loc is None else np.array(loc, np.float64)
        if self._loc.shape != (width,) or not np.isfinite(self._loc).all():
            raise ValueError(
                f"loc holds {width} finite numbers, one a mode; received shape {self._loc.shape}."
            )
        super().__init__(width, dtype, parameters, name)

    def __repr__(self) -> str:
        first = repr(self._devices[0])
        shown = first if len(self._devices) == 1 else f"{len(self._devices)} x {first}"
        centred = "" if not self._loc.any() else ", shifted"
        return f"{self.name}({shown}{centred}, dtype={self.dtype.name})"

    @property
    def devices(self) -> tuple[GaussianDevice, ...]:
        """The devices, left to right."""
        return self._devices

    @property
    def loc(self) -> tf.Tensor:
        """What is added to the counts, shape `[width]`."""
        return tf.constant(self._loc, self.dtype)

    def counts(self, num_samples: int, seed: int, *, start: int = 0) -> np.ndarray:
        """Returns samples number start, start + 1, ... without TensorFlow, and without `loc`.

        Args:
          num_samples: int. The rows.
          seed: int. Taken modulo 2**64.
          start: int. The number of the first sample.

        Returns:
          uint8 array, shape `[num_samples, width]`, the photons or clicks of each mode.
        """
        return np.concatenate(
            [
                device.sample(num_samples, int(stream_key(seed, f"tile {tile}")), start=start)
                for tile, device in enumerate(self._devices)
            ],
            axis=1,
        )

    def _sample_n(self, n, seed=None):
        def draw(n, words) -> np.ndarray:
            high, low = np.asarray(words).astype(np.uint32).tolist()
            rows = self.counts(int(n), high << 32 | low) + self._loc
            return rows.astype(self.dtype.as_numpy_dtype)

        seed = tfp.random.sanitize_seed(seed, salt="GaussianPhotons")
        rows = tf.numpy_function(draw, [n, seed], self.dtype, stateful=False)
        rows.set_shape([tf.get_static_value(n), self._width])
        return rows

    def _mean(self):
        mean = np.concatenate([device.mean() for device in self._devices])
        return tf.constant(mean + self._loc, self.dtype)

    def _variance(self):
        variance = np.concatenate([device.variance() for device in self._devices])
        return tf.constant(variance, self.dtype)

    def _covariance(self):
        blocks = [device.covariance() for device in self._devices]
        return tf.constant(np.asarray(scipy.linalg.block_diag(*blocks)), self.dtype)
