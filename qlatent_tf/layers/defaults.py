"""What layers have by default, whatever the user's Keras is set to."""

import contextlib
from collections.abc import Iterator

import keras


@contextlib.contextmanager
def keras_defaults(precision: str = "float32") -> Iterator[None]:
    """Layers that are made within compute in this precision, with channels last.

    Others keep theirs. Networks that judge samples are made so: their scores, which are compared
    and kept, may not depend on a global setting.

    Args:
      precision: str. A name of a dtype policy, such as ``mixed_bfloat16``.
    """
    policy, order = keras.config.dtype_policy(), keras.config.image_data_format()
    keras.config.set_dtype_policy(precision)
    keras.config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
        keras.config.set_image_data_format(order)
