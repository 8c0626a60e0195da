"""Judges that see collapse and noise: precision, recall, density and coverage.

A distance such as the Frechet distance is one number for two faults. These four tell them apart:
generated samples that are unlike the data lower precision and density, data that the generator
leaves out lower recall and coverage.

References:
  T. Kynkaanniemi, T. Karras, S. Laine, J. Lehtinen and T. Aila, "Improved precision and recall
  metric for assessing generative models", arXiv:1904.06991.
  M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi and J. Yoo, "Reliable fidelity and diversity metrics for
  generative models", arXiv:2002.09797.

Naeem et al. choose k = 5, which all four use here; Kynkaanniemi et al. choose k = 3. A ball holds
its edge, as the latter define it, for samples of counts often lie there.
"""

import numpy as np
from absl import logging
from scipy.spatial.distance import cdist
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

from qlatent_tf.checks import check_count
from qlatent_tf.datasets.dataset import Dataset
from qlatent_tf.metrics.vectors.rounding import check_vectors
from qlatent_tf.scores import NEIGHBOUR_SCORES, Score, measured
from qlatent_tf.seeds import some_rows

NEIGHBOURS = 5
# Samples of each side that are compared; the cost is that of all pairs.
MOST = 10_000
_MEGABYTES = 64  # of distances that are held at once
# Of a ball's radius and its distance from the mean of the data: what rounding may make of a
# distance, so that points at the edge of a ball, which whole numbers often are, lie in it.
_ROUNDING = 1e-6
# How much of the usual radius that may be. Distances from scalar products are fast, but rounded by
# how far off the mean the points are; of stray or clustered ones, differences are taken.
_MOST_ROUNDING = 1e-3
_LARGEST = 1e150  # Of which a square is finite.


def precision_and_recall(real, generated, neighbours: int = NEIGHBOURS) -> dict[str, float]:
    """Compares two samples by the balls around their points.

    The ball of a point reaches to its k-th nearest neighbour in its own sample. With B(x) the ball
    of x, n real points x_i and m generated points y_j:

        precision = share of the y_j that lie in the ball of some x_i
        recall    = share of the x_i that lie in the ball of some y_j
        density   = 1 / (k m) sum_j (number of the x_i whose ball holds y_j)
        coverage  = share of the x_i whose ball holds some y_j

    All are about 1 for two samples of one distribution, but density may be more; a copy of a few
    data scores precision 1 and recall 0, noise around the data the reverse.

    Args:
      real: float array, shape `(n, width)`. Points of the data, such as features of a network.
      generated: float array, shape `(m, width)`.
      neighbours: int. k, below n and m.

    Returns:
      dict of float: ``precision``, ``recall``, ``density`` and ``coverage``.

    Raises:
      ValueError: if the widths differ, a side has no more than `neighbours` points, or a point is
        not finite.

    References:
      Kynkaanniemi et al., Improved precision and recall metric for assessing generative models,
      arXiv 1904.06991. Naeem et al., Reliable fidelity and diversity metrics for generative models,
      arXiv 2002.09797 (density and coverage).
    """
    real = check_vectors(real)
    generated = check_vectors(generated, width=real.shape[1])
    if check_count(neighbours, "neighbours", least=1) >= min(len(real), len(generated)):
        raise ValueError(
            f"neighbours is below the number of points on either side; received {neighbours} for "
            f"{len(real)} and {len(generated)}."
        )
    for points, side in ((real, "real"), (generated, "generated")):
        if not _is_measurable(points):
            raise ValueError(f"The {side} points are not all finite and below {_LARGEST:.0e}.")
    middle = real.mean(axis=0)
    fast = [_Fast(points - middle, neighbours) for points in (real, generated)]
    # Beside the radii of the data: those of a collapsed generator are 0.
    if max(one.rounding for one in fast) <= _MOST_ROUNDING * np.median(fast[0].radii):
        (real, real_radii), (generated, generated_radii) = ((one.points, one.radii) for one in fast)
        compared = pairwise_distances_chunked(real, generated, working_memory=_MEGABYTES)
    else:
        logging.info(
            "Some points are far away from most others: %d and %d are compared by differences of "
            "their coordinates, which may take minutes.",
            len(real),
            len(generated),
        )
        real_radii, generated_radii = (_radii(points, neighbours) for points in (real, generated))
        compared = _distances(real, generated)
    in_ball_of_generated, covered = [], []
    holding = np.zeros(len(generated), dtype=np.int64)
    done = 0
    for distances in compared:
        held = distances <= real_radii[done : done + len(distances), np.newaxis]
        holding += held.sum(axis=0)
        covered.append(held.any(axis=1))
        in_ball_of_generated.append((distances <= generated_radii).any(axis=1))
        done += len(distances)
    return {
        "precision": float(np.mean(holding > 0)),
        "recall": float(np.mean(np.concatenate(in_ball_of_generated))),
        "density": float(holding.mean() / neighbours),
        "coverage": float(np.mean(np.concatenate(covered))),
    }


def neighbour_scores(dataset: Dataset, real, generated, num_samples, network) -> list[Score]:
    """Compares as many data as generated samples by `precision_and_recall`.

    The smaller of two samples of one distribution has larger balls, which cover more and are
    covered less: of 10,000 data, 1,000 others of the same distribution cover less than a half.

    Args:
      dataset: Dataset. Named in each score.
      real: float array, shape `(n, width)`. Data, or what a network sees in them.
      generated: float array, shape `(m, width)`. The same of generated samples. Of both sides as
        many are compared as the smaller has, and at most 10,000.
      num_samples: int. How many samples were generated.
      network: str or None. The network's name.

    Returns:
      ``precision``, ``recall``, ``density`` and ``coverage``; NaN for too few rows, where
      generated ones are not finite, or where the balls of most data are points, for these equal
      their neighbours, as counts of few modes do.
    """
    reference_size = min(len(real), num_samples, MOST)
    most = min(len(real), len(generated), MOST)
    real, generated = some_rows(real, most), some_rows(generated, most)
    too_few = min(len(real), len(generated)) <= NEIGHBOURS
    if too_few or not _is_measurable(generated) or _are_points(real):
        found: dict[str, float] = dict.fromkeys(NEIGHBOUR_SCORES, np.nan)
    else:
        found = precision_and_recall(real, generated)
    return measured(
        found,
        reference=dataset.name,
        reference_size=reference_size,
        network=network,
        num_samples=num_samples,
    )


def _is_measurable(points):
    """Whether distances of the points are finite numbers."""
    return bool((np.abs(points, dtype=np.float64) < _LARGEST).all())


def _are_points(real):
    """Whether most data equal their neighbours, so that only exact copies lie in their balls."""
    counts = np.unique(real, axis=0, return_counts=True)[1]
    share = counts[counts > NEIGHBOURS].sum() / len(real)
    if share <= 0.5:
        return False
    logging.warning(
        "Precision and recall are not defined: %.0f %% of the data equal %d others or more, so "
        "that their balls have the radius 0. Counts whose distribution is known have outcome_law.",
        100 * share,
        NEIGHBOURS,
    )
    return True


class _Fast:
    """Points with their radii by scalar products, rounded up.

    Attributes:
      points: float array, shape `(n, width)`.
      radii: float array, shape `(n,)`. The distance of each point to its k-th nearest neighbour.
      rounding: float. How much a radius is rounded up at most.
    """

    def __init__(self, points, neighbours):
        search = NearestNeighbors(n_neighbors=neighbours, algorithm="brute").fit(points)
        radii = search.kneighbors()[0][:, -1]
        rounding = _ROUNDING * (radii + np.linalg.norm(points, axis=1))
        self.points, self.radii = points, radii + rounding
        self.rounding = float(rounding.max())


def _radii(points, neighbours):
    """The distance of each point to its k-th nearest neighbour among the others, rounded up."""
    # A point is the nearest to itself.
    parts = [np.partition(part, neighbours)[:, neighbours] for part in _distances(points, points)]
    return (1 + _ROUNDING) * np.concatenate(parts)


def _distances(points, others):
    """Yields the distances of so many of the points at a time to all others."""
    rows = max(_MEGABYTES * 2**20 // (8 * len(others)), 1)
    for start in range(0, len(points), rows):
        yield cdist(points[start : start + rows], others)
