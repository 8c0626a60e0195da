"""What Keras has to be told to read a network that it saved."""

import inspect
from typing import Any

import keras

from qlatent_tf import layers
from qlatent_tf.layers.relu import leaky_relu, relu


def custom_objects() -> dict[str, Any]:
    """Returns our layers and activations by the names under which Keras saves them.

    Keras reads a saved network with them where no such network has been built before.

    Example:
      >>> model.generator.save("generator.keras")
      >>> ours = qlatent_tf.layers.custom_objects()
      >>> generator = keras.models.load_model("generator.keras", custom_objects=ours)
    """
    public = [getattr(layers, name) for name in layers.__all__]
    ours = [relu, leaky_relu, *filter(inspect.isclass, public)]
    return {keras.saving.get_registered_name(one): one for one in ours}
