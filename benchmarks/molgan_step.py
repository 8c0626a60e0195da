"""Training steps a second of MolGAN, beside the bare step and a plain implementation.

    python -m benchmarks.molgan_step                      # some minutes
    python -m benchmarks.molgan_step --latents boson --steps 5 --turns 2
    python -m benchmarks.molgan_step --out molgan_step.md

One step is five critic updates and one generator update of `molgan` as in table 2: batch 256, a
latent of 16 modes. Graphs are those of `small_molecules`, which are as large as QM9's. The plain
implementation is one function compiled by XLA, written from the formulas with `tf.einsum`, a Python
loop over the critic's updates and Keras' Adam; it draws Gaussian latents, and real graphs from
arrays, within the step. It shuffles no atoms and leaves an atom's bond to itself in. The bare step
is our program on one batch that lies in memory. Candidates take turns, and the median over the
turns counts.
"""

import itertools

import keras
import numpy as np
import tensorflow as tf
from qlatent_tf.configs.molgan import get_config

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
from qlatent_tf.experiments.table1 import LATENTS
from qlatent_tf.runs import training
from qlatent_tf.storage.preset_files import versions

_ATOMS, _ATOM_TYPES, _BOND_TYPES = 9, 5, 5
_GENERATOR_UNITS = (64, 176, 288, 400, 512)
_GRAPH_UNITS, _READOUT_UNITS, _UNITS = (128, 64), 128, (128, 64)
_CRITIC_STEPS = 5


class PlainMolGAN:
    """The same GAN, written out.

    Args:
      graphs: dict of int arrays, `atoms` and `bonds`.
      batch_size: int.
      latent_size: int.
    """

    def __init__(self, graphs, batch_size: int, latent_size: int):
        self.graphs = {name: tf.constant(part) for name, part in graphs.items()}
        self.batch_size, self.latent_size = batch_size, latent_size
        self._glorot = keras.initializers.GlorotUniform(seed=0)
        self.generator_weights = self._generator_weights()
        self.critic_weights = self._critic_weights()
        self.generator_optimizer, self.critic_optimizer = (
            keras.optimizers.Adam(1e-4) for _ in range(2)
        )
        self.generator_optimizer.build(tf.nest.flatten(self.generator_weights))
        self.critic_optimizer.build(tf.nest.flatten(self.critic_weights))

    def generate(self, latent):
        """Returns relaxed atoms and bonds."""
        hidden = latent
        for kernel, bias, own, own_bias in self.generator_weights["hidden"]:
            hidden = tf.nn.leaky_relu(hidden @ kernel + bias + latent @ own + own_bias, 0.2)
        (to_atoms, atom_bias), (to_bonds, bond_bias) = self.generator_weights["heads"]
        atoms = tf.reshape(hidden @ to_atoms + atom_bias, [-1, _ATOMS, _ATOM_TYPES])
        bonds = tf.reshape(hidden @ to_bonds + bond_bias, [-1, _ATOMS, _ATOMS, _BOND_TYPES])
        bonds = (bonds + tf.transpose(bonds, [0, 2, 1, 3])) / 2
        return tf.nn.softmax(atoms + _gumbel(atoms)), tf.nn.softmax(bonds + _gumbel(bonds))

    def criticise(self, atoms, bonds):
        """Returns a score for each graph."""
        nodes = atoms
        for own, own_bias, kernels, biases in self.critic_weights["graph"]:
            messages = tf.einsum("bjf,yfc->bjyc", nodes, kernels) + biases
            received = tf.einsum("bijy,bjyc->bic", bonds[..., 1:], messages)
            nodes = tf.concat([tf.tanh(nodes @ own + own_bias + received), atoms], axis=-1)
        (gate, gate_bias), (value, value_bias) = self.critic_weights["readout"]
        gated = tf.sigmoid(nodes @ gate + gate_bias) * tf.tanh(nodes @ value + value_bias)
        hidden = tf.tanh(tf.reduce_sum(gated, axis=1))
        for kernel, bias in self.critic_weights["dense"][:-1]:
            hidden = tf.tanh(hidden @ kernel + bias)
        kernel, bias = self.critic_weights["dense"][-1]
        return hidden @ kernel + bias

    @tf.function(jit_compile=True)
    def step(self):
        """Updates the critic five times and the generator once; returns the generator's loss."""
        for _ in range(_CRITIC_STEPS):
            self._update_critic()
        weights = tf.nest.flatten(self.generator_weights)
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(self.criticise(*self.generate(self._latent())))
        self.generator_optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    def _update_critic(self):
        chosen = tf.random.uniform(
            [self.batch_size], maxval=len(self.graphs["atoms"]), dtype=tf.int32
        )
        real = (
            tf.one_hot(tf.gather(self.graphs["atoms"], chosen), _ATOM_TYPES),
            tf.one_hot(tf.gather(self.graphs["bonds"], chosen), _BOND_TYPES),
        )
        fake = self.generate(self._latent())
        place = tf.random.uniform([self.batch_size, 1, 1])
        atoms = fake[0] + place * (real[0] - fake[0])
        bonds = fake[1] + place[..., tf.newaxis] * (real[1] - fake[1])
        weights = tf.nest.flatten(self.critic_weights)
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch([atoms, bonds])
                score = self.criticise(atoms, bonds)
            slopes = inner.gradient(score, [atoms, bonds])
            squares = sum(
                tf.reduce_sum(tf.reshape(slope, [self.batch_size, -1]) ** 2, axis=1)
                for slope in slopes
            )
            penalty = tf.reduce_mean((tf.sqrt(squares + 1e-12) - 1) ** 2)
            distance = tf.reduce_mean(self.criticise(*real)) - tf.reduce_mean(self.criticise(*fake))
            loss = 10 * penalty - distance
        self.critic_optimizer.apply(tape.gradient(loss, weights), weights)

    def _latent(self):
        return tf.random.normal([self.batch_size, self.latent_size])

    def _generator_weights(self):
        hidden, width = [], self.latent_size
        for units in _GENERATOR_UNITS:
            hidden.append((*self._affine(width, units), *self._affine(self.latent_size, units)))
            width = units
        heads = _ATOMS * _ATOM_TYPES, _ATOMS * _ATOMS * _BOND_TYPES
        return {"hidden": hidden, "heads": [self._affine(width, units) for units in heads]}

    def _critic_weights(self):
        graph, width = [], _ATOM_TYPES
        for units in _GRAPH_UNITS:
            kernels = tf.Variable(self._glorot([_BOND_TYPES - 1, width, units]))
            biases = tf.Variable(tf.zeros([_BOND_TYPES - 1, units]))
            graph.append((*self._affine(width, units), kernels, biases))
            width = units + _ATOM_TYPES
        readout = [self._affine(width, _READOUT_UNITS) for _ in range(2)]
        widths = (_READOUT_UNITS, *_UNITS, 1)
        dense = [self._affine(*pair) for pair in itertools.pairwise(widths)]
        return {"graph": graph, "readout": readout, "dense": dense}

    def _affine(self, inputs, outputs):
        return tf.Variable(self._glorot([inputs, outputs])), tf.Variable(tf.zeros([outputs]))


def plain(graphs, batch_size: int, latent_size: int) -> Candidate:
    """Returns steps of the plain implementation."""
    gan = PlainMolGAN(graphs, batch_size, latent_size)

    def run(steps):
        for _ in range(steps):
            loss = gan.step()
        float(loss)

    return run


def _gumbel(like):
    return -tf.math.log(-tf.math.log(tf.random.uniform(tf.shape(like), minval=1e-7)))


def main(argv=None) -> None:
    """Runs the benchmark and prints it, or writes it to a file."""
    parser = new_parser(__doc__)
    add_options(parser, list(LATENTS), batch_size=256, steps=15, turns=3)
    options = parse_options(parser, argv)
    configs = {
        name: get_config(name).override(
            batch_size=options.batch_size,
            dataset="small_molecules",
        )
        for name in ("gaussian", *options.latents)
    }
    config = completion.resolve(configs["gaussian"])
    graphs = training.load_dataset(config, progress=False).source
    graphs = {name: np.asarray(part, np.int32) for name, part in graphs.items()}
    modes = config.latent_options["modes"]
    candidates = {
        "plain XLA implementation": plain(graphs, options.batch_size, modes),
        "ours, bare: nothing drawn": bare_steps(configs["gaussian"]),
    }
    candidates |= {
        f"ours, {name}": keras_steps(*model_and_batches(configs[name])) for name in options.latents
    }
    measured = measure(candidates, options.steps, options.turns)
    text = report("`molgan` on graphs of nine atoms", options, versions(), measured)
    show_report(text, options.out)


if __name__ == "__main__":
    main()
