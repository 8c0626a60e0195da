import dataclasses
import json
import shutil

import pytest
from tiny_grid import CELLS, SAMPLES, cell, scores

from qlatent_tf.experiments.grids.finished_cells import (
    follows_from_its_configuration,
    read_cells,
    read_like,
)
from qlatent_tf.experiments.grids.grid import Grid
from qlatent_tf.experiments.grids.taken_in import merge, reusable

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
    assert merge(grid, parts, CELLS) == 2
    assert scores(grid) == scores(whole)
    assert merge(grid, parts, CELLS) == 0
    assert all(grid.is_finished(one) for one in CELLS)


def test_a_run_of_another_experiment_is_found_where_it_is_the_same(whole, tmp_path):
    ours = [
        dataclasses.replace(one, name=f"mine_{number}", row={"data": "bernoulli", "kind": number})
        for number, one in enumerate(CELLS)
    ]
    other = dataclasses.replace(cell(0, batch_size=9), name="other")
    grid = Grid(tmp_path, SAMPLES)
    found = reusable(grid, [*ours, other], [whole.path])
    assert list(found) == ["mine_0", "mine_1"]
    for one in ours:
        grid.keep(one, found[one.name])
    assert [grid.is_finished(one) for one in (*ours, other)] == [True, True, False]
    assert scores(grid) == scores(whole)
    kept = read_cells(tmp_path)
    assert [(one["name"], one["row"]) for one in kept] == [(one.name, one.row) for one in ours]
    assert [one["reused"] for one in kept] == ["cell_0", "cell_1"]
    assert not reusable(grid, ours, [whole.path])


@pytest.mark.parametrize(
    "changes, samples",
    [
        ({"metrics": ()}, SAMPLES),
        ({"steps": 5}, SAMPLES),
        ({"evaluate_every": 1}, SAMPLES),
        ({"evaluation_samples": 60}, SAMPLES),
        ({"latent_options": {"modes": 5}}, SAMPLES),
        ({}, SAMPLES + 1),
    ],
)
def test_a_run_that_differs_in_anything_is_not_reused(whole, tmp_path, changes, samples):
    mine = dataclasses.replace(cell(0, **changes), name="mine")
    assert not reusable(Grid(tmp_path, samples), [mine], [whole.path])
    with pytest.raises(FileNotFoundError, match="no finished cells"):
        reusable(Grid(tmp_path, samples), [mine], [tmp_path])


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": {"name": "qm9", "file": "qm9.smi.gz", "sha256": "0" * 64}},
        {"config": {"latent_options": {"modes": 4, "file": "shots.npy"}}},
        {"config": {"dataset_options": {"modes": 4, "unitary_file": "circuit.npy"}}},
        {"config": {"latent": "mine:ramps"}},
    ],
)
def test_a_run_that_read_a_file_or_someone_s_code_is_not_reused(whole, change):
    (first, *_) = read_cells(whole.path)
    assert follows_from_its_configuration(first)
    changed = {**first, **change}
    changed["config"] = dataclasses.replace(first["config"], **change.get("config", {}))
    assert not follows_from_its_configuration(changed)


def test_cells_of_a_version_with_fewer_options_merge_and_are_finished(whole, tmp_path):
    older = shutil.copytree(whole.path / "cells", tmp_path / "older" / "cells").parent
    for file in older.glob("cells/*.json"):
        text = json.loads(file.read_text())
        del text["config"]["model_options"]["activation"]
        file.write_text(json.dumps(text))
    assert merge(whole, [older], CELLS) == 0
    grid = Grid(older, SAMPLES)
    assert merge(grid, [whole.path], CELLS) == 0
    assert all(grid.is_finished(one) for one in CELLS)


def test_merging_refuses_other_configurations_and_empty_folders(whole, tmp_path):
    with pytest.raises(FileNotFoundError, match="no finished cells"):
        merge(Grid(tmp_path / "new", SAMPLES), [whole.path, tmp_path], CELLS)
    with pytest.raises(FileNotFoundError, match="There is no folder .*absent to take"):
        merge(Grid(tmp_path / "new", SAMPLES), [tmp_path / "absent"], CELLS)
    assert not (tmp_path / "new").exists()
    (file,) = whole.path.glob("cells/cell_0@*")
    changed = json.loads(file.read_text())
    changed["config"]["batch_size"] = 9
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / file.name).write_text(json.dumps(changed))
    with pytest.raises(ValueError, match="batch_size: 8 -> 9"):
        merge(whole, [tmp_path], CELLS)
    (tmp_path / "cells" / file.name).write_text("{}")
    with pytest.raises(ValueError, match="lacks name, config"):
        merge(whole, [tmp_path], CELLS)


def test_merging_cells_of_another_experiment_changes_nothing(whole, tmp_path):
    new = Grid(tmp_path / "new", SAMPLES)
    others = [dataclasses.replace(one, row={"latent": "gaussian", "scale": "raw"}) for one in CELLS]
    with pytest.raises(ValueError, match="are mlp, data, latent; here mlp, latent, scale"):
        merge(new, [whole.path], others)
    assert not new.path.exists()
    assert merge(new, [whole.path], CELLS) == 2
    # Both may lie in one folder.
    new.check(others)
    assert len(read_like(new.path, CELLS)) == 2 and not read_like(new.path, others)


def test_merging_cells_of_another_table_changes_nothing(whole, tmp_path):
    (tmp_path / "cells").mkdir()
    for file in whole.path.glob("cells/*"):
        other = json.loads(file.read_text())
        other["name"] = f"other_{other['name']}"
        other["config"]["batch_size"] = 9
        (tmp_path / "cells" / f"other_{file.name}").write_text(json.dumps(other))
    before = sorted(whole.path.glob("cells/*"))
    with pytest.raises(ValueError, match="A table is of one schedule; .*batch_size"):
        merge(whole, [tmp_path], CELLS)
    assert sorted(whole.path.glob("cells/*")) == before


def test_merging_cells_of_one_row_that_differ_changes_nothing(whole, tmp_path):
    (tmp_path / "cells").mkdir()
    (file,) = whole.path.glob("cells/cell_1@*")
    other = json.loads(file.read_text())
    other["name"], other["config"]["latent_options"] = "cell_2", {"modes": 3}
    (tmp_path / "cells" / "cell_2@4.json").write_text(json.dumps(other))
    with pytest.raises(ValueError, match="are in one row and differ: latent_options.modes: 4 -> 3"):
        merge(whole, [tmp_path], CELLS)
    assert not list(whole.path.glob("cells/cell_2*"))
