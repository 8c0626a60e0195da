"""ReLU for critics, whose gradient is differentiated once more.

The slope of a ReLU does not change with its input. TensorFlow says so by zeros, which it then
multiplies by the kernels of all layers below. Here there is nothing to multiply, which saves a
gradient penalty two of six products of each layer, and a critic's update two of twelve.
"""

import keras
import tensorflow as tf

_SLOPE = 0.2


def _piecewise_linear(activation, below):
    """Returns the activation; its gradient passes above zero, and is `below` of it elsewhere."""

    @tf.autograph.experimental.do_not_convert
    @tf.custom_gradient
    def compute(x):
        value = activation(x)
        return value, lambda upstream: tf.where(value > 0, upstream, below(upstream))

    return compute


_relu = _piecewise_linear(tf.nn.relu, tf.zeros_like)
_leaky_relu = _piecewise_linear(
    lambda x: tf.nn.leaky_relu(x, _SLOPE), lambda upstream: _SLOPE * upstream
)


@keras.saving.register_keras_serializable("qlatent_tf")
def relu(x):
    """``max(x, 0)``, equal to Keras' ReLU in its value and in every derivative."""
    return _relu(x)


@keras.saving.register_keras_serializable("qlatent_tf")
def leaky_relu(x):
    """``max(x, x / 5)``, equal to Keras' ``leaky_relu`` in its value and in every derivative."""
    return _leaky_relu(x)
