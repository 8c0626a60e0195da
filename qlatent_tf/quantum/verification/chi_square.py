"""Pearson's test of samples against an exact law."""

import numpy as np
import scipy.stats

LEAST_EXPECTED = 5


def outcome_counts(rows, occupations) -> np.ndarray:
    """Counts how often each outcome was drawn.

    Args:
      rows: integers, shape `[shots, modes]`. Samples.
      occupations: integers, shape `[outcomes, modes]`. All possible outcomes, each once.

    Returns:
      int64 array, shape `[outcomes]`.

    Raises:
      ValueError: if a sample is not among the outcomes.
    """
    rows, occupations = np.asarray(rows, np.int64), np.asarray(occupations, np.int64)
    radix = int(occupations.max(initial=0)) + 1
    if radix ** occupations.shape[1] >= 2**63:
        raise ValueError(
            f"{occupations.shape[1]} modes with up to {radix - 1} photons each are too many to "
            "number the outcomes."
        )
    weights = radix ** np.arange(occupations.shape[1])
    known = occupations @ weights
    order = np.argsort(known)
    place = np.searchsorted(known[order], rows @ weights)
    found = order[np.minimum(place, len(order) - 1)]
    strange = np.flatnonzero((occupations[found] != rows).any(axis=1))
    if len(strange):
        raise ValueError(
            f"Row {strange[0]}, {rows[strange[0]].tolist()}, is not among the {len(occupations)} "
            "possible outcomes."
        )
    return np.bincount(found, minlength=len(occupations))


def chi_square_p_value(rows, occupations, probabilities) -> float:
    """Returns the probability of so large a deviation from the law, were the law right.

    Outcomes that are expected fewer than five times are taken together.

    Args:
      rows: integers, shape `[shots, modes]`. Samples.
      occupations: integers, shape `[outcomes, modes]`. All possible outcomes, each once.
      probabilities: float, shape `[outcomes]`. Their exact law.

    Returns:
      float in [0, 1], uniform if the law is right; NaN if a single cell is left.

    Raises:
      ValueError: if a sample is not among the outcomes.
    """
    counts = outcome_counts(rows, occupations)
    expected = np.asarray(probabilities) * len(rows)
    large = expected >= LEAST_EXPECTED
    counts = np.append(counts[large], counts[~large].sum())
    expected = np.append(expected[large], expected[~large].sum())
    if expected[-1] < LEAST_EXPECTED:
        # Too rare even together: with the least likely of the others.
        rarest = np.argmin(expected[:-1])
        counts[rarest] += counts[-1]
        expected[rarest] += expected[-1]
        counts, expected = counts[:-1], expected[:-1]
    statistic = ((counts - expected) ** 2 / expected).sum()
    return float(scipy.stats.chi2.sf(statistic, len(counts) - 1))
