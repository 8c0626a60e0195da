"""Multi-layer perceptrons for vectors: the synthetic experiments."""

from qlatent_tf.checks import check_flag
from qlatent_tf.gan.shapes import check_sizes, check_widths, latent_width
from qlatent_tf.resolve import data_width

_SLOPE = 0.2


def mlp(
    latent,
    *,
    features=16,
    units=(512, 512),
    activation=None,
    invertible=False,
    critic_units=None,
    **wgan_options,
):
    """Builds a WGAN-GP of a generator and a critic with dense layers.

    Args:
      latent: tfd.Distribution, event shape ``[latent_size]``.
      features: int. The width of a sample; in a run, that of the data by default.
      units: sequence of int. The hidden layers' widths.
      activation: str. The hidden layers' activation: ``relu`` by default, ``leaky_relu`` in an
        invertible generator, which takes no other.
      invertible: bool. Whether the generator has an inverse, see `invertible_perceptron`.
      critic_units: sequence of int. The widths of the critic's hidden layers; `units` by default.
      **wgan_options: `gradient_penalty_weight`, `critic_steps` and `one_sided_penalty` of
        `WGANGP`.

    Returns:
      WGANGP over samples of shape ``[features]``.

    Raises:
      ValueError: if a width is no positive int, or the generator is to be invertible and its widths
        shrink or the activation is none that can be inverted.

    Reference:
      Wallner and Clements, Towards an inductive bias for quantum statistics in GANs, table 1.
    """
    from qlatent_tf.gan.wgan_gp import WGANGP

    critic_units = units if critic_units is None else critic_units
    check_widths(units=units, critic_units=critic_units)
    check_sizes(features=features)
    if not isinstance(activation, (str, type(None))):
        raise ValueError(f"activation is the name of one; received {activation!r}.")
    size = latent_width(latent)
    invertible = check_flag(invertible, "invertible")
    activation = activation or ("leaky_relu" if invertible else "relu")
    if not invertible:
        generator = perceptron(size, features, units, activation, name="generator")
    elif activation == "leaky_relu":
        generator = invertible_perceptron(size, features, units, name="generator")
    else:
        raise ValueError(f"An invertible generator has leaky_relu; received {activation!r}.")
    critic = perceptron(features, 1, critic_units, activation, name="critic")
    return WGANGP(latent, generator, critic, **wgan_options)


def _follow_data(config):
    width = data_width(config)
    return {} if width is None else {"features": width}


mlp.follows = _follow_data


def perceptron(inputs, outputs, units=(512, 512), activation="relu", name=None):
    """Returns a model of dense layers, ``(batch, inputs)`` -> ``(batch, outputs)``.

    Args:
      inputs, outputs: int. The widths.
      units: sequence of int. The hidden layers' widths.
      activation: str or callable, or None: a layer LeakyReLU of slope 0.2 behind each hidden one.
      name: str. The model's.
    """
    import keras
    from keras import layers

    from qlatent_tf.layers.relu import leaky_relu, relu

    activation = {"relu": relu, "leaky_relu": leaky_relu}.get(activation, activation)

    # === Functional Model ===
    vector = keras.Input((inputs,))
    hidden = vector
    for width in units:
        hidden = layers.Dense(width, activation=activation)(hidden)
        if activation is None:
            hidden = layers.LeakyReLU(negative_slope=_SLOPE)(hidden)
    # In single precision, whatever the hidden layers compute in: the outputs are what is judged.
    return keras.Model(vector, layers.Dense(outputs, dtype="float32")(hidden), name=name)


def invertible_perceptron(inputs, outputs, units, name=None):
    """Returns a perceptron with an inverse: no layer is narrower than the one before.

    Its random weights have full row rank with certainty; `qlatent_tf.models.invertible` checks
    that training has left it so, and inverts it.

    Args:
      inputs, outputs: int. The widths.
      units: sequence of int. The hidden layers' widths.
      name: str. The model's.

    Returns:
      keras.Model, ``(batch, inputs)`` -> ``(batch, outputs)``, with LeakyReLU behind each hidden
      layer.

    Raises:
      ValueError: if a layer is narrower than the one before.

    Reference:
      Bacarreza et al., Quantum latent distributions in deep generative models, arXiv 2508.19857,
      theorem 1.
    """
    widths = [inputs, *units, outputs]
    if widths != sorted(widths):
        raise ValueError(
            "An invertible generator has no layer narrower than the one before; received widths "
            f"{' -> '.join(map(str, widths))}, from the latent to the sample."
        )
    return perceptron(inputs, outputs, units, None, name)
