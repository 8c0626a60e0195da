"""Differences between rows of a table within each seed, and how sure they are."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from qlatent_tf.experiments.grids.finished_cells import cell_scores
from qlatent_tf.experiments.grids.table_files import row_entries
from qlatent_tf.scores import Score
from qlatent_tf.storage.files import write_json, write_text
from qlatent_tf.text.markdown import markdown_table

_CONFIDENCE = 0.95
_RESAMPLES = 9999
_ROUNDING = 1e-15  # Relative; a few spacings of floats.
_CAPTION = (
    "Mean ± standard error (ddof 1) over training seeds of the difference to the baseline, the row "
    "of {baseline} with otherwise the same entries, in the same seed: runs of one seed share "
    "circuits, data and, where networks are alike, initial weights. In brackets two "
    "{confidence:.0%} intervals of the mean: Student's t, which holds for normal differences, and "
    "a percentile bootstrap of {resamples:,} resamples, which is too narrow over few seeds: of "
    "normal differences it holds the true mean in 50 % of cases over 2 seeds, 75 % over 3, 84 % "
    "over 5, 91 % over 12. Equal signs: in how many seeds the difference has the sign of the mean. "
    "{cells:,} cells of {steps:,} steps."
)


def paired_differences(finished, names, baseline: Mapping) -> list[dict]:
    """Returns, of each row and score, the differences to the baseline in the seeds that have both.

    Args:
      finished: sequence of dict. Cells, see `finished_cells.read_cell`.
      names: sequence of str. Scores.
      baseline: dict. Entries and their values, see `GridExperiment`.

    Returns:
      list of dict: ``row``, ``score``, ``seeds``; what `Score.to_json` returns of the differences,
      one a seed; ``student`` and ``interval``, the bounds of the mean by Student's t and by a
      bootstrap, or None for one seed.
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
                seed: _difference(scores[name].mean, found[reference][seed][name].mean)
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
    if not np.ptp(defined):  # scipy warns, and knows none.
        return [float(defined[0])] * 2
    return list(map(float, ttest_1samp(defined, 0).confidence_interval(_CONFIDENCE)))


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
        confidence_level=_CONFIDENCE,
        n_resamples=_RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return [float(bounds.low), float(bounds.high)]


def _difference(score: float, reference: float) -> float:
    # Sums in another order differ by rounding, which must not count as a sign.
    difference = score - reference  # NaN of two that are infinite.
    return 0.0 if abs(difference) <= _ROUNDING * abs(reference) else difference


def _defined(values):
    defined = np.asarray(values, float)[np.isfinite(values)]
    return defined if len(defined) > 1 else None


def write_paired(path: Path, finished, table: dict, baseline: Mapping) -> None:
    """Writes ``<path>.md`` and ``.json``: the paired differences of a table's columns."""
    # What real samples score is the same in all rows of a seed.
    titles = {
        name: title for name, title in table["columns"].items() if not name.endswith("_floor")
    }
    differences = paired_differences(finished, titles, baseline)
    labels = table["labels"]
    rows = [
        [
            *row_entries(row["row"], labels),
            titles[row["score"]],
            *in_words(row),
        ]
        for row in differences
    ]
    heads = [*labels, "score", "difference", "Student's t", "bootstrap", "equal signs"]
    caption = _CAPTION.format(
        baseline=" and ".join(f"{entry} `{value}`" for entry, value in baseline.items()),
        confidence=_CONFIDENCE,
        resamples=_RESAMPLES,
        cells=len(finished),
        steps=table["steps"],
    )
    lines = markdown_table(heads, rows, words=len(labels) + 1)
    write_text(path.with_suffix(".md"), "\n".join([*lines, "", caption, ""]))
    write_json(path.with_suffix(".json"), differences)


def in_words(row: dict) -> list[str]:
    """Returns a difference, its intervals and its signs as a table shows them."""
    if row["mean"] is None:
        return ["undefined", "", "", ""]
    defined = [value for value in row["values"] if value is not None]
    alike = sum(value * row["mean"] > 0 for value in defined)
    if row["standard_error"] is None:
        return [f"{row['mean']:+.3g}", "", "", f"{alike} of {len(defined)}"]
    intervals = (row["student"], row["interval"])
    return [
        f"{row['mean']:+.3g} ± {row['standard_error']:.2g}",
        *(f"[{low:+.3g}, {high:+.3g}]" for low, high in intervals),
        f"{alike} of {len(defined)}",
    ]
