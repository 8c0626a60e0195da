"""Counts of independent devices, side by side, as a TensorFlow Probability distribution."""

from collections.abc import Iterable

import numpy as np
import scipy.linalg
import tensorflow as tf

from qlatent_tf.checks import check_real
from qlatent_tf.latents.vector_distribution import VectorDistribution
from qlatent_tf.quantum.devices.tiles import Tiles


class DeviceCounts(VectorDistribution):
    """What devices of one class count; a subclass names the class and describes the distribution.

    Draw i under a seed depends on the devices, the seed and i alone, where the seed is a pair of
    integers; an integer is the start of a sequence, see `VectorDistribution`.

    Args:
      devices: a device, or sequence of them. Their outcomes are concatenated.
      loc: array-like, shape `[width]`. Is added to the counts; zeros by default.
      dtype: float dtype of the draws.
      name: str. The subclass's name by default.
      parameters: dict. What `copy` makes a subclass of that takes other arguments.

    Raises:
      ValueError: if there is no device, or `loc` does not have their joint width.
    """

    DEVICE: type
    SALT: str  # of the seeds: a part of what they mean

    def __init__(self, devices, loc=None, dtype=tf.float32, name=None, parameters=None):
        parameters = dict(locals()) if parameters is None else parameters
        devices = tuple(devices) if isinstance(devices, Iterable) else (devices,)
        if not devices or not all(isinstance(device, self.DEVICE) for device in devices):
            raise ValueError(
                f"{type(self).__name__} takes one {self.DEVICE.__name__} or several; received "
                f"{devices!r}."
            )
        self._devices = devices
        self._width = sum(device.modes for device in devices)
        self._loc = np.zeros(self._width) if loc is None else check_real(loc, "loc")
        if self._loc.shape != (self._width,):
            raise ValueError(
                f"loc holds {self._width} numbers, one a mode; received shape {self._loc.shape}."
            )
        super().__init__(self._width, dtype, parameters, name or type(self).__name__)

    def __repr__(self) -> str:
        first = repr(self.devices[0])
        shown = first if len(self.devices) == 1 else f"{len(self.devices)} x {first}"
        centred = "" if not self._loc.any() else ", shifted"
        return f"{self.name}({shown}{centred}, dtype={self.dtype.name})"

    @property
    def devices(self) -> tuple:
        """The devices, left to right."""
        return self._devices

    @property
    def loc(self) -> tf.Tensor:
        """What is added to the counts, shape `[width]`."""
        return tf.constant(self._loc, self.dtype)

    def _sample_n(self, n, seed=None):
        return self._sample_in_numpy(
            lambda n, seed: self.counts(n, seed) + self._loc, n, seed, self.SALT
        )

    def _mean(self):
        return self._moment(
            lambda: np.concatenate([device.mean() for device in self.devices]) + self._loc, 1
        )

    def _variance(self):
        return self._moment(
            lambda: np.concatenate([device.variance() for device in self.devices]), 1
        )

    def _covariance(self):
        return self._moment(
            lambda: scipy.linalg.block_diag(*(device.covariance() for device in self.devices)), 2
        )

    def _moment(self, compute, rank: int) -> tf.Tensor:
        """Returns a moment, in a graph that of the devices at each call where they change."""
        if not self.changes:
            return tf.constant(compute(), self.dtype)
        dtype = self.dtype.as_numpy_dtype
        moment = tf.numpy_function(lambda: np.asarray(compute(), dtype), [], self.dtype)
        moment.set_shape([self._width] * rank)
        return moment

    def counts(self, num_samples: int, seed: int, *, start: int = 0) -> np.ndarray:
        """Returns samples number start, start + 1, ... without TensorFlow, and without `loc`.

        Args:
          num_samples: int. The rows.
          seed: int. Taken modulo 2**64.
          start: int. The number of the first sample.

        Returns:
          uint8 array, shape `[num_samples, width]`, the photons or clicks of each mode.
        """
        return Tiles(self.devices).sample(num_samples, seed, start=start)

    def sampling_seconds(self, num_samples: int) -> float:
        """Returns about how long one core takes for samples: what a batch adds to a training step.

        Example:
          >>> boson(modes=128, photons=24).sampling_seconds(64) > 3
          True
        """
        return sum(device.sampling_seconds(num_samples) for device in self.devices)
