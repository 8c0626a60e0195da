"""An autoencoder of images, trained and kept as the GANs are.

The decoder stands where a GAN has its generator and the encoder where it has its critic, so that
one training loop, one kind of run and one kind of preset serve both.
"""

import tensorflow as tf
from keras import ops

from qlatent_tf.gan.wgan_gp import WGANGP
from qlatent_tf.models.codes.image_codes import (
    codes_of,
    held_out,
    reconstruction_rows,
    reconstruction_scores,
    to_pixels,
    to_unit,
)


class Autoencoder(WGANGP):
    """An encoder of images and its decoder, trained to the mean squared error.

    The encoder has the critic's optimizer and its learning rate, the decoder the generator's. Codes
    lie in [-1, 1]; pixels count from 0 to 1.

    Args:
      As `WGANGP`; the generator is the decoder, the critic the encoder.
    """

    # Whatever `critic_steps` is.
    critic_updates = 1

    @property
    def encoder(self):
        """keras.Model: images in [0, 1] -> codes."""
        return self.critic

    @property
    def decoder(self):
        """keras.Model: codes -> images in [0, 1]."""
        return self.generator

    def encode(self, samples, seed):
        """Maps uint8 images to [0, 1]."""
        del seed
        return to_unit(samples)

    def decode(self, outputs):
        """Maps [0, 1] to uint8 images."""
        return to_pixels(outputs)

    def train_step(self, batch):
        """Updates encoder and decoder once; returns the ``reconstruction_mse``."""
        images = ops.reshape(batch["real"], (-1, *batch["real"].shape[2:]))
        optimizers = (self.critic_optimizer, self.generator_optimizer)
        variables = [part.trainable_variables for part in (self.encoder, self.decoder)]
        with tf.GradientTape(persistent=True) as tape:
            rebuilt = self.decoder(self.encoder(images, training=True), training=True)
            loss = ops.mean(ops.square(rebuilt - images))
            # Optimizers that scale the loss have each a scale of its own.
            scaled = [optimizer.scale_loss(loss) for optimizer in optimizers]
        gradients = list(map(tape.gradient, scaled, variables))
        for optimizer, gradient, part in zip(optimizers, gradients, variables, strict=True):
            optimizer.apply(gradient, part)
        self.count_step()
        return {"reconstruction_mse": loss}

    def generate(self, latent, batch_size=None):
        """Returns the images of codes that are the tanh of given latents."""
        return super().generate(ops.tanh(tf.cast(latent, tf.float32)), batch_size)

    def codes(self, images):
        """Returns the codes of uint8 images, ``(count, code_size)``."""
        return codes_of(self.encoder, images)

    def own_scores(self, dataset, num_samples, seed):
        """Returns the error of images rebuilt from their codes; see `reconstruction_scores`."""
        del num_samples, seed
        return reconstruction_scores(self.encoder, self.decoder, *held_out(dataset))

    def pictures(self, dataset):
        """Returns ``reconstructions``: rows of images, each over a row of what their codes hold."""
        images, _ = held_out(dataset)
        rebuilt, columns = reconstruction_rows(self.encoder, self.decoder, images)
        return {"reconstructions": dataset.render(rebuilt, columns=columns)}
