"""The studies: their cells, what is paired in them, and their tables and figures.

The cells of tables are not trained here: those of one study are in `test_joint`.
"""

import itertools
import json

import numpy as np
import pytest
from harness import finished_cell
from matplotlib.colors import to_hex

from qlatent_tf.drawing.style import PALE
from qlatent_tf.experiments.catalogue import EXPERIMENTS
from qlatent_tf.experiments.grids.finished_cells import is_same
from qlatent_tf.experiments.studies import (
    charts,
    interference,
    invertibility,
    joint,
    noise,
    origins,
)
from qlatent_tf.quantum.devices.noise import Noise, noisy_unitary
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.registry import datasets, latents
from qlatent_tf.runs import training

STUDIES = [noise, interference, origins, invertibility, joint]


@pytest.mark.parametrize("study, count", list(zip(STUDIES, (51, 42, 135, 27, 18), strict=True)))
def test_cells_of_a_seed_share_circuits_and_data(study, count):
    experiment = study.EXPERIMENT
    assert EXPERIMENTS[experiment.name] is experiment
    cells = experiment.cells()
    assert len(cells) == count == len({cell.name for cell in cells})
    circuits, data = {}, {}
    for cell in cells:
        config = cell.config
        if "unitary_seed" in latents.options(config.latent):
            circuits.setdefault(config.seed, set()).add(config.latent_options["unitary_seed"])
        if "unitary_seed" in datasets.options(config.dataset):
            data.setdefault(config.seed, set()).add(config.dataset_options["unitary_seed"])
        assert config.optimizer_options["epsilon"] == 1e-16
    named = [*circuits.values(), *data.values()]
    assert {len(seeds) for seeds in named} == {1} and {None} not in named
    # Another circuit for each seed, and another for the data than for the latents.
    assert len(set.union(*named)) == 6


@pytest.mark.parametrize("study", STUDIES)
def test_each_row_has_its_baseline(study):
    rows = [cell.row for cell in study.EXPERIMENT.cells(seeds=1)]
    assert study.EXPERIMENT.baseline.keys() <= rows[0].keys()
    for row in rows:
        assert {**row, **study.EXPERIMENT.baseline} in rows or (
            study is origins and row["scale"] == origins.RAW
        )


@pytest.mark.parametrize("error, modes, published", [(0.1, 6, 0.9979), (0.17, 20, 0.974)])
def test_phase_errors_come_to_the_amplitude_fidelities_of_published_chips(error, modes, published):
    swept = [options["phase_error"] for _, options in noise.IMPERFECTIONS["phase error"]]
    assert error in swept
    fidelities = []
    for seed in range(20):
        wanted = haar_unitary(modes, seed=seed)
        made = noisy_unitary(wanted, Noise(phase_error=error), seed=1000 + seed)
        fidelities.append((abs(wanted) * abs(made)).sum(0).mean())
    spread = np.std(fidelities, ddof=1) / np.sqrt(len(fidelities))
    # The larger error has two digits.
    assert abs(np.mean(fidelities) - published) < 2 * spread + 5e-4


def test_a_named_circuit_stays():
    settings = [("latent_options.unitary_seed", 7)]
    cells = interference.EXPERIMENT.cells(settings, latents=["copula"], seeds=2)
    assert [cell.config.latent_options["unitary_seed"] for cell in cells] == [7, 7]


@pytest.mark.parametrize("study", [interference, origins, joint])
def test_latents_of_a_seed_start_from_the_same_networks(study):
    cells = study.EXPERIMENT.cells([("model_options.units", [4])], seeds=1)
    first, *others = (
        training.prepare(cell.config) for cell in cells if cell.row["data"] == "quantum"
    )
    assert len(others) >= 5
    for model, network in itertools.product(others, ("generator", "critic")):
        weights = (getattr(one, network).get_weights() for one in (first, model))
        for mine, theirs in zip(*weights, strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_one_interfering_photon_is_the_photonic_latent_of_the_same_circuit():
    cells = interference.EXPERIMENT.cells(latents=["boson"], seeds=1)
    alone, together = (cells[place].config for place in (0, -1))
    assert alone.latent_options["interfering_photons"] == 1
    options = {"unitary_seed": alone.latent_options["unitary_seed"]}
    photonic, boson = (latents.build(name, **options) for name in ("photonic", "boson"))
    for config, same in ((alone, photonic), (together, boson)):
        built = latents.build(config.latent, **config.latent_options)
        np.testing.assert_allclose(built.covariance(), same.covariance(), atol=1e-6)


@pytest.mark.parametrize(
    "first, second, same",
    [
        (noise, interference, 1),
        (noise, origins, 2),
        (interference, origins, 4),
        (joint, invertibility, 3),
    ],
)
def test_what_two_studies_both_train_is_the_same_run(first, second, same):
    mine, theirs = (study.EXPERIMENT.cells(seeds=1) for study in (first, second))
    assert sum(is_same(one.config, other.config) for one in mine for other in theirs) == same


@pytest.mark.parametrize("asked, message", [
    ({"settings": [("latent_options.standardize", True)]}, "itself sets latent_options.standard"),
    ({"data": ["qm8"]}, "qm8"),
])  # fmt: skip
def test_what_is_no_comparison_is_refused(asked, message):
    with pytest.raises(ValueError, match=message):
        origins.EXPERIMENT.cells(**asked)


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("place", [0, -1])
def test_a_study_that_has_but_one_cell_is_written(study, place, tmp_path):
    cell = study.EXPERIMENT.cells(seeds=1)[place]
    study.EXPERIMENT.write(tmp_path, [finished_cell(cell, {"integer_distance@60": 0.1})])
    assert "0.1" in (tmp_path / f"{study.EXPERIMENT.name}.md").read_text()


def test_points_of_two_latents_at_a_value_stand_side_by_side():
    score = {"mean": 1.0, "standard_error": 0.1, "values": [0.9, 1.1]}
    rows = [
        {"data": "quantum", "latent": latent, "photons": number, "scores": {"a": score}}
        for latent, number in (("boson", 1), ("boson", 2), ("photonic", 1))
    ]
    figure = charts.sweep_figure({"rows": rows}, "a", "score", panel="data", place="photons")
    ticks = [container[0].get_xdata().tolist() for container in figure.axes[0].containers]
    assert ticks == [pytest.approx([-0.08, 0.92]), pytest.approx([0.08])]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["1", "2"]


def test_a_score_of_zero_leaves_the_others_their_colours():
    def score(mean):
        return {"mean": mean, "standard_error": None, "values": [mean]}

    halves = {"raw": {("boson", "a"): score(0.0), ("boson", "b"): score(2.0)}}
    halves["raw"][("gaussian", "b")] = score(3.0)
    image = charts.matrix_figure(halves, "score").axes[0].images[0]
    assert image.get_array().tolist() == [[None, 1.0], [None, 1.5]]


def test_what_is_not_finished_has_no_colour_of_a_score():
    score = {"mean": 1.0, "standard_error": None, "values": [1.0]}
    drawing = charts.matrix_figure({"raw": {("boson", "a"): score, ("gaussian", "b"): score}}, "")
    image = drawing.axes[0].images[0]
    colours = {tuple(row) for row in image.to_rgba(image.get_array(), bytes=True).reshape(-1, 4)}
    assert {to_hex(np.divide(colour, 255)) for colour in colours} == {PALE.lower(), "#ffffe5"}


def test_a_study_writes_its_table_differences_and_figures(tmp_path):
    cells = origins.EXPERIMENT.cells(latents=["boson", "gaussian"], data=["thermal"], seeds=2)
    scores = np.random.default_rng(0).uniform(size=len(cells))
    made = [
        finished_cell(cell, {"integer_distance@60": score})
        for cell, score in zip(cells, scores, strict=True)
    ]
    origins.EXPERIMENT.write(tmp_path, made)
    table = json.loads((tmp_path / "origins.json").read_text())
    rows = {(row["data"], row["latent"], row["scale"]): row["scores"] for row in table["rows"]}
    assert len(rows) == 3
    assert (tmp_path / "origins.png").stat().st_size > 10_000
    paired = json.loads((tmp_path / "origins_paired.json").read_text())
    (found,) = (
        row
        for row in paired
        if row["row"] == {"data": "thermal", "latent": "gaussian", "scale": "raw"}
        and row["score"] == "integer_distance"
    )
    mine, theirs = (
        rows["thermal", latent, "raw"]["integer_distance"]["values"]
        for latent in ("gaussian", "boson")
    )
    assert found["values"] == pytest.approx(list(np.subtract(mine, theirs)))
    assert found["interval"] == pytest.approx(sorted(found["values"]))
    text = (tmp_path / "origins_paired.md").read_text()
    assert "the row of latent `boson`" in text and "6 cells of 3,000 steps" in text
