"""Tables of finished cells: means over training seeds, beside published figures."""

import csv
import dataclasses
import decimal
import io
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from qlatent_tf.evaluation import summary
from qlatent_tf.experiments.finished_cells import check_comparable, check_one_row
from qlatent_tf.files import write_json, write_text


@dataclasses.dataclass(frozen=True)
class Column:
    """A figure that a table shows.

    Attributes:
      figure: str. What the metric calls it, without sample size and reference set.
      title: str. The column's head.
      best: callable or None. `min` or `max`: the best mean in each panel is set in bold.
    """

    figure: str
    title: str
    best: object = None


@dataclasses.dataclass(frozen=True)
class Published:
    """Figures from elsewhere, to stand beside ours.

    Attributes:
      source: str. What they are called, the schedule included.
      figures: callable. `figures(row)` returns those of a row, as a dict from a column's figure
        to (mean, standard error); an empty one if none are published.
    """

    source: str = "paper"
    figures: Callable[[Mapping], Mapping[str, tuple[float, float]]] = lambda row: {}


def make_table(cells, columns, published=Published(), panel="data") -> dict:
    """Groups cells by their rows, in the order in which they come.

    Args:
      cells: sequence of dict. Finished cells, see `finished_cells.read_cell`.
      columns: sequence of Column.
      published: Published.
      panel: str. The entry of a row by which rows are compared among each other.

    Returns:
      dict of JSON values: ``schedule``, ``steps``, ``num_samples``, ``columns`` (figure -> title),
      ``names`` (figure -> its full names), ``source``, ``panel``, ``labels`` (what tells rows from
      each other), ``files`` (what latents drew from), and ``rows`` with the labels, ``seeds``,
      ``seconds``, ``scores`` (figure -> mean, standard error over training seeds, values) and
      ``published`` (figure -> mean, standard error).

    Raises:
      ValueError: if there are no cells, they are of several schedules, or were compared with
        several versions of the data.
    """
    if not cells:
        raise ValueError("There is no table of no cells: none of this schedule is finished.")
    groups = {}
    for cell in cells:
        check_comparable(cells[0], cell)
        group = groups.setdefault(tuple(cell["row"].items()), [])
        if group:
            check_one_row(group[0], cell)
        group.append(cell)
    rows = []
    for row, group in groups.items():
        group = sorted(group, key=lambda cell: cell["config"].seed)
        known = published.figures(dict(row))
        rows.append({
            **dict(row),
            "seeds": [cell["config"].seed for cell in group],
            "seconds": [cell["seconds"] for cell in group],
            "scores": {
                column.figure: summary([_score(cell, column.figure) for cell in group])
                for column in columns
            },
            "published": {
                figure: {"mean": mean, "standard_error": error}
                for figure, (mean, error) in known.items()
            },
        })
    return {
        "schedule": schedule(cells[0]["config"]),
        "steps": cells[0]["config"].steps,
        "num_samples": cells[0]["evaluation"]["num_samples"],
        "columns": {column.figure: column.title for column in columns},
        "names": {column.figure: _names(cells, column.figure) for column in columns},
        "files": _files(cells),
        "source": published.source,
        "panel": panel,
        "labels": list(cells[0]["row"]),
        "rows": rows,
    }


def schedule(config) -> str:
    """Returns in a line how the cells of a table were trained."""
    options = ", ".join(f"{name} {value}" for name, value in config.optimizer_options.items())
    return (
        f"{config.steps:,} generator steps of batch {config.batch_size}, {config.critic_steps} "
        f"critic updates each, {config.optimizer} ({options}), gradient penalty "
        f"{config.gradient_penalty_weight:g}"
    )


def in_order(cells, **known) -> list[dict]:
    """Returns cells by the entries of their rows, then by seed.

    Args:
      cells: sequence of dict. Finished cells, see `finished_cells.read_cell`.
      **known: sequence of str. The order of an entry's values; others stand behind, sorted.
    """

    def key(cell):
        places = []
        for name, value in cell["row"].items():
            order = known.get(name, ())
            place = order.index(value) if value in order else len(order)
            # Numbers by size, before words.
            places.append((place, isinstance(value, str), value))
        return places, cell["config"].seed

    return sorted(cells, key=key)


def figure_of(name: str, dataset: str) -> str:
    """Returns a metric's name without the sample size and the reference set.

    Example:
      >>> figure_of("fcd_qm9_129925@10000", "qm9")
      'fcd'
    """
    return re.sub(rf"(_{re.escape(dataset)}_\d+)?(@.*)?$", "", name, count=1)


def to_markdown(table: dict, columns, notes: str = "") -> str:
    """Returns the table in Markdown, the best of each panel in bold."""
    labels = table["labels"]
    shown = {figure for row in table["rows"] for figure in row["published"]}
    heads = []
    for column in columns:
        heads += [column.title, *([table["source"]] if column.figure in shown else [])]
    lines = [
        "| " + " | ".join([*labels, "seeds", *heads]) + " |",
        "|" + "---|" * len(labels) + "---:|" * (1 + len(heads)),
    ]
    best = _best(table, columns)
    for number, row in enumerate(table["rows"]):
        entries = [f"`{row[label]}`" if label == "latent" else str(row[label]) for label in labels]
        entries.append(str(len(row["seeds"])))
        for column in columns:
            scored = table["names"][column.figure]
            text = format_score(row["scores"][column.figure]) if scored else "not scored"
            entries.append(f"**{text}**" if (number, column.figure) in best else text)
            if column.figure in shown:
                known = row["published"].get(column.figure)
                entries.append(format_published(known) if known else "")
        lines.append("| " + " | ".join(entries) + " |")
    caption = (
        f"Mean ± standard error over training seeds, none for one seed. Ours: "
        f"{table['schedule']}; scored at the last step on {table['num_samples']:,} generated "
        f"samples a seed."
    )
    compared = [
        f"{column.title}: {', '.join(f'`{name}`' for name in table['names'][column.figure])}"
        for column in columns if table["names"][column.figure]
    ]
    names = "Names of the scores: " + "; ".join(compared) + "."
    files = "Latents drew from: " + "; ".join(
        f"{file['name']} (SHA-256 {file['sha256']})" for file in table["files"]
    ) + "."
    paragraphs = [
        " ".join([caption, notes]).strip(), *([names] if compared else []),
        *([files] if table["files"] else []),
    ]
    return "\n".join([*lines, "", "\n\n".join(paragraphs), ""])


def to_csv(table: dict) -> str:
    """Returns the table as CSV, a line for each row and figure."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([
        *table["labels"], "figure", "name", "mean", "standard_error", "seeds",
        "published_mean", "published_standard_error", "schedule",
    ])
    for row in table["rows"]:
        for figure, score in row["scores"].items():
            known = row["published"].get(figure, {})
            writer.writerow([
                *(row[label] for label in table["labels"]), figure,
                " ".join(table["names"][figure]), score["mean"], score["standard_error"],
                len(row["seeds"]), known.get("mean"), known.get("standard_error"),
                table["schedule"],
            ])
    return text.getvalue()


def write_table(path: Path, table: dict, columns, notes: str = "") -> None:
    """Writes ``<path>.md``, ``.csv`` and ``.json``."""
    write_text(f"{path}.md", to_markdown(table, columns, notes))
    write_text(f"{path}.csv", to_csv(table))
    write_json(f"{path}.json", {**table, "notes": notes})


def format_score(score: dict) -> str:
    """Returns ``mean ± standard error``.

    The error has two significant digits, or is in units, and the mean ends where the error does;
    without an error it has three.
    """
    if score["mean"] is None:
        return "undefined"
    if not score["standard_error"]:
        mean = _digits(score["mean"], 3)
        return mean if score["standard_error"] is None else f"{mean} ± 0"
    error = _digits(score["standard_error"], 2, zeros="#").rstrip(".")
    decimals = -decimal.Decimal(error).as_tuple().exponent
    return f"{score['mean']:.{decimals}f} ± {error}"


def format_published(score: dict) -> str:
    """Returns ``mean ± standard error`` in the digits that were published."""
    figures = (score["mean"], score["standard_error"])
    return " ± ".join(f"{figure:g}" for figure in figures if figure is not None)


def _digits(value, count, zeros=""):
    return f"{value:.0f}" if abs(value) >= 10**count - 0.5 else f"{value:{zeros}.{count}g}"


def _full_name(cell, figure):
    """The name under which the cell has a figure, or None."""
    dataset = cell["evaluation"].get("dataset", cell["config"].dataset)
    names = cell["evaluation"]["metrics"]
    return next((name for name in names if figure_of(name, dataset) == figure), None)


def _names(cells, figure):
    """The full names of a figure, one for each data set that is in its name."""
    found = {}
    for cell in cells:
        name = _full_name(cell, figure)
        if name is not None:
            known = found.setdefault(cell["config"].dataset, name)
            if known != name:
                raise ValueError(
                    f"Cells were compared with several versions of {cell['config'].dataset!r}: "
                    f"{known} and {name}."
                )
    return sorted(set(found.values()))


def _files(cells):
    """What the cells say of the files that their latents drew from, each once."""
    found = []
    for cell in cells:
        file = cell.get("latent_file")
        if file is not None and file not in found:
            found.append(file)
    return found


def _score(cell, figure):
    """The value of a figure; NaN where it is undefined."""
    score = cell["evaluation"]["metrics"].get(_full_name(cell, figure), {"mean": None})
    return float("nan") if score["mean"] is None else score["mean"]


def _best(table, columns):
    """The (number of the row, figure) that are best in their panel."""
    panels = {}
    for number, row in enumerate(table["rows"]):
        panels.setdefault(row[table["panel"]], {})[number] = row["scores"]
    best = set()
    for column in columns:
        for panel in panels.values() if column.best else ():
            means = {number: scores[column.figure]["mean"] for number, scores in panel.items()}
            defined = {number: mean for number, mean in means.items() if mean is not None}
            top = column.best(defined.values(), default=None)
            # Shares that are sums end in other last digits: those do not decide.
            equal = [number for number, mean in defined.items() if math.isclose(mean, top)]
            if len(equal) < len(defined):
                best.update((number, column.figure) for number in equal)
    return best
