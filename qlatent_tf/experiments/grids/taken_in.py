"""Finished cells from elsewhere: other folders of the same grid, or other experiments."""

from pathlib import Path

from absl import logging

from qlatent_tf.experiments.grids.comparable import check_table
from qlatent_tf.experiments.grids.finished_cells import (
    cell_files,
    check_same,
    follows_from_its_configuration,
    is_same,
    kind_of,
    read_cell,
    read_like,
)
from qlatent_tf.experiments.grids.grid import Grid
from qlatent_tf.storage.files import write_json


def merge(grid: Grid, folders, cells) -> int:
    """Copies the finished cells of other folders into a grid's; returns how many were new.

    Raises:
      FileNotFoundError, ValueError: as `mergeable` does. Nothing is copied then.
    """
    return take_in(mergeable(grid, folders, cells))


def take_in(new: dict[Path, dict]) -> int:
    """Writes what `mergeable` has found into its grid; returns how many cells that are."""
    for here, cell in new.items():
        write_json(here, {**cell, "config": cell["config"].to_json()})
    return len(new)


def mergeable(grid: Grid, folders, cells) -> dict[Path, dict]:
    """Returns the finished cells of other folders that a grid lacks, by their files there.

    Args:
      grid: Grid.
      folders: sequence of path.
      cells: sequence of Cell. Those of the experiment, whose kinds are legal, see `kind_of`.

    Raises:
      FileNotFoundError: if a folder holds no cells.
      ValueError: if a cell is of another experiment, is here with another configuration, or cells
        of the same steps cannot stand in one table.
    """
    new, legal = {}, {kind_of(cell.row, cell.config) for cell in cells}
    for folder in map(Path, folders):
        for file in _files(folder):
            theirs, here = read_cell(file), grid.path / "cells" / file.name
            kind = kind_of(theirs["row"], theirs["config"])
            if kind not in legal:
                raise ValueError(
                    f"{file} is of another experiment: its model and what tells its rows apart are "
                    f"{', '.join(kind)}; here {' or '.join(map(', '.join, sorted(legal)))}."
                )
            known = new.get(here) or (read_cell(here) if here.is_file() else None)
            if known is None:
                new[here] = theirs
            else:
                samples = theirs["evaluation"]["num_samples"]
                others = {name: theirs.get(name) for name in ("latent_file", "code")}
                check_same(here, known, theirs["config"], samples, **others)
                if theirs["evaluation"]["metrics"] != known["evaluation"]["metrics"]:
                    logging.warning(
                        "%s: the same cell is there already with other scores, which stay. "
                        "Processors round differently.",
                        file,
                    )
    kept = read_like(grid.path, cells)
    for steps in {cell["config"].steps for cell in new.values()}:
        check_table([cell for cell in (*kept, *new.values()) if cell["config"].steps == steps])
    return new


def reusable(grid: Grid, cells, folders) -> dict[str, dict]:
    """Returns finished runs of other experiments that are the same as unfinished cells of a grid.

    Runs are the same where their configurations and their numbers of scored samples are. Those
    that read a file or code of someone's own are left out: only its name could be compared.

    Args:
      grid: Grid.
      cells: sequence of Cell.
      folders: sequence of path. Working directories of other experiments.

    Returns:
      dict from the names of cells to the finished cells that they become, with the name and the
      row that they have here, and under ``reused`` the name that they had.

    Raises:
      FileNotFoundError: if a folder holds no cells.
      ValueError: if one of their cells is damaged.
    """
    theirs = [read_cell(file) for folder in map(Path, folders) for file in _files(folder)]
    theirs = [
        one
        for one in theirs
        if one["evaluation"]["num_samples"] == grid.num_samples
        and follows_from_its_configuration(one)
    ]
    found = {}
    for cell in cells:
        same = next((one for one in theirs if is_same(one["config"], cell.config)), None)
        if same is not None and not grid.is_finished(cell):
            ours = {
                "name": cell.name,
                "row": dict(cell.row),
                "settings": dict(cell.settings),
                "reused": same["name"],
            }
            found[cell.name] = {**same, **ours, "config": same["config"].to_json()}
    return found


def _files(folder):
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder} to take finished cells from.")
    files = cell_files(folder)
    if not files:
        raise FileNotFoundError(f"{folder} holds no finished cells: no cells/*.json.")
    return files
