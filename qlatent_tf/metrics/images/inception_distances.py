"""Scores of images of your own: arrays in, numbers out."""

import math

import numpy as np

from qlatent_tf.metrics.frechet import Moments, MomentStream, frechet_distance
from qlatent_tf.metrics.images.feature_network import FeatureNetwork
from qlatent_tf.metrics.images.inception import inception_of
from qlatent_tf.metrics.images.scores import KEPT_IMAGES, KernelStream, ScoreStream


def frechet_inception_distance(
    images: np.ndarray,
    reference: np.ndarray,
    *,
    network: FeatureNetwork | None = None,
    progress: bool = False,
) -> float:
    """Returns the Fréchet Inception Distance of two samples of images.

    Which Inception it is decides the number, see `inception_network`: `network.name` tells.

    Args:
      images: uint8 array, shape `(n, height, width, bands)`. The images to score.
      reference: uint8 array, shape `(m, height, width, bands)`. The images to compare with.
      network: FeatureNetwork. Whose features are compared; Inception by default.
      progress: bool. Whether to show progress bars.

    Returns:
      float, from 0.

    Raises:
      ValueError: if there are fewer than two images on either side, or of another shape or dtype.
      FileNotFoundError: if Inception's weights cannot be had.

    Reference:
      Heusel et al., GANs trained by a two time-scale update rule converge to a local Nash
      equilibrium, arXiv 1706.08500.
    """
    network = network or inception_of(images)
    return frechet_distance(
        _moments(network, images, progress), _moments(network, reference, progress)
    )


def kernel_inception_distance(
    images: np.ndarray,
    reference: np.ndarray,
    *,
    network: FeatureNetwork | None = None,
    progress: bool = False,
) -> float:
    """Returns the Kernel Inception Distance of two samples of images, unbiased.

    Of the reference 10,000 images at most are compared with, in a fixed random order.

    Args:
      images: uint8 array, shape `(n, height, width, bands)`. The images to score.
      reference: uint8 array, shape `(m, height, width, bands)`. The images to compare with.
      network: FeatureNetwork. Whose features are compared; Inception by default.
      progress: bool. Whether to show progress bars.

    Returns:
      float; may be negative. NaN for less than two images on either side.

    Raises:
      ValueError: if images are of another shape or dtype.
      FileNotFoundError: if Inception's weights cannot be had.

    Reference:
      Binkowski et al., Demystifying MMD GANs, arXiv 1801.01401.
    """
    network = network or inception_of(images)
    network.check(images)
    network.check(reference)
    if min(len(images), len(reference)) < 2:
        return math.nan
    kept = []
    for rows, _ in network.activations(reference, progress=progress):
        kept.append(rows)
        if sum(map(len, kept)) >= KEPT_IMAGES:
            break
    kernel = KernelStream(np.concatenate(kept)[:KEPT_IMAGES], len(images))
    for features, _ in network.activations(images, progress=progress):
        kernel.add(features)
    return kernel.distance()


def inception_score(
    images: np.ndarray, *, network: FeatureNetwork | None = None, progress: bool = False
) -> tuple[float, float]:
    """Returns the Inception score of a sample of images.

    Args:
      images: uint8 array, shape `(n, height, width, bands)`, n at least 10.
      network: FeatureNetwork. Whose class probabilities are taken; Inception by default.
      progress: bool. Whether to show a progress bar.

    Returns:
      The mean over ten parts of the sample, from 1, and the standard deviation over them; NaN for
      fewer than ten images.

    Raises:
      ValueError: if images are of another shape or dtype, or the network knows no classes.
      FileNotFoundError: if Inception's weights cannot be had.

    Reference:
      Salimans et al., Improved techniques for training GANs, arXiv 1606.03498.
    """
    network = network or inception_of(images)
    scores = ScoreStream(len(images))
    for _, logits in network.activations(images, progress=progress):
        if logits is None:
            raise ValueError(f"The network {network.name} has no classes, and hence no score.")
        scores.add(logits)
    return scores.score()


def _moments(network: FeatureNetwork, images, progress: bool) -> Moments:
    stream = MomentStream()
    for features, _ in network.activations(images, progress=progress):
        stream.add(features)
    return stream.moments()
