"""Pearson's test of samples against an exact distribution."""

import math
from collections.abc import Iterable

import numpy as np
import scipy.stats

from qlatent_tf.checks import as_array, check_distribution
from qlatent_tf.quantum.arguments import check_outcomes

LEAST_EXPECTED = 5
_IMPOSSIBLE = 1e-20  # what rounding makes of 0


def outcome_counts(blocks: Iterable, occupations) -> np.ndarray:
    """Returns how often each outcome was drawn, int64, shape `[outcomes]`.

    Args:
      blocks: integer arrays, shapes `[shots, modes]`. Samples.
      occupations: integers, shape `[outcomes, modes]`. All possible outcomes, each once.

    Raises:
      ValueError: if a sample is not among the outcomes, there are none of these, or they are not of
        integers.
    """
    modes = np.shape(occupations)[-1] if np.ndim(occupations) == 2 else 0
    occupations = check_outcomes(occupations, modes)
    if not len(occupations):
        raise ValueError("There are no outcomes to count; received none.")
    # Random sums modulo 2^64 differ between outcomes, whatever their number.
    weights = np.random.default_rng(0).integers(-(2**63), 2**63, occupations.shape[1])
    known = occupations @ weights
    order = np.argsort(known)
    known = known[order]
    counts = np.zeros(len(occupations), np.int64)
    for block in blocks:
        rows = as_array(block, f"Samples have the shape (shots, {modes})")
        if not rows.size:
            continue
        if rows.dtype.kind not in "biu":
            raise ValueError(f"Samples are of whole numbers; received the type {rows.dtype}.")
        rows = check_outcomes(rows, modes)
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
      float in [0, 1], uniform if the distribution is right; 0 if a sample has the probability 0;
      NaN if a single cell is left.

    Raises:
      ValueError: if a sample is not among the outcomes or not of integers, or the probabilities are
        no distribution of these outcomes.
    """
    counts = outcome_counts([rows], occupations)
    probabilities = check_distribution(probabilities, len(counts))
    if counts[probabilities < _IMPOSSIBLE].any():
        return 0.0
    expected = probabilities * len(rows)
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
