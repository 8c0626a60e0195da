"""What the latents that are not built into TensorFlow Probability have in common."""

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


class VectorDistribution(tfd.Distribution):
    """A distribution of vectors, without a batch shape and without gradients to its parameters.

    Subclasses define `__repr__`, which is `str` as well.

    Args:
      width: int. The length of the vectors.
      dtype: float dtype of the draws.
      parameters: dict. The arguments of the subclass.
      name: str. The name of the distribution.
    """

    def __init__(self, width: int, dtype, parameters: dict, name: str):
        self._width = width
        super().__init__(
            dtype=dtype,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=False,
            parameters=parameters,
            name=name,
        )

    def __str__(self) -> str:
        return repr(self)

    @classmethod
    def _parameter_properties(cls, dtype, num_classes=None):
        return {}

    def _event_shape(self):
        return tf.TensorShape([self._width])

    def _event_shape_tensor(self):
        return tf.constant([self._width], tf.int32)

    def _batch_shape(self):
        return tf.TensorShape([])
