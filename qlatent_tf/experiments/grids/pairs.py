"""Differences between rows of a table within each seed, and how sure they are."""

import bisect
import functools
from collections.abc import Mapping, Sequence

import numpy as np

from qlatent_tf.experiments.grids.finished_cells import cell_scores
from qlatent_tf.scores import Score

CONFIDENCE = 0.95
RESAMPLES = 9999
POWER = 0.8
MOST_PAIRS = 1000
_ROUNDING = 1e-15  # Relative; a few spacings of floats.


def paired_differences(finished, names, baseline: Mapping) -> list[dict]:
    """Returns, of each row and score, the differences to the baseline in the seeds that have both.

    Args:
      finished: sequence of dict. Cells, see `finished_cells.read_cell`.
      names: sequence of str. Scores.
      baseline: dict. Entries and their values, see `GridExperiment`.

    Returns:
      list of dict: ``row``, ``score``, ``seeds``; what `Score.to_json` returns of the differences,
      one a seed; ``student`` and ``interval``, the bounds of the mean by Student's t and by a
      bootstrap, or None for one seed; ``pairs_needed``, see `pairs_needed`.
    """
    rows, found = {}, {}
    for cell in finished:
        key = tuple(cell["row"].items())
        rows[key] = dict(cell["row"])
        found.setdefault(key, {})[cell["config"].seed] = cell_scores(cell)
    result = []
    for key, row in rows.items():
        reference = tuple({**row, **baseline}.items())
        if reference == key or reference not in found:
            continue
        for name in names:
            values = {
                seed: difference(scores[name].mean, found[reference][seed][name].mean)
                for seed, scores in sorted(found[key].items())
                if name in scores and name in found[reference].get(seed, ())
            }
            if values:
                score = Score(metric=name).over(values.values())
                result.append(
                    {
                        "row": row,
                        "score": name,
                        "seeds": list(values),
                        **score.to_json(),
                        "student": student_interval(score.values),
                        "interval": bootstrap_interval(score.values),
                        "pairs_needed": pairs_needed(score.values),
                    }
                )
    return result


def student_interval(values: Sequence[float]) -> list[float] | None:
    """Returns the bounds of the mean's 95 % interval by Student's t.

    Args:
      values: sequence of float. One for each seed; those that are not finite are left out.

    Returns:
      list of two floats, or None for fewer than two values.
    """
    from scipy.stats import ttest_1samp

    defined = _defined(values)
    if defined is None:
        return None
    if np.ptp(defined) <= 1e-12 * np.abs(defined).max():  # scipy warns, and knows none.
        return [float(defined.min()), float(defined.max())]
    return list(map(float, ttest_1samp(defined, 0).confidence_interval(CONFIDENCE)))


def bootstrap_interval(values: Sequence[float]) -> list[float] | None:
    """Returns the bounds of the mean's 95 % interval by a percentile bootstrap of a fixed seed.

    Values and what is returned are those of `student_interval`.
    """
    from scipy.stats import bootstrap

    defined = _defined(values)
    if defined is None:
        return None
    bounds = bootstrap(
        (defined,),
        np.mean,
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return [float(bounds.low), float(bounds.high)]


def excludes_zero(interval: Sequence[float] | None) -> bool:
    """Whether both bounds of an interval lie on one side of 0."""
    return interval is not None and interval[0] * interval[1] > 0


def pairs_needed(values: Sequence[float]) -> int | None:
    """Returns how many pairs a paired t-test needs to find a difference as large as these show.

    That is the least number for which the test, two-sided at 5 %, finds it with a probability of
    80 %, if differences are normal with the mean and the standard deviation of these. Few values
    tell both roughly.

    Args:
      values: sequence of float. As for `student_interval`.

    Returns:
      int: 1,001 if 1,000 pairs are too few; None for fewer than two values.
    """
    defined = _defined(values)
    if defined is None:
        return None
    spread = defined.std(ddof=1)
    if not spread:
        return 2 if defined[0] else MOST_PAIRS + 1
    effect = abs(defined.mean()) / spread
    counts = range(2, MOST_PAIRS + 1)
    # The power grows with the number.
    return counts.start + bisect.bisect_left(counts, POWER, key=lambda n: _power(n, effect))


def _power(count, effect):
    """The probability that Student's interval of so many differences excludes 0."""
    from scipy.stats import nct

    shift = effect * count**0.5
    least = _least_statistic(count)
    return nct.sf(least, count - 1, shift) + nct.cdf(-least, count - 1, shift)


@functools.cache
def _least_statistic(count):
    from scipy.stats import t as student

    return student.ppf((1 + CONFIDENCE) / 2, count - 1)


def difference(score: float, reference: float) -> float:
    """Returns the first minus the second; 0 if they differ by rounding alone."""
    # Sums in another order differ by rounding, which must not count as a sign.
    found = score - reference  # NaN of two that are infinite.
    return 0.0 if abs(found) <= _ROUNDING * abs(reference) else found


def _defined(values):
    defined = np.asarray(values, float)[np.isfinite(values)]
    return defined if len(defined) > 1 else None
