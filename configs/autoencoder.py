"""A convolutional autoencoder of aerial images; its codes are what `last_qgan` generates.

    qlatent-tf train --model autoencoder --dataset naip28

The latent, Gaussian unless another is asked for, takes no part in the training: it says how wide
codes are, and its draws are what `sample` decodes.
The sizes and the 100 epochs are those of one public version of the latent style-based quantum GAN,
for the 400,000 images of SAT-4; here 10,000 steps of 64 images.
"""

from qlatent_tf.configs import of_width

from qlatent_tf.config import Config

LATENT = "gaussian"
CODE_SIZE = 20


def get_config(latent: str) -> Config:
    """Returns the configuration for one latent, whose width is the code's."""
    return Config(
        model="autoencoder",
        latent=latent,
        latent_options=of_width(latent, CODE_SIZE),
        dataset="sat4",
        steps=10_000,
        batch_size=64,
        critic_steps=1,
        optimizer="AdamW",
        optimizer_options={"learning_rate": 1e-3},
        evaluate_every=1000,
        evaluation_samples=100,
        checkpoint_every=500,
        # XLA has no fast convolutions for processors.
        jit_compile=False,
    )
