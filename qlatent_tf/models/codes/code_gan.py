"""The training loop where samples are codes: vectors that an autoencoder made of something."""

import numpy as np
import tensorflow as tf
from keras import ops

from qlatent_tf.gan.wgan_gp import WGANGP
from qlatent_tf.models.codes.image_codes import batch_map


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
          dict. What `metrics.codes.code_figures` returns, and of the critic D
          ``critic_distance_<data set>_<codes>``, E D(real) - E D(generated), which a critic whose
          slope is 1 keeps below the distance of two codes, and ``critic_slope_...``, the mean norm
          of its gradient halfway between them.
        """
        # Imported here, for metrics load much that sampling does not need.
        from qlatent_tf.metrics.vectors.codes import code_figures
        from qlatent_tf.scores import sized

        real = self.precompute(dataset.source)
        codes = self.generated_codes(num_samples, seed)
        judged = min(len(real), num_samples)
        rows = np.linspace(0, len(real) - 1, judged).astype(int)
        distance, slope = self._judge(real[rows], codes[:judged])
        reference = f"{dataset.name}_{judged}"
        return {
            **code_figures(real, codes, dataset.name),
            **sized(
                {
                    f"critic_distance_{reference}": distance,
                    f"critic_slope_{reference}": slope,
                },
                num_samples,
            ),
        }

    def generated_codes(self, num_samples, seed):
        """Returns the codes of what `sample` returns, ``(num_samples, code)``."""
        weights = self.averages()
        return batch_map(
            lambda latent: self._generate_codes(latent, weights),
            self.sample_latents(num_samples, seed),
        )

    @tf.function(reduce_retracing=True)
    def _generate_codes(self, latent, weights):
        return self.outputs_of(latent, weights)

    @tf.function(reduce_retracing=True)
    def _judge(self, real, generated):
        halfway = (real + generated) / 2
        with tf.GradientTape() as tape:
            tape.watch(halfway)
            total = ops.sum(self.critic(halfway))
        slopes = ops.norm(tape.gradient(total, halfway), axis=1)
        return ops.mean(self.critic(real)) - ops.mean(self.critic(generated)), ops.mean(slopes)
