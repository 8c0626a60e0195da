import dataclasses
import json
import shutil

import pytest
from tiny_grid import CELLS, SAMPLES, cell, scores

from qlatent_tf.experiments.grids.finished_cells import read_cells
from qlatent_tf.experiments.grids.grid import Grid
from qlatent_tf.experiments.grids.taken_in import merge, reuse
from qlatent_tf.runs import training

pytestmark = pytest.mark.usefixtures("eager_steps")


def test_parts_merge_into_the_whole(whole, tmp_path):
    parts = [tmp_path / text[0] for text in ("1/2", "2/2")]
    for part, one in zip(parts, CELLS, strict=True):
        shutil.copytree(
            whole.path / "cells",
            part / "cells",
            ignore=lambda _, names, one=one: [name for name in names if name != one.file_name],
        )
    grid = Grid(tmp_path / "merged", SAMPLES)
    assert merge(grid, parts) == 2
    assert scores(grid) == scores(whole)
    assert merge(grid, parts) == 0
    assert all(grid.is_finished(one) for one in CELLS)


def test_a_run_of_another_experiment_is_reused_where_it_is_the_same(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "train", lambda *_, **__: pytest.fail("trained again"))
    ours = [
        dataclasses.replace(one, name=f"mine_{number}", row={"data": "bernoulli", "kind": number})
        for number, one in enumerate(CELLS)
    ]
    other = dataclasses.replace(cell(0, batch_size=9), name="other")
    grid = Grid(tmp_path, SAMPLES)
    assert reuse(grid, [*ours, other], [whole.path]) == 2
    assert [grid.is_finished(one) for one in (*ours, other)] == [True, True, False]
    assert reuse(grid, ours, [whole.path]) == 0
    grid.run(ours, progress=False)
    assert scores(grid) == scores(whole)
    found = read_cells(tmp_path)
    assert [(one["name"], one["row"]) for one in found] == [(one.name, one.row) for one in ours]


@pytest.mark.parametrize(
    "changes, samples",
    [
        ({"metrics": ()}, SAMPLES),
        ({"steps": 5}, SAMPLES),
        ({"evaluate_every": 1}, SAMPLES),
        ({"latent_options": {"modes": 5}}, SAMPLES),
        ({}, SAMPLES + 1),
    ],
)
def test_a_run_that_differs_in_anything_is_not_reused(whole, tmp_path, changes, samples):
    mine = dataclasses.replace(cell(0, **changes), name="mine")
    assert reuse(Grid(tmp_path, samples), [mine], [whole.path]) == 0
    with pytest.raises(FileNotFoundError, match="no finished cells"):
        reuse(Grid(tmp_path, samples), [mine], [tmp_path])


def test_a_run_that_drew_from_a_file_is_not_reused(whole, tmp_path):
    theirs = shutil.copytree(whole.path / "cells", tmp_path / "theirs" / "cells").parent
    for file in theirs.glob("cells/*.json"):
        record = {"name": "shots.npy", "sha256": "0" * 64, "bank": None}
        file.write_text(json.dumps({**json.loads(file.read_text()), "latent_file": record}))
    assert reuse(Grid(tmp_path, SAMPLES), CELLS, [theirs]) == 0


def test_cells_of_a_version_with_fewer_options_merge_and_are_finished(whole, tmp_path):
    older = shutil.copytree(whole.path / "cells", tmp_path / "older" / "cells").parent
    for file in older.glob("cells/*.json"):
        text = json.loads(file.read_text())
        del text["config"]["model_options"]["activation"]
        file.write_text(json.dumps(text))
    assert merge(whole, [older]) == 0
    grid = Grid(older, SAMPLES)
    assert merge(grid, [whole.path]) == 0
    assert all(grid.is_finished(one) for one in CELLS)


def test_merging_refuses_other_configurations_and_empty_folders(whole, tmp_path):
    with pytest.raises(FileNotFoundError, match="no finished cells"):
        merge(Grid(tmp_path / "new", SAMPLES), [whole.path, tmp_path])
    assert not (tmp_path / "new").exists()
    (file,) = whole.path.glob("cells/cell_0@*")
    changed = json.loads(file.read_text())
    changed["config"]["batch_size"] = 9
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / file.name).write_text(json.dumps(changed))
    with pytest.raises(ValueError, match="batch_size: 8 -> 9"):
        merge(whole, [tmp_path])
    (tmp_path / "cells" / file.name).write_text("{}")
    with pytest.raises(ValueError, match="lacks name, config"):
        merge(whole, [tmp_path])
