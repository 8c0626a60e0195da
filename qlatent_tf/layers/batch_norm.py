"""Batch normalisation of the whole batch, also where several devices share it."""

import tensorflow as tf
from keras import layers


def batch_normalization(**options) -> layers.BatchNormalization:
    """Returns a layer whose statistics are those of all replicas' rows.

    It is built under the strategy that it is trained under. On one device it is Keras' own by
    default, which takes the variance in another way: the mean of squared deviations.

    Args:
      **options: of `keras.layers.BatchNormalization`.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    return layers.BatchNormalization(synchronized=replicas > 1, **options)
