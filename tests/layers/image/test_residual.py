"""The blocks beside the order of operations that the paper draws, with the same weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from qlatent_tf.layers.image import residual

PIXELS = np.random.default_rng(0).normal(size=(3, 4, 4, 6)).astype("float32")


def block_model(block, *filters):
    keras.utils.set_random_seed(0)
    images = keras.Input(PIXELS.shape[1:])
    model = keras.Model(images, block(images, *filters))
    model.set_weights(
        [
            weight + np.random.default_rng(1).normal(size=weight.shape, scale=0.1) ** 2
            for weight in model.get_weights()
        ]
    )
    return model


def convolve(images, layer):
    return tf.nn.conv2d(images, layer.kernel, 1, "SAME") + layer.bias


def of_kind(model, *kinds):
    return [layer for layer in model.layers if isinstance(layer, kinds)]


def test_an_up_block_is_drawn_as_in_the_paper():
    model = block_model(residual.up_block, 5)
    convolutions = of_kind(model, layers.Conv2D)
    shortcut = next(layer for layer in convolutions if layer.kernel_size == (1, 1))
    first, second = (layer for layer in convolutions if layer is not shortcut)
    one, two = of_kind(model, layers.BatchNormalization)
    upsample = layers.UpSampling2D(2)
    hidden = convolve(upsample(tf.nn.relu(one(PIXELS))), first)
    hidden = convolve(tf.nn.relu(two(hidden)), second)
    expected = hidden + convolve(upsample(PIXELS), shortcut)
    np.testing.assert_allclose(model(PIXELS), expected, atol=1e-5)
    assert model.output_shape == (None, 8, 8, 5)


@pytest.mark.parametrize("block", [residual.first_block, residual.down_block])
def test_a_down_block_is_drawn_as_in_the_paper(block):
    model = block_model(block, 5)
    convolutions = of_kind(model, layers.Conv2D)
    shortcut = next(layer for layer in convolutions if layer.kernel_size == (1, 1))
    first, second = (layer for layer in convolutions if layer is not shortcut)
    # Pixels, which the first block sees, are not cut at 0.
    start = PIXELS if block is residual.first_block else tf.nn.relu(PIXELS)
    hidden = convolve(tf.nn.relu(convolve(start, first)), second)
    expected = layers.AveragePooling2D(2)(hidden + convolve(PIXELS, shortcut))
    np.testing.assert_allclose(model(PIXELS), expected, atol=1e-5)


def test_a_plain_block_adds_to_its_input():
    model = block_model(residual.plain_block)
    first, second = of_kind(model, layers.Conv2D)
    hidden = convolve(tf.nn.relu(convolve(tf.nn.relu(PIXELS), first)), second)
    np.testing.assert_allclose(model(PIXELS), PIXELS + hidden, atol=1e-5)


@pytest.mark.parametrize(
    "block",
    [
        residual.up_block,
        residual.first_block,
        residual.down_block,
        lambda images, filters: residual.plain_block(images),
    ],
)
def test_convolutions_begin_with_twice_glorots_variance_and_shortcuts_with_glorots(block):
    keras.utils.set_random_seed(0)
    images = keras.Input((4, 4, 128))
    model = keras.Model(images, block(images, 128))
    kernels = [layer.kernel.numpy() for layer in of_kind(model, layers.Conv2D)]
    large = [kernel for kernel in kernels if len(kernel) == 3]
    assert len(large) == 2 and not np.array_equal(*large)
    for kernel in kernels:
        (width, _, inputs, outputs), factor = kernel.shape, 2 if len(kernel) == 3 else 1
        limit = np.sqrt(6 * factor / (width**2 * (inputs + outputs)))
        assert np.abs(kernel).max() <= limit
        # The relative variance of a sample variance of n uniform numbers is 0.8 / n.
        tolerance = 4 * np.sqrt(0.8 / kernel.size)
        np.testing.assert_allclose(kernel.var(), limit**2 / 3, rtol=tolerance)
