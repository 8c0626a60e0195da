"""Scores of images by the features and class probabilities of a named network.

References:
  T. Salimans et al., "Improved techniques for training GANs", arXiv:1606.03498.
  M. Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash
  equilibrium", arXiv:1706.08500.
  M. Binkowski, D. J. Sutherland, M. Arbel and A. Gretton, "Demystifying MMD GANs",
  arXiv:1801.01401.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from absl import logging

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.metrics.frechet import Moments, MomentStream, frechet_distance, warn_of_low_rank
from qlatent_tf.metrics.images.feature_network import FeatureNetwork
from qlatent_tf.metrics.images.tf_gan import tfgan
from qlatent_tf.metrics.reference_cache import reference_arrays
from qlatent_tf.scores import Score, measured

SPLITS = 10
# A part of n images scores n at most, however good they are.
_LEAST_PART = 10
BLOCK = 1000
# The reference images whose features are kept one by one, for kernel distances.
KEPT_IMAGES = 10_000
# To be raised when the same images and network would give another reference than before.
_VERSION = 2


def image_scores(
    dataset: ImageDataset, images: np.ndarray, network: FeatureNetwork, *, progress: bool = False
) -> list[Score]:
    """Scores images, generated or real, against the training images of a data set.

    With p(y|x) the class probabilities of an image and k(a, b) = (a.b / width + 1)^3:

        score     exp of the mean of KL(p(y|x) || p(y)): over `SPLITS` parts, the mean and the
                  standard deviation of the parts' scores; from 1 to the number of classes
        frechet   |m - m'|^2 + tr(C + C' - 2 (C C')^(1/2)) of the features' means and covariances
        kernel    the squared maximum mean discrepancy under k, unbiased, over blocks of at most
                  `BLOCK` features of each side; may be negative

    The Frechet distance is to all training images, the kernel distance to the first `KEPT_IMAGES`
    of them in a fixed random order. What is computed of the training images is kept in the cache
    folder. Memory is bounded by one part of the logits, one block and the kept features.

    Args:
      dataset: ImageDataset. The images compared with are its `source`.
      images: uint8 array, shape `(n, height, width, bands)`. In any order.
      network: FeatureNetwork. Named in each score.
      progress: bool. Whether to show progress bars.

    Returns:
      The network's score, its ``<score>_deviation``, and two distances. What too few images do not
      define is NaN.

    Raises:
      ValueError: if the images or the data set are not what the network takes.
    """
    network.check(images)
    network.check(dataset.source)
    reference, kept = reference_features(dataset, network, progress)
    warn_of_low_rank(network.frechet, len(images), "images", network.width)
    scores, moments = ScoreStream(len(images)), MomentStream()
    kernel, has_classes = KernelStream(kept, len(images)), False
    for features, logits in network.activations(images, progress=progress):
        moments.add(features)
        kernel.add(features)
        if logits is not None:
            has_classes = True
            scores.add(logits)
    distance = frechet_distance(reference, moments.moments() if len(images) >= 2 else None)
    judged = {"network": network.name, "num_samples": len(images)}
    found = []
    if has_classes:
        mean, deviation = scores.score(network.score)
        found = measured({network.score: mean, f"{network.score}_deviation": deviation}, **judged)
    for metric, value, size in (
        (network.frechet, distance, len(dataset.source)),
        (network.kernel, kernel.distance(), len(kept)),
    ):
        found += measured({metric: value}, reference=dataset.name, reference_size=size, **judged)
    return found


def reference_features(
    dataset: ImageDataset, network: FeatureNetwork, progress: bool = False
) -> tuple[Moments | None, np.ndarray]:
    """Returns what is kept of the training images of a data set.

    Args:
      dataset: ImageDataset.
      network: FeatureNetwork.
      progress: bool. Whether to show a progress bar when it is computed.

    Returns:
      The moments of the features of all images, None of a single one, and the features of
      `KEPT_IMAGES` of them, float32 of shape `(kept, width)`.
    """
    count = min(len(dataset.source), KEPT_IMAGES)

    def make(images):
        stream, kept = MomentStream(), np.empty((count, network.width), np.float32)
        done = 0
        label = f"{network.name} on {dataset.name}"
        for features, _ in network.activations(images, progress=progress, label=label):
            stream.add(features)
            part = features[: max(count - done, 0)]
            kept[done : done + len(part)] = part
            done += len(features)
        if done < 2:
            return {"features": kept}
        moments = stream.moments()
        return {"mean": moments.mean, "covariance": moments.covariance, "features": kept}

    version = f"{_VERSION}/{network.identity}/{count}"
    arrays = reference_arrays(dataset, network.name, version, make)
    if "mean" not in arrays:
        return None, arrays["features"]
    moments = Moments(arrays["mean"], arrays["covariance"], len(dataset.source))
    return moments, arrays["features"]


class _PartStream:
    """Scores of parts of rows that come in batches; holds one part.

    Args:
      sizes: sequence of int. Rows of each part, in turn.
    """

    def __init__(self, sizes: Sequence[int]):
        self._sizes = sizes
        self._waiting: list[np.ndarray] = []
        self.scores: list[float] = []

    def add(self, rows: np.ndarray) -> None:
        """Takes in rows of shape `(n, width)`."""
        self._waiting.append(np.asarray(rows))
        while len(self.scores) < len(self._sizes):
            size = self._sizes[len(self.scores)]
            if sum(map(len, self._waiting)) < size:
                return
            rows = np.concatenate(self._waiting)
            self.scores.append(self._score(rows[:size]))
            self._waiting = [rows[size:]]

    def _score(self, rows: np.ndarray) -> float:
        raise NotImplementedError


class ScoreStream(_PartStream):
    """The classifier score of each of `SPLITS` parts, from logits that come in batches.

    Parts are of equal size, or differ by one image.

    Args:
      count: int. How many rows of logits will come.
    """

    def __init__(self, count: int):
        super().__init__(part_sizes(count, SPLITS) if count >= SPLITS else [])
        self._count = count

    def _score(self, rows):
        score: Any = tfgan().eval.classifier_score_from_logits(tf.cast(rows, tf.float64))
        return float(score)

    def score(self, name: str = "The score") -> tuple[float, float]:
        """Returns mean and standard deviation over the parts; NaN for fewer images than parts.

        Of few images it says little, which is warned of by the score's name.
        """
        if self._count < SPLITS * _LEAST_PART:
            logging.warning(
                "%s of %d images says little: its %d parts have %d images each only from %d on.",
                name,
                self._count,
                SPLITS,
                _LEAST_PART,
                SPLITS * _LEAST_PART,
            )
        if not self.scores:
            return math.nan, math.nan
        return float(np.mean(self.scores)), float(np.std(self.scores))


class KernelStream(_PartStream):
    """The kernel distance of features that come in batches, from blocks.

    Each block is compared with one of the reference's blocks, in turn; where those are more, with
    so many that each of them is compared once.

    Args:
      reference: float array, shape `(m, width)`. In random order, with two rows at least.
      count: int. How many rows will come, in random order.
    """

    def __init__(self, reference: np.ndarray, count: int):
        self._blocks = max(math.ceil(count / BLOCK), 1)
        super().__init__(part_sizes(count, self._blocks))
        ends = np.cumsum(part_sizes(len(reference), math.ceil(len(reference) / BLOCK)))
        self._reference = np.split(reference, ends[:-1])

    def _score(self, rows):
        number = len(self.scores)
        ours = self._reference[number :: self._blocks]
        ours = ours or [self._reference[number % len(self._reference)]]
        return float(np.mean([_kernel_distance(block, rows) for block in ours]))

    def distance(self) -> float:
        """Returns the mean over the blocks; NaN for less than two rows on either side."""
        return float(np.mean(self.scores)) if self.scores else math.nan


def part_sizes(count: int, parts: int) -> list[int]:
    """Returns the sizes of `parts` parts of `count` things, the larger ones last.

    Example:
      >>> part_sizes(11, 3)
      [3, 4, 4]
    """
    return [count // parts] * (parts - count % parts) + [count // parts + 1] * (count % parts)


def _kernel_distance(reference, rows):
    if min(len(reference), len(rows)) < 2:
        return math.nan
    distance: Any = tfgan().eval.kernel_classifier_distance_from_activations(
        tf.constant(reference), tf.constant(rows), max_block_size=BLOCK, dtype=tf.float64
    )
    return float(distance)
