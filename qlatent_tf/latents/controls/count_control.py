"""A latent of counts that are drawn by a function and whose moments are known."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from qlatent_tf.checks import check_flag
from qlatent_tf.latents.vector_distribution import VectorDistribution


class CountControl(VectorDistribution):
    """Counts with moments that are known in closed form.

    Args:
      draw: callable. Takes a number n and a stateless seed; returns counts, shape (n, width).
      mean: array of shape (width,). The mean of the counts.
      covariance: array of shape (width, width). Their covariance.
      center: bool. Whether the mean is subtracted.
      dtype: float dtype of the draws.
    """

    def __init__(
        self,
        draw: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
        mean,
        covariance,
        center=True,
        dtype=tf.float32,
        name="CountControl",
    ):
        parameters = dict(locals())
        self._draw = draw
        self._counts_mean = np.asarray(mean, np.float64)
        self._counts_covariance = np.asarray(covariance, np.float64)
        self._center = check_flag(center, "center")
        super().__init__(len(self._counts_mean), dtype, parameters, name)

    def __repr__(self) -> str:
        return (
            f"{self.name}(width={len(self._counts_mean)}, "
            f"photons={self._counts_mean.sum():.4g}, center={self._center})"
        )

    def _sample_n(self, n, seed=None):
        seed = tfp.random.sanitize_seed(seed, salt=self.name)
        counts = tf.cast(self._draw(n, seed), self.dtype)
        return counts - tf.constant(self._counts_mean, self.dtype) if self._center else counts

    def _mean(self):
        mean = np.zeros_like(self._counts_mean) if self._center else self._counts_mean
        return tf.constant(mean, self.dtype)

    def _covariance(self):
        return tf.constant(self._counts_covariance, self.dtype)
