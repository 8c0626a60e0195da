"""Residual networks for images."""

import keras
from keras import layers

from qlatent_tf.layers.image.residual import (
    down_block,
    first_block,
    normalised,
    plain_block,
    rectified_sum,
    up_block,
)

_PLAIN_BLOCKS = 2


def image_generator(latent_size, resolution=32, channels=3, filters=128, blocks=3):
    """Returns the generator, ``(batch, latent_size)`` -> images in (-1, 1).

    Args:
      latent_size: int. The latent's width.
      resolution: int. Height and width of an image.
      channels: int. Bands of an image.
      filters: int. Channels of all hidden layers.
      blocks: int. Doublings of the resolution.
    """
    start = resolution // 2**blocks
    # === Functional Model ===
    latent = keras.Input((latent_size,))
    hidden = layers.Dense(start * start * filters)(latent)
    hidden = layers.Reshape((start, start, filters))(hidden)
    for _ in range(blocks):
        hidden = up_block(hidden, filters)
    # In single precision, whatever the others compute in, as the critic's last layer.
    last = layers.Conv2D(channels, 3, padding="same", activation="tanh", dtype="float32")
    return keras.Model(latent, last(normalised(hidden)), name="generator")


def image_critic(resolution=32, channels=3, filters=128, blocks=3):
    """Returns the critic, images -> ``(batch, 1)``; it has no normalisation, for each image counts.

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
    hidden = layers.GlobalAveragePooling2D()(rectified_sum(hidden))
    return keras.Model(image, layers.Dense(1, dtype="float32")(hidden), name="critic")
