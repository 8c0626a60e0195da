"""Scores of images by the classifier that comes with the package."""

import functools
import os

import keras
import tensorflow as tf

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.metrics.images.classifier import load_classifier
from qlatent_tf.metrics.images.feature_network import FeatureNetwork
from qlatent_tf.metrics.images.scores import image_scores
from qlatent_tf.scores import Score
from qlatent_tf.storage.files import sha256_of
from qlatent_tf.storage.preset_files import WEIGHTS, preset_directory

PRESET = "cifar_classifier"


def classifier_scores(dataset: ImageDataset, samples, *, progress: bool = False) -> list[Score]:
    """Scores images by the preset `cifar_classifier`; see `image_scores`.

    These are not the Inception score, FID and KID: they use the same formulas with another
    network, so they compare only with scores by the same classifier.

    Args:
      dataset: ImageDataset of 32x32 RGB images.
      samples: uint8 array, shape `(n, 32, 32, 3)`.
      progress: bool. Whether to show progress bars.

    Returns:
      ``classifier_score``, its ``classifier_score_deviation`` over parts,
      ``classifier_frechet_distance`` and ``classifier_kernel_distance``.

    Raises:
      FileNotFoundError: if there is no such preset.
      ValueError: if the images are of another shape.
    """
    return image_scores(dataset, samples, classifier_network(PRESET), progress=progress)


def classifier_network(name_or_dir: str | os.PathLike) -> FeatureNetwork:
    """Returns a classifier's preset as a network of features.

    Args:
      name_or_dir: str or path. A preset of the kind ``classifier``; see
        ``qlatent-tf train_classifier``.

    Raises:
      FileNotFoundError: if there is no such preset.
      ValueError: if it is no classifier, or damaged.
    """
    directory = preset_directory(name_or_dir)
    # A preset may be replaced, or another one of its name lie in another working directory.
    return _network(name_or_dir, directory.resolve(), sha256_of(directory / "config.json"))


@functools.lru_cache(maxsize=8)
def _network(name_or_dir, directory, sha256):
    model, description = load_classifier(name_or_dir)
    config = description["config"]
    outputs = keras.Model(model.inputs, [model.get_layer("features").output, model.outputs[0]])

    @tf.function(autograph=False)
    def run(images):
        return outputs(images, training=False)

    return FeatureNetwork(
        name=str(name_or_dir).rstrip("/").rpartition("/")[2],
        score="classifier_score",
        frechet="classifier_frechet_distance",
        kernel="classifier_kernel_distance",
        identity=description["sha256"][WEIGHTS],
        image_shape=(config["image_size"], config["image_size"], config["channels"]),
        width=config["widths"][-1],
        run=run,
    )
