"""Latents whose modes all have unit variance: shape without scale."""

import functools

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from qlatent_tf.latents.vector_distribution import VectorDistribution
from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm

_SAMPLES = 100_000
_REPEATED = 1000  # samples that tell whether numbers come twice
_SEED = np.zeros(2, np.int32)
# Below it, a deviation of photon numbers is rounding.
_LEAST = 1e-6


class Standardized(VectorDistribution):
    """A latent, divided in each mode by its standard deviation there.

    A mode without variance, up to rounding (a deviation of 1e-6), stays as it is. The option
    ``standardize=true`` of every latent makes one: the variances of the latents differ, from 0.25
    to 1, and with them what a generator sees.

    Args:
      latent: tfd.Distribution, event shape ``[width]``.

    Raises:
      ValueError: if a mode's variance is not finite.

    Example:
      >>> Standardized(boson(modes=4)).variance()  # all 1
    """

    def __init__(self, latent, name: str = "Standardized"):
        scale = _deviation(latent)
        if not np.isfinite(scale).all():
            raise ValueError(
                f"A latent is scaled to unit variance where its variance is finite; the standard "
                f"deviations of {latent!r} are {scale}."
            )
        self.latent = latent
        self._scale = tf.constant(np.where(scale > _LEAST, scale, 1.0), latent.dtype)
        super().__init__(int(latent.event_shape[0]), latent.dtype, {"latent": latent}, name)

    def __repr__(self) -> str:
        return f"Standardized({self.latent!r})"

    def sampling_seconds(self, num_samples: int) -> float:
        """Returns the estimate of the latent that is scaled, 0 where it has none."""
        estimate = getattr(self.latent, "sampling_seconds", None)
        return estimate(num_samples) if estimate else 0.0

    def _sample_n(self, n, seed=None):
        return self.latent.sample(n, seed=seed) / self._scale

    def _mean(self):
        return self.latent.mean() / self._scale

    def _covariance(self):
        return self.latent.covariance() / (self._scale[:, None] * self._scale[None, :])

    def _log_prob(self, value):
        density = self.latent.log_prob(self._checked(value) * self._scale)
        # Outcomes of a discrete latent keep their probabilities.
        return density if self.discrete else density + tf.reduce_sum(tf.math.log(self._scale))

    @functools.cached_property
    def discrete(self) -> bool:
        """Whether the latent that is scaled has probabilities, and no density."""
        if hasattr(self.latent, "discrete"):
            return self.latent.discrete
        if self.latent.reparameterization_type == tfp.distributions.FULLY_REPARAMETERIZED:
            return False
        # No other distribution says so of itself. Numbers of a density do not come twice.
        with tf.init_scope():
            drawn = np.asarray(self.latent.sample(_REPEATED, seed=_SEED))
        return any(len(np.unique(column)) < 0.99 * _REPEATED for column in drawn.T)


def _deviation(latent) -> np.ndarray:
    try:
        return np.asarray(latent.stddev(), np.float64)
    except (NoClosedForm, NotImplementedError):
        drawn = latent.sample(_SAMPLES, seed=_SEED)
        return np.asarray(drawn, np.float64).std(axis=0)
