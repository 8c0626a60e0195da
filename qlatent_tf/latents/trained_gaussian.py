"""A Gaussian latent with a trained covariance: the classical control of a trained circuit."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from qlatent_tf.latents.vector_distribution import VectorDistribution


class TrainedGaussian(VectorDistribution):
    """Normal numbers of mean 0 whose covariance ``A^T A`` is trained; it starts as the identity.

    A draw is ``A^T e`` with independent standard normal numbers e, so that the gradient of a loss
    flows through it: no score function is needed, and its gradient has little noise. A copy shares
    the matrix A.

    Args:
      width: int. The length of the vectors.
      dtype: float dtype of the draws.
      name: str. The name of the distribution.
      layer: keras.layers.Dense. Holds A; one that starts as the identity by default.
    """

    differentiable = True
    discrete = False

    def __init__(self, width: int, dtype=tf.float32, name="TrainedGaussian", layer=None):
        if layer is None:
            layer = keras.layers.Dense(
                width,
                use_bias=False,
                kernel_initializer="identity",
                dtype=tf.as_dtype(dtype).name,
            )
            layer.build((None, width))
        super().__init__(width, dtype, dict(locals()), name)
        (kernel,) = layer.weights
        if (kernel.shape, kernel.dtype) != ((width, width), self.dtype.name):
            raise ValueError(
                f"A layer of the width {width} in {self.dtype.name} is needed; received a kernel "
                f"of shape {tuple(kernel.shape)} in {kernel.dtype}."
            )
        self.layer = layer

    def __repr__(self) -> str:
        return f"{self.name}(width={self._width}, dtype={self.dtype.name})"

    def noise(self, count, seed):
        """Returns independent standard normal numbers, ``(count, width)``."""
        return tf.random.stateless_normal([count, self._width], seed, dtype=self.dtype)

    def draw(self, noise):
        """Returns the vectors that these numbers make."""
        return tf.matmul(noise, self.layer.kernel)

    def surrogate(self, noise, latents, losses, path):
        return tf.reduce_sum(tf.stop_gradient(path) * self.draw(noise), axis=1)

    def drift(self):
        """Returns ``|A - 1| / sqrt(width)``."""
        return (
            tf.norm(tf.subtract(self.layer.kernel, tf.eye(self._width, dtype=self.dtype)))
            / self._width**0.5
        )

    def _sample_n(self, n, seed=None):
        seed = tfp.random.sanitize_seed(seed, salt="TrainedGaussian")
        return self.draw(self.noise(n, seed))

    def _log_prob(self, value):
        factor = tf.linalg.cholesky(self._covariance())
        law = tfp.distributions.MultivariateNormalTriL(scale_tril=factor)
        return law.log_prob(self._checked(value))

    def _mean(self):
        return tf.zeros(self._width, self.dtype)

    def _covariance(self):
        return tf.matmul(self.layer.kernel, self.layer.kernel, transpose_a=True)
