"""Finished cells: how they are read, and which runs are the same."""

import unicodedata
from pathlib import Path

from qlatent_tf.config import Config
from qlatent_tf.experiments.grids.latent_files import without_place
from qlatent_tf.glossary import explain, is_possible
from qlatent_tf.latents.files import content
from qlatent_tf.registry import datasets, latents
from qlatent_tf.resolve import LATENT_FILES, resolve
from qlatent_tf.runs.run_directory import training_differences
from qlatent_tf.scores import Score, by_name, read_history, read_scores
from qlatent_tf.storage.files import read_json
from qlatent_tf.storage.shapes import MEANS, SCORE, SCORED
from qlatent_tf.text.differences import Differences, differences, format_differences

_REGISTRIES = {"dataset": datasets, "latent": latents}
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
    "code?": {str: str},
    "latent_file?": (None, {"name": str, "sha256": str, "bank": (None, dict)}),
    "real?": (None, SCORED),
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


def read_cells(folder, steps: int | None = None) -> list[dict]:
    """Returns the finished cells of a grid's folder, of one schedule or of all; see `read_cell`."""
    cells = map(read_cell, cell_files(folder))
    return [cell for cell in cells if steps in (None, cell["config"].steps)]


def read_like(folder, cells, steps: int | None = None) -> list[dict]:
    """Returns the finished cells of a folder that are of the same kind as some of other cells.

    A folder may hold cells of several experiments; see `kind_of`.
    """
    kinds = {kind_of(cell.row, cell.config) for cell in cells}
    finished = read_cells(folder, steps)
    return [cell for cell in finished if kind_of(cell["row"], cell["config"]) in kinds]


def kind_of(row, config: Config) -> tuple[str, ...]:
    """Returns what all cells of a table have in common: their model and their rows' entries."""
    return (config.model, *row_of(row, config))


def cell_files(folder) -> list[Path]:
    """Returns the files of a grid's finished cells, sorted by name."""
    # A hidden file is what a process is writing, or was killed at.
    files = Path(folder, "cells").glob("*.json")
    return sorted(file for file in files if not file.name.startswith("."))


def read_cell(file) -> dict:
    """Returns a finished cell, its ``config`` as a `Config`.

    Cells of before rows were recorded are of the row of their data and latent.

    Raises:
      ValueError: if the file is damaged, contradicts itself, or is not called as
        `Cell.file_name` says.
    """
    try:
        cell = read_json(file, _CELL)
    except ValueError as error:
        raise ValueError(
            f"{error} Remove the file: where its study is trained, the cell is made again."
        ) from error
    try:
        config = Config.from_json(cell["config"], trust_code=True)
    except ValueError as error:
        raise ValueError(f"{file} is no finished cell. {error}") from error
    # The run lies in a folder of this name.
    if Path(cell["name"]).name != cell["name"] or cell["name"] in ("", ".."):
        raise ValueError(f"{file} is no finished cell: its name is {cell['name']!r}.")
    name = f"{cell['name']}@{config.steps}.json"
    # Some file systems write the same letters otherwise.
    if unicodedata.normalize("NFC", Path(file).name) != unicodedata.normalize("NFC", name):
        raise ValueError(
            f"{file} holds the cell whose file is {name}: a copy would count as a second run. "
            "Remove it, or give it that name."
        )
    if cell["step"] != config.steps:
        raise ValueError(
            f"{file} is no finished cell: it was scored at step {cell['step']} of {config.steps}."
        )
    for entry, kind in {"data": "dataset", "latent": "latent"}.items():
        told, is_of = cell.get("row", {}).get(entry), getattr(config, kind)
        # A row may be called otherwise; that of a bank is called by what the bank was drawn from.
        if told in _REGISTRIES[kind].names() and is_of not in (told, "samples"):
            raise ValueError(
                f"{file} is no finished cell: its row is of {told}, its run of {is_of}."
            )
    cell = {**cell, "config": config, "row": row_of(cell.get("row"), config)}
    _check_scores(file, cell)
    return cell


def _check_scores(file, cell):
    # A user's own metric may give the name of a known score to another one.
    if any(":" in name for name in cell["config"].metrics):
        return
    for score in cell_scores(cell).values():
        if not is_possible(score):
            raise ValueError(
                f"{file} is damaged: its score {score.key} is {score.mean:g}, which is outside "
                f"{explain(score.metric).range}. Remove the file: where its study is trained, the "
                "cell is made again."
            )


def row_of(row, config: Config) -> dict:
    """Returns a cell's row; that of its data and latent for a cell that has none."""
    return dict(row or {"data": config.dataset, "latent": config.latent})


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
    return resolved_differences(
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
        and not any(name in LATENT_FILES and value is not None for name, value in options)
    )


def check_same(
    file, cell: dict, config: Config, num_samples: int, latent_file=None, code=None
) -> None:
    """Refuses a finished cell of another configuration than this, or scored on other samples.

    So it does where the latent drew from a file of another content than `latent_file` tells, see
    `file_record`, or the run was of other code of someone's own than `code`, see `code_record`.
    """
    theirs = cell["config"]
    scored = {"steps": theirs.steps, "metrics": list(theirs.metrics), **scored_samples(cell)}
    asked = {"steps": config.steps, "metrics": list(config.metrics), "scored samples": num_samples}
    drawn_from = cell.get("latent_file")
    if drawn_from and latent_file:
        scored["latent's file"], asked["latent's file"] = map(content, (drawn_from, latent_file))
    trained, judged = cell_differences(theirs, config), differences(scored, asked)
    changed = code_differences(cell.get("code"), code)
    advice = "Choose another --workdir, or the same options, such as --variant and --set."
    if changed and not trained and not judged:
        advice = f"Choose another --workdir, or move the files in {Path(file).parent} elsewhere."
    elif not trained and judged.keys() <= {"metrics", "scored samples"}:
        advice = (
            f"{advice} To score the runs again by yours, and not train them, move the files in "
            f"{Path(file).parent} elsewhere."
        )
    refuse(
        {**trained, **judged, **changed},
        f"{file} is a cell of another configuration (its value -> yours)",
        advice,
    )


def code_differences(code, other) -> Differences:
    """Returns where two records of someone's own code differ, as far as both know of it."""
    both = (code or {}).keys() & (other or {}).keys()
    return differences(*({f"code of {name}": one[name] for name in both} for one in (code, other)))


def refuse(found: Differences, what: str, advice: str = "") -> None:
    """Raises ValueError with the differences, after what differs and before advice, if any are."""
    if found:
        raise ValueError(f"{what}: {format_differences(found)}. {advice}".rstrip())


def scored_samples(cell: dict) -> dict:
    """Returns on how many samples a cell was scored, under the name that messages have for it."""
    return {"scored samples": cell["evaluation"]["num_samples"]}


def resolved_differences(config: Config, other: Config, compare) -> Differences:
    """Returns what `compare` finds where options left open have their builders' defaults."""
    # Only then, for it imports the builders; never one of someone's own, which a file names.
    return compare(config, other) and compare(*map(_completed, (config, other)))


def _completed(config):
    own = any(":" in name for name in (config.model, config.latent, config.dataset))
    return config if own else resolve(config)


def _data(cell):
    """The name of the data set that a cell was scored on, which the first cells do not record."""
    return cell["evaluation"].get("dataset", cell["config"].dataset)
