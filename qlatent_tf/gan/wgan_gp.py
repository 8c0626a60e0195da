"""The one training loop: a Wasserstein GAN with gradient penalty, for any latent and any data.

A batch is a pure function of (seed, step) and the training step a pure function of (weights,
batch). Latents are drawn in the input pipeline, ahead of the step that needs them, so that the
step holds nothing XLA cannot compile and a resumed run continues the very same sequence.
"""

import keras
import tensorflow as tf
from keras import ops

from qlatent_tf.checks import check_count, check_flag
from qlatent_tf.gan.batches import step_batches, step_seed, uniform_rows
from qlatent_tf.gan.gradient_penalty import gradient_penalty
from qlatent_tf.gan.latent_generator import LatentGenerator, Tree, single_precision
from qlatent_tf.gan.latent_training import latent_training
from qlatent_tf.gan.optimizers import another, circuit_optimizer, make_optimizer
from qlatent_tf.gan.replicas import check_replicable, distributed_step, replica_batches
from qlatent_tf.gan.shapes import check_parts, check_real_samples, check_sizes
from qlatent_tf.seeds import derive_seed
from qlatent_tf.text.names import check_number

_CRITIC_REPORTS = ("critic_loss", "wasserstein_distance", "gradient_penalty")


class WGANGP(LatentGenerator):
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
      one_sided_penalty: bool. Whether only gradients above 1 are penalised; see `gradient_penalty`.

    Raises:
      ValueError: if the latent's width is not the generator's, the generator's parts are not the
        critic's, or a number or flag is not legal.

    Example:
      >>> gan = WGANGP(latent, generator, critic)
      >>> gan.compile("adam")
      >>> gan.fit(real, batch_size=64, epochs=10)
      >>> samples = gan.sample(100)

    Reference:
      Gulrajani et al., Improved training of Wasserstein GANs, NeurIPS 2017, arXiv 1704.00028.
    """

    def __init__(
        self,
        latent,
        generator,
        critic,
        gradient_penalty_weight=10.0,
        critic_steps=5,
        one_sided_penalty=False,
        **kwargs,
    ):
        check_parts(latent, generator, critic)
        check_sizes(critic_steps=critic_steps)
        check_number("gradient_penalty_weight", gradient_penalty_weight, 0)
        one_sided_penalty = check_flag(one_sided_penalty, "one_sided_penalty")
        super().__init__(latent, generator, **kwargs)
        self.critic = critic
        self.gradient_penalty_weight = gradient_penalty_weight
        self.critic_steps = critic_steps
        self.one_sided_penalty = one_sided_penalty
        self.latent_training = latent_training(latent)
        # An attribute of the model, whose weights Keras then counts among its own.
        self.latent_layer = self.latent_training.layer
        # Where it is built under a strategy, its replicas share each batch.
        self.replicas = tf.distribute.get_strategy().num_replicas_in_sync
        self.built = True

    def compile(
        self, critic_optimizer="adam", generator_optimizer=None, latent_optimizer="adam", **kwargs
    ):
        """Sets the optimizers.

        Args:
          critic_optimizer: str or keras.optimizers.Optimizer.
          generator_optimizer: the same; by default another one like the critic's.
          latent_optimizer: the same. For a latent that is trained.
          **kwargs: as for `keras.Model.compile`, such as `jit_compile`; `optimizer` means both.

        Raises:
          ValueError: if both are one instance, or a strategy is not for this class or for what it
            is compiled with.
        """
        critic_optimizer = keras.optimizers.get(kwargs.pop("optimizer", critic_optimizer))
        if generator_optimizer is None:
            generator_optimizer = another(critic_optimizer)
        super().compile(**kwargs)
        if self.replicas > 1 and type(self).train_step is not WGANGP.train_step:
            raise ValueError(
                f"{type(self).__name__} has a training step of its own, which is for one device; "
                f"received a strategy of {self.replicas} replicas."
            )
        self.critic_optimizer = critic_optimizer
        self.generator_optimizer = keras.optimizers.get(generator_optimizer)
        if self.critic_optimizer is self.generator_optimizer:
            raise ValueError("The critic and the generator need an optimizer each; received one.")
        # Built now, so that a checkpoint restores their slots before the first step.
        self.critic_optimizer.build(self.critic.trainable_variables)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.latent_training.compile(latent_optimizer)
        if self.replicas > 1:
            check_replicable(self)
        # An optimizer that scales the loss passes over an update where the scale is too large, and
        # one that accumulates gradients over most, so that its iterations are no count of steps.
        passes_over = (
            hasattr(self.generator_optimizer, "inner_optimizer")
            or self.generator_optimizer.gradient_accumulation_steps
        )
        self._counter = tf.Variable(0, trainable=False, dtype=tf.int64) if passes_over else None

    def compile_for(self, config):
        """Compiles with the optimizers of a `Config`; on one device by XLA, if that asks for it."""
        rate, average = config.critic_learning_rate, config.generator_ema
        self.compile(
            make_optimizer(config, self.critic_steps, **({"learning_rate": rate} if rate else {})),
            make_optimizer(
                config, **({"use_ema": True, "ema_momentum": average} if average else {})
            ),
            circuit_optimizer(config),
            jit_compile=config.jit_compile and self.replicas == 1,
        )

    def learning_rates(self) -> dict:
        """Returns the present learning rates, by the names that TensorBoard shows them under."""
        return {
            "learning_rate": self.generator_optimizer.learning_rate,
            "critic_learning_rate": self.critic_optimizer.learning_rate,
            **self.latent_training.learning_rates(),
        }

    @property
    def step(self) -> int:
        """The steps done so far."""
        return int(self.step_counter.numpy())

    @property
    def step_counter(self):
        """The steps done so far, as the integer variable that training steps add to."""
        return self.generator_optimizer.iterations if self._counter is None else self._counter

    def count_step(self) -> None:
        """Counts a step, at its end, where no optimizer does."""
        if self._counter is not None:
            self._counter.assign_add(1)

    def checkpoint_parts(self) -> dict:
        """Returns all that training changes, by name: networks, optimizers, variables."""
        return {
            "generator": self.generator,
            "critic": self.critic,
            "generator_optimizer": self.generator_optimizer,
            "critic_optimizer": self.critic_optimizer,
            **self.latent_training.checkpoint_parts(),
            **({} if self._counter is None else {"steps": self._counter}),
        }

    def encode(self, samples: Tree, seed) -> Tree:
        """Maps data space to critic space; `seed` is an int32 pair for augmentation.

        Traced by TensorFlow without AutoGraph, as `decode` is: choose by `keras.ops.where` or
        `cond`, not by `if`, where a value decides.
        """
        return keras.tree.map_structure(lambda part: tf.cast(part, tf.float32), samples)

    def beside(self, samples: Tree) -> dict:
        """Returns what else a batch holds of real samples, by name; nothing here."""
        return {}

    def relax(self, outputs: Tree, seed) -> Tree:
        """Maps generator outputs to critic space; differentiable."""
        return outputs

    def generator_losses(self, outputs: Tree, seed):
        """Returns the generator's loss at each of its outputs, ``-D(relax(output))``."""
        scores = self.critic(single_precision(self.relax(outputs, seed)), training=True)
        return -single_precision(scores)[:, 0]

    def training_batches(
        self, real, batch_size, seed, start_step=0, steps=None, generator_batch_size=None
    ):
        """Returns the batches that `fit` trains on, each a function of (seed, step) alone.

        `fit` makes them of real samples by itself. Make them yourself to look at them, or to
        train from a step on with a seed of your choice.

        Args:
          real: Real samples in data space: an array, or a dict of arrays with one leading
            dimension, of which each epoch takes all in a new random order; a tfd.Distribution;
            or a tf.data.Dataset of batches of any size, which is repeated and keeps its order.
          batch_size: int. Samples a batch, in each update.
          seed: int. Decides all batches.
          start_step: int. The step of the first batch, so that a run can be resumed.
          steps: int. The step after the last; None for no end.
          generator_batch_size: int. Samples in the generator's update; `batch_size` by default.

        Returns:
          tf.data.Dataset of ``{"real": [critic_steps, batch, ...], "latent": [critic_steps,
          batch, latent_size], "generator_latent": [generator_batch, latent_size], "seed":
          [critic_steps + 1, 2]}``; the last seed is the generator's. In the place of latents of
          a distribution that is trained, the noise that they are made of.

        Raises:
          ValueError: if the real samples' shapes are not what the critic takes, or a number is not
            legal.
        """
        shape = (self.critic_steps, batch_size)
        if generator_batch_size is None:
            generator_batch_size = batch_size
        sizes = (batch_size, check_count(generator_batch_size, "generator_batch_size", 1))
        bases = {name: derive_seed(seed, name) for name in ("real", "latent", "encode", "step")}

        def batch_of(step, drawn):
            seeds = {name: step_seed(base, step) for name, base in bases.items()}
            latent, generator_latent = self._draw_latents(*sizes, seeds["latent"])
            return {
                "real": self.encode(drawn, seeds["encode"]),
                "latent": latent,
                "generator_latent": generator_latent,
                "seed": tf.random.split(seeds["step"], self.critic_steps + 1),
                **self.beside(drawn),
            }

        batches = step_batches(batch_of, shape, real, bases["real"], start_step, steps)
        check_real_samples(batches.element_spec["real"], self.critic)
        return batches

    def shared(self, batches):
        """Returns the batches as replicas share them."""
        return batches if self.replicas == 1 else replica_batches(batches, self.distribute_strategy)

    def make_train_function(self, force=False):
        """Makes what Keras calls for each step."""
        if self.replicas == 1:
            super().make_train_function(force)
        elif self.train_function is None or force:
            self.train_function = distributed_step(self, self.distribute_strategy)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Nothing: all is built. Keras would draw a batch for it, and build its own optimizer."""

    def train_step(self, batch):
        """Updates the critic `critic_steps` times and the generator once; pure, for XLA.

        Args:
          batch: dict. An element of `training_batches`.

        Returns:
          dict of scalars: ``critic_loss``, ``wasserstein_distance`` and ``gradient_penalty``,
          means over the critic's updates, ``generator_loss``, and what a trained latent reports.
        """
        noise = batch["latent"], batch["generator_latent"]
        latent, generator_latent = self.latent_training.draw(*noise)
        batch = {**batch, "latent": latent}
        reports = {name: tf.zeros([]) for name in _CRITIC_REPORTS}
        if self.replicas == 1:
            # A loop, not five copies: XLA compiles it three times faster, and it runs as fast.
            _, reports = tf.while_loop(
                lambda i, reports: i < self.critic_steps,
                lambda i, reports: (i + 1, self._critic_iteration(batch, i, reports)),
                (0, reports),
                maximum_iterations=self.critic_steps,
            )
        else:
            # Replicas cannot exchange gradients in a loop of the graph.
            for i in range(self.critic_steps):
                reports = self._critic_iteration(batch, i, reports)
        seed = batch["seed"][-1]
        reports = {**reports, **self._update_generator(generator_latent, seed, noise[1])}
        self.count_step()
        if self.replicas > 1:
            reports = tf.distribute.get_replica_context().all_reduce("MEAN", reports)
        return reports

    def _draw_latents(self, batch_size, generator_batch_size, seed):
        """Returns those of the critic's updates and of the generator's, which are one draw."""
        count = self.critic_steps * batch_size
        latent = self.latent_training.noise(count + generator_batch_size, seed)
        shape = (self.critic_steps, batch_size, *latent.shape[1:])
        return tf.reshape(latent[:count], shape), latent[count:]

    def _critic_iteration(self, batch, i, reports):
        real = keras.tree.map_structure(lambda part: part[i], batch["real"])
        report = self._update_critic(real, batch["latent"][i], batch["seed"][i])
        return {name: reports[name] + report[name] / self.critic_steps for name in reports}

    def _update_critic(self, real, latent, seed):
        penalty_seed, relax_seed = tf.unstack(tf.random.split(seed, 2))
        outputs = single_precision(self.generator(latent, training=True))
        fake = single_precision(self.relax(outputs, relax_seed))
        batch_size = ops.shape(latent)[0]
        places = uniform_rows([batch_size], penalty_seed)
        with tf.GradientTape() as tape:
            distance = self._mean_score(real) - self._mean_score(fake)
            penalty = gradient_penalty(self.critic, real, fake, places, self.one_sided_penalty)
            loss = self.gradient_penalty_weight * penalty - distance
            scaled = self._share(self.critic_optimizer.scale_loss(loss))
        variables = self.critic.trainable_variables
        self.critic_optimizer.apply(tape.gradient(scaled, variables), variables)
        return dict(zip(_CRITIC_REPORTS, (loss, distance, penalty), strict=True))

    def _update_generator(self, latent, seed, noise):
        watched = self.latent_training.watched(latent)
        with tf.GradientTape() as tape:
            tape.watch(watched)
            outputs = single_precision(self.generator(latent, training=True))
            losses = self.generator_losses(outputs, seed)
            loss = ops.mean(losses)
            scaled = self._share(self.generator_optimizer.scale_loss(loss))
        variables = self.generator.trainable_variables
        gradients, paths = tape.gradient(scaled, (variables, watched))
        # The generator's optimizer undoes its scale; the latent's does not know it.
        scale = self.generator_optimizer.scale_loss(ops.ones(()))
        paths = [path / scale for path in paths]
        self.generator_optimizer.apply(gradients, variables)
        reports = self.latent_training.update(noise, latent, losses, paths)
        return {"generator_loss": loss, **reports}

    def _share(self, loss):
        # Keras' optimizers sum the gradients of replicas.
        return loss if self.replicas == 1 else loss / self.replicas

    def _mean_score(self, samples):
        return ops.mean(single_precision(self.critic(samples, training=True)))
