"""Tables of finished cells: means over training seeds, beside published figures."""

import csv
import dataclasses
import io
from pathlib import Path

from qlatent_tf.evaluation import summary
from qlatent_tf.files import write_json, write_text

# What a row of a table may differ in from another one; all else is said in the caption.
_ROW_FIELDS = frozenset({"dataset", "dataset_options", "latent", "latent_options", "seed"})
_CIRCUIT = "unitary_seed"


@dataclasses.dataclass(frozen=True)
class Column:
    """A figure that a table shows.

    Attributes:
      figure: str. What the metric calls it, without the sample size.
      title: str. The column's head.
      best: callable or None. `min` or `max`: the best mean for each data set is set in bold.
    """

    figure: str
    title: str
    best: object = None


def make_table(cells, columns, published=None, source="paper") -> dict:
    """Groups cells by data and latent, in the order in which they come.

    Args:
      cells: sequence of dict. Finished cells, see `grid.read_cell`.
      columns: sequence of Column. The first is the one that `published` is about.
      published: dict. (data, latent) -> (mean, standard error) of the first column elsewhere.
      source: str. What the published figures are called.

    Returns:
      dict of JSON values: ``schedule``, ``steps``, ``num_samples``, ``columns``, ``source``, and
      ``rows`` with ``data``, ``latent``, ``seeds``, ``seconds``, ``scores`` (figure -> mean,
      standard error over training seeds, values) and ``published``.

    Raises:
      ValueError: if there are no cells, or they are of several schedules.
    """
    if not cells:
        raise ValueError("There is no table of no cells: none of this schedule is finished.")
    groups = {}
    for cell in cells:
        _check_comparable(cells[0], cell)
        group = groups.setdefault((cell["config"].dataset, cell["config"].latent), [])
        if group:
            _check_one_row(group[0], cell)
        group.append(cell)
    rows = []
    for (data, latent), group in groups.items():
        group = sorted(group, key=lambda cell: cell["config"].seed)
        known = (published or {}).get((data, latent))
        rows.append({
            "data": data,
            "latent": latent,
            "seeds": [cell["config"].seed for cell in group],
            "seconds": [cell["seconds"] for cell in group],
            "scores": {
                column.figure: summary([_score(cell, column.figure) for cell in group])
                for column in columns
            },
            "published": known and {"mean": known[0], "standard_error": known[1]},
        })
    return {
        "schedule": schedule(cells[0]["config"]),
        "steps": cells[0]["config"].steps,
        "num_samples": cells[0]["evaluation"]["num_samples"],
        "columns": {column.figure: column.title for column in columns},
        "source": source,
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


def to_markdown(table: dict, columns, notes: str = "") -> str:
    """Returns the table in Markdown, the best of each data set in bold."""
    heads = [column.title for column in columns]
    shown = any(row["published"] for row in table["rows"])
    heads = [heads[0], *([table["source"]] if shown else []), *heads[1:]]
    lines = [
        "| " + " | ".join(["data", "latent", "seeds", *heads]) + " |",
        "|---|---|" + "---:|" * (1 + len(heads)),
    ]
    best = _best(table, columns)
    for row in table["rows"]:
        entries = []
        for column in columns:
            text = format_score(row["scores"][column.figure])
            bold = (row["data"], row["latent"], column.figure) in best
            entries.append(f"**{text}**" if bold else text)
        if shown:
            entries.insert(1, format_score(row["published"]) if row["published"] else "")
        names = [row["data"], f"`{row['latent']}`", str(len(row["seeds"]))]
        lines.append("| " + " | ".join(names + entries) + " |")
    caption = (
        f"Mean ± standard error over training seeds, none for one seed. Ours: "
        f"{table['schedule']}; scored at the last step on {table['num_samples']:,} generated "
        f"samples a seed."
    )
    return "\n".join([*lines, "", " ".join([caption, notes]).strip(), ""])


def to_csv(table: dict) -> str:
    """Returns the table as CSV, a line for each row and figure."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([
        "data", "latent", "figure", "mean", "standard_error", "seeds", "published_mean",
        "published_standard_error", "schedule",
    ])
    for row in table["rows"]:
        for number, (figure, score) in enumerate(row["scores"].items()):
            known = (row["published"] or {}) if number == 0 else {}
            writer.writerow([
                row["data"], row["latent"], figure, score["mean"], score["standard_error"],
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
    """Returns ``mean ± standard error`` in three significant digits of the mean."""
    if score["mean"] is None:
        return "undefined"
    if score["standard_error"] is None:
        return f"{score['mean']:.3g}"
    return f"{score['mean']:.3g} ± {score['standard_error']:.2g}"


def _score(cell, figure):
    """The value of a figure, whose name ends with the sample size; NaN where it is undefined."""
    for name, score in cell["evaluation"]["metrics"].items():
        if name.partition("@")[0] == figure:
            return float("nan") if score["mean"] is None else score["mean"]
    return float("nan")


def _best(table, columns):
    best = set()
    for column in columns:
        for data in {row["data"] for row in table["rows"]} if column.best else ():
            rows = [row for row in table["rows"] if row["data"] == data
                    and row["scores"][column.figure]["mean"] is not None]
            means = [row["scores"][column.figure]["mean"] for row in rows]
            if len(set(means)) > 1:
                best.update((data, row["latent"], column.figure)
                            for row, mean in zip(rows, means, strict=True)
                            if mean == column.best(means))
    return best


def _check_comparable(first, cell):
    differences = [
        line for line in first["config"].differences(cell["config"])
        if line.partition(":")[0] not in _ROW_FIELDS
    ]
    sizes = [one["evaluation"]["num_samples"] for one in (first, cell)]
    if sizes[0] != sizes[1]:
        differences.append(f"scored samples: {sizes[0]} -> {sizes[1]}")
    if differences:
        raise ValueError(
            f"A table is of one schedule; {first['name']} and {cell['name']} differ: "
            f"{'; '.join(differences)}."
        )


def _check_one_row(first, cell):
    """The seeds of a row differ in their circuits, in nothing else."""
    for kind in ("latent_options", "dataset_options"):
        ours, theirs = (
            {name: value for name, value in getattr(one["config"], kind).items()
             if name != _CIRCUIT}
            for one in (first, cell)
        )
        if ours != theirs:
            raise ValueError(
                f"{first['name']} and {cell['name']} are in one row and differ in their "
                f"{kind}: {ours} -> {theirs}."
            )
