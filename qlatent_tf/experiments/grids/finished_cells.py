"""Finished cells: how they are read, and which of them may stand together."""

from pathlib import Path

from qlatent_tf.config import Config
from qlatent_tf.differences import Differences, differences, format_differences
from qlatent_tf.experiments.grids.latent_files import without_place
from qlatent_tf.resolve import CIRCUIT_FILES, resolve
from qlatent_tf.runs.latent_file import content
from qlatent_tf.runs.run_directory import training_differences
from qlatent_tf.scores import Score, by_name, read_history, read_scores
from qlatent_tf.storage.files import read_json
from qlatent_tf.storage.shapes import MEANS, SCORE, SCORED

_CELL = {
    "name": str,
    "config": dict,
    "step": int,
    "seconds": float,
    "dataset?": dict,
    "row?": {str: (str, int)},
    "settings?": dict,
    "evaluation": {"dataset?": str, "num_samples": int, "metrics": {str: SCORE}},
    "history": [{"step": int, **MEANS}],
    "latent_file?": (None, {"name": str, "sha256": str, "bank": (None, dict)}),
    "real?": (None, SCORED),
}
# What rows of a table may always differ in, and what they may by an entry that says so; all else
# is said in the caption.
_ROW_FIELDS = frozenset({"dataset_options", "latent_options", "seed"})
_ENTRY_FIELDS = {
    "data": ("dataset",),
    "generator": ("model_options",),
    "latent": ("latent",),
    "trained": ("train_circuit", "circuit_optimizer", "circuit_learning_rate"),
}
# What makes two runs others besides their training; names and numbers come first, which most
# runs differ in.
_TOLD_APART = (
    "model",
    "latent",
    "dataset",
    "seed",
    "steps",
    "metrics",
    "evaluate_every",
    "evaluation_samples",
)
# Options that may name a file.
_FILES = ("file", *CIRCUIT_FILES)
# What the seeds of a row may differ in: the circuit, and where a file lies.
_SEED_OPTIONS = frozenset({"unitary_seed", "file"})


def read_cells(folder, steps: int | None = None) -> list[dict]:
    """Returns the finished cells of a grid's folder, of one schedule or of all; see `read_cell`."""
    cells = map(read_cell, cell_files(folder))
    return [cell for cell in cells if steps in (None, cell["config"].steps)]


def cell_files(folder) -> list[Path]:
    """Returns the files of a grid's finished cells, sorted by name."""
    # A hidden file is what a process is writing, or was killed at.
    files = Path(folder, "cells").glob("*.json")
    return sorted(file for file in files if not file.name.startswith("."))


def read_cell(file) -> dict:
    """Returns a finished cell, its ``config`` as a `Config`.

    Cells of before rows were recorded are of the row of their data and latent.

    Raises:
      ValueError: if the file is damaged.
    """
    cell = read_json(file, _CELL)
    try:
        config = Config.from_json(cell["config"], trust_code=True)
    except ValueError as error:
        raise ValueError(f"{file} is no finished cell. {error}") from error
    # The run lies in a folder of this name.
    if Path(cell["name"]).name != cell["name"] or cell["name"] in ("", ".."):
        raise ValueError(f"{file} is no finished cell: its name is {cell['name']!r}.")
    row = cell.get("row") or {"data": config.dataset, "latent": config.latent}
    return {**cell, "config": config, "row": row}


def cell_scores(cell: dict) -> dict[str, Score]:
    """Returns the scores of a finished cell by their names, see `Score.name`."""
    return by_name(read_scores(cell["evaluation"]["metrics"], _data(cell)))


def cell_history(cell: dict) -> list[tuple[int, dict[str, Score]]]:
    """Returns the steps at which a finished cell was evaluated, each with its scores by name."""
    return read_history(cell["history"], _data(cell))


def cell_differences(config: Config, other: Config) -> Differences:
    """Returns the differences that make two configurations train differently.

    Options that one of them leaves open are filled in: a version with more options writes more of
    them. Of its latent's file the name counts, not the folder.
    """
    return _resolved_differences(
        config,
        other,
        lambda mine, theirs: training_differences(without_place(mine), without_place(theirs)),
    )


def is_same(config: Config, other: Config) -> bool:
    """Returns whether two configurations train alike, and are watched and scored alike."""
    alike = all(getattr(config, name) == getattr(other, name) for name in _TOLD_APART)
    return alike and not cell_differences(config, other)


def follows_from_its_configuration(cell: dict) -> bool:
    """Returns whether a finished cell's run read no file and no code of someone's own.

    Of a file and of code the configuration holds the name alone.
    """
    config = cell["config"]
    options = (*config.latent_options.items(), *config.dataset_options.items())
    return (
        "drawn_from" in cell.get("dataset", {})
        and not config.custom_names
        and not any(name in _FILES and value is not None for name, value in options)
    )


def check_same(file, cell: dict, config: Config, num_samples: int, latent_file=None) -> None:
    """Refuses a finished cell of another configuration than this, or scored on other samples.

    So it does where the latent drew from a file of another content than `latent_file` tells, see
    `file_record`.
    """
    scored = {"metrics": list(cell["config"].metrics), **_scored(cell)}
    asked = {"metrics": list(config.metrics), "scored samples": num_samples}
    drawn_from = cell.get("latent_file")
    if drawn_from and latent_file:
        scored["latent's file"], asked["latent's file"] = map(content, (drawn_from, latent_file))
    _refuse(
        {**cell_differences(cell["config"], config), **differences(scored, asked)},
        f"{file} is a cell of another configuration (its value -> yours): {{}}. "
        "Choose another --workdir, or the same options.",
    )


def check_table(cells) -> None:
    """Refuses cells of one table that were not trained and scored alike, or on the same data.

    They may differ in the seed, the options of data and latent by which rows differ, and what the
    entries of a row tell (data and latent).

    Args:
      cells: sequence of dict. Finished cells, see `read_cell`.

    Raises:
      ValueError: naming two cells, and in what they differ.
    """
    files = {}
    for cell in cells:
        _check_comparable(cells[0], cell)
        data = cell.get("dataset") or {}
        if "sha256" in data:
            known = files.setdefault((data["name"], data.get("file")), cell)
            if known["dataset"]["sha256"] != data["sha256"]:
                raise ValueError(
                    f"{known['name']} and {cell['name']} were trained on files "
                    f"{data.get('file')} of different content. A table is of one."
                )


def _check_comparable(first, cell):
    told = {
        field for entry in _ENTRY_FIELDS.keys() & first["row"] for field in _ENTRY_FIELDS[entry]
    }
    free = _ROW_FIELDS | told

    def compare(mine, theirs):
        found = mine.differences(theirs)
        return {name: values for name, values in found.items() if name not in free}

    _refuse(
        {
            **_resolved_differences(first["config"], cell["config"], compare),
            **differences(*({**_scored(one), "row": list(one["row"])} for one in (first, cell))),
            **_settings_apart(first, cell),
        },
        f"A table is of one schedule; {first['name']} and {cell['name']} differ: {{}}.",
    )


def check_one_row(first: dict, cell: dict) -> None:
    """Refuses cells of one row that differ in more than their seeds and circuits.

    Where a latent drew from a bank, the banks are of one circuit and size; of another file, its
    content is the same.
    """
    _refuse(
        {
            **_resolved_differences(first["config"], cell["config"], _row_differences),
            **differences(
                *({"latent's file": content(one.get("latent_file"))} for one in (first, cell))
            ),
        },
        f"{first['name']} and {cell['name']} are in one row and differ: {{}}.",
    )


def _refuse(found, message):
    if found:
        raise ValueError(message.format(format_differences(found)))


def _scored(cell):
    return {"scored samples": cell["evaluation"]["num_samples"]}


def _settings_apart(first, cell):
    """The differences of what was set in fields that may differ; cells of before do not tell."""
    if "settings" not in first or "settings" not in cell:
        return {}
    told = (
        {key: value for key, value in one["settings"].items() if key.split(".")[0] in _ROW_FIELDS}
        for one in (first, cell)
    )
    return differences(*({"settings": one} for one in told))


def _resolved_differences(config, other, compare):
    """What `compare` finds where options that are left open have their builders' defaults."""
    # Only then, for it imports the builders; never one of someone's own, which a file names.
    return compare(config, other) and compare(*map(_completed, (config, other)))


def _completed(config):
    own = any(":" in name for name in (config.model, config.latent, config.dataset))
    return config if own else resolve(config)


def _row_differences(config, other):
    def told(one):
        options = {
            kind: {
                name: value
                for name, value in getattr(one, kind).items()
                if name not in _SEED_OPTIONS
            }
            for kind in ("dataset_options", "latent_options")
        }
        return {"dataset": one.dataset, "latent": one.latent, **options}

    return differences(told(config), told(other))


def _data(cell):
    """The name of the data set that a cell was scored on, which the first cells do not record."""
    return cell["evaluation"].get("dataset", cell["config"].dataset)
