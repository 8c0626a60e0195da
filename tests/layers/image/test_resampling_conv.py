import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from qlatent_tf.layers.image.resampling_conv import ConvMeanPool2D, UpsampleConv2D, mean_pool

PIXELS = np.random.default_rng(0).normal(size=(2, 6, 4, 3)).astype("float32")


def upsample_then_convolve(layer, images):
    images = layers.UpSampling2D(2)(images)
    return tf.nn.conv2d(images, layer.kernel, 1, "SAME") + layer.bias


def convolve_then_pool(layer, images):
    images = tf.nn.conv2d(images, layer.kernel, 1, "SAME") + layer.bias
    return layers.AveragePooling2D(2)(images)


FORMS = pytest.mark.parametrize(
    ("kind", "definition"),
    [(UpsampleConv2D, upsample_then_convolve), (ConvMeanPool2D, convolve_then_pool)],
)


def built(kind, **options):
    layer = kind(5, bias_initializer="random_normal", **options)
    layer.build((None, 6, 4, 3))
    return layer


@FORMS
def test_equals_its_definition(kind, definition):
    layer = built(kind)
    expected = definition(layer, PIXELS)
    np.testing.assert_allclose(layer(PIXELS), expected, atol=1e-5)
    assert layer.compute_output_shape(PIXELS.shape) == expected.shape
    layer.activation = keras.activations.relu
    np.testing.assert_allclose(layer(PIXELS), np.maximum(expected, 0), atol=1e-5)
    assert np.any(expected < -0.1)


@FORMS
def test_has_the_gradients_of_its_definition_also_the_second(kind, definition):
    # The gradient penalty differentiates the norm of a gradient by the weights.
    layer, found = built(kind), []
    for function in (layer, lambda images: definition(layer, images)):
        images = tf.constant(PIXELS)
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(images)
                score = tf.reduce_sum(tf.tanh(function(images)))
            slopes = inner.gradient(score, images)
            norm = tf.reduce_sum(slopes**2)
        found.append([slopes, *outer.gradient(norm, layer.trainable_variables)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@FORMS
def test_has_the_weights_of_a_convolution_and_serialises(kind, definition):
    layer = built(kind)
    assert layer.count_params() == 9 * 3 * 5 + 5
    clone = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(clone) is kind and clone.get_config() == layer.get_config()


@FORMS
@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 5},
        {"padding": "valid"},
        {"strides": 2},
        {"dilation_rate": 2},
        {"data_format": "channels_first"},
    ],
)
def test_other_forms_are_refused(kind, definition, options):
    with pytest.raises(ValueError, match="has a 3 x 3 kernel with padding 'same'"):
        kind(4, **options)


def test_pooling_takes_means_and_refuses_odd_sizes():
    np.testing.assert_allclose(mean_pool(PIXELS), layers.AveragePooling2D(2)(PIXELS), atol=1e-6)
    built = ConvMeanPool2D(2)
    built(PIXELS)
    for pool in (mean_pool, ConvMeanPool2D(2), built):
        with pytest.raises(ValueError, match="even heights and widths"):
            pool(PIXELS[:, :5])


@pytest.mark.parametrize("kind", [UpsampleConv2D, ConvMeanPool2D])
def test_images_of_no_known_size_are_refused(kind):
    with pytest.raises(ValueError, match="known height and width.*None"):
        kind(4)(keras.Input((None, None, 3)))
