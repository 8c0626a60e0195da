"""A grid's cells on workers: in this process, by a stand-in for the cluster, and on real ones."""

import dataclasses
import json
import os
import shutil
import signal
import threading

import numpy as np
import pytest
from harness import tiny_config, wait_for

from qlatent_tf import resolve as completion
from qlatent_tf.cluster.client import Outcome, TaskFailed
from qlatent_tf.cluster.fingerprint import hash_of_module
from qlatent_tf.experiments.grids import cluster_cells
from qlatent_tf.experiments.grids.cells import Cell
from qlatent_tf.experiments.grids.cluster_cells import CellsFailed, run_on
from qlatent_tf.experiments.grids.finished_cells import read_cells
from qlatent_tf.experiments.grids.grid import Grid
from qlatent_tf.experiments.grids.latent_files import Bank
from qlatent_tf.runs.interrupted import Interrupted
from qlatent_tf.storage.locks import InUseError, sole_use
from qlatent_tf.text.progress import ProgressBar

SAMPLES = 100
CONFIG = completion.resolve(
    tiny_config(latent="gaussian", steps=2, critic_steps=1, metrics=("discreteness",))
)


def cell(seed, **changes):
    return Cell(f"cell_{seed}", completion.resolve(CONFIG.override(seed=seed, **changes)))


CELLS = [cell(0), cell(1)]


class StandIn:
    """Performs tasks here as a worker would, one that sees the grid's folder or not."""

    def __init__(self, folder=None):
        self.folder, self.stopped, self.works, self.report = folder, False, [], None

    def map(self, function, tasks, prepare, *, ahead=0, watch=None, late=None):
        def ask(asked, *arguments):
            return asked(*arguments) if self.folder is None else False

        self.works.append(prepare(ask))
        for task in tasks:
            self.report = lambda step, task=task: watch(task, step)
            try:
                yield task, Outcome(function(self.works[-1], task, self), seconds=0.1)
            except Exception as error:
                said = f"worker 0 (tcp://a:1 on here): {error}"
                yield task, Outcome(error=TaskFailed(said, type(error).__name__))

    def check_wanted(self):
        assert not self.stopped


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    grid = Grid(tmp_path_factory.mktemp("whole"), SAMPLES)
    grid.run(CELLS, progress=False)
    return grid


def told(grid):
    """What finished cells say, but for the time that they took."""
    return [{**one, "seconds": None} for one in read_cells(grid.path)]


@pytest.mark.parametrize("shared", [pytest.param(True, marks=pytest.mark.slow), False])
def test_cells_of_workers_are_those_of_one_process(whole, tmp_path, shared):
    grid, there = Grid(tmp_path / "grid", SAMPLES), tmp_path / "there"
    worker = StandIn(None if shared else there)
    # A run that is trained already is taken up; the other one is trained here.
    shutil.copytree(
        whole.path / "runs" / "cell_1", (grid.path if shared else there) / "runs" / "cell_1"
    )
    run_on(worker, grid, CELLS, progress=False)
    assert told(grid) == told(whole)
    # Where the folder is not shared, the run is gone with its last step.
    assert (grid.path / "runs" / "cell_0" / "checkpoints").exists() == shared
    assert shared or not (there / "runs" / "cell_0").exists()
    assert not list(grid.path.glob(".cluster*"))
    run_on(None, grid, CELLS)  # Nothing is left to do.


def test_cells_that_fail_are_named_and_the_others_are_kept(whole, tmp_path, monkeypatch):
    grid = Grid(tmp_path, SAMPLES)
    shutil.copytree(whole.path / "runs" / "cell_1", tmp_path / "runs" / "cell_1")
    wild = cell(0, **{"optimizer": "SGD", "optimizer_options": {"learning_rate": 1e30}})
    lacking = cell(2, dataset="images", dataset_options={"file": "/nowhere/a.npz"})
    with pytest.raises(CellsFailed) as error:
        run_on(StandIn(), grid, [wild, lacking, CELLS[1]], progress=False)
    diverged, missing, last = str(error.value).splitlines()
    assert diverged.startswith("The cell cell_0 is left out: worker 0 (tcp://a:1 on here): ")
    assert missing.startswith("The cell cell_2 failed: worker 0 ") and "/nowhere/a.npz" in missing
    assert last == "All other cells are finished."
    assert [one["name"] for one in read_cells(tmp_path)] == ["cell_1"]


def test_a_cell_that_another_process_holds_is_waited_for_a_while(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_cells, "_LOCK_SECONDS", 0.0)
    grid = Grid(tmp_path, SAMPLES)
    shutil.copytree(whole.path / "runs" / "cell_1", tmp_path / "runs" / "cell_1")
    shutil.copytree(whole.path / "runs" / "cell_0", tmp_path / "runs" / "cell_0")
    with sole_use(grid.lock_file(CELLS[0]), "at it"):
        with pytest.raises(CellsFailed, match="running the cell cell_0 .*\n.*other cells are"):
            run_on(StandIn(), grid, CELLS, progress=False)
    monkeypatch.setattr(cluster_cells, "_LOCK_SECONDS", 60.0)
    held = [InUseError("at it")]

    def lock(path, what):
        if held:
            raise held.pop()
        return sole_use(path, what)

    monkeypatch.setattr(cluster_cells, "sole_use", lock)
    run_on(StandIn(), grid, CELLS, progress=False)
    assert told(grid) == told(whole)


def test_what_a_worker_cannot_see_is_sent(tmp_path, monkeypatch):
    grid, there = Grid(tmp_path / "grid", SAMPLES), tmp_path / "there"
    bank = Bank("few", "boson", {"modes": 4, "photons": 2, "unitary_seed": 0}, 300)
    options = {"file": "few", "modes": 4}
    drawn = Cell("drawn", cell(0, latent="samples", latent_options=options).config, bank=bank)
    made = []

    class Drawing(StandIn):
        def map(self, function, tasks, prepare, **options):
            made.append(function.__name__)
            return super().map(function, tasks, prepare, **options)

    grid.path.mkdir()
    np.savez(grid.path / "codes.npz", codes=np.eye(2))
    worker = Drawing(there)
    monkeypatch.setattr(Grid, "make", lambda self, *_, **__: {"folder": str(self.path)})
    monkeypatch.setattr(Grid, "is_finished", lambda self, cell: False)
    (there / "runs" / "drawn").mkdir(parents=True)
    run_on(worker, grid, [drawn], data_dir=grid.path, progress=False)
    assert made == ["draw_piece", "run_cell"]
    assert json.loads((grid.path / "cells" / drawn.file_name).read_text()) == {"folder": str(there)}
    (sent,) = (grid.path / "banks" / "few").glob("shard-*")
    assert (there / "banks" / "few" / sent.name).read_bytes() == sent.read_bytes()
    assert bank.is_finished(there / "banks" / "few") and (there / "codes.npz").is_file()
    assert worker.works[-1].data_dir == "." and not worker.works[-1].workdir


def test_the_clients_folders_are_the_workers_for_one_task(tmp_path, monkeypatch):
    seen = []
    folders = ("QLATENT_DATA_DIR", "QLATENT_INCEPTION_WEIGHTS")
    monkeypatch.setattr(Grid, "make", lambda *_, **__: seen.append([*map(os.getenv, folders)]))
    monkeypatch.chdir(tmp_path)
    for data in ("a", "b"):
        for name, value in zip(folders, (data, "theirs"), strict=True):
            monkeypatch.setenv(name, value)
        prepare = cluster_cells._preparation(Grid("grid", SAMPLES), tmp_path / "sign", CELLS, None)
        monkeypatch.delenv(folders[0])
        monkeypatch.setenv(folders[1], "mine")
        cluster_cells.run_cell(prepare(lambda *_: True), CELLS[0], StandIn())
        assert [*map(os.getenv, folders)] == [None, "mine"]
    assert seen == [[str(tmp_path / "a"), "mine"], [str(tmp_path / "b"), "mine"]]


def test_a_worker_refuses_to_run_other_code_than_the_clients(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "code_of_cells.py"
    file.write_text("SEED = 1\n")
    own = Cell("own", dataclasses.replace(CONFIG, dataset="code_of_cells.py:data"))
    monkeypatch.setattr(Grid, "make", lambda *_, **__: {})

    def run():
        prepare = cluster_cells._preparation(Grid("grid", SAMPLES), tmp_path / "sign", [own], None)
        return cluster_cells.run_cell(prepare(lambda *_: True), own, StandIn())

    assert run() == {}
    file.write_text("SEED = 2\n")  # The worker has imported it by now.
    with pytest.raises(ValueError, match="module 'code_of_cells' is not the client's.*start it"):
        run()


def test_the_hash_of_a_package_is_that_of_all_its_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "package_of_cells").mkdir()
    (tmp_path / "package_of_cells" / "__init__.py").write_text("raise RuntimeError")
    part = tmp_path / "package_of_cells" / "part.py"
    part.write_text("SEED = 1")
    first = hash_of_module("package_of_cells.part")  # Nothing is imported for it.
    part.write_text("SEED = 2")
    assert first != hash_of_module("package_of_cells") == hash_of_module("package_of_cells.part")
    assert hash_of_module("no_package_of_cells.part") is None


def test_one_bar_counts_the_steps_of_all(whole, tmp_path, monkeypatch):
    seen = []

    class Bar(ProgressBar):
        def update(self, n=1):
            super().update(n)
            seen.append((self.n, self.total))

    monkeypatch.setattr(cluster_cells, "ProgressBar", Bar)
    bar = cluster_cells._Steps(Grid(tmp_path, SAMPLES), [cell(0, steps=6), cell(1, steps=4)], True)
    with bar:
        bar.watch(cell(0), 4)
        bar.watch(cell(1), 2)
        bar.watch(cell(0), 2)  # Its worker was lost.
        bar.end(cell(0, steps=6), True)
        bar.end(cell(1, steps=4), False)
    assert seen == [(4, 10), (6, 10), (4, 10), (8, 10)] and bar._bar.total == 8


@pytest.mark.parametrize("ends", [False, True])
def test_ctrl_c_keeps_what_is_finished(tmp_path, whole, ends):
    """Also the cell that ends while the others stop."""
    grid = Grid(tmp_path, SAMPLES)
    closed = []

    class Stopped(StandIn):
        def map(self, function, tasks, prepare, **options):
            results = super().map(function, tasks, prepare, **options)
            try:
                yield next(results)
                raise KeyboardInterrupt
            finally:
                if ends:
                    options["late"](*next(results))
                closed.append(True)

    shutil.copytree(whole.path / "runs" / "cell_0", tmp_path / "runs" / "cell_0")
    with pytest.raises(Interrupted, match=f"{1 + ends} of 2 cells are finished"):
        run_on(Stopped(), grid, CELLS, progress=False)
    assert [grid.is_finished(one) for one in CELLS] == [True, ends] and closed


@pytest.mark.slow
def test_cells_of_two_processes_are_those_of_one(whole, two_workers, tmp_path):
    grid = Grid(tmp_path, SAMPLES)
    run_on(two_workers, grid, CELLS, progress=False)
    assert told(grid) == told(whole)


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_goes_on_from_its_checkpoint(two_workers, tmp_path):
    long = [cell(seed, steps=120, checkpoint_every=10) for seed in range(2)]
    alone, grid = Grid(tmp_path / "alone", SAMPLES), Grid(tmp_path / "grid", SAMPLES)
    alone.run(long, progress=False)
    processes, killed = two_workers._client.run(os.getpid), []
    reached = grid.run_directory(long[0]).checkpoints

    def kill():
        wait_for(lambda: any(reached.glob("ckpt-[23]*")))
        holder = grid.lock_file(long[0]).read_text().split()[1]
        killed.append(int(holder))
        os.kill(int(holder), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    run_on(two_workers, grid, long, progress=False)
    thread.join()
    assert killed[0] in processes.values()
    assert told(grid) == told(alone)
    # The checkpoint was taken up: the events of the killed process are there besides.
    assert len(list(grid.run_directory(long[0]).path.rglob("events.*"))) > 1
