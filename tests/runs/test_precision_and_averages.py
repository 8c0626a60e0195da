"""Averages of the generator's weights, and networks that compute in reduced precision."""

import dataclasses
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from harness import eagerly, tiny_config
from tiny_run import check_resumes, train

from qlatent_tf import resolve as completion
from qlatent_tf import zoo
from qlatent_tf.runs import training

CONFIG = tiny_config(
    latent="gaussian",
    steps=4,
    batch_size=16,
    evaluate_every=4,
    optimizer_options={"learning_rate": 1e-2},
)


def make(**changes):
    """Returns the configuration, the untrained model and the batches of four steps."""
    config = completion.resolve(dataclasses.replace(CONFIG, **changes))
    model = training.prepare(config)
    dataset = training.load_dataset(config, progress=False)
    batches = model.training_batches(dataset.source, config.batch_size, config.seed, steps=4)
    return config, model, batches


def fit(model, batches):
    """Trains and returns the losses of each step."""
    rows = []

    class Keep(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            rows.append([float(logs[name]) for name in sorted(logs)])

    model.fit(batches, verbose=0, shuffle=False, callbacks=[Keep()])
    return np.array(rows)


def assert_equal(one, other):
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_average_is_its_recursion_and_training_does_not_know_of_it(jit_compile):
    _, raw, batches = make(jit_compile=jit_compile)
    _, averaged, _ = make(jit_compile=jit_compile, generator_ema=0.8)
    expected = None
    for batch in batches:
        one = tf.data.Dataset.from_tensors(batch)
        fit(raw, one)
        fit(averaged, one)
        weights = raw.generator.get_weights()
        assert_equal(averaged.generator.get_weights(), weights)
        # The average begins with the weights behind the first update.
        expected = (
            weights
            if expected is None
            else [0.8 * before + 0.2 * now for before, now in zip(expected, weights, strict=True)]
        )
    for mine, theirs in zip(averaged.sampling_weights(), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-7)
    assert_equal(raw.sampling_weights(), raw.generator.get_weights())


def test_samples_are_drawn_with_the_average(tmp_path):
    config, model, batches = make(generator_ema=0.8)
    latent = model.latent.sample(20, seed=1)
    # Untrained, there is no average.
    np.testing.assert_allclose(model.generate(latent), model.generator(latent), atol=1e-6)
    fit(model, batches)
    samples = model.sample(20, seed=1)
    zoo.save_preset(tmp_path, model, config)
    preset = zoo.from_preset(tmp_path)
    np.testing.assert_allclose(preset.sample(20, seed=1), samples, atol=1e-6)
    assert_equal(preset.generator.get_weights(), model.sampling_weights())
    assert_equal(preset.critic.get_weights(), model.critic.get_weights())
    assert np.abs(model.generator(latent) - model.generate(latent)).max() > 1e-3


@pytest.mark.slow
def test_a_stopped_run_goes_on_with_loss_scales(tmp_path):
    # And with averages, as the shared run does.
    with eagerly():  # Tracing takes longer than four steps.
        whole = train(tmp_path / "whole", CONFIG, precision="mixed_float16", generator_ema=0.9)
        check_resumes(whole, tmp_path / "stopped", {2: signal.SIGTERM})


@pytest.mark.parametrize(
    "jit_compile, precision",
    [
        pytest.param(False, "mixed_bfloat16", marks=pytest.mark.slow),
        (False, "mixed_float16"),
        pytest.param(True, "mixed_float16", marks=pytest.mark.slow),
    ],
)
def test_reduced_precision_trains_close_to_single_precision(precision, jit_compile):
    # Compiled alike: XLA draws other random numbers from the same seeds.
    _, single, batches = make(jit_compile=jit_compile)
    _, mixed, _ = make(precision=precision, jit_compile=jit_compile)
    assert keras.config.dtype_policy().name == "float32"
    hidden, last = mixed.generator.layers[1], mixed.generator.layers[-1]
    assert hidden.compute_dtype == precision.removeprefix("mixed_")
    assert last.compute_dtype == "float32"
    assert {weight.dtype for weight in mixed.weights} == {"float32"}
    expected, found = fit(single, batches), fit(mixed, batches)
    assert np.isfinite(found).all() and mixed.step == 4
    # bfloat16 has 8 bits, float16 11; the losses are of the order of 1.
    np.testing.assert_allclose(found, expected, atol=0.05)
    assert np.abs(found - expected).max() > 0  # It did compute in another precision.
    assert mixed.sample(5, seed=0).dtype == np.float32


def test_steps_are_counted_where_an_update_is_passed_over():
    _, model, batches = make(precision="mixed_float16")
    # A scale at which every gradient overflows: the update is left out, the scale is halved.
    model.generator_optimizer.dynamic_scale.assign(2.0**120)
    before = model.generator.get_weights()
    fit(model, batches.take(2))
    assert model.step == 2 and int(model.generator_optimizer.iterations.numpy()) == 0
    assert float(model.generator_optimizer.dynamic_scale.numpy()) == 2.0**118
    assert_equal(model.generator.get_weights(), before)


def test_the_precision_is_left_as_it_was_after_an_error():
    with pytest.raises(ValueError, match="units"):
        make(precision="mixed_bfloat16", model_options={"features": 4, "units": [0]})
    assert keras.config.dtype_policy().name == "float32"
