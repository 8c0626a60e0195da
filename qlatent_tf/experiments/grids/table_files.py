"""Tables of finished cells in Markdown, CSV and JSON, and how a score is written."""

import decimal
from pathlib import Path

from qlatent_tf.experiments.grids.pairs import difference, excludes_zero, student_interval
from qlatent_tf.storage.files import csv_text, write_json, write_text
from qlatent_tf.text.markdown import escaped, markdown_table


def to_markdown(table: dict, columns, notes: str = "") -> str:
    """Returns the table in Markdown, the best of each panel in bold."""
    labels = table["labels"]
    shown = {name for row in table["rows"] for name in row["published"]}
    heads = [*labels, "seeds"]
    for column in columns:
        heads += [column.title, *([table["source"]] if column.name in shown else [])]
    best = _best(table, columns)
    rows = []
    for number, row in enumerate(table["rows"]):
        entries = [*row_entries(row, labels), len(row["seeds"])]
        for column in columns:
            text = format_score(row["scores"][column.name])
            text = "not scored" if column.name in row["unscored"] else text
            entries.append(f"**{text}**" if (number, column.name) in best else text)
            if column.name in shown:
                known = row["published"].get(column.name)
                entries.append(format_published(known) if known else "")
        rows.append(entries)
    caption = (
        f"Mean ± standard error over training seeds; one seed has no error. Ours: "
        f"{escaped(table['schedule'])}; scored at the last step on {table['num_samples']:,} "
        f"generated samples per seed.{_degrees_of_freedom(table)}"
    )
    if best:
        caption += (
            " Bold: better than each other row of its panel; the 95 % intervals of the differences "
            "in the same seeds (Student's t, one by one) exclude 0."
        )
    if any(_is_partial(score) for row in table["rows"] for score in row["scores"].values()):
        caption += " (k of n): over the k of n seeds that have a score."
    if any(leaves_out_undefined(row, name) for row in table["rows"] for name in row["scores"]):
        caption += (
            " A score is undefined where the samples do not allow it, such as few distinct ones: a "
            "mean over the other seeds may flatter its row."
        )
    compared = [
        f"{column.title}: {', '.join(f'`{name}`' for name in table['names'][column.name])}"
        for column in columns
        if table["names"][column.name]
    ]
    files = [f"{escaped(file['name'])} (SHA-256 {file['sha256']})" for file in table["files"]]
    paragraphs = [f"{caption} {notes}".strip()]
    if compared:
        paragraphs.append(
            f"Names of the scores, which docs/metrics.md explains: {'; '.join(compared)}."
        )
    if files:
        paragraphs.append(f"Files of the latents: {'; '.join(files)}.")
    lines = markdown_table(heads, rows, words=len(labels))
    return "\n".join([*lines, "", "\n\n".join(paragraphs), ""])


def row_entries(row: dict, labels) -> list:
    """Returns what a row of a Markdown table shows under its labels."""
    return [f"`{row[label]}`" if label == "latent" else row[label] for label in labels]


def to_csv(table: dict) -> str:
    """Returns the table as CSV, a line for each row and score."""
    lines = []
    for row in table["rows"]:
        for name, score in row["scores"].items():
            known = row["published"].get(name, {})
            lines.append(
                {label: row[label] for label in table["labels"]}
                | {
                    "figure": name,
                    "name": " ".join(table["names"][name]),
                    "mean": score["mean"],
                    "standard_error": score["standard_error"],
                    "seeds": min(len(row["seeds"]), len(_defined(score))),
                    "published_mean": known.get("mean"),
                    "published_standard_error": known.get("standard_error"),
                    "schedule": table["schedule"],
                }
            )
    return csv_text(tuple(lines[0]), (line.values() for line in lines))


def write_table(path: Path, table: dict, columns, notes: str = "") -> None:
    """Writes ``<path>.md``, ``.csv`` and ``.json``."""
    write_text(f"{path}.md", to_markdown(table, columns, notes))
    write_text(f"{path}.csv", to_csv(table))
    write_json(f"{path}.json", {**table, "notes": notes})


def format_score(score: dict) -> str:
    """Returns ``mean ± standard error``, and of how many seeds if others are undefined or lack it.

    The error has two significant digits, or is in units, and the mean ends where the error does;
    without an error it has three.

    Args:
      score: dict. What `Score.to_json` returned.
    """
    if score["mean"] is None:
        return "undefined"
    # Equal values have an error of rounding.
    if (score["standard_error"] or 0) > 1e-12 * abs(score["mean"]):
        error = _digits(score["standard_error"], 2)
        decimals = -decimal.Decimal(error).as_tuple().exponent
        text = f"{score['mean']:.{decimals}f} ± {error}"
    else:
        text = _digits(score["mean"], 3) + ("" if score["standard_error"] is None else " ± 0")
    if _is_partial(score):
        text += f" ({len(_defined(score))} of {len(score['values'])})"
    return text


def leaves_out_undefined(row: dict, name: str) -> bool:
    """Whether a row's mean leaves out seeds in which the score is not defined."""
    return name in row.get("undefined", {}) and _is_partial(row["scores"][name])


def _is_partial(score):
    return 0 < len(_defined(score)) < len(score["values"])


def _defined(score):
    return [value for value in score["values"] if value is not None]


def format_published(score: dict) -> str:
    """Returns ``mean ± standard error`` in the digits that were published."""
    figures = (score["mean"], score["standard_error"])
    return " ± ".join(f"{figure:g}" for figure in figures if figure is not None)


def _digits(value, count):
    """Zeros at the end are digits, too, save of what is exactly 0."""
    if value == 0 or abs(value) >= 10**count - 0.5:
        return f"{value:.0f}"
    return f"{value:#.{count}g}".rstrip(".")


def _best(table, columns):
    """The (number of the row, name of the score) that are best in their panel beyond their errors.

    A score of one seed has no error, and one that some seeds lack is of other seeds: neither is
    ever the best, nor is anything better than they. None is where a row was not scored.
    """
    panels = {}
    for number, row in enumerate(table["rows"]):
        if row["seeds"]:  # Real samples take no part.
            panels.setdefault(row[table["panel"]], []).append(number)
    best = set()
    for column in columns:
        for panel in panels.values() if column.best else ():
            rows = {number: table["rows"][number] for number in panel}
            if any(column.name in row["unscored"] for row in rows.values()):
                continue
            means = {number: row["scores"][column.name]["mean"] for number, row in rows.items()}
            defined = [mean for mean in means.values() if mean is not None]
            for number, row in rows.items():
                others = [other for key, other in rows.items() if key != number]
                first = defined and means[number] == column.best(defined)
                if first and others and all(_differs(row, other, column.name) for other in others):
                    best.add((number, column.name))
    return best


def _differs(row, other, name):
    """Whether the 95 % interval of the differences in the seeds of both rows excludes 0."""
    score, reference = row["scores"][name], other["scores"][name]
    if len(score["values"]) < 2 or None in score["values"]:
        return False
    if reference["mean"] is None:
        return True
    if None in reference["values"]:
        return False
    known = dict(zip(other["seeds"], reference["values"], strict=True))
    pairs = zip(row["seeds"], score["values"], strict=True)
    differences = [difference(value, known[seed]) for seed, value in pairs if seed in known]
    return excludes_zero(student_interval(differences))


def _degrees_of_freedom(table):
    """What the error of a few seeds is worth."""
    counts = sorted({len(row["seeds"]) for row in table["rows"] if 1 < len(row["seeds"]) <= 5})
    if not counts:
        return ""
    # Imported here: experiments are described without SciPy.
    from scipy.stats import t as student

    said = [f"{student.ppf(0.975, count - 1):.1f} errors for {count}" for count in counts]
    return f" A 95 % interval of few seeds is wide: ± {' and '.join(said)} seeds."
