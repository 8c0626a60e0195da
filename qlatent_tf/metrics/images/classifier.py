"""A small residual classifier of images, whose features score generated images.

Reference:
  K. He, X. Zhang, S. Ren and J. Sun, "Deep residual learning for image recognition",
  arXiv:1512.03385.
"""

import dataclasses
import itertools
import math
from collections.abc import Mapping

import keras
from keras import layers

from qlatent_tf.differences import Differences, differences
from qlatent_tf.seeds import derive_seed
from qlatent_tf.storage import preset_files

KIND = "classifier"
_COUNTS = ("image_size", "channels", "classes", "epochs", "batch_size")
_AMOUNTS = ("learning_rate", "momentum", "weight_decay")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassifierConfig:
    """All that decides a classifier and its training.

    Attributes:
      dataset: str. A registered data set of images with labels.
      image_size: int. Height and width of an image.
      channels: int. Of an image.
      classes: int. How many the data set has.
      widths: tuple of int. Channels of each stage; the last is the number of features.
      epochs: int. Times that each image is seen; the learning rate falls to 0 over them.
      batch_size: int. Images a step.
      learning_rate: float. The largest, reached after a fifth of the steps.
      momentum: float. Of Nesterov's stochastic gradient descent.
      weight_decay: float. A step shrinks kernels by this times the learning rate.
      shift: int. Images are moved by at most so many pixels, and mirrored, at random.
      seed: int. Decides initial weights, the order of images and how they are moved.
    """

    dataset: str = "cifar10"
    image_size: int = 32
    channels: int = 3
    classes: int = 10
    widths: tuple[int, ...] = (40, 80, 160)
    epochs: int = 12
    batch_size: int = 128
    learning_rate: float = 0.2
    momentum: float = 0.9
    weight_decay: float = 0.002
    shift: int = 4
    seed: int = 0

    def __post_init__(self):
        if not isinstance(self.dataset, str):
            raise ValueError(f"dataset is a str; received {self.dataset!r}.")
        if not isinstance(self.widths, (list, tuple)):
            raise ValueError(f"widths is a list of whole numbers; received {self.widths!r}.")
        object.__setattr__(self, "widths", tuple(self.widths))
        for name in _COUNTS:
            _check_count(name, getattr(self, name), 1)
        for name in ("shift", "seed"):
            _check_count(name, getattr(self, name), 0)
        for name in _AMOUNTS:
            value = getattr(self, name)
            if type(value) not in (int, float) or not 0 <= value < math.inf:
                raise ValueError(f"{name} is a finite number from 0; received {value!r}.")
        if not self.widths:
            raise ValueError("widths has one entry at least; received none.")
        for width in self.widths:
            _check_count("An entry of widths", width, 1)
        if self.image_size % 2 ** len(self.widths):
            raise ValueError(
                f"Each of the {len(self.widths)} stages halves the image: image_size is a multiple "
                f"of {2 ** len(self.widths)}; received {self.image_size}."
            )
        if self.shift >= self.image_size:
            raise ValueError(
                f"shift is below the image_size {self.image_size}; received {self.shift}."
            )

    def to_json(self) -> dict:
        """Returns the fields as JSON values."""
        return {**vars(self), "widths": list(self.widths)}

    @classmethod
    def from_json(cls, fields: Mapping) -> "ClassifierConfig":
        """Builds a configuration from what `to_json` returned.

        Raises:
          ValueError: if fields are unknown or missing, or have other values than they can.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(fields, Mapping) or set(fields) != known:
            raise ValueError(
                f"A classifier's configuration has the keys {', '.join(sorted(known))}; received "
                f"{sorted(fields) if isinstance(fields, Mapping) else fields!r}."
            )
        return cls(**fields)

    def differences(self, other: "ClassifierConfig") -> Differences:
        """Returns the fields that differ, each with its value here and in the other."""
        return differences(self.to_json(), other.to_json())


class Classifier(keras.Model):
    """A functional model that knows how many steps it was trained."""

    @property
    def step(self) -> int:
        """The updates done so far."""
        return int(self.optimizer.iterations)


def build_classifier(config: ClassifierConfig) -> Classifier:
    """Builds an untrained classifier, ``uint8 (batch, size, size, channels)`` -> logits.

    The layer ``features`` holds what scores compare: ``(batch, widths[-1])``, from 0 on.

    A convolution and a pooling make the first stage, a convolution of stride 2 each other; a
    residual block of two convolutions follows each but the last. All are 3x3, with batch
    normalization.

    Args:
      config: ClassifierConfig. All but what it says of training; `seed` decides the weights.
    """
    seeds = (derive_seed(config.seed, f"kernel {number}") for number in itertools.count())
    # === Functional Model ===
    shape = (config.image_size, config.image_size, config.channels)
    images = keras.Input(shape, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scaled")(images)
    for stage, width in enumerate(config.widths):
        x = _convolution(x, width, next(seeds), strides=2 if stage else 1)
        x = layers.ReLU()(x)
        if not stage:
            x = layers.MaxPooling2D()(x)
        if stage < len(config.widths) - 1:
            x = _residual_block(x, width, seeds)
    features = layers.GlobalAveragePooling2D(name="features")(x)
    logits = layers.Dense(
        config.classes,
        dtype="float32",
        name="logits",
        kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
    )(features)
    return Classifier(images, logits, name="classifier")


def load_classifier(name_or_dir) -> tuple[Classifier, dict]:
    """Loads a trained classifier from a preset.

    Args:
      name_or_dir: str or path. A preset's name or directory.

    Returns:
      The classifier, and the preset's description with its ``config``, a `ClassifierConfig`.

    Raises:
      FileNotFoundError: if there is no such preset, or it has no weights.
      ValueError: if it is no classifier, or damaged.
    """
    description = preset_files.read_description(name_or_dir, KIND)
    try:
        config = ClassifierConfig.from_json(description["config"])
    except (ValueError, TypeError) as error:
        raise ValueError(f"The preset {name_or_dir}: {error}") from error
    model = build_classifier(config)
    model.load_weights(preset_files.checked_weights(name_or_dir, description))
    return model, {**description, "config": config}


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
        kernel_initializer=keras.initializers.HeNormal(seed),
    )(inputs)
    return layers.BatchNormalization(momentum=0.9, gamma_initializer=scale)(x)


def _check_count(name, value, least):
    if type(value) is not int or value < least:
        raise ValueError(f"{name} is a whole number from {least}; received {value!r}.")
