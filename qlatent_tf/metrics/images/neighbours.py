"""Precision, recall, density and coverage of images; see `qlatent_tf.metrics.neighbours`."""

import numpy as np

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.metrics.images.classifier_scores import PRESET, classifier_network
from qlatent_tf.metrics.images.feature_network import FeatureNetwork
from qlatent_tf.metrics.images.inception import inception_of
from qlatent_tf.metrics.images.scores import reference_features
from qlatent_tf.metrics.neighbours import MOST, neighbour_scores
from qlatent_tf.scores import Score
from qlatent_tf.seeds import some_rows


def classifier_neighbours(dataset: ImageDataset, samples, *, progress: bool = False) -> list[Score]:
    """Compares images by the features of the preset `cifar_classifier`; see `image_neighbours`."""
    return image_neighbours(dataset, samples, classifier_network(PRESET), progress=progress)


def inception_neighbours(dataset: ImageDataset, samples, *, progress: bool = False) -> list[Score]:
    """Compares images by the features of Inception; see `image_neighbours`."""
    return image_neighbours(dataset, samples, inception_of(dataset.source), progress=progress)


def image_neighbours(
    dataset: ImageDataset, images: np.ndarray, network: FeatureNetwork, *, progress: bool = False
) -> list[Score]:
    """Compares images by the features of a network; see `precision_and_recall`.

    Args:
      dataset: ImageDataset. At most 10,000 of its training images are compared.
      images: uint8 array, shape `(n, height, width, bands)`. At most 10,000 are compared.
      network: FeatureNetwork. Named in each score.
      progress: bool. Whether to show progress bars.

    Returns:
      ``precision``, ``recall``, ``density`` and ``coverage``; NaN for too few images.

    Raises:
      ValueError: if the images or the data set are not what the network takes.
    """
    network.check(images)
    _, kept = reference_features(dataset, network, progress)
    parts = [rows for rows, _ in network.activations(some_rows(images, MOST), progress=progress)]
    features = np.concatenate(parts) if parts else np.zeros((0, network.width), np.float32)
    return neighbour_scores(dataset, kept[:MOST], features, len(images), network.name)
