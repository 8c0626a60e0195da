"""The capacity study: its cells, its optima, and a run of a few steps by the command line."""

import json

import numpy as np
import pytest
from harness import finished_cell
from qlatent_tf.configs.autoencoder import get_config as autoencoder_config
from qlatent_tf.configs.last_qgan import get_config

from qlatent_tf import __main__ as command
from qlatent_tf.datasets.vectors.codes import codes, principal_codes
from qlatent_tf.experiments.capacity import results as results_module
from qlatent_tf.experiments.capacity import scaling_laws
from qlatent_tf.experiments.capacity.charts import critic_figure, generator_figure, law_figure
from qlatent_tf.experiments.capacity.codes import prepare
from qlatent_tf.experiments.capacity.optima import network_parameters, optima
from qlatent_tf.experiments.capacity.results import KINDS, fit_optima, to_csv, to_markdown
from qlatent_tf.experiments.capacity.study import EXPERIMENT
from qlatent_tf.layers.circuit.ansatz import count_parameters
from qlatent_tf.runs import training
from qlatent_tf.storage import locks
from qlatent_tf.storage.locks import InUseError
from qlatent_tf.zoo import build_model

pytestmark = pytest.mark.usefixtures("eager_steps")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A working directory that has its codes."""
    folder = tmp_path_factory.mktemp("capacity")
    random = np.random.default_rng(0)
    values, _ = principal_codes(random.standard_normal((80, 6)) * [3, 2, 1, 1, 1, 1])
    np.savez(folder / "codes.npz", codes=values)
    return folder


def test_cells_are_circuits_with_critics_and_classical_generators():
    cells = EXPERIMENT.cells(
        seeds=2,
        qubits=[3, 4],
        circuit_layers=[1, 2],
        critic_widths=[4, 8],
        generator_widths=[1, 2, 4],
        reference_critic=16,
    )
    assert len(cells) == len({cell.name for cell in cells}) == 2 * 2 * (2 * 2 + 3)
    assert cells[0].name == "quantum_6_1_4_seed0"
    for cell in cells:
        config, qubits = cell.config, cell.row["code"] // 2
        assert config.latent_options["modes"] == config.model_options["qubits"] == qubits
        assert config.dataset_options["components"] == 2 * qubits
        assert config.model_options["image"] is None
        assert config.learning_rate_decay_steps == config.steps
    names = {cell.name for cell in cells if cell.row["generator"] == "classical"}
    assert "classical_8_4_16_seed1" in names and len(names) == 2 * 2 * 3


@pytest.mark.parametrize(
    "arguments",
    [
        {"latents": ["gaussian", "boson"]},
        {"latents": ["my_file:mine"]},
        {"settings": [("model_options.width", 3)]},
        {"settings": [("model_options.ansatz", "simple")]},
        {"settings": [("model_options", {})]},
        {"settings": [("dataset_options", {})]},
        {"settings": [("metrics", ["discreteness"])]},
        {"iterations": 4},
    ],
)
def test_what_the_study_is_not_of_is_refused(arguments):
    with pytest.raises(ValueError, match="one registered latent|sets|at least 5; rec"):
        EXPERIMENT.cells(**arguments)


@pytest.mark.parametrize("qubits, layers", [(2, 1), (3, 2)])
def test_capacities_are_counted_as_models_count_them(qubits, layers):
    widths = {"critic_widths": [5], "generator_widths": [3]}
    cells = EXPERIMENT.cells(seeds=1, qubits=[qubits], circuit_layers=[layers], **widths)
    quantum, classical = (build_model(cell.config) for cell in cells)
    assert count_parameters(qubits, layers) == quantum.generator.count_params()
    assert count_parameters(3, 2) == 66
    for kind, network, width in (
        ("quantum", quantum.critic, 5),
        ("classical", classical.generator, 3),
    ):
        expected = sum(np.prod(weight.shape) for weight in network.trainable_weights)
        assert network_parameters(kind, qubits, 2 * qubits, width) == expected


def finished(generator, code, layers, size, scores, seed=0):
    """A finished cell as `read_cell` returns it, of given scores."""
    option = "critic_width" if generator == "quantum" else "width"
    config = get_config("gaussian").override(
        seed=seed, **{"latent_options.modes": code // 2, f"model_options.{option}": size}
    )
    critic = size if generator == "quantum" else 128
    row = {"generator": generator, "code": code, "layers": layers, "critic": critic, "width": size}
    return {"row": row, "config": config, "history": history(scores), "seconds": 60.0}


def history(scores):
    """Evaluations while a cell is trained."""
    return [
        {
            "step": step,
            "code_frechet_codes_80@20": score,
            "critic_distance_codes_20@20": 0.5,
            "critic_slope_codes_20@20": 1.0,
        }
        for step, score in enumerate(scores)
    ]


def test_optima_are_those_of_each_circuit_and_seed():
    calm = [1.0] * 5
    cells = [
        finished("quantum", 6, 1, 4, [2.0] * 5),
        finished("quantum", 6, 1, 8, calm),
        finished("quantum", 6, 1, 16, [0.9] * 5),
        finished("quantum", 6, 2, 4, calm),
        finished("quantum", 6, 2, 8, [1, 1, 1, 1, 9]),
        finished("quantum", 6, 1, 4, [0.1] * 5, seed=1),
        finished("classical", 6, "", 1, [3.0] * 5),
        finished("classical", 6, "", 2, [1.1] * 5),
    ]
    first, other, second = optima(cells)
    assert (first["layers"], first["seed"], other["seed"], second["layers"]) == (1, 0, 1, 2)
    assert (first["capacity"], second["capacity"]) == (36, 66)
    assert first["critic"] == network_parameters("quantum", 3, 6, 8) and first["score"] == 0.9
    assert first["generator"] == network_parameters("classical", 3, 6, 2)
    assert second["critic"] == network_parameters("quantum", 3, 6, 4)
    # No classical generator of that seed was tried.
    assert other["generator"] is None and other["smallest_tried"]["generator"] is None
    results = {
        "points": [first, other, second],
        "schedule": "S",
        "num_samples": 20,
        "cells": len(cells),
        "minutes": 8.0,
    }
    fits = {kind: fit_optima(results["points"], kind) for kind in KINDS}
    text = to_markdown(results, fits)
    assert "| 3 | 1 | 36 | 0.9, 0.1 |" in text and f"≤ {second['critic']}" in text
    assert "3 optima, of which 2 are bounds; 0 circuits and seeds have none" in text
    assert "Too few circuits for a fit to these" in text
    *_, line = to_csv([first, other]).splitlines()
    assert line.startswith("3,1,1,36,0.1,") and line.endswith(",,both,")


def test_laws_are_fitted_without_bounds_too(monkeypatch):
    monkeypatch.setattr(scaling_laws.fit_laws, "__defaults__", (None, 50, 0))  # Resamples.
    points = [
        {
            "qubits": 2,
            "layers": layers,
            "capacity": capacity,
            "critic": critic,
            "smallest_tried": {"critic": 10},
            "largest_tried": {"critic": 300},
        }
        for layers, capacity, critic in (
            (1, 10, 10),
            (1, 20, 10),
            (2, 40, 80),
            (2, 80, 160),
            (1, 30, 60),
            (1, 15, 30),
            (2, 50, 300),
            (3, 90, None),
        )
    ]
    fitted = fit_optima(points, "critic")
    assert [fitted[name] for name in ("optima", "bounds", "missing")] == [7, 3, 1]
    measured, every = fitted["laws"]["measured"]["power"], fitted["laws"]["all"]["power"]
    assert (measured.a, measured.b) == pytest.approx((2, 1)) and abs(every.b - 1) > 0.1
    results = {"points": [], "schedule": "S", "num_samples": 20, "cells": 0, "minutes": 0}
    text = to_markdown(results, {"critic": fitted})
    assert text.index("Fitted to all") < text.index("Fitted without bounds:")
    assert "| power | 2 x^1 |" in text and "Too few" not in text
    (panel,) = law_figure(points, fitted["laws"], "critic", "y").axes
    hollow = [
        line
        for line in panel.lines
        if line.get_markerfacecolor() == "none" and line.get_linestyle() == "None"
    ]
    assert [line.get_ydata()[0] for line in hollow] == [10, 10, 300]
    labels = [line.get_label() for line in panel.lines]
    assert [label for label in labels if label[0] == "p"] == ["power without bounds: 2 x^1"]
    assert labels[-1] == "1 of 8 circuits and seeds have none"
    (panel,) = law_figure(points, {"all": fitted["laws"]["all"]}, "critic", "y").axes
    assert "laws are fitted to bounds, too" in [line.get_label() for line in panel.lines]
    assert not panel.texts
    (panel,) = law_figure([*points, points[-2]], fitted["laws"], "critic", "y").axes
    assert [text.get_text() for text in panel.texts] == ["×2"]


def test_scores_are_drawn_at_the_capacity_of_what_is_swept():
    cells = [
        finished("quantum", 6, 1, 4, [1, 1, 1, 1, 9]),
        finished("quantum", 6, 1, 8, [0.4] * 5),
        finished("quantum", 8, 2, 8, [0.2] * 5),
        finished("classical", 6, "", 2, [0.5] * 5),
    ]
    first, second = critic_figure(cells).axes
    assert (first.get_title(), second.get_title()) == ("codes of 6 numbers", "codes of 8 numbers")
    steady, swinging = first.lines
    assert steady.get_xdata()[0] == network_parameters("quantum", 3, 6, 8)
    assert (steady.get_ydata()[0], swinging.get_ydata()[0]) == (0.4, 1.0)
    assert (steady.get_label(), second.lines[0].get_label()) == ("1 layer", "2 layers")
    assert swinging.get_markerfacecolor() == "none" != steady.get_markerfacecolor()
    panel, other = generator_figure(cells, optima(cells)).axes
    perceptron, line = panel.lines
    assert perceptron.get_xdata()[0] == network_parameters("classical", 3, 6, 2)
    assert perceptron.get_ydata()[0] == 0.5 and set(line.get_ydata()) == {0.4}
    assert set(other.lines[0].get_ydata()) == {0.2}


def test_principal_codes_keep_distances_and_stay_in_the_cube():
    random = np.random.default_rng(1)
    values = random.uniform(-1, 1, (50, 4)) @ random.standard_normal((4, 4))
    turned, shares = principal_codes(values)
    assert np.abs(turned).max() == 1 and np.isclose(shares.sum(), 1)
    assert (np.diff(shares) <= 0).all()
    covariance = np.cov(turned.T)
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-6)

    def distances(rows):
        return np.linalg.norm(rows[:, np.newaxis] - rows, axis=-1)

    ratio = distances(turned)[0, 1:] / distances(values)[0, 1:]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)


def test_codes_are_read_with_their_leading_components(folder, tmp_path):
    dataset = codes(components=4, data_dir=folder)
    assert dataset.source.shape == (80, 4) and dataset.source.dtype == np.float32
    assert dataset.provenance["components"] == 4
    np.testing.assert_array_equal(dataset.source, codes(data_dir=folder).source[:, :4])
    with pytest.raises(ValueError, match="components=7"):
        codes(components=7, data_dir=folder)
    with pytest.raises(FileNotFoundError, match="other.npz"):
        codes(file="other.npz", data_dir=folder)
    np.savez(tmp_path / "far.npz", codes=np.full((3, 2), 1.5))
    with pytest.raises(ValueError, match="from -1 to 1"):
        codes(file="far.npz", data_dir=tmp_path)


@pytest.mark.slow
def test_codes_are_made_once_of_what_is_asked_for(tmp_path):
    np.savez(
        tmp_path / "mine.npz",
        x_train=np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8),
    )
    config = autoencoder_config("gaussian").override(
        **{
            "dataset": "images",
            "dataset_options.file": str(tmp_path / "mine.npz"),
            "steps": 1,
            "latent_options.modes": 6,
            "batch_size": 8,
            "evaluate_every": 1,
            "model_options": {"image": [8, 8, 3], "filters": [2, 2], "hidden": 4},
        }
    )

    def of(*qubits):
        return EXPERIMENT.cells(qubits=qubits, seeds=1)

    coder, folder = tmp_path / "coder", tmp_path / "study"
    training.train(config, coder, progress=False)
    folder.mkdir()
    with pytest.raises(ValueError, match="4 qubits need codes of 8; .* have 6"):
        prepare(folder, of(4), autoencoder=coder, progress=False)
    with pytest.raises(ValueError, match="trained on 'images'.* received the image data 'sat4'"):
        prepare(folder, of(3), autoencoder=coder, image_data="sat4", progress=False)
    assert not list(folder.iterdir())
    assert prepare(folder, of(2, 3), autoencoder=coder, progress=False) == folder
    made = codes(data_dir=folder).source
    assert made.shape == (40, 6) and np.abs(made).max() == 1
    record = json.loads((folder / "codes.json").read_text())
    assert record["dataset"]["name"] == "images" and len(record["variance_shares"]) == 6
    prepare(folder, of(3), autoencoder=f"{coder}/", image_data="images", progress=False)
    with pytest.raises(ValueError, match="'/.*coder' -> 'other'; image data: 'images' -> 's"):
        prepare(folder, of(3), autoencoder="other", image_data="sat4", progress=False)
    with pytest.raises(ValueError, match="4 qubits need codes of 8; those of .*codes.npz have 6"):
        prepare(folder, of(4), progress=False)
    np.testing.assert_array_equal(codes(data_dir=folder).source, made)


def test_codes_that_another_process_makes_are_waited_for(tmp_path, monkeypatch, capsys):
    answers = [InUseError("It is at it."), ValueError("They are there.")]

    def made(*_, **__):
        raise answers.pop(0)

    monkeypatch.setattr(locks, "_PATIENCE", 0)
    monkeypatch.setattr("qlatent_tf.experiments.capacity.codes.prepare", made)
    assert command.main(["reproduce", "capacity", "--workdir", str(tmp_path)]) == 1
    assert "They are there." in capsys.readouterr().err and not answers


def test_finished_cells_leave_results_and_charts(tmp_path):
    cells = EXPERIMENT.cells(
        qubits=[2],
        circuit_layers=[1],
        critic_widths=[3],
        generator_widths=[1],
        reference_critic=3,
        seeds=1,
    )
    made = [
        finished_cell(cell, {"code_frechet@50": score}, history([score] * 5))
        for cell, score in zip(cells, (0.4, 0.5), strict=True)
    ]
    EXPERIMENT.write(tmp_path, made)
    check_results(tmp_path)


def test_classical_generators_alone_are_no_optima_and_are_written(tmp_path):
    cells = EXPERIMENT.cells(
        qubits=[2], circuit_layers=[1], critic_widths=[3], generator_widths=[1], seeds=1,
        reference_critic=3,
    )  # fmt: skip
    classical = finished_cell(cells[-1], {"code_frechet@50": 0.5}, history([0.5] * 5))
    EXPERIMENT.write(tmp_path, [classical])
    assert (tmp_path / "capacity.csv").read_text().splitlines() == [
        "qubits,layers,seed,capacity,score,critic,generator,critic_bound,generator_bound"
    ]


def check_results(folder):
    """The files of a quantum generator with one critic, and of a classical generator."""
    results = json.loads((folder / "capacity.json").read_text())
    assert results["cells"] == 2 and len(results["points"]) == 1
    head, line = (folder / "capacity.csv").read_text().splitlines()
    assert head.startswith("qubits,layers,seed,capacity,score,critic,generator,critic_bound")
    assert line.startswith("2,1,0,24,")
    for name in (
        "capacity_critic.png",
        "capacity_generator.svg",
        "capacity_scores_critics.png",
        "capacity_scores_generators.png",
    ):
        assert (folder / name).stat().st_size > 1000


@pytest.mark.slow
def test_a_tiny_study_leaves_its_results(folder, capsys, monkeypatch):
    arguments = [
        "reproduce",
        "capacity",
        "--workdir",
        str(folder),
        "--qubits",
        "2",
        "--circuit-layers",
        "1",
        "--critic-widths",
        "3",
        "--generator-widths",
        "1",
        "--seeds",
        "1",
        "--iterations",
        "2",
        "--reference-critic",
        "3",
        "--quiet",
        "--set",
        "batch_size=8",
        "--set",
        "critic_steps=1",
        "--set",
        "evaluation_samples=40",
        "--set",
        "jit_compile=false",
    ]
    assert command.main([*arguments, "--dry-run"]) == 0
    assert "quantum_4_1_3_seed0" in capsys.readouterr().out
    assert command.main(arguments) == 0
    assert "| 2 | 1 | 24 |" in capsys.readouterr().out
    check_results(folder)
    monkeypatch.setattr(results_module, "save_figure", lambda *_, **__: None)  # Drawn once.
    before = (folder / "cells" / "quantum_4_1_3_seed0@2.json").stat().st_mtime_ns
    assert command.main(arguments) == 0
    assert (folder / "cells" / "quantum_4_1_3_seed0@2.json").stat().st_mtime_ns == before
    file = folder / "cells" / "classical_4_1_3_seed0@2.json"
    cell = json.loads(file.read_text())
    cell["config"]["optimizer_options"]["learning_rate"] = 2e-4
    file.write_text(json.dumps(cell))
    # A cell of another schedule that lies there is not taken in silence.
    assert command.main(arguments) == 1
    assert "optimizer_options" in capsys.readouterr().err
