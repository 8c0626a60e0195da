"""Inception score, Frechet and kernel Inception distance."""

import numpy as np

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.metrics.images.inception import BANDS, inception_of, local_weights
from qlatent_tf.metrics.images.scores import image_scores
from qlatent_tf.scores import Score


def inception_scores(dataset: ImageDataset, samples, *, progress: bool = False) -> list[Score]:
    """Scores images by Inception; see `image_scores` and `inception_network`.

    The published protocol on CIFAR-10 is 50,000 images; the score is the mean over ten parts.

    Args:
      dataset: ImageDataset of images of one, three or four bands, see `inception_network`.
      samples: uint8 array, shape `(n, height, width, bands)`.
      progress: bool. Whether to show progress bars.

    Returns:
      ``inception_score``, its ``inception_score_deviation`` over parts,
      ``frechet_inception_distance`` and ``kernel_inception_distance``; the network's name says
      which Inception it was.

    Raises:
      FileNotFoundError: if Inception's weights cannot be had; the message says how to get them.
      ValueError: if the images are of another shape.
    """
    return image_scores(dataset, samples, inception_of(dataset.source), progress=progress)


def local_inception_scores(
    dataset: ImageDataset, samples, *, progress: bool = False
) -> list[Score]:
    """Scores images as `inception_scores` does where Inception's weights are at hand.

    Where they would have to be downloaded, or images have other bands, there are no scores.
    """
    images = np.ndim(dataset.source) == 4 and np.shape(dataset.source)[-1] in BANDS
    if not images or local_weights() is None:
        return []
    return inception_scores(dataset, samples, progress=progress)
