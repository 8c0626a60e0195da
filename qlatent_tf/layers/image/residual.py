"""The residual blocks of Gulrajani et al. for images, as functions of symbolic tensors.

Two forms here are others than in the paper and equal to them: a 1 x 1 convolution commutes with
upsampling and with pooling, so shortcuts are computed on the smaller image, and so are the 3 x 3
convolutions beside them, see `resampling_conv`.

Reference:
  Gulrajani et al., Improved training of Wasserstein GANs, arXiv 1704.00028, appendix F.
"""

import keras
from keras import layers, ops

from qlatent_tf.layers.image.batch_norm import batch_normalization
from qlatent_tf.layers.image.resampling_conv import ConvMeanPool2D, UpsampleConv2D, mean_pool
from qlatent_tf.layers.relu import relu


def up_block(images, filters):
    """Doubles the resolution: normalise, ReLU, upsample, convolve, normalise, ReLU, convolve.

    ``(batch, height, width, channels)`` -> ``(batch, 2 * height, 2 * width, filters)``.
    """
    hidden = UpsampleConv2D(filters, kernel_initializer=he())(normalised(images))
    hidden = conv(filters)(normalised(hidden))
    doubled = layers.UpSampling2D(2, data_format="channels_last")
    return layers.add([hidden, doubled(_shortcut(filters)(images))])


def first_block(images, filters):
    """Halves the resolution of images as they come: convolve, ReLU, convolve, pool.

    No activation goes before the first convolution, for these are pixels.
    """
    hidden = rectified(conv(filters)(images))
    hidden = ConvMeanPool2D(filters, kernel_initializer=he())(hidden)
    return layers.add([hidden, _shortcut(filters)(mean_pool(images))])


def down_block(images, filters):
    """Halves the resolution: ReLU, convolve, ReLU, convolve, pool."""
    hidden = conv(images.shape[-1])(rectified_sum(images))
    hidden = ConvMeanPool2D(filters, kernel_initializer=he())(rectified(hidden))
    return layers.add([hidden, _shortcut(filters)(mean_pool(images))])


def plain_block(images):
    """Keeps resolution and channels: ReLU, convolve, ReLU, convolve; the shortcut is the input."""
    filters = images.shape[-1]
    hidden = conv(filters)(rectified_sum(images))
    return layers.add([conv(filters)(rectified(hidden)), images])


def normalised(images):
    """Batch normalisation with moving averages, then ReLU."""
    return layers.ReLU()(batch_normalization(epsilon=1e-5)(images))


def rectified(images):
    """The ReLU of what a convolution made, in a critic."""
    return layers.Activation(relu)(images)


def rectified_sum(images):
    """The ReLU of what a block made.

    As a maximum, for where a ReLU follows a sum, TensorFlow's graph optimizer fuses the two, then
    misses the sum in the next block, says so, and leaves the whole graph as it was.
    """
    return ops.maximum(images, 0.0)


def conv(filters, size=3, initializer=None):
    """Returns a convolution layer, by default with the initial weights of the paper's code."""
    return layers.Conv2D(
        filters,
        size,
        padding="same",
        data_format="channels_last",
        kernel_initializer=initializer or he(),
    )


def _shortcut(filters):
    return conv(filters, 1, "glorot_uniform")


def he():
    """Returns the initializer for what a ReLU follows: twice Glorot's variance, uniform.

    A new one each time: an initializer draws the same weights again for the same shape.
    """
    return keras.initializers.VarianceScaling(2.0, "fan_avg", "uniform")
