"""Tables of finished cells: means over training seeds, beside published figures."""

import dataclasses
from collections.abc import Callable, Mapping

from qlatent_tf.config import Config
from qlatent_tf.experiments.grids.finished_cells import check_comparable, check_one_row
from qlatent_tf.resolve import changed_options
from qlatent_tf.runs.evaluation import figure_of, summary

# Of the fields that decide how a run goes, those that a caption names where they are changed.
_DEFAULTS = {
    field.name: field.default
    for field in dataclasses.fields(Config)
    if field.name
    in (
        "critic_learning_rate",
        "generator_batch_size",
        "generator_ema",
        "learning_rate_decay_steps",
        "precision",
    )
}


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
      figures: callable. `figures(row)` returns those of a row, which names its ``data``, as a
        dict from a column's figure to (mean, standard error); an empty one if none are published.
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
      ``seconds``, ``scores`` (figure -> mean, standard error over training seeds, values),
      ``unscored`` (figures that were not looked for) and ``published`` (figure -> mean, standard
      error).

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
        known = {}
        # Published figures are of the data as they come, without options.
        if not any(changed_options(cell["config"], "dataset") for cell in group):
            known = published.figures({"data": group[0]["config"].dataset, **dict(row)})
        rows.append(
            {
                **dict(row),
                "seeds": [cell["config"].seed for cell in group],
                "seconds": [cell["seconds"] for cell in group],
                "scores": {
                    column.figure: summary([_score(cell, column.figure) for cell in group])
                    for column in columns
                },
                "unscored": [
                    column.figure
                    for column in columns
                    if not any(_full_name(cell, column.figure) for cell in group)
                ],
                "published": {
                    figure: {"mean": mean, "standard_error": error}
                    for figure, (mean, error) in known.items()
                },
            }
        )
    return {
        "schedule": schedule(cells[0]["config"], told=cells[0]["row"]),
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


def schedule(config, told=()) -> str:
    """Returns in a line what was trained and how.

    Args:
      config: Config. Options that are as the model's builder and `Config` have them are not named.
      told: container of str. What is said elsewhere: ``data``, ``model_options``.
    """
    changed = {} if "model_options" in told else changed_options(config, "model")
    fields = {name: getattr(config, name) for name in _DEFAULTS}
    fields = {name: value for name, value in fields.items() if value != _DEFAULTS[name]}
    return (
        f"`{config.model}`{_in_words(changed)}"
        f"{'' if 'data' in told else f' on `{config.dataset}`'}, "
        f"{config.steps:,} generator steps of batch {config.batch_size}, {config.critic_steps} "
        f"critic update{'s' if config.critic_steps > 1 else ''} each, "
        f"{config.optimizer}{_in_words(config.optimizer_options)}, gradient "
        f"penalty {config.gradient_penalty_weight:g}"
        + "".join(f", {name} {value}" for name, value in fields.items())
    )


def _in_words(options):
    words = ", ".join(f"{name} {value}" for name, value in options.items())
    return f" ({words})" if words else ""


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
