"""The latent style-based quantum GAN: a circuit generates codes, a decoder makes images of them."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from qlatent_tf.configs.autoencoder import get_config
from qlatent_tf.drawing.images import draw_images
from qlatent_tf.gan.compiled import compiled
from qlatent_tf.gan.wgan_gp import WGANGP
from qlatent_tf.layers.circuit.ansatz import READOUTS
from qlatent_tf.layers.image.batch_norm import batch_normalization
from qlatent_tf.models.codes.autoencoder import Autoencoder
from qlatent_tf.models.codes.image_codes import (
    alternate,
    batch_map,
    check_shape,
    codes_of,
    features_of,
    held_out,
    reconstruction_rows,
    reconstruction_scores,
    to_pixels,
    to_unit,
)
from qlatent_tf.models.codes.presets import autoencoder_options
from qlatent_tf.models.perceptrons import perceptron
from qlatent_tf.scores import measured
from qlatent_tf.seeds import some_rows

_SLOPE = 0.2
_MOMENTUM = 0.9
# Real images whose features are compared with; a covariance of so many is settled.
_REFERENCE = 10_000


def quantum_generator(latent_size, qubits, circuit_layers, **circuit_options):
    """Returns a `StyleCircuit` as a model, ``(batch, latent_size)`` -> codes in [-1, 1].

    Args:
      latent_size: int. The latent's width.
      qubits: int. The circuit's, which with its readout decide the code's width.
      circuit_layers: int. `layers` of the circuit.
      **circuit_options: the other arguments of `StyleCircuit`.

    Raises:
      ValueError: as `StyleCircuit`.
    """
    # Imported here, for a classical generator needs no simulator of circuits.
    from qlatent_tf.layers.circuit.style_circuit import StyleCircuit

    # === Functional Model ===
    noise = keras.Input((latent_size,))
    # It computes in single precision at least, and its features are judged as they are.
    circuit = StyleCircuit(
        qubits, circuit_layers, name="circuit", dtype="float32", **circuit_options
    )
    return keras.Model(noise, circuit(noise), name="generator")


def classical_generator(latent_size, code, width=128):
    """Returns a perceptron of widths w, 2w, 4w, 8w, ``(batch, latent_size)`` -> codes in [-1, 1].

    All hidden layers but the first have batch normalisation. 705,162 trainable parameters at width
    128 with latents and codes of 10, as published. The tanh at its end, which has none, is ours.

    Args:
      latent_size: int. The latent's width.
      code: int. The code's width.
      width: int. Of the first hidden layer.
    """
    # === Functional Model ===
    noise = keras.Input((latent_size,))
    x = layers.LeakyReLU(negative_slope=_SLOPE)(layers.Dense(width)(noise))
    for factor in (2, 4, 8):
        x = batch_normalization(momentum=_MOMENTUM)(layers.Dense(factor * width)(x))
        x = layers.LeakyReLU(negative_slope=_SLOPE)(x)
    last = layers.Dense(code, activation="tanh", dtype="float32")
    return keras.Model(noise, last(x), name="generator")


def code_critic(code, width=512):
    """Returns a perceptron of widths w and w / 2, codes -> ``(batch, 1)``.

    Args:
      code: int. The code's width.
      width: int. Of the first hidden layer.
    """
    return perceptron(code, 1, (width, max(width // 2, 1)), None, "critic")


class CodeGAN(WGANGP):
    """WGAN-GP over codes, float vectors in [-1, 1], that knows how far it is from real ones."""

    def own_scores(self, dataset, num_samples, seed):
        """Returns distances between real and generated codes, and how the game stands.

        Args:
          dataset: Dataset. Its `source` is what `precompute` takes.
          num_samples: int. Codes that are generated, and real ones that the critic judges, if
            there are so many.
          seed: int. Chooses the latents.

        Returns:
          list of Score. What `code_scores` returns, and of the critic D ``critic_distance``,
          E D(real) - E D(generated), which a critic whose slope is 1 keeps below the distance of
          two codes, and ``critic_slope``, the mean norm of its gradient halfway between them.
        """
        # Imported here, for metrics load much that sampling does not need.
        from qlatent_tf.metrics.vectors.codes import code_scores

        real = self.precompute(dataset.source)
        if hasattr(real, "sample"):
            real = np.asarray(real.sample(num_samples, seed=(0, 0)))
        codes = self.generated_codes(num_samples, seed)
        judged = min(len(real), num_samples)
        rows = np.linspace(0, len(real) - 1, judged).astype(int)
        judge = compiled(self, "judge", lambda: self._judged)
        distance, slope = judge(real[rows], codes[:judged])
        return [
            *code_scores(real, codes, dataset.name),
            *measured(
                {"critic_distance": distance, "critic_slope": slope},
                reference=dataset.name,
                reference_size=judged,
                num_samples=num_samples,
            ),
        ]

    def generated_codes(self, num_samples, seed):
        """Returns the codes of what `sample` returns, ``(num_samples, code)``."""
        weights = self.averages()
        generate = compiled(self, "codes", lambda: self.outputs_of)
        latents = self.sample_latents(num_samples, seed)
        return batch_map(lambda latent: generate(latent, weights), latents)

    def _judged(self, real, generated):
        halfway = ops.convert_to_tensor((real + generated) / 2)
        with tf.GradientTape() as tape:
            tape.watch(halfway)
            total = ops.sum(self.critic(halfway))
        slopes = ops.norm(tape.gradient(total, halfway), axis=1)
        return ops.mean(self.critic(real)) - ops.mean(self.critic(generated)), ops.mean(slopes)


class LaStQGAN(CodeGAN):
    """WGAN-GP over the codes of images.

    The autoencoder is trained first and then left alone. Real images become codes once, by
    `precompute`; `encode` takes images as well as such codes.

    Args:
      latent, generator, critic: as `WGANGP`, over codes.
      encoder: keras.Model. Images in [0, 1] -> codes.
      decoder: keras.Model. Codes -> images in [0, 1].
      pretrained: str or dict. The preset of an autoencoder, or the ``steps`` and the
        ``model_options`` of the one to train.
      **kwargs: as `WGANGP`.
    """

    def __init__(self, latent, generator, critic, encoder, decoder, pretrained, **kwargs):
        super().__init__(latent, generator, critic, **kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self._pretrained = pretrained
        self._coded = None  # The last images that became codes, and their codes.
        self._compared = None  # The last images, and what evaluations compare with of them.

    def pretraining(self, config):
        """Returns the configuration of the autoencoder's training, or the name of its preset.

        Raises:
          FileNotFoundError, ValueError: if what is named is no autoencoder's preset.
        """
        if not isinstance(self._pretrained, dict):
            autoencoder_options(self._pretrained)
            return self._pretrained
        return dataclasses.replace(
            get_config("gaussian"),
            latent_options={"modes": self.encoder.output_shape[-1]},
            model_options=dict(self._pretrained["model_options"]),
            steps=self._pretrained["steps"],
            dataset=config.dataset,
            dataset_options=config.dataset_options,
            seed=config.seed,
        )

    def checkpoint_parts(self):
        """Returns what training changes, and the autoencoder: a checkpoint is whole by itself."""
        return {**super().checkpoint_parts(), "encoder": self.encoder, "decoder": self.decoder}

    def adopt(self, trained):
        """Takes over the weights of a trained `Autoencoder`.

        Raises:
          ValueError: if it is none, or its codes or sizes are others.
        """
        if not isinstance(trained, Autoencoder):
            raise ValueError(f"An autoencoder is needed; received a {type(trained).__name__}.")
        code, known = (part.encoder.output_shape[-1] for part in (self, trained))
        if code != known:
            ways = (
                f"model_options.qubits={known // features} with readout={readout}"
                for readout, features in READOUTS.items()
                if known % features == 0
            )
            raise ValueError(
                f"The trained autoencoder's codes are {known} wide; this model's are {code}. Set "
                f"{', or '.join(ways)}."
            )
        for mine, other in ((self.encoder, trained.encoder), (self.decoder, trained.decoder)):
            shapes, found = ([tuple(w.shape) for w in part.weights] for part in (mine, other))
            here, there = (
                f"{part.input_shape[1:]} -> {part.output_shape[1:]} by weights {sizes}"
                for part, sizes in ((mine, shapes), (other, found))
            )
            if here != there:
                raise ValueError(
                    f"The {mine.name} differs from that of the trained autoencoder: {here}; the "
                    f"trained one is {there}. Give the same image, filters and hidden."
                )
            mine.set_weights(other.get_weights())
        self._coded = self._compared = None

    def precompute(self, real):
        """Returns the codes of uint8 images, float32 ``(count, code)``."""
        if self._coded is None or self._coded[0] is not real:
            self._coded = real, codes_of(self.encoder, real)
        return self._coded[1]

    def encode(self, samples, seed):
        """Maps uint8 images to codes; leaves codes as they are."""
        code, image = self.encoder.output_shape[-1], self.encoder.input_shape[1:]
        if samples.shape[-1] == code and samples.dtype.is_floating:
            return tf.cast(samples, tf.float32)
        check_shape(self.encoder, samples.shape[-3:])
        codes = self.encoder(to_unit(tf.reshape(samples, (-1, *image))))
        return tf.reshape(codes, (*samples.shape[:-3], code))

    def decode(self, outputs):
        """Maps codes to uint8 images."""
        given, taken = tuple(np.shape(outputs)[1:]), self.decoder.input_shape[1:]
        if given != taken:
            raise ValueError(f"The codes have the shape {given}; the decoder takes {taken}.")
        return to_pixels(self.decoder(outputs))

    def own_scores(self, dataset, num_samples, seed):
        """Returns the scores of codes, and what the autoencoder makes of real and generated images.

        Returns:
          list of Score. What `CodeGAN.own_scores` returns of the codes of the data set's images;
          ``encoder_frechet_<width>``, the squared Frechet distance of the encoder's dense
          features; precision, recall, density and coverage by the same features; and the
          reconstruction's scores.
        """
        from qlatent_tf.metrics.frechet import frechet_distance, known_moments
        from qlatent_tf.metrics.neighbours import neighbour_scores

        if self._compared is None or self._compared[0] is not dataset.source:
            # The autoencoder does not change: once for all evaluations.
            check_shape(self.encoder, np.shape(dataset.source)[1:])
            reference = some_rows(dataset.source, _REFERENCE)
            real = features_of(self.encoder, reference)
            rebuilt = reconstruction_scores(self.encoder, self.decoder, *held_out(dataset))
            self._compared = dataset.source, real, known_moments(real), rebuilt
        _, real, moments, rebuilt = self._compared
        decode = compiled(self, "decode", lambda: self.decode)
        images = batch_map(decode, self.generated_codes(num_samples, seed))
        generated = features_of(self.encoder, images)
        distance = frechet_distance(moments, known_moments(generated))
        encoder = f"encoder_{real.shape[1]}"
        return [
            *super().own_scores(dataset, num_samples, seed),
            *measured(
                {f"encoder_frechet_{real.shape[1]}": distance},
                reference=dataset.name,
                reference_size=len(real),
                num_samples=num_samples,
            ),
            *neighbour_scores(dataset, real, generated, num_samples, encoder),
            *rebuilt,
        ]

    def pictures(self, dataset):
        """Returns ``reconstructions`` of images, and ``real_over_generated``: rows of both."""
        images, _ = held_out(dataset)
        rebuilt, columns = reconstruction_rows(self.encoder, self.decoder, images)
        generated = self.sample(len(rebuilt) // 2, seed=0)
        return {
            "reconstructions": draw_images(rebuilt, columns, ("image", "rebuilt")),
            "real_over_generated": draw_images(
                alternate(images[: len(generated)], generated, columns),
                columns,
                ("real", "generated"),
            ),
        }
