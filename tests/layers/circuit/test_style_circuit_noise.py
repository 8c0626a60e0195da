"""Shots and depolarising noise of the style circuit."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from dense_circuit import noise, wide

from qlatent_tf.layers.circuit.state import draw_errors, error_strengths
from qlatent_tf.layers.circuit.style_circuit import StyleCircuit

BATCH = 3


def test_shots_scatter_about_the_exact_expectations():
    exact, z = wide(qubits=3, layers=1), noise(3, batch=400)
    exact.build(z.shape)
    sampled = wide(qubits=3, layers=1, shots=25)
    sampled.build(z.shape)
    sampled.set_weights(exact.get_weights())
    means, values = np.array(exact(z)), np.array(sampled(z))
    np.testing.assert_allclose(values * 25 % 2, 1, atol=1e-9)  # An odd sum of 25 signs.
    scores = (values - means) / np.sqrt((1 - means**2) / 25)
    assert abs(scores.mean()) < 4 / np.sqrt(scores.size)
    # A score's variance is 1; that of its square, with the binomial's kurtosis, is below 3.
    assert abs((scores**2).mean() - 1) < 4 * np.sqrt(3 / scores.size)
    # Z of two qubits is measured in one shot: their errors correlate as the qubits do, X and Z do
    # not.
    assert np.abs(np.mean(scores[:, :3] * scores[:, 3:], axis=0)).max() < 4 / np.sqrt(400)


def test_shots_of_entangled_qubits_agree_shot_by_shot():
    layer = StyleCircuit(2, 1, style="none", initial_range=0.0, shots=11)
    z = np.random.default_rng(3).normal(size=(50, 2)).astype("float32") * [0, 1e-6]
    layer.build(z.shape)
    angles = np.zeros((6, 2))
    angles[0, 0], angles[4, 0] = np.pi / 2, np.pi  # (|00> + |11>) / sqrt 2
    layer.bias.assign(angles.ravel())
    value = np.array(layer(z.astype("float32")))
    np.testing.assert_array_equal(value[:, 2], value[:, 3])
    np.testing.assert_array_equal(value[:, 0], value[:, 1])
    assert len(np.unique(value[:, 2])) > 4 and (value[:, 0] != value[:, 2]).any()


def test_the_gradient_with_shots_is_the_exact_one():
    exact, z = wide(qubits=2, layers=1), noise(2)
    exact.build(z.shape)
    sampled = wide(qubits=2, layers=1, shots=3)
    sampled.build(z.shape)
    sampled.set_weights(exact.get_weights())
    factors = np.random.default_rng(4).normal(size=(BATCH, 4))
    gradients = []
    for layer in (exact, sampled):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(z) * factors)
        gradients.append(tape.gradient(loss, layer.weight.value))
    np.testing.assert_allclose(*gradients, atol=1e-12)
    assert np.abs(np.array(exact(z)) - np.array(sampled(z))).max() > 0.1


def test_shots_depend_on_the_noise_and_the_seed_alone():
    first, z = wide(qubits=2, layers=1, shots=40, shot_seed=1), noise(2, batch=8)
    second = wide(qubits=2, layers=1, shots=40, shot_seed=2)
    np.testing.assert_array_equal(first(z), first(z))
    second.build(z.shape)
    second.set_weights(first.get_weights())
    assert (np.array(first(z)) != np.array(second(z))).mean() > 0.5


@pytest.mark.parametrize(
    "values",
    [
        (-0.5, 0.5),
        pytest.param((-1.0, 1.0), marks=pytest.mark.slow),
        pytest.param((0.0, 1.0, 2.0, 3.0), marks=pytest.mark.slow),
    ],
)
def test_noise_of_few_values_has_shots_of_its_own_too(values):
    """Bits and counts differ in few bits; their shots are as independent as those of others."""
    shots = 25
    rows = np.array(list(itertools.product(values, repeat=5)), "float32")
    sampled, exact = wide(qubits=2, layers=1, shots=shots), wide(qubits=2, layers=1)
    for layer in (sampled, exact):
        layer.build(rows.shape)
    exact.set_weights(sampled.get_weights())
    assert len(np.unique(sampled._seeds(tf.constant(rows)), axis=0)) == len(rows)
    truth = np.array(exact(rows))
    errors = (np.array(sampled(rows)) - truth) / np.sqrt((1 - truth**2) / shots)
    assert abs(errors.mean(axis=0)).max() < 4 / np.sqrt(len(rows))
    assert abs(errors.std(axis=0) - 1).max() < 4 / np.sqrt(2 * len(rows))


def test_depolarizing_shrinks_a_rotated_qubit_by_its_closed_form():
    """Gates of angle 0 do nothing, but each of them, touching a qubit, costs it 1 - p."""
    strength, layers, z = 0.02, 2, np.array([[0.7, 1.9]], "float32")
    layer = StyleCircuit(2, layers, style="none", initial_range=0.0, depolarizing=strength)
    # The noise's rotation; in each layer four rotations and two ring gates; the final rotation.
    kept = (1 - strength) ** (1 + layers * (4 + 2) + 1)
    np.testing.assert_allclose(layer(z), kept * np.hstack([np.sin(z), np.cos(z)]), atol=1e-6)


def test_complete_depolarizing_leaves_nothing():
    layer = wide(qubits=2, layers=1, depolarizing=1.0)
    np.testing.assert_allclose(layer(noise(2)), 0, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("ansatz", ["simple", "bel"])
def test_random_errors_average_to_the_density_matrix(ansatz):
    exact, z = wide(qubits=2, layers=1, ansatz=ansatz, depolarizing=0.15), noise(2, batch=2)
    exact.build(z.shape)
    count = 10_000
    random = wide(qubits=2, layers=1, ansatz=ansatz, depolarizing=0.15, trajectories=count)
    random.build(z.shape)
    pure = wide(qubits=2, layers=1, ansatz=ansatz)
    pure.build(z.shape)
    for layer in (random, pure):
        layer.set_weights(exact.get_weights())
    # A circuit's expectation lies in [-1, 1]: its deviation is at most 1.
    np.testing.assert_allclose(random(z), exact(z), atol=4 / np.sqrt(count))
    assert np.abs(np.array(pure(z)) - np.array(exact(z))).max() > 0.2


def test_one_random_error_flips_or_not():
    """Behind gates of angle 0 a qubit shows -1 where X or Y happened: half of strength."""
    layer = StyleCircuit(
        2, 1, ansatz="simple", style="none", readout="z", initial_range=0.0, depolarizing=0.1,
        trajectories=1,
    )  # fmt: skip
    z = np.random.default_rng(5).normal(size=(4000, 2)).astype("float32") * 1e-6
    value = np.array(layer(z))
    np.testing.assert_allclose(np.abs(value), 1, atol=1e-6)
    # The noise's rotation and the layer's, a controlled Z, the final rotation: four gates.
    np.testing.assert_allclose(value.mean(axis=0), 0.9**4, atol=4 / np.sqrt(4000))


def test_random_errors_are_drawn_by_their_strengths():
    strengths = error_strengths(("ry", "rz", "cry", "ry"), 3, 0.2)
    np.testing.assert_allclose(strengths, [0.36] * 3 + [0.2] * 6 + [0.2] * 3)
    uniform = tf.constant([[0.0, 0.04, 0.06, 0.11, 0.99, 0.14, 0.16, 0.3]])
    np.testing.assert_array_equal(draw_errors(uniform, [0.2] * 8), [[3, 3, 2, 1, 0, 1, 0, 0]])


@pytest.mark.slow
def test_more_qubits_than_a_density_matrix_takes():
    layer = StyleCircuit(7, 1, ansatz="simple", depolarizing=0.1, trajectories=3, shots=20)
    value = np.array(layer(noise(7)))
    assert value.shape == (3, 14) and np.abs(value).max() <= 1
    np.testing.assert_allclose(value * 10, np.round(value * 10), atol=1e-5)
