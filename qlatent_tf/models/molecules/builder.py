"""Builds a MolGAN, with a reward or without."""

import functools

from qlatent_tf.checks import check_count, check_flag
from qlatent_tf.datasets.molecules.elements import ATOMS, BONDS
from qlatent_tf.gan.shapes import check_sizes, check_widths, latent_width
from qlatent_tf.registry import rewards
from qlatent_tf.resolve import graph_sizes
from qlatent_tf.text.names import check_number


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
      max_atoms: int. Places for heavy atoms in a graph; in a run, those of the data by default.
      atom_types: int. Atom types, the first of which pads: codes, up to the highest of the data's
        elements, and in a run as many by default. The codes 0 to 12 are PAD, C, N, O, F, S, Cl, Br,
        P, I, B, Si and Se.
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

    Raises:
      ValueError: if an option is none of those that are legal.

    References:
      De Cao and Kipf, MolGAN, arXiv 1805.11973. Bacarreza et al., Quantum latent distributions
      in deep generative models, arXiv 2508.19857, section on QM9.
    """
    from qlatent_tf.models.molecules.model import MolGAN
    from qlatent_tf.models.molecules.networks import graph_critic, graph_generator
    from qlatent_tf.models.molecules.rewards import RewardMolGAN

    straight_through = check_flag(straight_through, "straight_through")
    mask_padding = check_flag(mask_padding, "mask_padding")
    check_number("temperature", temperature, 0)
    if not temperature:
        raise ValueError(f"temperature is above 0; received {temperature!r}.")
    check_number("permutation_probability", permutation_probability, 0, 1)
    check_widths(
        generator_units=generator_units,
        critic_graph_units=critic_graph_units,
        critic_units=critic_units,
    )
    graph = (max_atoms, atom_types, bond_types)
    check_sizes(
        max_atoms=max_atoms,
        atom_types=atom_types,
        bond_types=bond_types,
        critic_readout_units=critic_readout_units,
    )
    if atom_types > len(ATOMS) or bond_types > len(BONDS):
        raise ValueError(
            f"atom_types is at most {len(ATOMS)} and bond_types {len(BONDS)}, those that can be "
            f"decoded; received {atom_types} and {bond_types}."
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
    networks = (graph_generator(latent_width(latent), graph, generator_units, injection), critic())
    options = {
        "temperature": temperature,
        "permutation_probability": permutation_probability,
        "straight_through": straight_through,
        **wgan_options,
    }
    if reward is None:
        return MolGAN(latent, *networks, **options)
    check_number("reward_weight", reward_weight, 0, 1)
    check_count(reward_start, "reward_start")
    check_sizes(replay_size=replay_size, replay_interval=replay_interval)
    names = list(reward) if isinstance(reward, (list, tuple)) else [reward]
    if not names:
        raise ValueError("reward names one reward or several, or is None; received none in a list.")
    for name in names:
        rewards.check(str(name))
    if not any(rewards.is_ours(str(name)) for name in names):
        # Ours are 0 for what is no molecule; so are others beside `valid`.
        names = ["valid", *names]
    return RewardMolGAN(
        latent,
        *networks,
        critic(activation="sigmoid", name="reward_network"),
        # Named, for a preset that is sampled needs none of them.
        lambda: [rewards.get(str(name)) for name in names],
        reward_weight=reward_weight,
        reward_start=reward_start,
        replay_size=replay_size,
        replay_interval=replay_interval,
        **options,
    )


def _follow_data(config):
    sizes = graph_sizes(config)
    return {} if sizes is None else dict(zip(("max_atoms", "atom_types"), sizes, strict=True))


molgan.follows = _follow_data
