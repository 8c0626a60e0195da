"""The two halves of a convolutional autoencoder: images to codes, and codes to images."""

import keras
from keras import layers

# Of batch normalisation. PyTorch's default; Keras' own needs ten times as many steps to settle.
_MOMENTUM = 0.9
_KERNEL = 4
# Channels last, whatever the user's keras.json says.
_HALVING = {"strides": 2, "padding": "same", "data_format": "channels_last"}
FEATURES = "features"


def image_encoder(image, code, filters=(64, 128), hidden=1024):
    """Returns the encoder, images in [0, 1] -> codes ``(batch, code)`` in [-1, 1].

    Each convolution halves the image. The layer `FEATURES` is the dense one before the code.

    Args:
      image: (height, width, bands).
      code: int. The code's width.
      filters: sequence of int. Channels of the convolutions.
      hidden: int. Width of the dense layer between the last convolution and the code.

    Raises:
      ValueError: if there is no convolution, or the image cannot be halved so often.
    """
    _check_image(image, filters)
    # === Functional Model ===
    images = keras.Input(tuple(image))
    x = images
    for width in filters:
        x = layers.Conv2D(width, _KERNEL, use_bias=False, **_HALVING)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=_MOMENTUM)(x))
    x = layers.Dense(hidden, activation="relu", name=FEATURES)(layers.Flatten("channels_last")(x))
    last = layers.Dense(code, activation="tanh", dtype="float32")
    return keras.Model(images, last(x), name="encoder")


def image_decoder(image, code, filters=(64, 128), hidden=1024):
    """Returns the decoder, codes ``(batch, code)`` -> images in [0, 1]: the encoder's mirror.

    Args:
      image, code, filters, hidden: as for `image_encoder`.

    Raises:
      ValueError: if there is no convolution, or the image cannot be halved so often.
    """
    _check_image(image, filters)
    height, width, bands = image
    halvings = 2 ** len(filters)
    # === Functional Model ===
    codes = keras.Input((code,))
    small = (height // halvings, width // halvings, filters[-1])
    x = layers.Dense(hidden, activation="relu")(codes)
    x = layers.Dense(small[0] * small[1] * small[2], activation="relu")(x)
    x = layers.Reshape(small)(x)
    for channels in reversed(filters[:-1]):
        x = layers.Conv2DTranspose(channels, _KERNEL, use_bias=False, **_HALVING)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=_MOMENTUM)(x))
    last = layers.Conv2DTranspose(bands, _KERNEL, activation="sigmoid", dtype="float32", **_HALVING)
    return keras.Model(codes, last(x), name="decoder")


def _check_image(image, filters):
    if not filters:
        raise ValueError("filters are those of one convolution at least; received none.")
    halvings = 2 ** len(filters)
    if len(image) != 3 or image[0] % halvings or image[1] % halvings:
        raise ValueError(
            f"image is height, width and bands; {len(filters)} convolutions halve it, so height "
            f"and width are multiples of {halvings}. Received {list(image)}."
        )
