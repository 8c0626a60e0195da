"""Finished cells as files: what is no finished cell, and what is another one."""

import dataclasses
import json

import pytest
from harness import ROOT, tiny_config
from tiny_grid import CONFIG, SAMPLES

from qlatent_tf.cluster import fingerprint
from qlatent_tf.experiments.grids.cells import Cell
from qlatent_tf.experiments.grids.finished_cells import cell_differences, check_same, read_cell
from qlatent_tf.experiments.grids.grid import Grid

CELL = ROOT / "docs/results/table1_torch_5000/cells/quantum_boson_seed0@5000.json"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"step": 100}, "was scored at step 100 of 5000"),
        (
            {"row": {"data": "quantum", "latent": "photonic"}},
            "is of photonic, its run of boson",
        ),
        (
            {"row": {"data": "bernoulli", "latent": "boson"}},
            "of bernoulli, its run of quantum",
        ),
        ({"name": "../boson"}, r"its name is '\.\./boson'"),
    ],
)
def test_a_cell_that_contradicts_itself_is_refused(tmp_path, changes, message):
    file = tmp_path / CELL.name
    file.write_text(json.dumps({**json.loads(CELL.read_text()), **changes}))
    with pytest.raises(ValueError, match=message):
        read_cell(file)


@pytest.mark.parametrize("score, legal", [(-3.0, "0 to 0.5"), (0.7, "0 to 0.5")])
def test_a_score_that_cannot_be_is_refused_but_of_ones_own_metric(tmp_path, score, legal):
    file, cell = tmp_path / CELL.name, json.loads(CELL.read_text())
    (key,) = (key for key in cell["evaluation"]["metrics"] if key.startswith("integer_distance"))
    cell["evaluation"]["metrics"][key]["mean"] = score
    file.write_text(json.dumps(cell))
    with pytest.raises(ValueError, match=f"{key} is {score:g}, which is outside {legal}"):
        read_cell(file)
    cell["config"]["metrics"] = ["mine:integer_distance"]
    file.write_text(json.dumps(cell))
    assert read_cell(file)["evaluation"]["metrics"][key]["mean"] == score


def test_a_row_may_call_a_latent_by_a_name_of_its_own(tmp_path):
    file = tmp_path / CELL.name
    row = {"data": "quantum", "latent": "boson, one device"}
    file.write_text(json.dumps({**json.loads(CELL.read_text()), "row": row}))
    assert read_cell(file)["row"] == row


def test_a_cell_of_other_code_of_ones_own_is_another():
    cell = {**read_cell(CELL), "code": {"mine": "a"}}
    samples = cell["evaluation"]["num_samples"]
    for code in ({"mine": "a"}, {}, None):
        check_same(CELL, cell, cell["config"], samples, code=code)
    with pytest.raises(ValueError, match=r"code of mine: 'a' -> 'b'. Choose another --w"):
        check_same(CELL, cell, cell["config"], samples, code={"mine": "b"})


def test_an_option_that_is_off_is_as_if_nobody_had_named_it():
    config = tiny_config(latent="boson")
    options = ({"latent_options.standardize": state} for state in (False, True))
    off, on = (config.override(**one) for one in options)
    assert not cell_differences(config, off)
    assert cell_differences(config, on)


@pytest.mark.usefixtures("eager_steps")
def test_a_changed_latent_of_ones_own_is_not_taken_for_the_old_one(tmp_path, monkeypatch):
    source = (
        "from tensorflow_probability import distributions as tfd\n"
        "def normal(modes=4):\n    return tfd.Sample(tfd.Normal(0.0, {}), modes)\n"
    )
    file = tmp_path / "latent_of_a_cell.py"
    file.write_text(source.format(1.0))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(fingerprint, "_FIRST_FOUND", {})
    config = dataclasses.replace(CONFIG, latent="latent_of_a_cell:normal", latent_options={})
    own, grid = Cell("own", config), Grid(tmp_path / "grid", SAMPLES)
    grid.run([own], progress=False)
    assert list(grid.record(own)["code"]) == ["latent_of_a_cell"] and grid.is_finished(own)
    file.write_text(source.format(100.0))
    assert grid.is_finished(own)  # This process has the old one.
    fingerprint._FIRST_FOUND.clear()  # As in another.
    with pytest.raises(ValueError, match="code of latent_of_a_cell: .* Choose another --workdir"):
        grid.is_finished(own)
