"""Tables of finished cells: means over training seeds, and published ones."""

import dataclasses
import math

from qlatent_tf.config import Config
from qlatent_tf.experiments.grids.comparable import check_table
from qlatent_tf.experiments.grids.finished_cells import (
    cell_scores,
)
from qlatent_tf.glossary import explain
from qlatent_tf.resolve import changed_options
from qlatent_tf.scores import NEIGHBOUR_SCORES, Score
from qlatent_tf.text.markdown import escaped

# Of the fields that decide how a run goes, those that a caption names where they are changed.
_NAMED = (
    "circuit_learning_rate",
    "circuit_optimizer",
    "critic_learning_rate",
    "generator_batch_size",
    "generator_ema",
    "learning_rate_decay_steps",
    "precision",
)
# What the glossary says is better -> what chooses the best of several.
_BEST = {"higher": max, "lower": min}
# Of settings, those that nothing else in a caption tells; published figures are of none of them.
_UNTOLD = ("latent_options", "dataset_options", "train_circuit")


@dataclasses.dataclass(frozen=True)
class Column:
    """A score that a table shows.

    Attributes:
      name: str. The score's, see `Score.name`: its metric, and the network that judged.
      title: str. The column's head.
      best: callable or None. `min` or `max`: the best mean in each panel is set in bold.
    """

    name: str
    title: str
    best: object = None

    @classmethod
    def of(cls, metric: str, network: str = "") -> "Column":
        """Returns the column of a score as the glossary knows it, judged by a network or none."""
        entry = explain(metric)
        if entry is None:
            raise ValueError(f"The glossary does not explain {metric!r}.")
        best = _BEST.get(entry.better)
        return cls(f"{metric}_{network}" if network else metric, entry.title, best)


def column_of(name: str, score: Score) -> Column:
    """Returns the column of a score that someone asked for, as the glossary knows it, or its name.

    Args:
      name: str. See `Score.name`.
      score: Score.
    """
    entry = explain(score.metric)
    title = escaped(score.metric.replace("_", " ")) if entry is None else entry.title
    network = f" ({score.network})" if score.network else ""
    return Column(name, f"{title}{network}", entry and _BEST.get(entry.better))


def other_columns(found: dict[str, Score], columns: list[Column]) -> list[Column]:
    """Returns columns of the scores, by their names, that none of the given columns shows."""
    others = found.keys() - {column.name for column in columns}
    return [column_of(name, found[name]) for name in found if name in others]


def judges(network: str = "") -> list[Column]:
    """Returns the columns of precision, recall, density and coverage, seen by a network or none."""
    return [Column.of(name, network) for name in NEIGHBOUR_SCORES]


def make_table(cells, columns, source="paper", published=lambda row: {}, panel="data") -> dict:
    """Groups cells by their rows, in the order in which they come.

    Args:
      cells: sequence of dict. Finished cells, see `finished_cells.read_cell`.
      columns: sequence of Column.
      source: str. What published scores are called, the schedule included.
      published: callable. `published(row)` returns those of a row, which names its ``data``, as a
        dict from a column's name to (mean, standard error); an empty one if there are none.
      panel: str. The entry of a row by which rows are compared among each other.

    Returns:
      dict of JSON values: ``schedule``, ``steps``, ``num_samples``, ``columns`` (name -> title),
      ``names`` (name -> the scores' keys), ``source``, ``panel``, ``labels`` (what tells rows from
      each other), ``files`` (what latents drew from), and ``rows`` with the labels, ``seeds``,
      ``seconds``, ``scores`` (name -> mean, standard error over training seeds, values),
      ``unscored`` (names that were not looked for), ``published`` (name -> mean, standard error)
      and, where some are, ``undefined`` (name -> how many seeds have no such score).

    Raises:
      ValueError: if there are no cells, they are of several schedules, or were compared with
        several versions of the data.
    """
    if not cells:
        raise ValueError("There is no table of no cells: none of this schedule is finished.")
    check_table(cells)
    groups = {}
    for cell in cells:
        groups.setdefault(tuple(cell["row"].items()), []).append(cell)
    rows = [
        {**dict(row), **_row(dict(row), group, columns, published)} for row, group in groups.items()
    ]
    return {
        "schedule": schedule(cells[0]["config"], cells[0]["row"], settings_of(cells)),
        "steps": cells[0]["config"].steps,
        "num_samples": cells[0]["evaluation"]["num_samples"],
        "columns": {column.name: column.title for column in columns},
        "names": _keys(cells, columns),
        "files": _files(cells),
        "source": source,
        "panel": panel,
        "labels": list(cells[0]["row"]),
        "rows": rows,
    }


def schedule(config, told=(), settings=None) -> str:
    """Returns in a line what was trained and how.

    Args:
      config: Config. Options that are as the model's builder and `Config` have them are not named.
      told: container of str. What is said elsewhere: ``data``, ``model_options``.
      settings: dict. What was set besides, by key; named where nothing else tells it.
    """
    changed = {} if "model_options" in told else changed_options(config, "model")
    data = "" if "data" in told else f" on `{config.dataset}`"
    said = [
        f"`{config.model}`{_in_words(changed)}{data}",
        f"{config.steps:,} generator steps of batch {config.batch_size}",
        f"{config.critic_steps} critic update{'s' if config.critic_steps > 1 else ''} each",
        f"{config.optimizer}{_in_words(config.optimizer_options)}",
        f"gradient penalty {config.gradient_penalty_weight:g}",
    ]
    for name in _NAMED:
        # A dataclass keeps its defaults as attributes of the class.
        if getattr(config, name) != getattr(Config, name):
            said.append(f"{name} {getattr(config, name)}")
    for key, value in (settings or {}).items():
        # The first cell may be of a row that something says nothing of, such as a rate of circuits.
        if key.partition(".")[0] in (*_UNTOLD, *_NAMED) and f"{key} {value}" not in said:
            said.append(f"{key} {value}")
    return ", ".join(said)


def settings_of(cells) -> dict:
    """Returns what was set for all rows, by key; cells of before do not tell."""
    return {key: value for cell in cells for key, value in cell.get("settings", {}).items()}


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


def _row(row, group, columns, published):
    group = sorted(group, key=lambda cell: cell["config"].seed)
    scores = [cell_scores(cell) for cell in group]
    known = {}
    # Published figures are of the data as they come, without options.
    settings = {key.partition(".")[0] for key in settings_of(group)}
    changed = any(changed_options(cell["config"], "dataset") for cell in group)
    if not changed and settings.isdisjoint(_UNTOLD):
        known = published({"data": group[0]["config"].dataset, **row})
    names = [column.name for column in columns]
    undefined = {
        name: sum(name in found and math.isnan(found[name].mean) for found in scores)
        for name in names
    }
    undefined = {name: count for name, count in undefined.items() if count}
    return {
        "seeds": [cell["config"].seed for cell in group],
        "seconds": [cell["seconds"] for cell in group],
        "scores": {name: _over_seeds(scores, name) for name in names},
        "unscored": [name for name in names if not any(name in found for found in scores)],
        "published": {
            name: {"mean": mean, "standard_error": error} for name, (mean, error) in known.items()
        },
        **({"undefined": undefined} if undefined else {}),
    }


def _over_seeds(scores, name):
    """A score over training seeds, in which it may be undefined or missing."""
    values = (found[name].mean if name in found else None for found in scores)
    return Score(metric=name).over(values).to_json()


def _keys(cells, columns):
    """The keys of each column's scores, one for each data set that is in them."""
    found = {column.name: {} for column in columns}
    for cell in cells:
        data, scores = cell["config"].dataset, cell_scores(cell)
        for name in found.keys() & scores.keys():
            key = scores[name].key
            known = found[name].setdefault(data, key)
            if known != key:
                raise ValueError(
                    f"Cells were compared with several versions of {data!r}: {known} and {key}."
                )
    return {name: sorted(set(keys.values())) for name, keys in found.items()}


def _files(cells):
    """What the cells say of the files that their latents drew from, each once."""
    files = [cell.get("latent_file") for cell in cells]
    return [file for place, file in enumerate(files) if file and file not in files[:place]]
