import numpy as np
import pytest
import tensorflow as tf

from qlatent_tf.layers.photonic.interferometer import Interferometer
from qlatent_tf.quantum import haar_unitary, loop_unitary


@pytest.mark.parametrize("options, start", [
    ({"modes": 5, "seed": 3}, haar_unitary(5, 3)),
    ({"modes": 4, "unitary": np.fft.fft(np.eye(4)) / 2}, np.fft.fft(np.eye(4)) / 2),
    ({"modes": 6, "mesh": "1-2", "seed": 1}, loop_unitary(6, "1-2", seed=1)),
    ({"modes": 1}, haar_unitary(1, 0)),
])  # fmt: skip
def test_starts_where_it_is_told_to(options, start):
    layer = Interferometer(**options, dtype="float64")
    np.testing.assert_allclose(layer(), start, atol=1e-12)
    np.testing.assert_allclose(layer.exact_unitary(), start, atol=1e-12)


@pytest.mark.parametrize("mesh", ["clements", "1-1"])
def test_is_unitary_whatever_its_weights_are(mesh):
    layer = Interferometer(6, mesh)
    draw = np.random.default_rng(0)
    for weight in layer.weights:
        weight.assign(draw.normal(0, 10, weight.shape))
    unitary = layer().numpy()
    assert unitary.dtype == np.complex64
    np.testing.assert_allclose(unitary @ unitary.conj().T, np.eye(6), atol=2e-6)
    exact = layer.exact_unitary()
    np.testing.assert_allclose(exact @ exact.conj().T, np.eye(6), atol=1e-14)
    np.testing.assert_allclose(unitary, exact, atol=2e-6)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_computes_in_single_precision_where_the_policy_is_a_mixed_one(precision):
    mixed, single = (Interferometer(4, dtype=dtype) for dtype in (precision, "float32"))
    np.testing.assert_array_equal(mixed(), single())


@pytest.mark.parametrize("mesh", ["clements", "1-1"])
def test_the_gradient_is_that_of_finite_differences(mesh):
    layer = Interferometer(4, mesh, dtype="float64")
    draw = np.random.default_rng(1)
    for weight in layer.weights:
        weight.assign(draw.normal(size=weight.shape))
    target = tf.constant(draw.normal(size=(2, 4, 4)))

    def loss():
        unitary = layer()
        return tf.reduce_sum(
            target[0] * tf.math.real(unitary) ** 3 + target[1] * tf.math.imag(unitary)
        )

    with tf.GradientTape() as tape:
        value = loss()
    for weight, gradient in zip(
        layer.trainable_variables, tape.gradient(value, layer.trainable_variables), strict=True
    ):
        start, found = weight.numpy(), []
        for k in range(len(start)):
            ends = []
            for step in (1e-5, -1e-5):
                weight.assign(start + step * np.eye(len(start))[k])
                ends.append(loss().numpy())
            found.append((ends[0] - ends[1]) / 2e-5)
        weight.assign(start)
        np.testing.assert_allclose(gradient, found, atol=1e-8)


def test_a_layer_of_the_same_arguments_takes_the_weights():
    layer = Interferometer(4, seed=5)
    layer.angles.assign(layer.angles + 0.3)
    again = Interferometer.from_config(layer.get_config())
    assert np.abs(again() - layer()).max() > 0.1
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(), layer())


@pytest.mark.parametrize("options, message", [
    ({"modes": 3, "unitary": np.eye(4)}, r"shape \(3, 3\); received shape \(4, 4\)"),
    ({"modes": 4, "mesh": "1-1", "unitary": np.eye(4)}, "Not every unitary is one of loops"),
    ({"modes": 2, "unitary": np.ones((2, 2))}, "unitary"),
    ({"modes": 4, "mesh": ["1", "2"]}, r"mesh is 'clements'.* received \['1', '2'\]"),
])  # fmt: skip
def test_starts_that_a_mesh_cannot_make_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Interferometer(**options)


def test_phases_behind_the_last_splitter_are_not_trained():
    layer = Interferometer(4)
    assert [weight.name for weight in layer.trainable_weights] == ["angles", "phases"]
    assert [weight.name for weight in layer.weights] == ["angles", "phases", "output_phases"]


@pytest.mark.parametrize("options, name", [
    ({"modes": 2.5}, "modes"), ({"modes": "4"}, "modes"), ({"modes": 4, "seed": 1.7}, "seed"),
])  # fmt: skip
def test_numbers_that_are_not_whole_are_refused(options, name):
    with pytest.raises(ValueError, match=name):
        Interferometer(**options)


def test_numbers_without_complex_ones_are_refused():
    with pytest.raises(ValueError, match="Angles are float32 or float64.*bfloat16"):
        Interferometer(4, dtype="bfloat16")
