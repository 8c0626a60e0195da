"""Training steps a second, for each latent, beside the bare step and its peers.

    python -m benchmarks.train_step                       # some minutes
    python -m benchmarks.train_step --latents boson --steps 10 --turns 2
    python -m benchmarks.train_step --out train_step.md

One step is five critic updates and one generator update of `mlp` as in table 1: batch 500, two
hidden layers of 512, RMSprop, data of 8 photons in 16 modes. The bare step is the same XLA program
on one batch that lies in memory: nothing is drawn. Ours draws latents and real samples live. The
peers draw Gaussian latents and take real samples from an array: the example style of keras.io
(`train_step` with a Python loop, `tf.function` without XLA) and plain PyTorch (eager), which is
measured where it is installed: `pip install .[bench]`. Candidates take turns, and the median over
the turns counts. Processor time, unlike the clock's, tells little of what else runs; it includes
sampling, which the clock does not show where it is done while the step before is computed. Where
others use the machine, --threads 1 is fairer, for threads that wait for each other suffer most.
"""

import importlib.util

import keras
import numpy as np
import tensorflow as tf
from qlatent_tf.configs.mlp import get_config

from benchmarks.report import new_parser, show_report
from benchmarks.steps import (
    Candidate,
    add_options,
    bare_steps,
    keras_steps,
    measure,
    model_and_batches,
    parse_options,
    report,
)
from qlatent_tf import resolve as completion
from qlatent_tf.experiments.table1 import CONTROLS, LATENTS
from qlatent_tf.models.perceptrons import perceptron
from qlatent_tf.runs import training
from qlatent_tf.storage.preset_files import versions

REAL_SAMPLES = 50_000
_RATE, _DECAY = 5e-4, 0.99


class KerasExampleGAN(keras.Model):
    """WGAN-GP as examples write it: all in `train_step`, the latent drawn within."""

    def __init__(self, critic_steps=5, penalty_weight=10.0):
        super().__init__()
        relu = keras.activations.relu  # Theirs: by its name, it would be ours.
        self.generator = perceptron(16, 16, activation=relu)
        self.critic = perceptron(16, 1, activation=relu)
        self.critic_steps = critic_steps
        self.penalty_weight = penalty_weight
        self.built = True

    def compile(self):
        """Sets the optimizers; the step is not compiled by XLA."""
        super().compile(jit_compile=False)
        self.critic_optimizer, self.generator_optimizer = (
            keras.optimizers.RMSprop(_RATE, rho=_DECAY) for _ in range(2)
        )

    def _penalty(self, real, fake):
        place = tf.random.uniform([tf.shape(real)[0], 1])
        mixed = fake + place * (real - fake)
        with tf.GradientTape() as tape:
            tape.watch(mixed)
            score = self.critic(mixed, training=True)
        norm = tf.sqrt(tf.reduce_sum(tf.square(tape.gradient(score, mixed)), axis=1) + 1e-12)
        return tf.reduce_mean((norm - 1.0) ** 2)

    def train_step(self, real):
        """Does the critic's updates and the generator's one."""
        for i in range(self.critic_steps):
            with tf.GradientTape() as tape:
                fake = self.generator(tf.random.normal(tf.shape(real[i])), training=True)
                distance = tf.reduce_mean(self.critic(real[i], training=True)) - tf.reduce_mean(
                    self.critic(fake, training=True)
                )
                loss = self.penalty_weight * self._penalty(real[i], fake) - distance
            variables = self.critic.trainable_variables
            self.critic_optimizer.apply_gradients(
                zip(tape.gradient(loss, variables), variables, strict=True)
            )
        with tf.GradientTape() as tape:
            fake = self.generator(tf.random.normal(tf.shape(real[0])), training=True)
            loss = -tf.reduce_mean(self.critic(fake, training=True))
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply_gradients(
            zip(tape.gradient(loss, variables), variables, strict=True)
        )
        return {"generator_loss": loss}


def keras_example(real: np.ndarray, batch_size: int) -> Candidate:
    """Returns steps of a GAN in the style of the examples of keras.io."""
    model = KerasExampleGAN()
    model.compile()
    batches = tf.data.Dataset.from_tensor_slices(real).shuffle(len(real)).repeat()
    batches = batches.batch(batch_size).batch(model.critic_steps).prefetch(tf.data.AUTOTUNE)
    return keras_steps(model, batches)


def pytorch(real: np.ndarray, batch_size: int, critic_steps: int = 5) -> Candidate:
    """Returns steps of the same GAN in plain PyTorch."""
    import torch
    from torch import nn

    def network(outputs):
        return nn.Sequential(
            nn.Linear(16, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, outputs)
        )

    generator, critic, data = network(16), network(1), torch.from_numpy(real)
    for_generator, for_critic = (
        torch.optim.RMSprop(part.parameters(), lr=_RATE, alpha=_DECAY)
        for part in (generator, critic)
    )

    def penalty(batch, fake):
        place = torch.rand(batch_size, 1)
        mixed = (fake + place * (batch - fake)).requires_grad_()
        (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
        return ((gradient.square().sum(1) + 1e-12).sqrt() - 1).square().mean()

    def one_step():
        for _ in range(critic_steps):
            batch = data[torch.randint(len(data), (batch_size,))]
            with torch.no_grad():
                fake = generator(torch.randn(batch_size, 16))
            loss = critic(fake).mean() - critic(batch).mean() + 10 * penalty(batch, fake)
            for_critic.zero_grad()
            loss.backward()
            for_critic.step()
        loss = -critic(generator(torch.randn(batch_size, 16))).mean()
        for_generator.zero_grad()
        loss.backward()
        for_generator.step()
        return loss

    def run(steps):
        for _ in range(steps):
            loss = one_step()
        loss.item()

    return run


def main(argv=None) -> None:
    """Runs the benchmark and prints it, or writes it to a file."""
    parser = new_parser(__doc__)
    add_options(parser, [*LATENTS, *CONTROLS], batch_size=500, steps=30, turns=5)
    options = parse_options(parser, argv)
    dataset = training.load_dataset(completion.resolve(get_config("gaussian")), progress=False)
    real = dataset.source.sample(REAL_SAMPLES, seed=(0, 0)).numpy()
    configs = {
        name: get_config(name).override(batch_size=options.batch_size)
        for name in ("gaussian", *options.latents)
    }
    candidates = {"bare XLA step, nothing drawn": bare_steps(configs["gaussian"])}
    candidates |= {
        f"ours, {name}": keras_steps(*model_and_batches(configs[name])) for name in options.latents
    }
    candidates["keras.io example style"] = keras_example(real, options.batch_size)
    packages = [*versions()]
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(options.threads)
        candidates["PyTorch, eager"] = pytorch(real, options.batch_size)
        packages.append("torch")
    measured = measure(candidates, options.steps, options.turns)
    text = report("`mlp` on quantum data", options, packages, measured)
    show_report(text, options.out)


if __name__ == "__main__":
    main()
