"""The cells of a grid on the workers of a cluster, whether they share its folder or not."""

import contextlib
import dataclasses
import functools
import os
import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from absl import logging

from qlatent_tf.cluster.client import Cluster, TaskFailed
from qlatent_tf.cluster.fingerprint import hash_of_module, hash_when_first_found
from qlatent_tf.cluster.worker import Place
from qlatent_tf.experiments.grids.cells import Cell, own_modules
from qlatent_tf.experiments.grids.grid import Grid
from qlatent_tf.runs.interrupted import Interrupted
from qlatent_tf.signals import signals_interrupt
from qlatent_tf.storage.files import (
    DATA_DIR_VARIABLE,
    INCEPTION_VARIABLE,
    atomic_path,
    user_path,
)
from qlatent_tf.storage.locks import InUseError, sole_use
from qlatent_tf.storage.temporary import remove_stale, temporary_prefix
from qlatent_tf.text.progress import ProgressBar

# A worker that lost the scheduler may be at its cell for a while.
_LOCK_SECONDS = 60.0
_FOLDERS = (DATA_DIR_VARIABLE, INCEPTION_VARIABLE)


class CellsFailed(Exception):  # noqa: N818
    """Some cells could not be run; all others are finished."""


@dataclasses.dataclass(frozen=True)
class Work:
    """What all cells on a worker need.

    Attributes:
      workdir: str. The grid's folder, where the worker can see it; empty where it cannot.
      num_samples: int. On which a finished run is scored.
      data_dir: str. Where data files are looked for first, as seen from the grid's folder; None
        for the worker's own folders.
      files: mapping of str to bytes. What the worker cannot see, by path in the grid's folder.
      variables: mapping of str to str. Names of folders that are the client's.
      code: mapping of str to str. SHA-256 of the modules of someone's own that the cells name.
    """

    workdir: str
    num_samples: int
    data_dir: str | None
    files: Mapping[str, bytes]
    variables: Mapping[str, str]
    code: Mapping[str, str]


def run_on(
    cluster: Cluster, grid: Grid, cells: Sequence[Cell], *, data_dir=None, progress: bool = True
) -> None:
    """Lets workers run the cells that are not finished; each is kept when it comes back.

    Where a worker sees the grid's folder and may write there, a run lies there, and another worker
    takes it up. Where not, the run lies in the worker's own folder and is gone with it.

    Args:
      cluster: Cluster.
      grid: Grid.
      cells: sequence of Cell.
      data_dir: path. Where workers look for data files first. What lies in the grid's own folder
        is sent to them.
      progress: bool. Whether to show progress bars.

    Raises:
      ValueError: as `Grid.run`, or if no worker can work.
      CellsFailed: if cells failed or other processes run them; all others are finished.
      Interrupted: on Ctrl-C and SIGTERM, after runs that others can take up are saved.
    """
    left = grid.unfinished(cells)
    if not left:
        return
    for bank in {cell.bank.name: cell.bank for cell in left if cell.bank is not None}.values():
        bank.make(grid.path / "banks" / bank.name, progress, cluster)
    failed, held = [], []

    def keep(cell, outcome):
        grid.keep(cell, outcome.value)

    with (
        signals_interrupt(),
        _shown(grid.path) as sign,
        _Steps(grid, left, progress) as bar,
        contextlib.closing(
            cluster.map(
                run_cell,
                left,
                _preparation(grid, sign, left, data_dir),
                watch=bar.watch,
                late=keep,
            )
        ) as outcomes,
    ):
        try:
            for cell, outcome in outcomes:
                if outcome.error is None:
                    keep(cell, outcome)
                elif outcome.error.kind == InUseError.__name__:
                    held.append((cell, outcome.error))
                else:
                    failed.append(_told(cell, outcome.error))
                bar.end(cell, outcome.error is None)
        except KeyboardInterrupt as error:
            outcomes.close()
            done = sum(map(grid.is_finished, left))
            said = f"Stopped: {done} of {len(left)} cells are finished."
            raise Interrupted(said, error) from error
    if missing := grid.missing(left, failed, held):
        raise CellsFailed(missing)


def _told(cell, error: TaskFailed) -> str:
    left_out = error.kind == FloatingPointError.__name__
    return f"The cell {cell.name} {'is left out' if left_out else 'failed'}: {error}"


@contextlib.contextmanager
def _shown(folder):
    """A file by which a worker knows whether it sees the same folder."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    remove_stale(folder)
    sign = folder / f"{temporary_prefix(folder / 'cluster')}{uuid.uuid4().hex}"
    sign.touch()
    try:
        yield sign
    finally:
        sign.unlink(missing_ok=True)


def _preparation(grid, sign, cells, data_dir):
    folder = sign.parent
    data_dir = None if data_dir is None else user_path(data_dir).resolve()
    banks = {folder / "banks" / cell.bank.name for cell in cells if cell.bank is not None}
    shipped = [file for bank in banks for file in bank.glob("[!.]*")]
    if data_dir == folder:
        shipped += folder.glob("*.npz")
    # Whole paths: a worker's own folder is another.
    named = {name: os.environ[name] for name in _FOLDERS if os.environ.get(name)}
    variables = {name: str(user_path(path).resolve()) for name, path in named.items()}
    code = {module: hash_of_module(module) for module in own_modules(cells)}

    @functools.cache
    def files():
        return {str(file.relative_to(folder)): file.read_bytes() for file in shipped}

    def prepare(ask):
        sees = ask(os.path.exists, str(sign))
        if sees and not ask(os.access, str(folder), os.W_OK):
            logging.warning("A worker may not write in %s: its runs are gone with it.", folder)
            sees = False
        return Work(
            workdir=str(folder) if sees else "",
            num_samples=grid.num_samples,
            data_dir="." if data_dir == folder else data_dir and str(data_dir),
            files={} if sees else files(),
            variables=variables,
            code=code,
        )

    return prepare


class _Steps:
    """The bar of all cells: it counts steps, and goes back where a run is lost with its worker."""

    def __init__(self, grid, cells, progress):
        self._done = {cell.name: grid.step(cell) for cell in cells}
        self._first = dict(self._done)
        self._cells, self._ended = len(cells), 0
        total = sum(cell.config.steps - self._done[cell.name] for cell in cells)
        self._bar = ProgressBar(total=total, unit="step", smoothing=0, disable=not progress)
        self._describe()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._bar.close()

    def watch(self, cell: Cell, step: int) -> None:
        """Shows that a cell has reached a step."""
        step = max(step, self._first[cell.name])
        self._bar.update(step - self._done[cell.name])
        self._done[cell.name] = step

    def end(self, cell: Cell, finished: bool) -> None:
        """Shows that a cell is finished, or will not be."""
        if finished:
            self.watch(cell, cell.config.steps)
        else:
            self._bar.total -= cell.config.steps - self._done[cell.name]
        self._ended += 1
        self._describe()

    def _describe(self):
        self._bar.set_description(f"{self._ended} of {self._cells} cells")


def run_cell(work: Work, cell: Cell, place: Place) -> dict:
    """Returns a finished cell, on a worker; see `Grid.make`.

    Raises:
      ValueError: if the worker holds other code of someone's own than the client.
    """
    for module, digest in work.code.items():
        here = hash_when_first_found(module)
        if here is not None and here != digest:  # What is missing is said where it is imported.
            raise ValueError(
                f"The worker's module {module!r} is not the client's: its file is another, or has "
                "changed since the worker began. Let it see the same file, and start it anew."
            )
    with _variables(work.variables):
        return _run_cell(work, cell, place)


@contextlib.contextmanager
def _variables(named):
    """Sets variables of the environment that the worker does not have itself, for one task."""
    added = {name: value for name, value in named.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _run_cell(work, cell, place):
    folder = Path(work.workdir) if work.workdir else _unpacked(work, place.folder)
    grid = _grid(folder, work.num_samples)
    with _alone(grid, cell, place):
        if grid.is_finished(cell):  # By another process, meanwhile.
            return grid.record(cell)
        data_dir = None if work.data_dir is None else folder / work.data_dir
        record = grid.make(cell, data_dir, progress=False, watch=place.report)
    if not work.workdir:
        shutil.rmtree(grid.run_directory(cell).path)
    return record


@functools.lru_cache(maxsize=1)
def _grid(folder, num_samples):
    """The grid of a worker, which scores held-out samples once for all its cells."""
    return Grid(folder, num_samples)


def _unpacked(work, folder):
    for name, content in work.files.items():
        path = folder / name
        if not path.exists():
            with atomic_path(path) as temporary:
                temporary.write_bytes(content)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def _alone(grid, cell, place):
    """Locks the cell, after a while in which a worker that is taken for lost may still hold it."""
    with contextlib.ExitStack() as stack:
        began = time.monotonic()
        while True:
            try:
                what = f"running the cell {cell.name} of {grid.path}"
                stack.enter_context(sole_use(grid.lock_file(cell), what))
                break
            except InUseError:
                if time.monotonic() - began > _LOCK_SECONDS:
                    raise
                place.check_wanted()
                time.sleep(1)
        yield
