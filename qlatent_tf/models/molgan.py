"""MolGAN: a GAN over molecular graphs."""

import functools

import tensorflow as tf
from keras import ops

from qlatent_tf.batches import uniform_rows
from qlatent_tf.models.graph_networks import graph_critic, graph_generator
from qlatent_tf.registry import models, rewards
from qlatent_tf.shapes import check_widths
from qlatent_tf.wgan_gp import WGANGP


@models.register("molgan")
def molgan(
    latent,
    *,
    max_atoms=9,
    atom_types=5,
    bond_types=5,
    generator_units=(64, 176, 288, 400, 512),
    injection="addition",
    critic_graph_units=(128, 64),
    critic_readout_units=128,
    critic_units=(128, 64),
    critic_normalization=None,
    mask_padding=False,
    temperature=1.0,
    straight_through=False,
    permutation_probability=0.3,
    reward=None,
    reward_weight=0.5,
    reward_start=0,
    replay_size=256,
    replay_interval=10,
    **wgan_options,
):
    """Builds a MolGAN with the generator of Bacarreza et al. and the critic of De Cao and Kipf.

    Args:
      latent: tfd.Distribution, event shape ``[latent_size]``.
      max_atoms: int. Places for heavy atoms in a graph.
      atom_types: int. Atom types, the first of which pads.
      bond_types: int. Bond types, the first of which is "none".
      generator_units: sequence of int. Hidden layers of the generator.
      injection: str. How the latent enters each of them; see `graph_generator`.
      critic_graph_units: sequence of int. Graph convolutions of the critic.
      critic_readout_units: int. Width of the critic's gated sum over atoms.
      critic_units: sequence of int. Dense layers of the critic.
      critic_normalization: str. What the critic divides the messages to an atom by; see
        `RelationalGraphConv`.
      mask_padding: bool. Whether the critic leaves out padding atoms; see `graph_critic`.
      temperature: float. Of the Gumbel-softmax in training.
      straight_through: bool. Whether generated graphs are one-hot in training, too; see `MolGAN`.
      permutation_probability: float. Share of real graphs whose atoms are put in random order.
      reward: str or sequence of str. Registered rewards, or ``module:function``, whose product
        guides the training; see `RewardMolGAN`. None for none.
      reward_weight: float. The reward's share of the generator's loss, from 0 to 1.
      reward_start: int. The step from which it is; the reward network is trained before, too.
      replay_size: int. Generated graphs whose rewards are computed at a time.
      replay_interval: int. Steps for which they are used.
      **wgan_options: `gradient_penalty_weight`, `critic_steps` and `one_sided_penalty` of
        `WGANGP`.

    Returns:
      MolGAN, or RewardMolGAN, over ``{"atoms": int8 (max_atoms,), "bonds": int8 (max_atoms,
      max_atoms)}``.

    References:
      De Cao and Kipf, MolGAN, arXiv 1805.11973. Bacarreza et al., Quantum latent distributions
      in deep generative models, arXiv 2508.19857, section on QM9.
    """
    if not temperature > 0:
        raise ValueError(f"temperature is above 0; received {temperature!r}.")
    if not 0 <= permutation_probability <= 1:
        raise ValueError(
            f"permutation_probability is in [0, 1]; received {permutation_probability!r}."
        )
    check_widths("generator_units", generator_units)
    check_widths("critic_graph_units", critic_graph_units)
    check_widths("critic_units", critic_units)
    graph = (max_atoms, atom_types, bond_types)
    check_widths(
        "max_atoms, atom_types, bond_types, critic_readout_units", [*graph, critic_readout_units]
    )
    critic = functools.partial(
        graph_critic,
        graph,
        critic_graph_units,
        critic_readout_units,
        critic_units,
        critic_normalization,
        mask_padding,
    )
    networks = (graph_generator(latent.event_shape[0], graph, generator_units, injection), critic())
    options = {
        "temperature": temperature,
        "permutation_probability": permutation_probability,
        "straight_through": straight_through,
        **wgan_options,
    }
    if reward is None:
        return MolGAN(latent, *networks, **options)
    # Imported here, for it extends the class below.
    from qlatent_tf.models.reward_molgan import RewardMolGAN

    if not 0 <= reward_weight <= 1:
        raise ValueError(f"reward_weight is in [0, 1]; received {reward_weight!r}.")
    if type(reward_start) is not int or reward_start < 0:
        raise ValueError(f"reward_start is a whole number from 0; received {reward_start!r}.")
    check_widths("replay_size, replay_interval", [replay_size, replay_interval])
    names = [reward] if isinstance(reward, str) else list(reward)
    if not names:
        raise ValueError("reward names one reward or several, or is None; received none in a list.")
    return RewardMolGAN(
        latent,
        *networks,
        critic(activation="sigmoid", name="reward_network"),
        [rewards.get(name) for name in names],
        reward_weight=reward_weight,
        reward_start=reward_start,
        replay_size=replay_size,
        replay_interval=replay_interval,
        **options,
    )


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
        self,
        latent,
        generator,
        critic,
        temperature=1.0,
        permutation_probability=0.3,
        straight_through=False,
        **kwargs,
    ):
        super().__init__(latent, generator, critic, **kwargs)
        self.temperature = temperature
        self.straight_through = straight_through
        self.permutation_probability = permutation_probability

    def encode(self, samples, seed):
        """Maps integer types to one-hot, with the atoms of some graphs in random order."""
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
        upper = _upper_triangle(bonds.shape[1])
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


def _upper_triangle(size):
    return ops.expand_dims(ops.triu(ops.ones((size, size), dtype="bool")), -1)


def _without_self_bonds(bonds):
    size, types = bonds.shape[1], bonds.shape[-1]
    itself = ops.expand_dims(ops.eye(size, dtype="bool"), -1)
    return ops.where(itself, ops.one_hot(0, types), bonds)
