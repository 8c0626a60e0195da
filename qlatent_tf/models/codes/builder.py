"""Builds the GAN over codes of images, and the autoencoder that makes them."""

from absl import logging

from qlatent_tf.gan.shapes import check_sizes, check_widths, latent_width
from qlatent_tf.layers.circuit.ansatz import READOUTS
from qlatent_tf.models.codes.presets import autoencoder_options
from qlatent_tf.resolve import image_shape
from qlatent_tf.text.names import check_choice

GENERATORS = ("quantum", "classical")


def last_qgan(
    latent,
    *,
    generator="quantum",
    image=(28, 28, 4),
    qubits=10,
    circuit_layers=2,
    ansatz="bel",
    style="scalar",
    readout="xz",
    initial_range=0.15,
    shots=None,
    depolarizing=0.0,
    trajectories=None,
    shot_seed=0,
    width=128,
    critic_width=512,
    filters=(64, 128),
    hidden=1024,
    autoencoder=None,
    autoencoder_steps=10_000,
    **wgan_options,
):
    """Builds a GAN over the codes that an autoencoder makes of images.

    The code is as wide as the circuit's readout, `qubits` or twice as many, for the classical
    generator too, so that the two configurations differ in one word.

    Args:
      latent: tfd.Distribution, event shape ``[latent_size]``. The noise of the style.
      generator: str. ``quantum``, a `StyleCircuit`, or ``classical``, a perceptron.
      image: (height, width, bands) of the images, or None: the data are codes already, and there
        is no autoencoder.
      circuit options: `qubits`, `circuit_layers`, `ansatz`, `style`, `readout`, `initial_range`,
        `shots`, `depolarizing`, `trajectories` and `shot_seed` of the circuit, see `StyleCircuit`.
      width: int. Of the classical generator's first hidden layer; the others have twice, four
        and eight times as much.
      critic_width: int. Of the critic's first hidden layer; the second has half as much.
      filters, hidden: of the autoencoder, see there. In a run, they and `image` are by default
        those of the preset that `autoencoder` names.
      autoencoder: str or None. A preset to take the autoencoder from; None to train one first, in
        the run's directory.
      autoencoder_steps: int. The steps for which it is trained.
      **wgan_options: `gradient_penalty_weight`, `critic_steps` and `one_sided_penalty` of
        `WGANGP`.

    Returns:
      LaStQGAN of uint8 images; or a CodeGAN where `image` is None.

    Raises:
      ValueError: if an option is none of those that are legal.

    References:
      Chang et al., Latent style-based quantum GAN for high-quality image generation, arXiv
      2406.02668. The classical generator and the critic are those of Baglio et al.
    """
    from qlatent_tf.models.codes.coder_networks import image_decoder, image_encoder
    from qlatent_tf.models.codes.model import (
        CodeGAN,
        LaStQGAN,
        classical_generator,
        code_critic,
        quantum_generator,
    )

    check_choice("generator", generator, GENERATORS)
    check_choice("readout", readout, READOUTS)
    check_sizes(
        qubits=qubits,
        circuit_layers=circuit_layers,
        width=width,
        critic_width=critic_width,
        hidden=hidden,
        autoencoder_steps=autoencoder_steps,
    )
    code = qubits * READOUTS[readout]
    size = latent_width(latent)
    noise = dict(depolarizing=depolarizing, trajectories=trajectories, shots=shots)
    if generator == "quantum":
        circuit = dict(ansatz=ansatz, style=style, readout=readout, initial_range=initial_range)
        network = quantum_generator(
            size, qubits, circuit_layers, **circuit, **noise, shot_seed=shot_seed
        )
    else:
        asked = [f"{name}={value!r}" for name, value in noise.items() if value]
        if asked:
            logging.warning(
                "A classical generator has no shots or errors of a circuit: without effect are %s.",
                ", ".join(asked),
            )
        network = classical_generator(size, code, width)
    critic = code_critic(code, critic_width)
    if image is None:
        return CodeGAN(latent, network, critic, **wgan_options)
    check_widths(image=image, filters=filters)
    sizes = (image, code, filters, hidden)
    coder = {"image": list(image), "filters": list(filters), "hidden": hidden}
    return LaStQGAN(
        latent,
        network,
        critic,
        image_encoder(*sizes),
        image_decoder(*sizes),
        pretrained=autoencoder or {"steps": autoencoder_steps, "model_options": coder},
        **wgan_options,
    )


def _follow_autoencoder(config):
    """The sizes that the preset of an autoencoder says, unless the configuration says all."""
    preset, sizes = config.model_options.get("autoencoder"), ("image", "filters", "hidden")
    if preset is None:
        return _follow_images(config)
    if set(sizes) <= set(config.model_options):
        return {}
    of_preset = autoencoder_options(preset)
    return {name: of_preset[name] for name in sizes if name in of_preset}


def _follow_images(config):
    """The shape of the data's images, where it is known."""
    shape = image_shape(config)
    return {} if shape is None else {"image": list(shape)}


last_qgan.follows = _follow_autoencoder


def autoencoder(latent, *, image=(28, 28, 4), filters=(64, 128), hidden=1024):
    """Builds a convolutional autoencoder whose code is as wide as the latent.

    Args:
      latent: tfd.Distribution, event shape ``[code_size]``. Training does not see it: codes drawn
        from it, through tanh, are what `sample` decodes.
      image: (height, width, bands) of the images.
      filters: sequence of int. Channels of the encoder's convolutions, each of which halves the
        image; the decoder mirrors them.
      hidden: int. Width of the dense layer before the code, and of the one behind it.

    Returns:
      Autoencoder of uint8 images of shape ``image``.

    Raises:
      ValueError: if a size is none, or the image cannot be halved so often.

    Reference:
      Chang et al., Latent style-based quantum GAN for high-quality image generation, arXiv
      2406.02668; the default sizes are those of one public version.
    """
    from qlatent_tf.models.codes.autoencoder import Autoencoder
    from qlatent_tf.models.codes.coder_networks import image_decoder, image_encoder

    check_widths(image=image, filters=filters)
    check_sizes(hidden=hidden)
    sizes = (image, latent_width(latent), filters, hidden)
    return Autoencoder(latent, image_decoder(*sizes), image_encoder(*sizes))


autoencoder.follows = _follow_images
