"""The fused layer beside Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from qlatent_tf.layers.image.batch_norm import BatchNormalization, batch_normalization

IMAGES = keras.random.normal((4, 6, 8, 3), mean=2.0, stddev=3.0, seed=1)
SLOPES = keras.random.normal(IMAGES.shape, seed=2)


def made(layer_type, **options):
    layer = layer_type(momentum=0.7, epsilon=1e-2, **options)
    layer.build(IMAGES.shape)
    weights = [[1.0, -2.0, 0.5], [0.0, 1.0, 2.0], [3.0, 2.0, 1.0], [0.5, 1.0, 2.0]]
    layer.set_weights(np.array(weights))
    return layer


def gradients(layer, images):
    images = tf.convert_to_tensor(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        outputs = layer(images, training=True)
        total = tf.reduce_sum(tf.cast(outputs, tf.float32) * SLOPES)
    return outputs, tape.gradient(total, [images, *layer.trainable_variables])


def test_it_is_keras_layer():
    ours, keras_own = made(BatchNormalization), made(keras.layers.BatchNormalization)
    (outputs, slopes), (expected, expected_slopes) = (
        gradients(layer, IMAGES) for layer in (ours, keras_own)
    )
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    for slope, value in zip(slopes, expected_slopes, strict=True):
        np.testing.assert_allclose(slope, value, atol=1e-4)
    for moving, value in zip(ours.get_weights(), keras_own.get_weights(), strict=True):
        np.testing.assert_allclose(moving, value, rtol=1e-5)
    np.testing.assert_allclose(ours(IMAGES), keras_own(IMAGES), atol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_moments_are_those_of_the_batch(jit_compile):
    layer = made(BatchNormalization)
    tf.function(lambda: layer(IMAGES, training=True), jit_compile=jit_compile)()
    mean, variance = (
        0.7 * np.array(old) + 0.3 * moment
        for old, moment in zip(
            ([3.0, 2.0, 1.0], [0.5, 1.0, 2.0]),
            (np.mean(IMAGES, (0, 1, 2)), np.var(IMAGES, (0, 1, 2))),
            strict=True,
        )
    )
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, variance, rtol=1e-5)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_moments_are_of_single_precision(precision):
    reduced = made(BatchNormalization, dtype=precision)
    exact = made(keras.layers.BatchNormalization)
    images = tf.cast(IMAGES, reduced.compute_dtype)
    outputs = reduced(images, training=True)
    assert outputs.dtype == reduced.compute_dtype
    expected = exact(tf.cast(images, tf.float32), training=True)
    np.testing.assert_allclose(tf.cast(outputs, tf.float32), expected, rtol=8e-3, atol=8e-3)
    for moving, value in zip(reduced.get_weights(), exact.get_weights(), strict=True):
        np.testing.assert_allclose(moving, value, rtol=1e-5)


def test_a_layer_that_is_not_trained_stays_as_it_is():
    layer = made(BatchNormalization)
    layer.trainable = False
    np.testing.assert_allclose(layer(IMAGES, training=True), layer(IMAGES), atol=1e-6)
    np.testing.assert_array_equal(layer.moving_mean, [3.0, 2.0, 1.0])


@pytest.mark.parametrize("options", [{"axis": 1}, {"scale": False}, {"center": False}])
def test_other_forms_are_keras_own(options):
    images = keras.random.normal((4, 3, 5, 3), mean=2.0, seed=4)
    ours, keras_own = BatchNormalization(**options), keras.layers.BatchNormalization(**options)
    np.testing.assert_allclose(
        ours(images, training=True), keras_own(images, training=True), atol=1e-6
    )


def test_vectors_are_normalised_too():
    layer = batch_normalization()
    vectors = keras.random.normal((50, 3), mean=4.0, seed=3)
    outputs = layer(vectors, training=True)
    np.testing.assert_allclose(np.mean(outputs, 0), np.zeros(3), atol=1e-5)
    assert type(layer) is BatchNormalization
