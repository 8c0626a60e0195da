"""Runs on someone's own data, latent and metric: what is recorded of them, and what is refused."""

import dataclasses
import json
import sys
import types

import numpy as np
import pytest
import tensorflow as tf
from harness import run_tool

from qlatent_tf import load_dataset
from qlatent_tf.config import Config
from qlatent_tf.experiments.grids.grid import check_scored
from qlatent_tf.gan.shapes import check_draws
from qlatent_tf.zoo import build_model

MINE = """
import numpy as np
import tensorflow_probability as tfp

def counts():
    return np.random.default_rng(0).poisson(3.0, (400, 4)).astype("float32")

def normal():
    return tfp.distributions.Sample(tfp.distributions.Normal(0.0, 1.0), 4)

def gap(dataset, samples):
    return {"my_gap": float(abs(np.mean(samples) - 3))}

def number(dataset, samples):
    return 0.3

def of_many(dataset, samples):
    if len(samples) < 15:
        raise ValueError("at least 15")
    return {"many": 1.0}

def lost(dataset, samples):
    return {"scale": {}["scale"]}
"""
SIZES = ["batch_size=4", "critic_steps=1", "jit_compile=false", "evaluation_samples=20"]
SIZES = [part for size in (*SIZES, "model_options.units=[4]") for part in ("--set", size)]
TRAIN = ["--dataset", "mine:counts", "--set", "model_options.features=4", *SIZES]
TRAIN = ["train", "--model", "mlp", "--latent", "mine:normal", *TRAIN, "--workdir", "run"]

pytestmark = pytest.mark.usefixtures("eager_steps")


@pytest.fixture
def mine(empty_folder):
    file = empty_folder / "mine.py"
    file.write_text(MINE)
    return file


def test_code_that_has_changed_is_told_of_when_a_run_goes_on_or_is_loaded(mine, capsys):
    assert run_tool(*TRAIN, "--steps", 2) == 0
    record = json.loads((mine.parent / "run" / "run.json").read_text())
    assert list(record["code"]) == ["mine"]
    sample = ("sample", "run", "--trust-code", "-n", 3, "--out", "a.npy")
    assert run_tool(*sample) == 0 and "has changed" not in capsys.readouterr().err
    mine.write_text(MINE + "\n# Another line.\n")
    said = "mine has changed since the training of run began"
    assert run_tool(*sample) == 0 and said in capsys.readouterr().err
    assert run_tool(*TRAIN, "--steps", 3) == 0 and said in capsys.readouterr().err
    # What the run began with stays on record.
    after = json.loads((mine.parent / "run" / "run.json").read_text())
    assert after["step"] == 3 and after["code"] == record["code"]


def test_scores_on_other_data_than_those_of_the_training_say_so(mine, capsys, monkeypatch):
    assert run_tool(*TRAIN, "--steps", 1) == 0
    monkeypatch.setattr(sys.modules["mine"], "counts", lambda: np.ones((9, 4), np.float32))
    scored = ("evaluate", "run", "--trust-code", "--metrics", "mine:gap", "--num-samples", 20)
    assert run_tool(*scored) == 0
    assert "run was trained on other data than it is scored on" in capsys.readouterr().err


@pytest.mark.parametrize(
    "named, message",
    [
        ("total_number", "The metric total_number cannot score this model on 'counts'"),
        ("mine:number", 'such as {"my_score": 0.3}; received 0.3 (float)'),
        ("mine:nosuch", "has no 'nosuch'"),
        ("mine:lost", "The metric 'mine:lost' failed: KeyError: 'scale' (mine.py, line "),
    ],
)
def test_metrics_that_do_not_fit_are_refused_before_the_first_step(mine, capsys, named, message):
    assert run_tool(*TRAIN, "--set", f"metrics={named}", "--steps", 2) == 1
    assert message in capsys.readouterr().err and not (mine.parent / "run").exists()


def test_named_metrics_are_all_shown_and_may_be_listed_with_commas(mine, capsys):
    assert run_tool(*TRAIN, "--set", "metrics=pair_correlation,mine:gap", "--steps", 1) == 0
    said = capsys.readouterr().out
    assert "my_gap" in said and "error of pair correlations" in said


def test_a_table_of_ones_own_data_has_the_named_scores_and_no_empty_columns(mine, capsys):
    table = ["reproduce", "table1", "--data", "mine:counts", "--latents", "mine:normal"]
    options = ["--set", "model_options.features=4", *SIZES, "--iterations", 2, "--seeds", 1]
    options += ["--num-samples", 20, "--workdir", "w", "--quiet"]
    metrics = ["--set", "metrics=mine:gap,vector_neighbours"]
    assert run_tool(*table, *options, *metrics) == 0
    heads = "| data | latent | seeds | precision | recall | density | coverage | my gap |"
    text = (mine.parent / "w" / "table1.md").read_text()
    assert text.startswith(heads) and "Paper" not in text and "not scored" not in text
    assert (mine.parent / "w" / "table1_iterations.png").exists()
    # Other metrics: the runs stay.
    assert run_tool(*table, *options, "--set", "metrics=mine:gap") == 1
    assert "To score the runs again by yours, and not train them" in capsys.readouterr().err
    (mine.parent / "w" / "cells").rename("cells_of_before")
    assert run_tool(*table, *options, "--set", "metrics=mine:gap") == 0
    assert "| my gap |" in (mine.parent / "w" / "table1.md").read_text()


def test_a_metric_of_many_samples_is_tried_on_as_many_as_an_evaluation_has(mine, monkeypatch):
    from qlatent_tf.runs import evaluation

    monkeypatch.setattr(evaluation, "_TRIED", 10)
    assert run_tool(*TRAIN, "--set", "metrics=mine:of_many", "--steps", 1) == 0


@pytest.mark.parametrize("kind", ["bfloat16", "bool"])
def test_latents_of_other_types_are_drawn_from_as_training_does(kind):
    latent = types.SimpleNamespace(
        event_shape=tf.TensorShape([4]),
        sample=lambda count, seed: tf.cast(tf.eye(count, 4), kind),
    )
    check_draws(latent)
    shape = tf.TensorShape([4])
    broken = types.SimpleNamespace(event_shape=shape, sample=lambda count, seed: 1 / 0)
    with pytest.raises(ValueError, match="cannot be drawn: division by zero"):
        check_draws(broken)


def test_a_table_of_images_needs_a_metric_unless_the_model_scores_itself():
    images = types.SimpleNamespace(evaluation_metrics=(), provenance={"images": 9})
    config = Config(model="resnet", latent="gaussian", dataset="images", steps=1, batch_size=4)
    small = {"resolution": 8, "filters": 4, "blocks": 2}
    config = dataclasses.replace(config, model_options=small)
    with pytest.raises(ValueError, match="--set metrics=inception_scores"):
        check_scored(config, images)
    check_scored(config.override(metrics="discreteness"), images)
    options = {"image": [8, 8, 3], "filters": [4], "hidden": 4}
    check_scored(dataclasses.replace(config, model="autoencoder", model_options=options), images)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"latent": "my_nothing:number"}, "What the latent 'my_nothing:number' returns cannot be"),
        ({"dataset": "my_nothing:number"}, "What the data set 'my_nothing:number' returns cannot"),
        ({"model": "my_nothing:model"}, "What the model 'my_nothing:model' returns cannot be used"),
    ],
)
def test_what_ones_own_code_returns_is_refused_by_its_name(changes, message, empty_folder):
    code = "def number():\n    return 3\n\ndef model(latent):\n    return 3\n"
    (empty_folder / "my_nothing.py").write_text(code)
    config = Config(model="mlp", latent="gaussian", dataset="bernoulli", steps=1, batch_size=4)
    with pytest.raises(ValueError, match=message):
        build_model(config.override(**changes))
        load_dataset(changes.get("dataset", "bernoulli"))


def _latent(sample):
    return types.SimpleNamespace(event_shape=tf.TensorShape([4]), sample=sample)


@pytest.mark.parametrize(
    "sample, message",
    [
        (lambda count, seed: 1 / 0, "Samples of the latent 'my:own' cannot be drawn: division"),
        (lambda count, seed: tf.ones([count, 3]), "those of the latent 'my:own' have the shape"),
        (lambda count, seed: tf.ones([count, 4]), "draws of the latent 'my:own' are all equal"),
    ],
)
def test_draws_of_ones_own_latent_are_refused_by_its_name(sample, message):
    with pytest.raises(ValueError, match=message):
        check_draws(_latent(sample), "my:own")


def test_a_latent_whose_draws_seldom_differ_is_none_of_a_single_outcome():
    check_draws(_latent(lambda count, seed: tf.one_hot(tf.range(count) // 2, 4)))
    check_draws(_latent(lambda count, seed: tf.ones([count, 4])), trained=True)


def test_a_circuit_of_ones_own_that_only_moves_photons_is_not_trained_on(empty_folder, capsys):
    np.save("still.npy", np.eye(4))
    circuit = ["--latent", "boson", "--photons", 2, "--unitary-file", "still.npy"]
    train = ["train", "--model", "mlp", *circuit, *SIZES, "--workdir", "run", "--steps", 1]
    assert run_tool(*train) == 1
    assert "are all equal, so that nothing can be learnt: [" in capsys.readouterr().err
    assert not (empty_folder / "run").exists()
