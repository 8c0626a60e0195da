"""joint: its cells, a run of a step of each latent, and differences paired by seed."""

import json

import pytest
from harness import finished_cell

from qlatent_tf import __main__ as command
from qlatent_tf.experiments.grids.finished_cells import read_cells
from qlatent_tf.experiments.studies import joint

pytestmark = pytest.mark.usefixtures("eager_steps", "no_charts")


def test_each_latent_is_trained_and_fixed_from_the_same_start():
    cells = joint.EXPERIMENT.cells(seeds=2)
    assert len(cells) == 3 * 2 * 2
    assert cells[0].name == "quantum_gaussian_fixed_seed0"
    assert cells[5].name == "quantum_boson_trained_seed0" and cells[5].config.train_circuit
    for fixed, trained in zip(cells[::2], cells[1::2], strict=True):
        found = fixed.config.differences(trained.config)
        assert found == {"train_circuit": (False, True)}
    molecules = joint.MOLECULES.cells()
    assert {cell.config.dataset for cell in molecules} == {"qm9"}
    assert {cell.config.steps for cell in molecules} == {2000}


@pytest.mark.parametrize("asked, message", [
    ({"latents": ["bernoulli"]}, "Trained are boson, gaussian, photonic; received 'bernoulli'"),
    ({"settings": [("train_circuit", True)]}, "The experiment itself sets train_circuit"),
])  # fmt: skip
def test_what_is_no_comparison_is_refused(asked, message):
    with pytest.raises(ValueError, match=message):
        joint.EXPERIMENT.cells(**asked)


def test_runs_of_a_step_make_a_table(tmp_path):
    settings = [
        "jit_compile=false",
        "batch_size=8",
        "critic_steps=1",
        "evaluation_samples=40",
        "latent_options.modes=4",
        'dataset_options={"modes": 4, "photons": 2}',
        'model_options={"features": 4, "units": [4]}',
    ]
    words = [word for setting in settings for word in ("--set", setting)]
    asked = ["--latents", "photonic", "--iterations", "1", "--seeds", "1", "--num-samples", "60"]
    asked += ["--quiet", *words]
    assert command.main(["reproduce", "joint", *asked, "--workdir", str(tmp_path)]) == 0
    table = json.loads((tmp_path / "joint.json").read_text())
    assert [(row["latent"], row["trained"]) for row in table["rows"]] == [
        ("photonic", kind) for kind in ("fixed", "trained")
    ]
    assert len(read_cells(tmp_path)) == 2


def test_trained_and_fixed_circuits_are_paired_by_seed(tmp_path):
    cells = joint.EXPERIMENT.cells(latents=["photonic"], seeds=2)
    made = [
        finished_cell(cell, {"integer_distance@60": score})
        for cell, score in zip(cells, (0.4, 0.3, 0.5, 0.2), strict=True)
    ]
    table = joint.EXPERIMENT.write(tmp_path, made)
    assert all(row["seeds"] == [0, 1] for row in table["rows"])
    paired = {
        (row["row"]["latent"], row["score"]): row
        for row in json.loads((tmp_path / "joint_paired.json").read_text())
    }
    scores = {(row["latent"], row["trained"]): row["scores"] for row in table["rows"]}
    row = paired["photonic", "integer_distance"]
    trained, fixed = (
        scores["photonic", kind]["integer_distance"]["values"] for kind in ("trained", "fixed")
    )
    assert row["values"] == pytest.approx([a - b for a, b in zip(trained, fixed, strict=True)])
    assert row["mean"] == pytest.approx(sum(row["values"]) / 2)
    assert row["standard_error"] == pytest.approx(abs(row["values"][0] - row["values"][1]) / 2)
    assert "the row of trained `fixed`" in (tmp_path / "joint_paired.md").read_text()
