"""Runs in which the latent is trained with the generator."""

import dataclasses
import importlib
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from harness import eagerly, tiny_config
from tiny_run import check_resumes, killed, summaries
from tiny_run import train as train_run

from qlatent_tf import __main__ as command
from qlatent_tf import from_preset, save_preset
from qlatent_tf.latents import boson
from qlatent_tf.latents.trained import trained
from qlatent_tf.quantum import PhotonicDevice
from qlatent_tf.resolve import resolve
from qlatent_tf.runs.training import prepare, restore_model
from qlatent_tf.zoo import check_names

JOINT = tiny_config(
    train_circuit=True,
    circuit_learning_rate=0.01,
    evaluate_every=3,
    generator_batch_size=5,
    learning_rate_decay_steps=12,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with eagerly():  # Tracing takes longer than six steps.
        return train_run(tmp_path_factory.mktemp("joint") / "run", JOINT)


@pytest.mark.slow
def test_a_stopped_run_ends_as_if_it_had_not_been(run, tmp_path):
    with eagerly():
        check_resumes(run, tmp_path / "stopped", {5: killed})
    (_, one), (_, other) = (
        trained_circuit(restore_model(part)[0]) for part in (run, type(run)(tmp_path / "stopped"))
    )
    np.testing.assert_array_equal(one, other)


def trained_circuit(model):
    optimizer = model.latent_training.optimizer
    slots = np.concatenate([np.ravel(slot) for slot in optimizer.variables])
    return model.latent, np.append(slots, model.latent.devices[0].unitary.ravel())


def test_the_circuit_moves_and_its_moments_are_shown(run):
    model, _ = restore_model(run)
    fixed = prepare(resolve(dataclasses.replace(JOINT, train_circuit=False)))
    moved = np.abs(model.latent.devices[0].unitary - fixed.latent.devices[0].unitary).max()
    assert 1e-4 < moved < 0.2
    found = {}
    for step, value in summaries(run):
        found.setdefault(value.tag, []).append(step)
    for name in ("gradient_norm", "gradient_variance", "drift"):
        assert found[f"8_circuit/{name}"] == [1, 6]
    assert found["8_circuit/mode_03_mean"] == found["8_circuit/mode_00_variance"] == [3, 6]
    assert found["6_latent/pair_correlations"] == [0, 3, 6]
    assert found["5_speed/circuit_learning_rate"] == [1, 6]


def test_a_preset_samples_at_the_trained_unitary(run, tmp_path):
    model, _ = restore_model(run)
    save_preset(tmp_path / "preset", model, resolve(JOINT))
    again = from_preset(tmp_path / "preset")
    np.testing.assert_array_equal(again.sample(20, seed=3), model.sample(20, seed=3))
    (device,) = again.latent.devices
    np.testing.assert_array_equal(device.unitary, model.latent.devices[0].unitary)
    fixed = PhotonicDevice(device.unitary, [1, 1, 0, 0])
    np.testing.assert_allclose(again.latent.mean() - again.latent.loc, fixed.mean(), atol=1e-6)


def test_a_run_without_a_trained_circuit_is_written_as_before():
    assert not [name for name in tiny_config().to_json() if "circuit" in name]
    assert JOINT.to_json()["circuit_optimizer"] == "Adam"
    assert type(JOINT).from_json(JOINT.to_json()) == JOINT


@pytest.mark.parametrize("latent, options", [
    ("boson", {"modes": 2, "photons": 1, "tiles": 2}),
    pytest.param("boson", {"modes": 4, "interferometer": "1-1"}, marks=pytest.mark.slow),
    pytest.param("boson", {"modes": 4, "input_state": [2, 0, 1, 0]}, marks=pytest.mark.slow),
    pytest.param("photonic", {"modes": 4}, marks=pytest.mark.slow),
    ("gaussian", {"modes": 4}),
])  # fmt: skip
def test_one_step_trains_what_there_is_to_train(latent, options):
    config = resolve(dataclasses.replace(JOINT, latent=latent, latent_options=options))
    model = prepare(config)
    before = [weight.numpy() for weight in model.latent_layer.weights]
    data = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    batch = next(iter(model.training_batches(data, 8, seed=0)))
    report = model.train_step(batch)
    assert 0 < float(report["circuit/drift"]) < 0.1
    assert float(report["circuit/gradient_norm"]) > 0 < float(report["circuit/gradient_variance"])
    after = [weight.numpy() for weight in model.latent_layer.weights]
    assert any(np.abs(a - b).max() > 1e-4 for a, b in zip(after, before, strict=True))
    # What is drawn in the step and what is sampled beside it have one law.
    noise = model.latent.noise(4000, (1, 2))
    drawn, sampled = model.latent.draw(noise), model.latent.sample(4000, seed=(1, 2))
    error = 4 * (2 * np.asarray(model.latent.variance()) / 4000) ** 0.5 + 1e-6
    assert (np.abs(np.mean(drawn, 0) - np.mean(sampled, 0)) < error).all()
    np.testing.assert_array_less(np.abs(np.mean(drawn, 0) - model.latent.mean()), error)


def test_a_scaled_loss_leaves_the_gradient_of_the_latent_as_it_is():
    config = resolve(dataclasses.replace(JOINT, latent="gaussian", latent_options={"modes": 4}))
    data = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    norms = []
    for scaled in (False, True):
        model = prepare(config)
        optimizer = keras.optimizers.SGD(1e-3)
        generator = keras.optimizers.LossScaleOptimizer(optimizer) if scaled else optimizer
        model.compile(keras.optimizers.SGD(1e-3), generator, keras.optimizers.SGD(1e-3))
        report = model.train_step(next(iter(model.training_batches(data, 8, seed=0))))
        norms.append(float(report["circuit/gradient_norm"]))
    assert norms[1] == pytest.approx(norms[0], rel=1e-3)


def test_generator_and_critic_are_updated_as_they_are_without_it():
    # With the same latents, networks end a step where those of a fixed circuit do.
    config = resolve(JOINT)
    joint = prepare(config)
    fixed = prepare(dataclasses.replace(config, train_circuit=False))
    data = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    batch = next(iter(joint.training_batches(data, 8, seed=0)))
    latents = joint.latent_training.draw(batch["latent"], batch["generator_latent"])
    joint.train_step(batch)
    fixed.train_step({**batch, "latent": latents[0], "generator_latent": latents[1]})
    for part in ("generator", "critic"):
        pairs = zip(getattr(joint, part).weights, getattr(fixed, part).weights, strict=True)
        for mine, theirs in pairs:
            np.testing.assert_allclose(mine, theirs, atol=1e-7)


@pytest.mark.slow
def test_the_compiled_step_is_the_eager_one():
    # Without the penalty, whose random numbers are others under XLA.
    config = resolve(dataclasses.replace(JOINT, gradient_penalty_weight=0.0))
    compiled, eager = prepare(config), prepare(config)
    data = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    batch = next(iter(eager.training_batches(data, 8, seed=0)))
    report = tf.function(compiled.train_step, jit_compile=True)(batch)
    expected = eager.train_step(batch)
    del expected["gradient_penalty"]
    for name, value in expected.items():
        np.testing.assert_allclose(report[name], value, rtol=1e-3, atol=1e-5, err_msg=name)
    for mine, theirs in zip(compiled.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4)


def test_the_estimates_of_two_halves_are_that_of_the_batch():
    model = prepare(resolve(dataclasses.replace(JOINT, circuit_optimizer="SGD")))
    (layer,) = model.latent_layer.parts
    noise = model.latent.noise(10, (0, 1))
    latents, losses = (
        model.latent.draw(noise),
        tf.constant(np.random.default_rng(0).normal(size=10)),
    )
    sampler, variables = model.latent._samplers[0], layer.trainable_variables

    def gradient(signs):
        with tf.GradientTape() as tape:
            log_probs = sampler.log_prob(layer(), tf.round(latents - model.latent.loc))
            weights = signs * (losses - tf.reduce_mean(losses)) * 10 / 9
            loss = tf.reduce_mean(tf.cast(weights, "float32") * log_probs)
        return tape.gradient(loss, variables)

    def square(tensors):
        return sum(float(tf.reduce_sum(tensor**2)) for tensor in tensors)

    whole, apart = gradient(np.ones(10)), gradient(np.repeat([1.0, -1.0], 5))
    starts = [variable.numpy() for variable in variables]
    report = model.latent_training.update(noise, latents, losses, [])
    for variable, start, expected in zip(variables, starts, whole, strict=True):
        np.testing.assert_allclose(start - variable.numpy(), 0.01 * expected, atol=1e-6)
    assert float(report["circuit/gradient_norm"]) == pytest.approx(square(whole) ** 0.5, rel=1e-4)
    # Half the sum and half the difference are two estimates' mean and its error.
    assert float(report["circuit/gradient_variance"]) == pytest.approx(square(apart), rel=1e-4)


@pytest.mark.parametrize("changes, message", [
    ({"latent": "bernoulli", "latent_options": {"modes": 4}}, "gaussian, photonic; received"),
    ({"latent_options": {"modes": 4, "transmission": 0.9}}, r"received transmission=\[0.9\]"),
    ({"latent_options": {"modes": 4, "g2": 0.05}}, "received g2=0.05"),
    ({"latent_options": {"modes": 4, "interferometer": "1-1", "phase_error": 0.1}}, "phase_error"),
    ({"latent_options": {"modes": 4, "indistinguishability": 0.5}}, "indistinguishability=0.5"),
    ({"latent_options": {"modes": 4, "standardize": True}}, "standardize=true; received both"),
    ({"latent_options": {"modes": 26, "photons": 13}}, "with 1 to 12 photons; received 13"),
    ({"model": "autoencoder", "model_options": {}, "latent": "gaussian"}, "received train_circuit"),
    ({"precision": "mixed_float16"}, "received 'mixed_float16'"),
    ({"circuit_learning_rate": 0.0}, "circuit_learning_rate is a finite number above 0"),
    ({"circuit_optimizer": "Adamant"}, "Unknown optimizer 'Adamant'"),
])  # fmt: skip
def test_what_cannot_be_trained_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        prepare(resolve(dataclasses.replace(JOINT, **changes)))


@pytest.mark.parametrize("name", ["batch_size", "generator_batch_size"])
def test_a_batch_of_one_has_no_baseline(name):
    with pytest.raises(ValueError, match=f"{name} is at least 2; received 1"):
        dataclasses.replace(JOINT, **{"generator_batch_size": None, name: 1})


def test_a_fixed_run_differs_in_being_fixed_alone():
    fixed = dataclasses.replace(JOINT, train_circuit=False)
    assert fixed.differences(JOINT) == {"train_circuit": (False, True)}


def test_a_trained_run_has_a_directory_of_its_own():
    tool = importlib.import_module("qlatent_tf.tools.train")
    assert tool.run_name(JOINT) == "mlp_boson_trained_quantum"
    fixed = dataclasses.replace(JOINT, train_circuit=False)
    assert tool.run_name(fixed) == "mlp_boson_quantum"


def test_an_option_of_training_needs_training(capsys):
    words = ["--model", "mlp", "--latent", "boson", "--set", "circuit_learning_rate=0.5"]
    assert command.main(["train", *words, "--dry-run"]) != 0
    assert "add --train-circuit" in capsys.readouterr().err


def test_what_was_trained_keeps_its_circuit(run):
    for source in ("mlp_boson_trained_quantum", run.path):
        with pytest.raises(
            ValueError, match="change are method and precision; received unitary_seed=5"
        ):
            from_preset(source, latent_options={"unitary_seed": 5})
    options = {"method": "glynn"}
    assert from_preset("mlp_boson_trained_quantum", latent_options=options).latent.devices


def test_the_command_line_asks_for_it(capsys):
    words = ["--model", "mlp", "--latent", "boson", "--dry-run", "--train-circuit"]
    assert command.main(["train", *words, "--set", "circuit_learning_rate=0.02"]) == 0
    config = json.loads(capsys.readouterr().out)
    assert config["train_circuit"] is True and config["circuit_learning_rate"] == 0.02


def test_a_dry_run_refuses_an_unknown_optimizer_of_the_circuit(capsys):
    words = ["--model", "mlp", "--latent", "boson", "--dry-run", "--train-circuit"]
    assert command.main(["train", *words, "--set", "circuit_optimizer=Adamant"]) != 0
    assert "Unknown optimizer 'Adamant'" in capsys.readouterr().err


def test_a_circuit_starts_where_errors_of_its_phases_put_it():
    config = resolve(dataclasses.replace(JOINT, latent_options={"modes": 4, "phase_error": 0.2}))
    unitary = prepare(config).latent.layer.parts[0].exact_unitary()
    options = dict(config.latent_options)
    np.testing.assert_allclose(unitary, boson(**options).devices[0].unitary, atol=1e-6)
    options["phase_error"] = None
    assert np.abs(unitary - boson(**options).devices[0].unitary).max() > 0.01


def test_trained_circuits_side_by_side_share_the_memory_of_their_tables():
    options = {"modes": 20, "photons": 8, "tiles": 8}
    fixed = boson(**options)
    latent = trained(fixed, "boson", options)
    weights = latent.layer.trainable_weights[0]
    weights.assign(weights + 0.1)
    methods = {one._shots.whole_sampler.method for one in (fixed.devices[0], latent.devices[0])}
    assert methods == {"lanes"}


def test_names_are_refused_without_building():
    with pytest.raises(ValueError, match="received 'samples'"):
        check_names(dataclasses.replace(JOINT, latent="samples", latent_options={"file": "x"}))
