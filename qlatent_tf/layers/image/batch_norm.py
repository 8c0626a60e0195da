"""Batch normalisation of the whole batch, also where several devices share it, by a fast kernel."""

import keras
import tensorflow as tf
from keras import layers


def batch_normalization(momentum=0.99, epsilon=1e-3) -> layers.BatchNormalization:
    """Returns a layer whose statistics are those of all replicas' rows.

    It is built under the strategy that it is trained under: on one device `BatchNormalization`,
    on several Keras' own, which takes the variance in another way there.

    Args:
      momentum: float. What the moving averages keep of their value at each step.
      epsilon: float. Added to the variance.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if replicas > 1:
        return layers.BatchNormalization(momentum=momentum, epsilon=epsilon, synchronized=True)
    return BatchNormalization(momentum=momentum, epsilon=epsilon)


# It is called as Keras' is, for its name is a part of the names in files of weights.
@keras.saving.register_keras_serializable(package="qlatent_tf")
class BatchNormalization(layers.BatchNormalization):
    """Keras' layer, by TensorFlow's fused kernel where images are normalised by their batch.

    The same function: Keras makes ten operations of it, each of which goes through the images
    once. The arguments are those of Keras; the kernel is for the default form, with a scale and an
    offset, over the last axis, of one device's batch of less than double precision.
    """

    def call(self, inputs, training=None, mask=None):
        # Earlier versions of Keras have no `renorm`.
        other = self.synchronized or getattr(self, "renorm", False)
        default = self.scale and self.center and not other
        images = len(inputs.shape) == 4 and self.axis in (-1, 3) and inputs.dtype != "float64"
        if not (training and self.trainable and mask is None and default and images):
            return super().call(inputs, training=training, mask=mask)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel returns the unbiased variance, Keras averages that of the batch itself.
        count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:-1]), tf.float32)
        self._average(self.moving_mean, mean)
        self._average(self.moving_variance, variance * (count - 1.0) / count)
        return outputs

    def _average(self, average, value):
        average.assign(average * self.momentum + value * (1.0 - self.momentum))
