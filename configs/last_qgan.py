"""The latent style-based quantum GAN on aerial images.

    qlatent-tf train --model last_qgan --latent gaussian --dataset sat4
    qlatent-tf train --model last_qgan --generator classical --latent gaussian --dataset sat4

An autoencoder is trained first, in the run's directory. Weight, optimizer and batch are those of
Baglio et al.; the number of steps is ours.
"""

from qlatent_tf.configs import of_width

from qlatent_tf.config import Config

LATENT_SIZE = 10


def get_config(latent: str) -> Config:
    """Returns the configuration for one latent, as wide as the circuit has qubits."""
    return Config(
        model="last_qgan",
        latent=latent,
        latent_options=of_width(latent, LATENT_SIZE),
        dataset="sat4",
        steps=10_000,
        batch_size=64,
        optimizer="Adam",
        optimizer_options={"learning_rate": 2e-4, "beta_1": 0.5, "beta_2": 0.9},
        evaluate_every=1000,
        evaluation_samples=2000,
        checkpoint_every=500,
    )
