"""A GAN of residual networks over images: the scale test on CIFAR-10."""

import tensorflow as tf
from keras import ops

from qlatent_tf.gan.wgan_gp import WGANGP

# Grey levels on either side of 0.
_HALF = 128.0


class ResNet(WGANGP):
    """WGAN-GP over uint8 images.

    The critic sees grey level k, of 0 to 255, as the interval [k / 128 - 1, (k + 1) / 128 - 1):
    real images lie at random places in it, and generated ones are rounded down to a level.

    In training, the generator's batch normalisation uses the statistics of the batch at hand,
    those that the critic is shown included, and its moving averages follow all of them. Samples
    use the moving averages: an image depends on its latent alone. The paper's code has no moving
    averages and normalises samples by their batch too.

    Args:
      flip: bool. Whether real images are mirrored, left to right, half of the time.
      dequantise: bool. Whether real images get noise as wide as a grey level.
      Others: as `WGANGP`.
    """

    # A hidden layer of the full size is 50 MB for so many images.
    generation_batch_size = 100

    def __init__(self, latent, generator, critic, flip=False, dequantise=True, **kwargs):
        super().__init__(latent, generator, critic, **kwargs)
        self.flip = flip
        self.dequantise = dequantise

    def encode(self, samples, seed):
        """Maps grey levels to [-1, 1), dequantised, and mirrors some images."""
        if samples.dtype != tf.uint8:
            raise ValueError(f"Images hold grey levels of dtype uint8; received {samples.dtype}.")
        flip_seed, noise_seed = tf.unstack(tf.random.split(seed, 2))
        if self.flip:
            mirrored = tf.random.stateless_uniform(tf.shape(samples)[:-3], flip_seed) < 0.5
            samples = tf.where(mirrored[..., None, None, None], samples[..., ::-1, :], samples)
        images = tf.cast(samples, tf.float32) / _HALF - 1.0
        if self.dequantise:
            shape = tf.shape(images)
            images += tf.random.stateless_uniform(shape, noise_seed, maxval=1.0 / _HALF)
        return images

    def decode(self, outputs):
        """Returns grey levels, uint8."""
        levels = ops.floor((ops.cast(outputs, "float32") + 1.0) * _HALF)
        return ops.cast(ops.clip(levels, 0, 255), "uint8")
