"""Finished cells from elsewhere: other folders of the same grid, or other experiments."""

from pathlib import Path

from qlatent_tf.experiments.grids.finished_cells import (
    cell_files,
    check_same,
    is_same,
    read_cell,
)
from qlatent_tf.experiments.grids.grid import Grid
from qlatent_tf.storage.files import write_json


def merge(grid: Grid, folders) -> int:
    """Copies the finished cells of other folders into a grid's; returns how many were new.

    Raises:
      FileNotFoundError: if a folder holds no cells.
      ValueError: if a cell is here with another configuration.
    """
    new = {}
    for folder in map(Path, folders):
        for file in _files(folder):
            theirs, here = read_cell(file), grid.path / "cells" / file.name
            known = new.get(here) or (read_cell(here) if here.is_file() else None)
            if known is None:
                new[here] = theirs
            else:
                check_same(here, known, theirs["config"], theirs["evaluation"]["num_samples"])
    for here, cell in new.items():
        write_json(here, {**cell, "config": cell["config"].to_json()})
    return len(new)


def reuse(grid: Grid, cells, folders) -> int:
    """Copies finished runs of other experiments that are the same as unfinished cells here.

    A run is the same where its configuration and number of scored samples are; it gets the cell's
    name and row. Runs whose latent drew from a file are left out: only the name of the file is
    compared.

    Args:
      cells: sequence of Cell.
      folders: sequence of path. Working directories of other experiments.

    Returns:
      How many cells became finished.

    Raises:
      FileNotFoundError: if a folder holds no cells.
      ValueError: if one of their cells is damaged.
    """
    theirs = [read_cell(file) for folder in map(Path, folders) for file in _files(folder)]
    theirs = [
        one
        for one in theirs
        if one["evaluation"]["num_samples"] == grid.num_samples and not one.get("latent_file")
    ]
    found = 0
    for cell in cells:
        if grid.is_finished(cell):
            continue
        same = next((one for one in theirs if is_same(one["config"], cell.config)), None)
        if same is not None:
            ours = {"name": cell.name, "row": dict(cell.row), "config": cell.config.to_json()}
            grid.keep(cell, {**same, **ours})
            found += 1
    return found


def _files(folder):
    files = cell_files(folder)
    if not files:
        raise FileNotFoundError(f"{folder} holds no finished cells: no cells/*.json.")
    return files
