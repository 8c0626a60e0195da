"""The one training loop: a Wasserstein GAN with gradient penalty, for any latent and any data.

A batch is a pure function of (seed, step) and the training step a pure function of (weights,
batch). Latents are drawn in the input pipeline, ahead of the step that needs them, so that the
step holds nothing XLA cannot compile and a resumed run continues the very same sequence.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from qlatent_tf.batches import real_sampler, step_seed
from qlatent_tf.seeds import derive_seed
from qlatent_tf.shapes import check_parts, check_real_samples

Tree = object  # One tensor, or a dict of tensors.
_CRITIC_REPORTS = ("critic_loss", "wasserstein_distance", "gradient_penalty")


class WGANGP(keras.Model):
    """A generator and a critic trained with the WGAN-GP objective.

    The critic maximises ``E[D(x)] - E[D(G(z))] - weight * E[(|grad D(x')| - 1)^2]``, where x'
    lies at a uniform place on the line from a generated sample to a real one; the generator
    maximises ``E[D(G(z))]``. Samples are one tensor or a dict of tensors; three hooks connect
    the spaces they live in, all the identity here:

    - `encode`: data space -> critic space, in the input pipeline (one-hot, augmentation);
    - `relax`: generator outputs -> critic space, differentiable;
    - `decode`: generator outputs -> data space.

    Args:
      latent: tfd.Distribution, event shape ``[latent_size]``. Any distribution.
      generator: keras.Model. Maps ``(batch, latent_size)`` to a sample or a dict of parts.
      critic: keras.Model. Maps what `encode` returns to ``(batch, 1)``.
      gradient_penalty_weight: float. The penalty's factor; 10 in the paper.
      critic_steps: int. Critic updates in each training step, before the generator's one.

    Raises:
      ValueError: if the latent's width is not the generator's, or the generator's parts are
        not the critic's.

    Example:
      >>> gan = WGANGP(latent, generator, critic)
      >>> gan.compile("adam", "adam", jit_compile=True)
      >>> gan.fit(gan.training_batches(real, batch_size=64, seed=0, steps=1000))
      >>> samples = gan.sample(100, seed=1)

    Reference:
      Gulrajani et al., Improved training of Wasserstein GANs, NeurIPS 2017, arXiv 1704.00028.
    """

    # Samples a call of the generator, unless a caller says how many: what bounds the memory.
    generation_batch_size = 1000

    def __init__(
        self, latent, generator, critic, gradient_penalty_weight=10.0, critic_steps=5, **kwargs
    ):
        super().__init__(**kwargs)
        check_parts(latent, generator, critic)
        self.latent = latent
        self.generator = generator
        self.critic = critic
        self.gradient_penalty_weight = gradient_penalty_weight
        self.critic_steps = critic_steps
        self.built = True

    def compile(self, critic_optimizer, generator_optimizer, **kwargs):
        """Sets the two optimizers; `kwargs` are those of `keras.Model.compile`."""
        super().compile(**kwargs)
        self.critic_optimizer = keras.optimizers.get(critic_optimizer)
        self.generator_optimizer = keras.optimizers.get(generator_optimizer)
        if self.critic_optimizer is self.generator_optimizer:
            raise ValueError("The critic and the generator need an optimizer each; received one.")
        # Built now, so that a checkpoint restores their slots before the first step.
        self.critic_optimizer.build(self.critic.trainable_variables)
        self.generator_optimizer.build(self.generator.trainable_variables)

    @property
    def step(self) -> int:
        """The generator updates done so far."""
        return int(self.generator_optimizer.iterations)

    def checkpoint_parts(self) -> dict:
        """Returns all that training changes, by name: networks, optimizers, variables."""
        return {
            "generator": self.generator,
            "critic": self.critic,
            "generator_optimizer": self.generator_optimizer,
            "critic_optimizer": self.critic_optimizer,
        }

    def encode(self, samples: Tree, seed) -> Tree:
        """Maps data space to critic space; `seed` is an int32 pair for augmentation."""
        del seed
        return keras.tree.map_structure(lambda part: tf.cast(part, tf.float32), samples)

    def relax(self, outputs: Tree, seed) -> Tree:
        """Maps generator outputs to critic space; differentiable."""
        del seed
        return outputs

    def decode(self, outputs: Tree) -> Tree:
        """Maps generator outputs to data space."""
        return outputs

    def pretraining(self, config) -> dict:
        """Returns what is trained before, by name: a `Config`, or the name of a preset."""
        del config
        return {}

    def adopt(self, parts) -> None:
        """Takes over the trained models that `pretraining` asked for, by name."""
        del parts

    def precompute(self, real):
        """Returns what `training_batches` needs of the real samples, computed once."""
        return real

    def own_scores(self, dataset, num_samples, seed) -> dict[str, float]:
        """Returns scores that no metric can have, for they need the model itself."""
        del dataset, num_samples, seed
        return {}

    def pictures(self, dataset) -> dict:
        """Returns pictures beside that of samples: name -> uint8 ``(height, width, 3)``."""
        del dataset
        return {}

    def training_batches(
        self, real, batch_size, seed, start_step=0, steps=None, generator_batch_size=None
    ):
        """Returns the batches of a run, each a function of (seed, step) alone.

        Args:
          real: a tfd.Distribution, an array, or a dict of arrays with one leading dimension.
            Real samples in data space. Arrays are gone through in a new random order each epoch.
          batch_size: int. Samples a batch, in each update.
          seed: int. Decides all batches.
          start_step: int. The step of the first batch, so that a run can be resumed.
          steps: int. The step after the last; None for no end.
          generator_batch_size: int. Samples in the generator's update; `batch_size` by default.

        Returns:
          tf.data.Dataset of ``{"real": [critic_steps, batch, ...], "latent": [critic_steps,
          batch, latent_size], "generator_latent": [generator_batch, latent_size], "seed":
          [critic_steps + 1, 2]}``; the last seed is the generator's.

        Raises:
          ValueError: if the real samples' shapes are not what the critic takes.
        """
        draw_real = real_sampler(real)
        shape = (self.critic_steps, batch_size)
        sizes = (batch_size, generator_batch_size or batch_size)
        bases = {name: derive_seed(seed, name) for name in ("real", "latent", "encode", "step")}

        def batch_at(step):
            seeds = {name: step_seed(base, step) for name, base in bases.items()}
            real_batch = self.encode(draw_real(shape, step, seeds["real"]), seeds["encode"])
            latent, generator_latent = self._draw_latents(*sizes, seeds["latent"])
            return {
                "real": real_batch,
                "latent": latent,
                "generator_latent": generator_latent,
                "seed": tf.random.split(seeds["step"], shape[0] + 1),
            }

        stop = np.iinfo(np.int64).max if steps is None else steps
        batches = tf.data.Dataset.range(start_step, stop).map(batch_at, num_parallel_calls=2)
        check_real_samples(batches.element_spec["real"], self.critic)
        return batches.prefetch(4)

    def train_step(self, batch):
        """Updates the critic `critic_steps` times and the generator once; pure, for XLA.

        Args:
          batch: dict. An element of `training_batches`.

        Returns:
          dict of scalars: ``critic_loss``, ``wasserstein_distance`` and ``gradient_penalty``,
          means over the critic's updates, and ``generator_loss``.
        """
        # A loop, not five copies: XLA compiles it three times faster, and it runs as fast.
        _, reports = tf.while_loop(
            lambda i, reports: i < self.critic_steps,
            lambda i, reports: (i + 1, self._critic_iteration(batch, i, reports)),
            (0, {name: tf.zeros([]) for name in _CRITIC_REPORTS}),
            maximum_iterations=self.critic_steps,
        )
        loss = self._update_generator(batch["generator_latent"], batch["seed"][-1])
        return {**reports, "generator_loss": loss}

    def sample(self, num_samples, seed, batch_size=None):
        """Draws generated samples in data space.

        Args:
          num_samples: int. How many.
          seed: int, or int32 pair. Decides the latents, whatever `batch_size` is.
          batch_size: int. Samples a call of the generator; `generation_batch_size` by default.

        Returns:
          np.ndarray ``(num_samples, ...)``, or a dict of them.
        """
        return self.generate(self.sample_latents(num_samples, seed), batch_size)

    def sample_latents(self, num_samples, seed):
        """Returns the latents of what `sample` returns, ``(num_samples, latent_size)``."""
        if num_samples < 1:
            raise ValueError(f"num_samples is a positive number; received {num_samples}.")
        if isinstance(seed, (int, np.integer)):
            seed = (derive_seed(int(seed), "sample"), derive_seed(int(seed), "sample, low word"))
        latent = self.latent.sample(num_samples, seed=tf.constant(seed, tf.int32))
        return tf.cast(latent, tf.float32)

    def generate(self, latent, batch_size=None):
        """Returns the samples, in data space, that the generator makes of given latents."""
        batch_size = batch_size or self.generation_batch_size
        latent = tf.cast(latent, tf.float32)
        parts = [
            keras.tree.map_structure(np.asarray, self._generate_batch(latent[i:i + batch_size]))
            for i in range(0, len(latent), batch_size)
        ]
        return keras.tree.map_structure(lambda *blocks: np.concatenate(blocks), *parts)

    def call(self, latent, training=False):
        """Returns the generator's outputs for latents ``(batch, latent_size)``."""
        return self.generator(latent, training=training)

    @tf.function(reduce_retracing=True)
    def _generate_batch(self, latent):
        return self.decode(self.generator(latent, training=False))

    def _draw_latents(self, batch_size, generator_batch_size, seed):
        """Returns those of the critic's updates and of the generator's, which are one draw."""
        count = self.critic_steps * batch_size
        latent = self.latent.sample(count + generator_batch_size, seed=seed)
        latent = tf.cast(latent, tf.float32)
        critic_latent = tf.reshape(
            latent[:count], (self.critic_steps, batch_size, *latent.shape[1:])
        )
        return critic_latent, latent[count:]

    def _critic_iteration(self, batch, i, reports):
        real = keras.tree.map_structure(lambda part: part[i], batch["real"])
        report = self._update_critic(real, batch["latent"][i], batch["seed"][i])
        return {name: reports[name] + report[name] / self.critic_steps for name in reports}

    def _update_critic(self, real, latent, seed):
        penalty_seed, relax_seed = tf.unstack(tf.random.split(seed, 2))
        fake = self.relax(self.generator(latent, training=True), relax_seed)
        batch_size = ops.shape(latent)[0]
        places = tf.random.stateless_uniform([batch_size], penalty_seed)
        with tf.GradientTape() as tape:
            distance = ops.mean(self.critic(real, training=True)) - ops.mean(
                self.critic(fake, training=True)
            )
            penalty = gradient_penalty(self.critic, real, fake, places)
            loss = self.gradient_penalty_weight * penalty - distance
        variables = self.critic.trainable_variables
        self.critic_optimizer.apply(tape.gradient(loss, variables), variables)
        return dict(zip(_CRITIC_REPORTS, (loss, distance, penalty), strict=True))

    def _update_generator(self, latent, seed):
        with tf.GradientTape() as tape:
            fake = self.relax(self.generator(latent, training=True), seed)
            loss = -ops.mean(self.critic(fake, training=True))
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply(tape.gradient(loss, variables), variables)
        return loss


def gradient_penalty(critic, real, fake, places):
    """The two-sided penalty ``E[(|grad D(x')| - 1)^2]``, ``x' = fake + place (real - fake)``.

    The norm is joint over all parts of a sample. A tiny term under its root keeps the gradient
    finite where the critic is flat.

    Args:
      critic: callable. Maps samples to ``(batch, 1)``.
      real: tensor or dict of tensors, ``(batch, ...)``.
      fake: as `real`.
      places: tensor, ``(batch,)``. Where on the line each x' lies, in [0, 1].

    Returns:
      Scalar tensor.

    Reference:
      Gulrajani et al., arXiv 1704.00028, equation 3.
    """

    def between(real_part, fake_part):
        place = ops.reshape(places, [-1] + [1] * (len(real_part.shape) - 1))
        return fake_part + place * (real_part - fake_part)

    mixed = keras.tree.map_structure(between, real, fake)
    with tf.GradientTape() as tape:
        tape.watch(mixed)
        score = ops.sum(critic(mixed, training=True))
    gradients = keras.tree.flatten(tape.gradient(score, mixed))
    squares = [
        ops.sum(ops.square(ops.reshape(part, [ops.shape(part)[0], -1])), axis=1)
        for part in gradients
    ]
    norms = ops.sqrt(sum(squares) + 1e-12)
    return ops.mean(ops.square(norms - 1.0))
