"""Convolutions that change the resolution, done where the image is small.

Nearest upsampling repeats pixels and mean pooling adds them, so that several taps of the 3 x 3
kernel beside them meet one number. Added up first, the taps make a 2 x 2 kernel for each of four
phases: the same weights, the same function, 4 products where there were 9.
"""

import keras
import numpy as np
from keras import layers, ops

# With taps k0, k1, k2 and a window of two neighbours (x[j-1], x[j]), along one axis: [phase][tap of
# the window][tap of the kernel]. Upsampled pixel 2j - 1 is the first phase, 2j the second.
_UP = np.array([[[1, 1, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 1]]], np.float32)
# Along one axis, the mean of outputs 2i and 2i + 1 sees pixels 2i - 1 to 2i + 2, which are two
# neighbours of two phases each: [tap of the window][phase][tap of the kernel].
_DOWN = np.array([[[1, 0, 0], [1, 1, 0]], [[0, 1, 1], [0, 0, 1]]], np.float32) / 2

# Whatever the user's keras.json says.
_LAST = "channels_last"


class _ResamplingConv2D(layers.Conv2D):
    """A 3 x 3 convolution with zero padding that is done in another form."""

    def __init__(self, filters, kernel_size=3, padding="same", data_format=_LAST, **kwargs):
        super().__init__(filters, kernel_size, padding=padding, data_format=data_format, **kwargs)
        form = (
            self.kernel_size,
            self.padding,
            self.strides,
            self.dilation_rate,
            self.groups,
            self.data_format,
        )
        if form != ((3, 3), "same", (1, 1), (1, 1), 1, _LAST):
            raise ValueError(
                f"{type(self).__name__} has a 3 x 3 kernel with padding 'same', no strides, "
                "dilation or groups, and channels last; received kernel_size, padding, strides, "
                f"dilation_rate, groups, data_format = {form}."
            )

    def _finish(self, outputs):
        if self.use_bias:
            outputs = outputs + self.bias
        return outputs if self.activation is None else self.activation(outputs)


@keras.saving.register_keras_serializable(package="qlatent_tf")
class UpsampleConv2D(_ResamplingConv2D):
    """Nearest upsampling by 2, then a 3 x 3 convolution, in one convolution of the small image.

    Equal to ``Conv2D(filters, 3, padding="same")(UpSampling2D(2)(images))``.

    Input shape:
      ``(batch, height, width, channels)``; height and width are known.

    Output shape:
      ``(batch, 2 * height, 2 * width, filters)``.

    Args:
      filters: int. Channels of the output.
      Others: as `keras.layers.Conv2D`.

    Raises:
      ValueError: if the kernel is not 3 x 3 with padding "same", or height or width are not known.
    """

    def build(self, input_shape):
        _check_known(input_shape)
        super().build(input_shape)

    def call(self, inputs):
        _, height, width, channels = inputs.shape
        taps = ops.cast(_UP, self.compute_dtype)
        kernel = ops.einsum("pai,qbj,ijcf->abcpqf", taps, taps, self.kernel)
        kernel = ops.reshape(kernel, (2, 2, channels, 4 * self.filters))
        windows = ops.conv(_with_border(inputs), kernel, padding="valid", data_format=_LAST)
        phases = ops.reshape(windows, (-1, height + 1, width + 1, 2, 2, self.filters))
        shape = (-1, 2 * height + 2, 2 * width + 2, self.filters)
        pixels = ops.reshape(ops.transpose(phases, (0, 1, 3, 2, 4, 5)), shape)
        # Not pixels[:, 1:-1, 1:-1], whose gradient takes ten times as long.
        size = (ops.shape(pixels)[0], 2 * height, 2 * width, self.filters)
        return self._finish(ops.slice(pixels, (0, 1, 1, 0), size))

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, 2 * height, 2 * width, self.filters)


@keras.saving.register_keras_serializable(package="qlatent_tf")
class ConvMeanPool2D(_ResamplingConv2D):
    """A 3 x 3 convolution, then the mean of 2 x 2 pixels, in one convolution of the small image.

    Equal to ``AveragePooling2D(2)(Conv2D(filters, 3, padding="same")(images))``.

    Input shape:
      ``(batch, height, width, channels)``; height and width are known and even.

    Output shape:
      ``(batch, height / 2, width / 2, filters)``.

    Args:
      filters: int. Channels of the output.
      Others: as `keras.layers.Conv2D`; the activation follows the mean.

    Raises:
      ValueError: if the kernel is not 3 x 3 with padding "same", or height or width are not known
        or odd.
    """

    def call(self, inputs):
        check_even(inputs.shape)
        _, height, width, channels = inputs.shape
        taps = ops.cast(_DOWN, self.compute_dtype)
        kernel = ops.einsum("asi,btj,ijcf->abstcf", taps, taps, self.kernel)
        kernel = ops.reshape(kernel, (2, 2, 4 * channels, self.filters))
        # The border makes pixels 2i - 1 and 2i one block.
        shape = (-1, height // 2 + 1, 2, width // 2 + 1, 2, channels)
        blocks = ops.transpose(ops.reshape(_with_border(inputs), shape), (0, 1, 3, 2, 4, 5))
        blocks = ops.reshape(blocks, (-1, height // 2 + 1, width // 2 + 1, 4 * channels))
        return self._finish(ops.conv(blocks, kernel, padding="valid", data_format=_LAST))

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        check_even(input_shape)
        return (batch, height // 2, width // 2, self.filters)


def mean_pool(images):
    """Returns the means of 2 x 2 pixels, ``(batch, height / 2, width / 2, channels)``."""
    check_even(images.shape)
    return ops.average_pool(images, 2, data_format=_LAST)


def check_even(shape):
    """Refuses images whose height or width is odd, or not known.

    Raises:
      ValueError: naming the shape.
    """
    _check_known(shape)
    if shape[1] % 2 or shape[2] % 2:
        raise ValueError(f"Pooling by 2 takes even heights and widths; received shape {shape}.")


def _check_known(shape):
    if None in tuple(shape)[1:3]:
        raise ValueError(
            f"Images have a known height and width, such as (32, 32, 3); received {shape}."
        )


def _with_border(images):
    return ops.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
