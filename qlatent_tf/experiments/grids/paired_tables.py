"""Tables of the differences between rows of a table within each seed."""

from collections.abc import Mapping
from pathlib import Path

from qlatent_tf.experiments.grids.pairs import (
    CONFIDENCE,
    MOST_PAIRS,
    POWER,
    RESAMPLES,
    excludes_zero,
    paired_differences,
)
from qlatent_tf.experiments.grids.table_files import row_entries
from qlatent_tf.storage.files import write_json, write_text
from qlatent_tf.text.markdown import markdown_table

_CAPTION = (
    "Mean ± standard error (ddof 1) over training seeds of the difference to the baseline, the row "
    "of {baseline} with otherwise the same entries, in the same seed: runs of one seed share "
    "{shared}. In brackets two "
    f"{CONFIDENCE:.0%} intervals of the mean: Student's t, which holds for normal differences, and "
    f"a percentile bootstrap of {RESAMPLES:,} resamples, which is too narrow over few seeds: of "
    "normal differences it holds the true mean in 50 % of cases over 2 seeds, 75 % over 3, 84 % "
    "over 5, 91 % over 12. Equal signs: in how many seeds the difference has the sign of the mean. "
    f"Pairs needed: where Student's interval holds 0, how many seeds would make it exclude 0 with "
    f"a probability of {POWER:.0%}, if the differences were normal with the mean and the spread "
    "that these seeds show. Few seeds tell both roughly. "
    "{cells:,} cells of {steps:,} steps."
)
_NETWORKS = "where networks are alike, initial weights"


def write_paired(path: Path, finished, table: dict, baseline: Mapping) -> None:
    """Writes ``<path>.md`` and ``.json``: the paired differences of a table's columns, if any."""
    # What real samples score is the same in all rows of a seed.
    titles = {
        name: title for name, title in table["columns"].items() if not name.endswith("_floor")
    }
    differences = paired_differences(finished, titles, baseline)
    if not differences:
        return
    labels = table["labels"]
    rows = [
        [
            *row_entries(row["row"], labels),
            titles[row["score"]],
            *in_words(row),
        ]
        for row in differences
    ]
    heads = [
        *labels,
        "score",
        "difference",
        "Student's t",
        "bootstrap",
        "equal signs",
        "pairs needed",
    ]
    caption = _CAPTION.format(
        baseline=" and ".join(f"{entry} `{value}`" for entry, value in baseline.items()),
        shared=_shared(finished),
        cells=len(finished),
        steps=table["steps"],
    )
    lines = markdown_table(heads, rows, words=len(labels) + 1)
    write_text(path.with_suffix(".md"), "\n".join([*lines, "", caption, ""]))
    write_json(path.with_suffix(".json"), differences)


def _shared(finished):
    """What the runs of one seed have in common."""
    circuits = {}
    for cell in finished:
        config = cell["config"]
        named = config.latent_options.get("unitary_seed")
        if named is not None:
            circuits.setdefault((config.dataset, config.seed), set()).add(named)
    if any(len(named) > 1 for named in circuits.values()):
        return f"the data and, {_NETWORKS}; each latent has a circuit of its own"
    return f"circuits, data and, {_NETWORKS}"


def in_words(row: dict) -> list[str]:
    """Returns a difference, its intervals, its signs and the pairs needed, as tables show them."""
    if row["mean"] is None:
        return ["undefined", "", "", "", ""]
    defined = [value for value in row["values"] if value is not None]
    alike = sum(value * row["mean"] > 0 for value in defined)
    if row["standard_error"] is None:
        return [f"{row['mean']:+.3g}", "", "", f"{alike} of {len(defined)}", ""]
    intervals = (row["student"], row["interval"])
    return [
        f"{row['mean']:+.3g} ± {row['standard_error']:.2g}",
        *(f"[{low:+.3g}, {high:+.3g}]" for low, high in intervals),
        f"{alike} of {len(defined)}",
        pairs_in_words(row["pairs_needed"], row["student"]),
    ]


def pairs_in_words(count: int, interval) -> str:
    """Returns a number of pairs as tables show it, or '' where there is nothing to settle.

    Args:
      count: int. What `pairs_needed` returned.
      interval: sequence of two floats, or None. What `student_interval` returned.
    """
    if interval is None or excludes_zero(interval):
        return ""
    return f"over {MOST_PAIRS:,}" if count > MOST_PAIRS else str(count)
