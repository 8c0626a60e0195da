"""Pearson's test of samples against an exact distribution."""

import math
from collections.abc import Iterable

import numpy as np
import scipy.stats

LEAST_EXPECTED = 5


def outcome_counts(blocks: Iterable, occupations) -> np.ndarray:
    """Returns how often each outcome was drawn, int64, shape `[outcomes]`.

    Args:
      blocks: integer arrays, shapes `[shots, modes]`. Samples.
      occupations: integers, shape `[outcomes, modes]`. All possible outcomes, each once.

    Raises:
      ValueError: if a sample is not among the outcomes.
    """
    occupations = np.asarray(occupations, np.int64)
    # Random sums modulo 2^64 differ between outcomes, whatever their number.
    weights = np.random.default_rng(0).integers(-(2**63), 2**63, occupations.shape[1])
    known = occupations @ weights
    order = np.argsort(known)
    known = known[order]
    counts = np.zeros(len(occupations), np.int64)
    for block in blocks:
        rows = np.asarray(block, np.int64)
        places = np.searchsorted(known, rows @ weights)
        found = order[np.minimum(places, len(order) - 1)]
        strange = np.flatnonzero((occupations[found] != rows).any(axis=1))
        if len(strange):
            raise ValueError(
                f"Row {strange[0]}, {rows[strange[0]].tolist()}, is not among the "
                f"{len(occupations)} possible outcomes."
            )
        counts += np.bincount(found, minlength=len(counts))
    return counts


def chi_square_p_value(rows, occupations, probabilities) -> float:
    """Returns the p-value: the chance of so large a deviation if the distribution is right.

    Outcomes that are expected fewer than five times are taken together. `rows`, `[shots, modes]`,
    are the samples; `occupations`, `[outcomes, modes]`, all possible outcomes with `probabilities`.

    Returns:
      float in [0, 1], uniform if the distribution is right; NaN if a single cell is left.

    Raises:
      ValueError: if a sample is not among the outcomes.
    """
    counts = outcome_counts([rows], occupations)
    expected = np.asarray(probabilities) * len(rows)
    large = expected >= LEAST_EXPECTED
    counts = np.append(counts[large], counts[~large].sum())
    expected = np.append(expected[large], expected[~large].sum())
    if len(counts) > 1 and expected[-1] < LEAST_EXPECTED:
        # Too rare even together: with the least likely of the others.
        rarest = np.argmin(expected[:-1])
        counts[rarest] += counts[-1]
        expected[rarest] += expected[-1]
        counts, expected = counts[:-1], expected[:-1]
    if len(counts) == 1:
        return math.nan
    statistic = ((counts - expected) ** 2 / expected).sum()
    return float(scipy.stats.chi2.sf(statistic, len(counts) - 1))
