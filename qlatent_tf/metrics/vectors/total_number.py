"""The total photon number of generated samples."""

import numpy as np

from qlatent_tf.datasets.dataset import CountDataset
from qlatent_tf.metrics.vectors.rounding import check_vectors, is_beyond, rounded
from qlatent_tf.scores import Score, measured


def total_number(dataset: CountDataset, samples) -> list[Score]:
    """Compares the distribution of the total number with the exact one.

    With the totals T_k = sum_i round(x_ki), their shares q(t) and the exact probabilities p(t):

        right_total_share = share of the k with p(T_k) > 0
        total_number_tv   = 1/2 sum_t |p(t) - q(t)|

    Where photons are conserved, p is 1 at their number, and the two add up to 1.

    Args:
      dataset: CountDataset. Its `total_law` is p.
      samples: float array, shape `(n, modes)`.

    Returns:
      ``right_total_share``, ``total_number_tv``, and ``total_number_mean``, the mean of T. A row
      that is not finite, or beyond 2^31, has no total; the mean is NaN then.

    Raises:
      ValueError: if the exact distribution of the total is not known.
    """
    if getattr(dataset, "total_law", None) is None:
        raise ValueError(
            f"The distribution of the total number of the data set {dataset.name!r} is not known."
        )
    samples = check_vectors(samples)
    outcomes = rounded(samples)
    totals, beyond = outcomes.sum(axis=1), is_beyond(outcomes)
    exact = np.asarray(dataset.total_law)
    possible = totals[(totals >= 0) & (totals < len(exact)) & ~beyond]
    counts = np.bincount(possible, minlength=len(exact))
    shares = counts / len(samples)
    outside = 1 - len(possible) / len(samples)
    scores = {
        "right_total_share": counts[exact > 0].sum() / len(samples),
        "total_number_tv": (np.abs(exact - shares).sum() + outside) / 2,
        "total_number_mean": np.nan if beyond.any() else totals.mean(),
    }
    return measured(scores, num_samples=len(samples))
