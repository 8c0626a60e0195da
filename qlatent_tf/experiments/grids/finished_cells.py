"""Finished cells: how they are read, and which of them may stand together."""

from pathlib import Path

from qlatent_tf.config import Config
from qlatent_tf.experiments.grids.latent_files import without_place
from qlatent_tf.resolve import resolve
from qlatent_tf.runs.run_directory import training_differences
from qlatent_tf.storage.files import read_json

# What rows of a table may always differ in, and what they may by an entry that says so; all else
# is said in the caption.
_ROW_FIELDS = frozenset({"dataset_options", "latent_options", "seed"})
_ENTRY_FIELDS = {"data": "dataset", "latent": "latent"}
# What the seeds of a row may differ in: the circuit, and where a file lies.
_SEED_OPTIONS = frozenset({"unitary_seed", "file"})


def read_cells(folder, steps: int | None = None) -> list[dict]:
    """Returns the finished cells of a grid, see `read_cell`.

    Args:
      folder: path. The grid's.
      steps: int. Those of one schedule; None for all.
    """
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
    cell = read_json(file)
    missing = {"name", "config", "step", "seconds", "evaluation", "history"} - set(cell)
    if missing:
        raise ValueError(f"{file} is no finished cell: it lacks {', '.join(sorted(missing))}.")
    config = Config.from_json(cell["config"], trust_code=True)
    row = cell.get("row") or {"data": config.dataset, "latent": config.latent}
    return {**cell, "config": config, "row": row}


def cell_differences(config: Config, other: Config) -> list[str]:
    """Returns the differences by which two configurations train otherwise.

    Options that one of them leaves open are filled in: a version with more options writes more of
    them. Of its latent's file the name counts, not the folder.
    """
    return _resolved_differences(
        config,
        other,
        lambda mine, theirs: training_differences(without_place(mine), without_place(theirs)),
    )


def check_same(file, cell: dict, config: Config, num_samples: int) -> None:
    """Refuses a finished cell of another configuration, or scored otherwise.

    Args:
      file: path. The cell's.
      cell: dict. See `read_cell`.
      config: Config. What it is to be.
      num_samples: int. On how many samples it is to be scored.

    Raises:
      ValueError: naming the differences.
    """
    differences = cell_differences(cell["config"], config)
    scored = cell["evaluation"]["num_samples"]
    if cell["config"].metrics != config.metrics:
        differences.append(f"metrics: {list(cell['config'].metrics)} -> {list(config.metrics)}")
    if scored != num_samples:
        differences.append(f"scored samples: {scored} -> {num_samples}")
    if differences:
        raise ValueError(
            f"{file} is a cell of another configuration (its value -> yours): "
            f"{'; '.join(differences)}. Choose another --workdir, or the same options."
        )


def check_comparable(first: dict, cell: dict, swept=()) -> None:
    """Refuses cells that were not trained and scored alike.

    Args:
      first: dict. A finished cell, see `read_cell`.
      cell: dict. Another one of the table.
      swept: sequence of str. Further fields of a configuration that the table compares.

    Raises:
      ValueError: naming what differs besides the seed, options of data and latent, and what the
        entries of a row tell: data and latent.
    """
    told = {field for entry, field in _ENTRY_FIELDS.items() if entry in first["row"]}
    free = _ROW_FIELDS | told | set(swept)

    def compare(mine, theirs):
        return [line for line in mine.differences(theirs) if line.partition(":")[0] not in free]

    differences = _resolved_differences(first["config"], cell["config"], compare)
    sizes = [one["evaluation"]["num_samples"] for one in (first, cell)]
    if sizes[0] != sizes[1]:
        differences.append(f"scored samples: {sizes[0]} -> {sizes[1]}")
    if list(first["row"]) != list(cell["row"]):
        differences.append(f"entries of a row: {list(first['row'])} -> {list(cell['row'])}")
    if differences:
        raise ValueError(
            f"A table is of one schedule; {first['name']} and {cell['name']} differ: "
            f"{'; '.join(differences)}."
        )


def check_one_row(first: dict, cell: dict) -> None:
    """Refuses cells of one row that differ in more than their seeds and circuits.

    Where a latent drew from a bank, the banks are of one circuit and size; of another file, its
    content is the same.

    Args:
      first: dict. A finished cell, see `read_cell`.
      cell: dict. Another one of the row.

    Raises:
      ValueError: naming what differs.
    """
    differences = _resolved_differences(first["config"], cell["config"], _row_differences)
    contents = [_content(one) for one in (first, cell)]
    if contents[0] != contents[1]:
        differences.append(f"latent's file: {contents[0]} -> {contents[1]}")
    if differences:
        raise ValueError(
            f"{first['name']} and {cell['name']} are in one row and differ: "
            f"{'; '.join(differences)}."
        )


def _resolved_differences(config, other, compare):
    """What `compare` finds where options that are left open have their builders' defaults."""
    # Only then, for it imports the builders, which may be another machine's own.
    return compare(config, other) and compare(*map(resolve, (config, other)))


def _row_differences(config, other):
    mine, theirs = (
        {
            "dataset": one.dataset,
            "latent": one.latent,
            **{
                kind: {
                    name: value
                    for name, value in getattr(one, kind).items()
                    if name not in _SEED_OPTIONS
                }
                for kind in ("dataset_options", "latent_options")
            },
        }
        for one in (config, other)
    )
    return [
        f"{name}: {mine[name]!r} -> {theirs[name]!r}" for name in mine if mine[name] != theirs[name]
    ]


def _content(cell):
    """What decides the law of a file's rows: machines may round a sample of a bank otherwise."""
    file = cell.get("latent_file")
    return file and (file["bank"] or file["sha256"])
