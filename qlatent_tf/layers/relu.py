"""ReLU for critics, whose gradient is differentiated once more.

The slope of a ReLU does not change with its input. TensorFlow says so by zeros, which it then
multiplies by the kernels of all layers below. Here there is nothing to multiply, which saves a
gradient penalty two of six products of each layer, and a critic's update two of twelve.
"""

import keras
import tensorflow as tf

_SLOPE = 0.2


@keras.saving.register_keras_serializable("qlatent_tf")
def relu(x):
    """``max(x, 0)``, equal to Keras' ReLU in its value and in every derivative."""
    return _piecewise_linear(tf.nn.relu, tf.zeros_like, x)


@keras.saving.register_keras_serializable("qlatent_tf")
def leaky_relu(x):
    """``max(x, x / 5)``, equal to Keras' ``leaky_relu`` in its value and in every derivative."""
    return _piecewise_linear(
        lambda part: tf.nn.leaky_relu(part, _SLOPE), lambda upstream: _SLOPE * upstream, x
    )


@tf.autograph.experimental.do_not_convert
def _piecewise_linear(activation, below, x):
    """Returns activation(x); the gradient passes above zero, and is `below` of it elsewhere."""

    @tf.custom_gradient
    def compute(part):
        value = activation(part)
        return value, lambda upstream: tf.where(value > 0, upstream, below(upstream))

    return compute(x)
