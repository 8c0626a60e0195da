"""ReLU for critics, whose gradient is differentiated once more.

The slope of a ReLU does not change with its input. TensorFlow says so by zeros, which it then
multiplies by the kernels of all layers below. Here there is nothing to multiply, which saves a
gradient penalty two of six products of each layer, and a critic's update two of twelve.
"""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("qlatent_tf")
@tf.autograph.experimental.do_not_convert
def relu(x):
    """``max(x, 0)``, equal to Keras' ReLU in its value and in every derivative."""
    return _relu(x)


@keras.saving.register_keras_serializable("qlatent_tf")
@tf.autograph.experimental.do_not_convert
def leaky_relu(x):
    """``max(x, x / 5)``, equal to Keras' ``leaky_relu`` in its value and in every derivative."""
    return _leaky_relu(x)


@tf.custom_gradient
def _relu(x):
    value = tf.nn.relu(x)

    def gradient(upstream):
        return tf.where(value > 0, upstream, tf.zeros_like(upstream))

    return value, gradient


@tf.custom_gradient
def _leaky_relu(x):
    value = tf.nn.leaky_relu(x, 0.2)

    def gradient(upstream):
        return tf.where(value > 0, upstream, 0.2 * upstream)

    return value, gradient
