"""A GAN of residual networks over images: the scale test on CIFAR-10."""

import keras
import tensorflow as tf
from keras import layers, ops

from qlatent_tf.gan.wgan_gp import WGANGP
from qlatent_tf.layers.image.residual import (
    down_block,
    first_block,
    normalised,
    plain_block,
    rectified_sum,
    up_block,
)

_PLAIN_BLOCKS = 2
# Grey levels on either side of 0.
_HALF = 128.0


def image_generator(latent_size, resolution=32, channels=3, filters=128, blocks=3):
    """Returns the generator, ``(batch, latent_size)`` -> images in (-1, 1).

    Args:
      latent_size: int. The latent's width.
      resolution: int. Height and width of an image.
      channels: int. Bands of an image.
      filters: int. Channels of all hidden layers.
      blocks: int. Doublings of the resolution.

    Raises:
      ValueError: if the resolution cannot be halved so often.
    """
    start = resolution >> blocks
    if start << blocks != resolution:
        raise ValueError(
            f"2**blocks divides the resolution; received blocks={blocks}, resolution={resolution}."
        )
    # === Functional Model ===
    latent = keras.Input((latent_size,))
    hidden = layers.Dense(start * start * filters)(latent)
    hidden = layers.Reshape((start, start, filters))(hidden)
    for _ in range(blocks):
        hidden = up_block(hidden, filters)
    # In single precision, whatever the others compute in, as the critic's last layer.
    last = layers.Conv2D(
        channels,
        3,
        padding="same",
        activation="tanh",
        data_format="channels_last",
        dtype="float32",
    )
    return keras.Model(latent, last(normalised(hidden)), name="generator")


def image_critic(resolution=32, channels=3, filters=128, blocks=3):
    """Returns the critic, images -> ``(batch, 1)``; without normalisation: each image counts.

    Args:
      resolution: int. Height and width of an image.
      channels: int. Bands of an image.
      filters: int. Channels of all hidden layers.
      blocks: int. One more than halvings of the resolution.
    """
    # === Functional Model ===
    image = keras.Input((resolution, resolution, channels))
    hidden = first_block(image, filters)
    for _ in range(blocks - 2):
        hidden = down_block(hidden, filters)
    for _ in range(_PLAIN_BLOCKS):
        hidden = plain_block(hidden)
    hidden = layers.GlobalAveragePooling2D(data_format="channels_last")(rectified_sum(hidden))
    return keras.Model(image, layers.Dense(1, dtype="float32")(hidden), name="critic")


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

    def __init__(self, *args, flip=False, dequantise=True, **kwargs):
        super().__init__(*args, **kwargs)
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
