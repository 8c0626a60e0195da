import contextlib
import dataclasses
import json
import os
import shutil
import signal
import unicodedata

import numpy as np
import pytest
from tiny_grid import CELLS, CONFIG, SAMPLES, cell, run, scores

from qlatent_tf.experiments.grids.finished_cells import read_cells
from qlatent_tf.experiments.grids.grid import Grid
from qlatent_tf.experiments.grids.taken_in import merge
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.runs import evaluation, session, training
from qlatent_tf.runs.interrupted import Interrupted
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.storage.files import write_json
from qlatent_tf.storage.locks import InUseError, sole_use
from qlatent_tf.text.progress import ProgressBar

pytestmark = pytest.mark.usefixtures("eager_steps")


@pytest.fixture
def trained(whole, monkeypatch):
    """Where a run of a cell of `whole` would begin, that run, finished, is taken up instead."""
    train = training.train

    def copying(config, workdir, **options):
        theirs = RunDirectory(whole.path / "runs" / workdir.name)
        if not workdir.exists() and theirs.path.exists() and theirs.read_config() == config:
            shutil.copytree(theirs.path, workdir)
        return train(config, workdir, **options)

    monkeypatch.setattr(training, "train", copying)


def test_a_finished_cell_says_what_it_is(whole):
    first = read_cells(whole.path)[0]
    assert first["name"] == "cell_0" and first["config"] == CONFIG and first["step"] == 4
    assert first["evaluation"]["num_samples"] == SAMPLES and first["seconds"] > 0
    assert [row["step"] for row in first["history"]] == [2, 4]
    assert "tensorflow" in first["versions"]
    assert list(first["evaluation"]["metrics"]) == [f"integer_distance@{SAMPLES}"]


def test_cells_of_before_rows_were_recorded_are_of_their_data_and_latent(whole):
    assert read_cells(whole.path)[0]["row"] == {"data": "bernoulli", "latent": "gaussian"}


def test_fast_metrics_watch_the_training_and_all_score_the_finished_cell(tmp_path, monkeypatch):
    load = training.load_dataset

    def changed(*arguments, **options):
        return dataclasses.replace(
            load(*arguments, **options),
            metrics=("discreteness",),
            evaluation_metrics=("discreteness", "pair_correlation"),
        )

    monkeypatch.setattr(training, "load_dataset", changed)
    (found,) = read_cells(run(tmp_path, [cell(0, steps=1, metrics=())]).path)
    assert [list(row) for row in found["history"]] == [["step", "integer_distance@50"]]
    scores = set(found["evaluation"]["metrics"])
    assert {f"integer_distance@{SAMPLES}", f"pair_correlation_error@{SAMPLES}"} <= scores


@pytest.mark.slow
def test_held_out_samples_are_scored_once_for_cells_of_the_same_data(
    tmp_path, monkeypatch, trained
):
    load, score, scored = training.load_dataset, evaluation.evaluate_real, []

    def with_test(config, **options):
        dataset = load(config, **options)
        object.__setattr__(dataset, "test", dataset.source.sample(20, seed=(0, 0)).numpy())
        return dataset

    def counted(dataset, **options):
        scored.append(dataset.name)
        return score(dataset, **options)

    monkeypatch.setattr(training, "load_dataset", with_test)
    monkeypatch.setattr(evaluation, "evaluate_real", counted)
    options = {"modes": 4, "photons": 2, "unitary_seed": 1}
    other = cell(2, steps=1, dataset="quantum", dataset_options=options)
    first, second, third = (one["real"] for one in read_cells(run(tmp_path, [*CELLS, other]).path))
    assert len(scored) == 2
    assert first == second and first["num_samples"] == third["num_samples"] == 20


def test_cells_that_other_processes_run_are_passed_over_and_named_at_the_end(tmp_path, trained):
    grid = Grid(tmp_path, SAMPLES)
    said = f"running the cell cell_0 .*process {os.getpid()}.*\n.*other cells are finished"
    with sole_use(grid.lock_file(CELLS[0]), "at it"), pytest.raises(InUseError, match=said):
        run(tmp_path)
    assert [grid.is_finished(one) for one in CELLS] == [False, True]
    assert not list(tmp_path.rglob("*.lock"))


def test_a_run_that_diverges_does_not_keep_the_others_from_their_end(tmp_path, trained):
    wild = cell(0, optimizer="SGD", optimizer_options={"learning_rate": 1e30})
    said = "cell_0 is left out: .*not finite(.|\n)*other cells are finished"
    with pytest.raises(FloatingPointError, match=said):
        run(tmp_path, [wild, CELLS[1]])
    grid = Grid(tmp_path, SAMPLES)
    assert [grid.is_finished(one) for one in (wild, CELLS[1])] == [False, True]


def test_what_another_process_finishes_meanwhile_is_not_missed(tmp_path, monkeypatch, trained):
    run(tmp_path / "theirs")
    grid = Grid(tmp_path / "ours", SAMPLES)
    finish, at_it = Grid._finish, sole_use(grid.lock_file(CELLS[0]), "at it")
    at_it.__enter__()

    def finish_beside(self, one, *arguments):
        finish(self, one, *arguments)
        merge(self, [tmp_path / "theirs"], CELLS)
        at_it.__exit__(None, None, None)

    monkeypatch.setattr(Grid, "_finish", finish_beside)
    grid.run(CELLS, progress=False)
    assert [cell["name"] for cell in read_cells(grid.path)] == ["cell_0", "cell_1"]
    assert not (tmp_path / "ours" / "runs" / "cell_0").exists()


@pytest.mark.slow
def test_the_bar_counts_steps_while_a_cell_is_trained(tmp_path, monkeypatch):
    seen = []

    class Bar(ProgressBar):
        def update(self, n=1):
            super().update(n)
            seen.append((self.n, self.total))

    monkeypatch.setattr("qlatent_tf.experiments.grids.grid.ProgressBar", Bar)
    monkeypatch.setattr(session, "_WATCHED", 1)
    Grid(tmp_path, SAMPLES).run([cell(0, steps=2), cell(1, steps=1)])
    assert sorted(set(seen)) == [(1, 3), (2, 3), (3, 3)]


def test_finished_cells_are_not_run_again(whole, monkeypatch):
    monkeypatch.setattr(training, "train", lambda *_, **__: pytest.fail("trained again"))
    run(whole.path)


def test_an_interrupted_grid_ends_as_if_it_had_not_been(whole, tmp_path, monkeypatch):
    # The first cell is finished, by the run of another grid.
    shutil.copytree(whole.path / "runs" / "cell_0", tmp_path / "runs" / "cell_0")
    (tmp_path / "cells").mkdir()
    shutil.copy(whole.path / "cells" / CELLS[0].file_name, tmp_path / "cells")
    original = training.callbacks.LossEvents.on_train_batch_end

    def interrupt(self, batch, logs=None):
        original(self, batch, logs)
        if self.model.step == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.callbacks.LossEvents, "on_train_batch_end", interrupt)
        with pytest.raises(Interrupted):
            run(tmp_path)
    grid = Grid(tmp_path, SAMPLES)
    assert [grid.step(one) for one in CELLS] == [4, 3]
    assert [grid.is_finished(one) for one in CELLS] == [True, False]
    assert scores(run(tmp_path)) == scores(whole)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_grid_interrupted_while_scoring_has_nothing_to_train_again(
    tmp_path, monkeypatch, trained, number
):
    def interrupt(*_, **__):
        os.kill(os.getpid(), number)

    with monkeypatch.context() as patch, contextlib.ExitStack() as after:
        # A shell's background job ignores Ctrl-C.
        after.callback(signal.signal, number, signal.signal(number, signal.default_int_handler))
        patch.setattr(evaluation, "evaluate", interrupt)
        with pytest.raises(Interrupted, match="cell_0 was prepared or scored") as stop:
            run(tmp_path, CELLS[:1])
    assert stop.value.exit_code == 128 + number
    grid = Grid(tmp_path, SAMPLES)
    assert grid.step(CELLS[0]) == 4 and not grid.is_finished(CELLS[0])
    monkeypatch.setattr(training, "Session", lambda *_: pytest.fail("trained again"))
    assert run(tmp_path, CELLS[:1]).is_finished(CELLS[0])


def test_more_steps_continue_the_run_and_keep_the_shorter_cell(whole, tmp_path):
    shutil.copytree(whole.path, tmp_path, dirs_exist_ok=True)
    grid = run(tmp_path, [cell(0, steps=6)])
    assert [one["step"] for one in read_cells(grid.path)] == [4, 6, 4]
    assert [one["step"] for one in read_cells(grid.path, 6)] == [6]
    assert RunDirectory(tmp_path / "runs" / "cell_0").read_run()["step"] == 6
    with pytest.raises(ValueError, match="reached step 6, beyond the 5"):
        grid.run([cell(0, steps=5)], progress=False)


def test_other_metrics_of_a_finished_run_are_made_before_its_cell_is_made_again(whole, tmp_path):
    shutil.copytree(whole.path / "runs" / "cell_0", tmp_path / "runs" / "cell_0")
    (found,) = read_cells(run(tmp_path, [cell(0, evaluation_samples=60)]).path)
    assert list(found["history"][-1]) == ["step", "integer_distance@60"]


def test_a_file_system_may_write_letters_otherwise(whole, tmp_path):
    file = tmp_path / "cells" / unicodedata.normalize("NFD", "münchen@4.json")
    record = json.loads((whole.path / "cells" / CELLS[0].file_name).read_text())
    write_json(file, {**record, "name": unicodedata.normalize("NFC", "münchen")})
    assert [cell["name"] for cell in read_cells(tmp_path)] == ["münchen"]


def test_a_copy_of_a_cell_is_no_second_one(whole, tmp_path):
    shutil.copytree(whole.path / "cells", tmp_path / "cells")
    file = tmp_path / "cells" / CELLS[0].file_name
    shutil.copy(file, file.with_stem(f"{file.stem} (conflicted copy)"))
    with pytest.raises(ValueError, match="copy.*json holds the cell whose file is cell_0@4.json"):
        read_cells(tmp_path)


@pytest.mark.parametrize(
    "changes, samples, message",
    [
        ({"batch_size": 9}, SAMPLES, "batch_size: 8 -> 9"),
        ({}, 100, f"scored samples: {SAMPLES} -> 100"),
        ({"metrics": ()}, SAMPLES, r"metrics: \['discreteness'\] -> \[\]"),
    ],
)
def test_another_configuration_is_refused_with_the_difference(whole, changes, samples, message):
    with pytest.raises(ValueError, match=message):
        run(whole.path, [cell(0, **changes)], samples)


def test_an_unfinished_run_of_another_configuration_is_refused_first(tmp_path):
    other = dataclasses.replace(CONFIG, seed=1, batch_size=9)
    RunDirectory(tmp_path / "runs" / "cell_1").open(other)
    with pytest.raises(ValueError, match="batch_size: 9 -> 8"):
        run(tmp_path)
    assert not (tmp_path / "cells").exists()


def test_cells_that_do_not_fit_the_table_are_refused_before_any_is_trained(whole):
    other = cell(2, batch_size=9)
    with pytest.raises(
        ValueError, match="A table is of one schedule; cell_0 and cell_2 .*batch_size"
    ):
        whole.check([other])
    with pytest.raises(ValueError, match="batch_size: 8 -> 9. Choose another --workdir"):
        whole.check([cell(0, batch_size=9)])


def test_a_cell_of_other_steps_under_this_name_is_no_finished_one(whole, tmp_path):
    folder = tmp_path / "of {braces}" / "cells"
    folder.mkdir(parents=True)
    (file,) = whole.path.glob("cells/cell_0@*")
    steps = CONFIG.steps
    content = file.read_text().replace(f'"steps": {steps}', f'"steps": {steps + 1}')
    (folder / file.name).write_text(content)
    with pytest.raises(ValueError, match=f"braces.*the cell whose file is cell_0@{steps + 1}.json"):
        Grid(folder.parent, SAMPLES).check([cell(0)])


def test_a_run_that_began_meanwhile_under_other_settings_is_not_continued(tmp_path, monkeypatch):
    checked = Grid.unfinished

    def meanwhile(grid, cells):
        left = checked(grid, cells)
        run(tmp_path, [cell(0, steps=2, batch_size=9)])
        monkeypatch.undo()
        return left

    monkeypatch.setattr(Grid, "unfinished", lambda grid, cells: checked(grid, cells))
    other = Grid(tmp_path, SAMPLES)
    monkeypatch.setattr(other, "unfinished", lambda cells: meanwhile(other, cells))
    with pytest.raises(ValueError, match="batch_size: 9 -> 8"):
        other.run([cell(0)], progress=False)


@pytest.mark.parametrize(
    "latent, option, content",
    [
        ("samples", "file", lambda number: np.eye(4, dtype=np.uint8) + number),
        ("boson", "unitary_file", lambda number: haar_unitary(4, seed=number)),
    ],
)
def test_a_file_of_the_same_name_and_another_content_is_refused(tmp_path, latent, option, content):
    def asked(folder, number):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "rows.npy", content(number))
        options = {option: str(tmp_path / folder / "rows.npy"), "modes": 4}
        return cell(0, latent=latent, latent_options=options)

    first, moved, other = asked("a", 0), asked("b", 0), asked("c", 1)
    grid = run(tmp_path / "grid", [first])
    assert grid.is_finished(moved)
    with pytest.raises(ValueError, match="latent's file: '.*' -> '"):
        grid.is_finished(other)
    # A run that is half done, too.
    (file,) = (tmp_path / "grid" / "cells").glob("*")
    file.unlink()
    longer = dataclasses.replace(other, config=dataclasses.replace(other.config, steps=6))
    with pytest.raises(ValueError, match=r"with the file rows.npy of the SHA.*begin another run"):
        grid.run([longer], progress=False)


def test_latents_that_cannot_be_used_are_told_of_first(tmp_path, empty_folder):
    np.save(tmp_path / "shots.npy", np.eye(3, dtype=np.uint8))
    options = {"file": str(tmp_path / "shots.npy"), "modes": 4}
    narrow = cell(1, latent="samples", latent_options=options)
    with pytest.raises(ValueError, match="The latent of cell_1 cannot be used. .*1 to 3"):
        run(tmp_path / "grid", [CELLS[0], narrow])
    (tmp_path / "odd.py").write_text(_ODD)
    refused = {"pairs": r"its event shape is \(width,\)", "broken": r"have the shape .*nan"}
    for name, said in refused.items():
        with pytest.raises(ValueError, match=f"The latent of cell_1 cannot be used. .*{said}"):
            run(tmp_path / "grid", [CELLS[0], cell(1, latent=f"odd:{name}", latent_options={})])
    assert not (tmp_path / "grid").exists()


_ODD = """
import tensorflow_probability as tfp

def pairs():
    return tfp.distributions.Sample(tfp.distributions.Normal(0.0, 1.0), (4, 2))

def broken():
    return tfp.distributions.Sample(tfp.distributions.Normal(float("nan"), 1.0), 4)
"""


def test_scores_of_no_samples_are_refused(tmp_path):
    with pytest.raises(ValueError, match="num_samples is a positive number; received 0"):
        Grid(tmp_path, 0)


def test_what_a_process_was_killed_at_is_no_finished_cell(whole, tmp_path):
    shutil.copytree(whole.path / "cells", tmp_path / "cells")
    (file,) = tmp_path.glob("cells/cell_0@*")
    # As `atomic_path` calls them: one that is whole but has not taken its place, one that is cut.
    shutil.copy(file, file.with_name(f".{file.name}.abcd.json"))
    file.with_name(f".{file.name}.efgh.json").write_text('{"name": "cell')
    assert scores(Grid(tmp_path, SAMPLES)) == scores(whole)
    assert merge(Grid(tmp_path / "merged", SAMPLES), [tmp_path], CELLS) == 2


def _set(path, value):
    """Returns a change of a cell: sets what lies at a path of keys."""

    def change(cell):
        *parents, last = path
        for key in parents:
            cell = cell[key]
        cell[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set(["config"], []),
        _set(["config"], {"schema_version": 1}),
        _set(["config", "batch_size"], "8"),
        _set(["name"], "../../elsewhere"),
        _set(["name"], ".."),
        _set(["name"], ""),
        _set(["name"], 3),
        _set(["step"], "4"),
        _set(["step"], True),
        _set(["seconds"], None),
        _set(["evaluation"], "none"),
        _set(["evaluation", "num_samples"], 1.5),
        _set(["evaluation", "metrics"], [1]),
        _set(["evaluation", "metrics"], {"a@1": {"mean": "x", "standard_error": None}}),
        _set(["evaluation", "metrics"], {"a@1": {}}),
        _set(["history"], {"step": 1}),
        _set(["history"], [{"integer_distance@50": 1}]),
        _set(["history"], [{"step": None}]),
        _set(["row"], ["data"]),
        _set(["row"], {"data": {}}),
        _set(["latent_file"], "rows.npy"),
        _set(["real"], {"metrics": {}}),
    ],
)
def test_a_cell_of_another_shape_is_refused_by_its_name(whole, tmp_path, change):
    (file,) = whole.path.glob("cells/cell_0@*")
    cell = json.loads(file.read_text())
    change(cell)
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / file.name).write_text(json.dumps(cell))
    with pytest.raises(ValueError, match=f"{file.name} (is no finished cell|cannot be used)"):
        read_cells(tmp_path)
