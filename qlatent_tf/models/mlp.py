"""Multi-layer perceptrons for vectors: the synthetic experiments."""

import keras
from keras import layers

from qlatent_tf.registry import models
from qlatent_tf.wgan_gp import WGANGP


@models.register("mlp")
def mlp(latent, *, features=16, units=(512, 512), activation="relu", **wgan_options):
    """Builds a WGAN-GP whose generator and critic have the same hidden layers.

    Args:
      latent: tfd.Distribution, event shape ``[latent_size]``.
      features: int. The width of a sample.
      units: sequence of int. The hidden layers' widths.
      activation: str. The hidden layers' activation.
      **wgan_options: `gradient_penalty_weight` and `critic_steps` of `WGANGP`.

    Returns:
      WGANGP over samples of shape ``[features]``.

    Reference:
      Wallner and Clements, Towards an inductive bias for quantum statistics in GANs, table 1.
    """
    return WGANGP(
        latent,
        perceptron(latent.event_shape[0], features, units, activation, name="generator"),
        perceptron(features, 1, units, activation, name="critic"),
        **wgan_options,
    )


def perceptron(inputs, outputs, units=(512, 512), activation="relu", name=None):
    """Returns a model of dense layers, ``(batch, inputs)`` -> ``(batch, outputs)``."""
    # === Functional Model ===
    vector = keras.Input((inputs,))
    hidden = vector
    for width in units:
        hidden = layers.Dense(width, activation=activation)(hidden)
    return keras.Model(vector, layers.Dense(outputs)(hidden), name=name)
