"""The critics' ReLU, beside Keras'."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from qlatent_tf.gan.gradient_penalty import gradient_penalty
from qlatent_tf.layers.relu import leaky_relu, relu

BOTH = pytest.mark.parametrize("name, mine", [("relu", relu), ("leaky_relu", leaky_relu)])
BATCH = 6


@BOTH
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_values_and_slopes_are_keras(name, mine, dtype):
    x = tf.constant([-np.inf, -2.0, -1e-7, -0.0, 0.0, 1e-7, 0.5, 3.0], dtype)
    upstream = tf.constant([1.0, -1.0, 4.0, 2.0, -2.0, 3.0, np.inf, 0.5], dtype)
    found = []
    for activation in (keras.activations.get(name), mine):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = activation(x)
        found.append((value, tape.gradient(value, x, upstream)))
    for theirs, ours in zip(*found, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-7)


@BOTH
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_penalty_has_the_gradient_that_it_has_with_keras(name, mine, jit_compile):
    rng = np.random.default_rng(0)
    weights = [
        tf.constant(rng.normal(size=size), "float32") for size in ((4, 8), (8,), (8, 8), (8, 1))
    ]
    real, fake = (tf.constant(rng.normal(size=(BATCH, 4)), "float32") for _ in range(2))
    places = tf.constant(rng.random(BATCH), "float32")

    def gradients(activation):
        def critic(x, training):
            hidden = activation(x @ weights[0] + weights[1])
            return activation(hidden @ weights[2]) @ weights[3]

        with tf.GradientTape() as tape:
            tape.watch(weights)
            penalty = gradient_penalty(critic, real, fake, places)
        return tape.gradient(penalty, weights, unconnected_gradients="zero")

    theirs, ours = (
        tf.function(lambda activation=activation: gradients(activation), jit_compile=jit_compile)()
        for activation in (keras.activations.get(name), mine)
    )
    assert not np.any(theirs[1]) and not np.any(ours[1])  # No slope depends on the bias.
    assert all(np.any(ours[place]) for place in (0, 2, 3))
    for one, other in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@BOTH
def test_no_slope_depends_on_the_input(name, mine):
    x = tf.constant([-1.0, 2.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            value = mine(x)
        slope = inner.gradient(value, x)
    assert outer.gradient(slope, x) is None


@BOTH
def test_a_model_is_saved_and_loaded(name, mine, tmp_path):
    model = keras.Sequential([keras.Input([3]), keras.layers.Dense(4, mine)])
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(1).normal(size=(BATCH, 3))
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(x), model(x))
