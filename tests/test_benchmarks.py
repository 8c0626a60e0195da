import ast
import importlib
import types

import numpy as np
import pytest
import tensorflow as tf
from harness import ROOT
from qlatent_tf.configs import mlp

from qlatent_tf import registry
from qlatent_tf.models.images.model import image_critic, image_generator
from qlatent_tf.models.molecules.networks import graph_critic, graph_generator

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
