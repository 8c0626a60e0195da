"""An autoencoder of images, which is trained, kept and sampled in runs and presets as GANs are."""

import numpy as np
import tensorflow as tf
from keras import ops

from qlatent_tf.drawing.images import draw_images
from qlatent_tf.gan.batches import step_batches
from qlatent_tf.gan.latent_generator import LatentGenerator
from qlatent_tf.gan.optimizers import make_optimizer
from qlatent_tf.models.codes.image_codes import (
    check_shape,
    codes_of,
    held_out,
    reconstruction_rows,
    reconstruction_scores,
    to_pixels,
    to_unit,
)
from qlatent_tf.seeds import derive_seed

# Fields of a configuration that only a GAN has a use for, and the values that ask for nothing.
_OF_GANS = {
    "critic_steps": 1,
    "critic_learning_rate": None,
    "gradient_penalty_weight": 10.0,
    "generator_batch_size": None,
    "generator_ema": 0.0,
}


class Autoencoder(LatentGenerator):
    """An encoder of images and its decoder, trained to the mean squared error.

    Codes lie in [-1, 1]; pixels count from 0 to 1.

    Args:
      latent: tfd.Distribution, event shape ``[code_size]``. Its draws, through tanh, are the codes
        that `sample` decodes.
      decoder: keras.Model. Codes -> images in [0, 1].
      encoder: keras.Model. Images in [0, 1] -> codes.
    """

    trains_on_latent = False
    prepared_part = "images"

    def __init__(self, latent, decoder, encoder):
        super().__init__(latent, decoder)
        self.encoder = encoder
        # Where a loss scale is too large an update is left out: an optimizer counts no steps.
        self._steps = tf.Variable(0, trainable=False, dtype=tf.int64)
        self.built = True

    @property
    def decoder(self):
        """keras.Model: codes -> images in [0, 1]."""
        return self.generator

    @property
    def critic(self):
        """The encoder, by the name under which files of weights have it."""
        return self.encoder

    @property
    def step(self) -> int:
        """The steps done so far."""
        return int(self._steps.numpy())

    def compile_for(self, config):
        """Compiles with the optimizer of a `Config`.

        Raises:
          ValueError: if the configuration asks for what only GANs have, or several devices are to
            share each batch.
        """
        asked = {name: getattr(config, name) for name in _OF_GANS}
        if asked != _OF_GANS:
            raise ValueError(
                f"An autoencoder has neither a critic nor averages: it takes {_OF_GANS} alone; "
                f"received {asked}."
            )
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if replicas > 1:
            raise ValueError(
                f"An autoencoder is trained on one device; received a strategy of {replicas}."
            )
        self.compile(make_optimizer(config), jit_compile=config.jit_compile)
        # Now, so that a checkpoint restores its slots before the first step.
        self.optimizer.build(self.trainable_variables)

    def learning_rates(self) -> dict:
        """Returns the present learning rate, by the name that TensorBoard shows it under."""
        return {"learning_rate": self.optimizer.learning_rate}

    def checkpoint_parts(self) -> dict:
        """Returns all that training changes, by name."""
        return {
            "encoder": self.encoder,
            "decoder": self.decoder,
            "optimizer": self.optimizer,
            "steps": self._steps,
        }

    def training_batches(
        self, real, batch_size, seed, start_step=0, steps=None, generator_batch_size=None
    ):
        """Returns batches ``{"images": ...}`` of uint8 images, as numbers in [0, 1].

        Their shape is ``(batch, height, width, bands)``. Arguments are those of
        `WGANGP.training_batches`; `generator_batch_size` means nothing here.

        Raises:
          ValueError: if the images' shape is not the encoder's.
        """
        batches = step_batches(
            lambda step, drawn: {"images": to_unit(drawn[0])},
            (1, batch_size),
            real,
            derive_seed(seed, "real"),
            start_step,
            steps,
        )
        check_shape(self.encoder, batches.element_spec["images"].shape[1:])
        return batches

    def train_step(self, batch):
        """Updates encoder and decoder once; returns the ``reconstruction_mse``."""
        images = batch["images"]
        with tf.GradientTape() as tape:
            loss = ops.mean(ops.square(self(images, training=True) - images))
            scaled = self.optimizer.scale_loss(loss)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled, variables), variables)
        self._steps.assign_add(1)
        return {"reconstruction_mse": loss}

    def call(self, images, training=False):
        """Returns what the decoder makes of the codes of images in [0, 1]."""
        return self.decoder(self.encoder(images, training=training), training=training)

    def decode(self, outputs):
        """Maps [0, 1] to uint8 images."""
        return to_pixels(outputs)

    def generate(self, latent, batch_size=None):
        """Returns the images of codes that are the tanh of given latents."""
        return super().generate(ops.tanh(tf.cast(latent, tf.float32)), batch_size)

    def codes(self, images):
        """Returns the codes of uint8 images, ``(count, code_size)``."""
        return codes_of(self.encoder, images)

    def own_scores(self, dataset, num_samples, seed):
        """Returns the error of images rebuilt from their codes; see `reconstruction_scores`."""
        check_shape(self.encoder, np.shape(dataset.source)[1:])
        return reconstruction_scores(self.encoder, self.decoder, *held_out(dataset))

    def pictures(self, dataset):
        """Returns ``reconstructions``: rows of images, each over a row of what their codes hold."""
        images, _ = held_out(dataset)
        rebuilt, columns = reconstruction_rows(self.encoder, self.decoder, images)
        return {"reconstructions": draw_images(rebuilt, columns, ("image", "rebuilt"))}
