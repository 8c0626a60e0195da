"""Which cells may stand in one table, shown on committed ones."""

import dataclasses

import pytest
from harness import ROOT

from qlatent_tf.experiments.grids.comparable import check_table
from qlatent_tf.experiments.grids.finished_cells import read_cells


def cells(folder):
    return read_cells(ROOT / "docs" / "results" / folder)


def changed(finished, name, **changes):
    """Returns the cells, the configuration of one of them with changes."""
    assert sum(cell["name"] == name for cell in finished) == 1
    return [
        {**cell, "config": cell["config"].override(**changes)} if cell["name"] == name else cell
        for cell in finished
    ]


@pytest.mark.parametrize(
    ("folder", "name", "changes", "message"),
    [
        (
            "invertibility_5000",
            "quantum_boson_published_seed1",
            {"model_options.units": [8, 8]},
            "are in one row and differ: model_options.units",
        ),
        (
            "joint_5000",
            "quantum_boson_trained_seed1",
            {"train_circuit": False},
            "are in one row and differ: train_circuit: True -> False",
        ),
        (
            "table1_torch_5000",
            "quantum_boson_seed1",
            {"latent_options.photons": 7},
            "are in one row and differ: latent_options.photons",
        ),
    ],
)
def test_a_row_is_of_one_configuration_but_for_seed_and_circuit(folder, name, changes, message):
    check_table(cells(folder))
    with pytest.raises(ValueError, match=message):
        check_table(changed(cells(folder), name, **changes))


def test_a_seed_stands_in_a_row_once():
    found = cells("table1_torch_5000")
    (again,) = [cell for cell in found if cell["name"] == "quantum_boson_seed0"]
    check_table([*found, again])  # The same cell, as it is planned and there.
    with pytest.raises(ValueError, match=r"seed0 and copy are one row's run of seed 0.*twice"):
        check_table([*found, {**again, "name": "copy"}])


def of_a_file(content, option="unitary_file", **told):
    """Returns two seeds of boson whose file two machines keep in two places."""
    row = {"data": "quantum", "latent": "boson"}
    found = [cell for cell in cells("table1_torch_5000") if cell["row"] == row][:2]
    return [
        {
            **cell,
            "config": dataclasses.replace(
                cell["config"],
                latent_options={**cell["config"].latent_options, option: f"/m{k}/u.npy"},
            ),
            "latent_file": {"name": "u.npy", "sha256": sha256},
            "settings": {f"latent_options.{option}": f"/m{k}/u.npy"},
            **{name: values[k] for name, values in told.items()},
        }
        for k, (cell, sha256) in enumerate(zip(found, content, strict=True))
    ]


def test_of_a_file_its_content_counts_and_not_its_place():
    check_table(of_a_file(["0" * 64] * 2))
    with pytest.raises(ValueError, match="are in one row and differ: latent's file"):
        check_table(of_a_file(["0" * 64, "1" * 64]))


def test_a_row_is_of_one_code():
    same = ["0" * 64] * 2
    check_table(of_a_file(same, code=[{"mine": "a"}, {"mine": "a", "other": "b"}]))
    check_table(of_a_file(same, code=[{"mine": "a"}, {}]))  # Of before it was recorded.
    with pytest.raises(ValueError, match="differ: code of mine: 'a' -> 'b'"):
        check_table(of_a_file(same, code=[{"mine": "a"}, {"mine": "b"}]))
