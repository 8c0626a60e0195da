"""Precision, recall, density and coverage of vectors; see `qlatent_tf.metrics.neighbours`."""

import numpy as np

from qlatent_tf.datasets.dataset import Dataset
from qlatent_tf.metrics import neighbours
from qlatent_tf.metrics.vectors.rounding import check_vectors
from qlatent_tf.scores import Score


def vector_neighbours(dataset: Dataset, samples) -> list[Score]:
    """Compares vectors by their coordinates; see `precision_and_recall`.

    Args:
      dataset: Dataset. Its `source` is a distribution, of which 10,000 samples of a fixed seed are
        drawn, or an array of shape `(N, width)`.
      samples: float array, shape `(n, width)`. At most 10,000 are compared.

    Returns:
      ``precision``, ``recall``, ``density`` and ``coverage``; NaN for too few samples.
    """
    source = dataset.source
    rows = source.sample(neighbours.MOST, seed=(0, 0)) if hasattr(source, "sample") else source
    return neighbours.neighbour_scores(
        dataset, np.asarray(rows), check_vectors(samples), len(samples), None
    )
