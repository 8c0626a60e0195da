"""MolGAN: a GAN over molecular graphs."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from keras import ops

from qlatent_tf.gan.batches import uniform_rows
from qlatent_tf.gan.wgan_gp import WGANGP


class MolGAN(WGANGP):
    """WGAN-GP over molecular graphs of integer types.

    In training the generator's logits are relaxed by the Gumbel-softmax; samples take the most
    likely type of each atom and bond. No atom is bonded to itself.

    Args:
      temperature: float. Of the Gumbel-softmax.
      permutation_probability: float. Share of real graphs whose atoms are put in random order.
      straight_through: bool. Whether the critic sees the one-hot graph of the largest entries of
        a Gumbel-softmax sample in place of the sample, whose gradient is used all the same.
      Others: as `WGANGP`.

    Reference:
      Jang et al., Categorical reparameterization with Gumbel-softmax, arXiv 1611.01144.
    """

    def __init__(
        self, *args, temperature=1.0, permutation_probability=0.3, straight_through=False, **kwargs
    ):
        super().__init__(*args, **kwargs)
        self.temperature = temperature
        self.straight_through = straight_through
        self.permutation_probability = permutation_probability

    def training_batches(self, real, *args, **kwargs):
        """As `WGANGP.training_batches`.

        Raises:
          ValueError: as there, or if the graphs have more types than the networks.
        """
        if isinstance(real, Mapping):
            for part, output in self.generator.output.items():
                types, largest = output.shape[-1], int(np.max(real[part], initial=0))
                if largest >= types:
                    raise ValueError(
                        f"The model tells {types} types of {part} apart, 0 to {types - 1}; the "
                        f"data have type {largest}."
                    )
        return super().training_batches(real, *args, **kwargs)

    def encode(self, samples, seed):
        """Maps integer types to one-hot, with the atoms of some graphs in random order.

        Args:
          samples: dict. `atoms`, int of shape `(n, max_atoms)`, and `bonds`, int of shape
            `(n, max_atoms, max_atoms)`.
          seed: pair of int. Decides which, and their order.

        Raises:
          ValueError: if the seed is no pair.
        """
        if tuple(tf.convert_to_tensor(seed).shape) != (2,):
            raise ValueError(f"A seed is two integers, such as [0, 1]; received {seed!r}.")
        atoms, bonds = samples["atoms"], samples["bonds"]
        order = _random_orders(tf.shape(atoms), self.permutation_probability, seed)
        dims = len(atoms.shape) - 1
        atoms = tf.gather(atoms, order, batch_dims=dims)
        bonds = tf.gather(bonds, order, batch_dims=dims)
        bonds = tf.gather(bonds, order, axis=-1, batch_dims=dims)
        _, atom_types = self.generator.output["atoms"].shape[1:]
        bond_types = self.generator.output["bonds"].shape[-1]
        return {"atoms": tf.one_hot(atoms, atom_types), "bonds": tf.one_hot(bonds, bond_types)}

    def relax(self, outputs, seed):
        """Samples the Gumbel-softmax; the noise of a bond is the same in both directions."""
        atom_seed, bond_seed = tf.unstack(tf.random.split(seed, 2))
        atoms, bonds = outputs["atoms"], outputs["bonds"]
        uniform = _uniform(ops.shape(bonds), bond_seed)
        upper = ops.expand_dims(ops.triu(ops.ones(bonds.shape[1:3], dtype="bool")), -1)
        uniform = ops.where(upper, uniform, ops.transpose(uniform, (0, 2, 1, 3)))
        bonds = ops.softmax((bonds + _gumbel(uniform)) / self.temperature)
        atoms = atoms + _gumbel(_uniform(ops.shape(atoms), atom_seed))
        atoms = ops.softmax(atoms / self.temperature)
        if self.straight_through:
            atoms, bonds = _one_hot_forward(atoms), _one_hot_forward(bonds)
        return {"atoms": atoms, "bonds": _without_self_bonds(bonds)}

    def probabilities(self, outputs):
        """Returns the probabilities of the types, without noise."""
        bonds = _without_self_bonds(ops.softmax(outputs["bonds"]))
        return {"atoms": ops.softmax(outputs["atoms"]), "bonds": bonds}

    def decode(self, outputs):
        """Returns the most likely types, int8."""
        atoms = ops.argmax(outputs["atoms"], axis=-1)
        bonds = ops.argmax(self.probabilities(outputs)["bonds"], axis=-1)
        return {"atoms": ops.cast(atoms, "int8"), "bonds": ops.cast(bonds, "int8")}


def _random_orders(shape, probability, seed):
    """Permutations of the last axis: random with the given probability, else the identity."""
    choice_seed, order_seed = tf.unstack(tf.random.split(seed, 2))
    keys = tf.random.stateless_uniform(shape, order_seed)
    permuted = tf.random.stateless_uniform(shape[:-1], choice_seed) < probability
    ascending = tf.broadcast_to(tf.range(shape[-1]), shape)
    return tf.where(permuted[..., tf.newaxis], tf.argsort(keys), ascending)


def _uniform(shape, seed):
    # Above 0, or the logarithm of the logarithm is infinite.
    return uniform_rows(shape, seed, minval=1e-7, maxval=1.0)


def _gumbel(uniform):
    return -ops.log(-ops.log(uniform))


def _one_hot_forward(soft):
    """The one-hot vector of the largest entry, exactly, with the gradient of `soft`."""
    hard = ops.one_hot(ops.argmax(soft, axis=-1), soft.shape[-1])
    return hard + (soft - ops.stop_gradient(soft))


def _without_self_bonds(bonds):
    size, types = bonds.shape[1], bonds.shape[-1]
    itself = ops.expand_dims(ops.eye(size, dtype="bool"), -1)
    return ops.where(itself, ops.one_hot(0, types), bonds)
