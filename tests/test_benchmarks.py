import ast
import importlib
import sys
import types

import numpy as np
import pytest
import tensorflow as tf
from harness import ROOT
from qlatent_tf.configs import mlp

from qlatent_tf import registry
from qlatent_tf.models.images.model import image_critic, image_generator
from qlatent_tf.models.molecules.networks import graph_critic, graph_generator
from qlatent_tf.quantum.threads import check_num_threads

FILES = sorted((ROOT / "benchmarks").glob("*.py"))


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_benchmarks_use_is_there(file):
    module = importlib.import_module(f"benchmarks.{file.stem}")
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used = vars(module).get(node.value.id)
            if isinstance(used, types.ModuleType):
                assert hasattr(used, node.attr), f"line {node.lineno}: {ast.unparse(node)}"


def test_steps_are_timed_in_turns_and_reported():
    steps = importlib.import_module("benchmarks.steps")
    done = []
    config = mlp.get_config("gaussian").override(
        batch_size=4, jit_compile=False, **{"model_options.units": [8]}
    )
    measured = steps.measure({"bare": steps.bare_steps(config), "none": done.append}, 2, 2)
    assert done == [steps.WARM_STEPS, 2] * 3
    options = types.SimpleNamespace(batch_size=4, turns=2, steps=2, threads=1)
    rows = steps.report("`mlp`", options, {"numpy": "2"}, measured).splitlines()[-2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [row[0] for row in cells] == ["bare", "none"] and cells[0][3] == "1.00"
    assert float(cells[0][2]) == pytest.approx(1000 * measured["bare"][0], abs=0.5)


@pytest.mark.parametrize(
    "seconds, text",
    [(999.4e-9, "999 ns"), (999.7e-9, "1.00 µs"), (0.0123, "12.3 ms"), (0.9999, "1 s")],
)
def test_times_have_three_digits_and_the_unit_that_they_are_rounded_to(seconds, text):
    assert importlib.import_module("benchmarks.report").in_units(seconds) == text


def test_numbers_of_steps_and_threads_are_from_1(capsys, monkeypatch):
    steps, report = (importlib.import_module(f"benchmarks.{name}") for name in ("steps", "report"))
    set_threads = []
    monkeypatch.setattr(tf.config.threading, "set_intra_op_parallelism_threads", set_threads.append)
    monkeypatch.setattr(steps.numba.config, "NUMBA_NUM_THREADS", 7)
    parser = report.new_parser("")
    steps.add_options(parser, ["boson"], batch_size=4, steps=2, turns=1)
    for name in ("steps", "turns", "threads", "batch-size"):
        with pytest.raises(SystemExit):
            steps.parse_options(parser, [f"--{name}", "0"])
        assert (
            f"--{name}: a whole number from 1 to 2,147,483,647 is needed; received '0'"
            in capsys.readouterr().err
        )
    steps.parse_options(parser, ["--threads", "3"])
    assert set_threads == [3] and check_num_threads(None) == 3


def test_a_command_that_fails_is_told_of_with_its_reason():
    run = importlib.import_module("benchmarks.report").run_quietly
    words = [sys.executable, "-c", "raise SystemExit('no room')"]
    run(words, code=1)
    with pytest.raises(RuntimeError, match="ended with 1, not with 0: no room"):
        run(words)


def test_a_transmission_that_no_device_has_is_refused(monkeypatch):
    module = importlib.import_module("benchmarks.gaussian_devices")
    calibration = types.SimpleNamespace(
        name="some", transfer=0.8 * np.eye(2), squeezing=np.ones(2), mean_counts=np.ones(2)
    )
    full = module.device_of(calibration, "squeezed", 1 / 0.64).mean()
    calibration.mean_counts = 0.25 * full
    # Counts of a number of photons are proportional to the transmission.
    found = module.fitted_transmission(calibration, "squeezed")
    assert found == pytest.approx(0.25 / 0.64, abs=1e-5)
    calibration.mean_counts = 1.1 * full
    with pytest.raises(ValueError, match="no transmission from 0.001 to 1.56 times that of some"):
        module.fitted_transmission(calibration, "squeezed")


def test_candidates_of_the_style_circuit_agree_in_what_they_compute():
    check = importlib.import_module("benchmarks.style_circuit").check_agreement
    ours = {"ours": lambda: [np.ones(3), np.zeros(2)], "ours, value": lambda: [np.ones(3)]}
    check(ours)
    with pytest.raises(ValueError, match="Qibo differs from ours by 0.5"):
        check({**ours, "Qibo": lambda: [np.full(3, 0.5)]})


def test_molecules_are_scored_by_metrics_with_and_without_a_bar(monkeypatch):
    molecules = importlib.import_module("benchmarks.molecules")
    monkeypatch.setattr(molecules, "EVALUATION_METRICS", ("molecules", "molecule_properties"))
    options = types.SimpleNamespace(
        dataset="small_molecules", data_dir=None, preset="molgan_boson_qm9", num_samples=20
    )
    scored = [row for row in molecules.rows(options) if row[0].startswith("scored")]
    assert [row[:2] for row in scored] == [
        ("scored by `molecules`", 20),
        ("scored by `molecule_properties`", 20),
    ]


def test_the_plain_residual_networks_are_ours():
    plain = importlib.import_module("benchmarks.resnet_step")
    for ours, theirs, shape in (
        (image_generator(5, filters=4), plain.plain_generator(5, 4), (2, 5)),
        (image_critic(filters=4), plain.plain_critic(4), (2, 32, 32, 3)),
    ):
        theirs.set_weights(ours.get_weights())
        inputs = np.random.default_rng(0).normal(size=shape).astype("float32")
        np.testing.assert_allclose(
            theirs(inputs, training=True), ours(inputs, training=True), atol=1e-4
        )


def test_the_plain_molgan_is_as_large_as_ours_and_takes_graphs_in_any_order():
    plain = importlib.import_module("benchmarks.molgan_step").PlainMolGAN
    graphs = registry.datasets.build("small_molecules", progress=False).source
    gan = plain({name: np.asarray(part, np.int32) for name, part in graphs.items()}, 4, 16)
    for ours, weights in (
        (graph_critic(), gan.critic_weights),
        (graph_generator(16), gan.generator_weights),
    ):
        assert ours.count_params() == sum(np.prod(one.shape) for one in tf.nest.flatten(weights))
    atoms, bonds = gan.generate(gan._latent())
    np.testing.assert_allclose(tf.reduce_sum(bonds, -1), 1, atol=1e-5)
    order = [3, 1, 4, 0, 5, 8, 2, 7, 6]
    permuted = tf.gather(tf.gather(bonds, order, axis=1), order, axis=2)
    np.testing.assert_allclose(
        gan.criticise(tf.gather(atoms, order, axis=1), permuted),
        gan.criticise(atoms, bonds),
        atol=1e-5,
    )
