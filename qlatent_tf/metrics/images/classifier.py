"""A small residual classifier of images, whose features score generated images.

`qlatent-tf train_classifier` trains one.

Reference:
  K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition",
  arXiv:1512.03385.
"""

import itertools
from collections.abc import Sequence

import keras
from keras import layers

from qlatent_tf.layers.defaults import keras_defaults
from qlatent_tf.seeds import derive_seed
from qlatent_tf.storage import preset_files

# What a preset's configuration says of the network; the rest of it is of the training.
NETWORK = ("image_size", "channels", "classes", "widths")


@keras_defaults()
def build_classifier(
    image_size: int, channels: int, classes: int, widths: Sequence[int], seed: int = 0
) -> keras.Model:
    """Builds an untrained classifier, ``uint8 (batch, size, size, channels)`` -> logits.

    The layer ``features`` holds what scores compare: ``(batch, widths[-1])``, from 0 on.

    A convolution and a pooling make the first stage, a convolution of stride 2 each other; a
    residual block of two convolutions follows each but the last. All are 3x3, with batch
    normalisation.

    Args:
      image_size: int. Height and width of an image.
      channels: int. Of an image.
      classes: int. How many are told apart.
      widths: sequence of int. Channels of each stage; the last is the number of features.
      seed: int. Decides the weights.
    """
    seeds = (derive_seed(seed, f"kernel {number}") for number in itertools.count())
    # === Functional Model ===
    images = keras.Input((image_size, image_size, channels), dtype="uint8", name="images")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scaled")(images)
    for stage, width in enumerate(widths):
        x = _convolution(x, width, next(seeds), strides=2 if stage else 1)
        x = layers.ReLU()(x)
        if not stage:
            x = layers.MaxPooling2D()(x)
        if stage < len(widths) - 1:
            x = _residual_block(x, width, seeds)
    features = layers.GlobalAveragePooling2D(name="features")(x)
    logits = layers.Dense(
        classes,
        dtype="float32",
        name="logits",
        kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),  # pyright: ignore[reportArgumentType]
    )(features)
    return keras.Model(images, logits, name="classifier")


def load_classifier(name_or_dir) -> tuple[keras.Model, dict]:
    """Loads a trained classifier from a preset.

    Args:
      name_or_dir: str or path. A preset's name or directory.

    Returns:
      The classifier, and what `read_description` says of the preset.

    Raises:
      FileNotFoundError: if there is no such preset, or it has no weights.
      ValueError: if it is no classifier, or damaged.
    """
    description = preset_files.read_description(name_or_dir, preset_files.CLASSIFIER)
    config, weights = description["config"], preset_files.checked_weights(name_or_dir, description)
    try:
        model = build_classifier(**{name: config[name] for name in NETWORK})
        model.load_weights(weights)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"The preset {name_or_dir} is no classifier of the {', '.join(NETWORK)} that it names: "
            f"{config}."
        ) from error
    return model, description


def _residual_block(inputs, width, seeds):
    x = layers.ReLU()(_convolution(inputs, width, next(seeds)))
    # The block begins as the identity.
    x = _convolution(x, width, next(seeds), scale="zeros")
    return layers.ReLU()(layers.Add()([inputs, x]))


def _convolution(inputs, width, seed, strides=1, scale="ones"):
    x = layers.Conv2D(
        width,
        3,
        strides,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(seed),  # pyright: ignore[reportArgumentType]
    )(inputs)
    return layers.BatchNormalization(momentum=0.9, gamma_initializer=scale)(x)
