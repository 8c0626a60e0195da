"""The networks of MolGAN: a generator of graphs, and a critic of them."""

import keras
from keras import layers

from qlatent_tf.layers.graph.gated_sum_pool import GatedSumPool
from qlatent_tf.layers.graph.graph_conv import RelationalGraphConv
from qlatent_tf.text.names import check_choice


def graph_generator(
    latent_size, graph=(9, 5, 5), units=(64, 176, 288, 400, 512), injection="addition"
):
    """Returns the generator, ``(batch, latent_size)`` -> logits of atoms and bonds.

    The latent enters every hidden layer before its activation. By "addition", an affine map of it
    is added to that of the layer before. By "concatenation", it stands beside the layer before,
    and one affine map is taken of both: the same functions, with one bias less and other initial
    weights, for Glorot's scale is then that of the joint matrix.

    Args:
      latent_size: int. The latent's width.
      graph: (max_atoms, atom_types, bond_types).
      units: sequence of int. The hidden layers' widths.
      injection: str. "addition" or "concatenation".

    Returns:
      keras.Model with outputs ``{"atoms": (batch, max_atoms, atom_types), "bonds": (batch,
      max_atoms, max_atoms, bond_types)}``; bonds are symmetric.

    Raises:
      ValueError: if there is no such injection.
    """
    check_choice("injection", injection, ("addition", "concatenation"))
    max_atoms, atom_types, bond_types = graph
    # === Functional Model ===
    latent = keras.Input((latent_size,))
    hidden = latent
    for width in units:
        if injection == "addition":
            mixed = layers.add([layers.Dense(width)(hidden), layers.Dense(width)(latent)])
        else:
            joint = latent if hidden is latent else layers.concatenate([hidden, latent])
            mixed = layers.Dense(width)(joint)
        hidden = layers.LeakyReLU(negative_slope=0.2)(mixed)
    # In single precision, whatever the others compute in, as the critic's last layer.
    single = {"dtype": "float32"}
    atoms = layers.Dense(max_atoms * atom_types, **single)(hidden)
    bonds = layers.Dense(max_atoms * max_atoms * bond_types, **single)(hidden)
    atoms = layers.Reshape((max_atoms, atom_types), **single)(atoms)
    bonds = layers.Reshape((max_atoms, max_atoms, bond_types), **single)(bonds)
    bonds = layers.average([bonds, layers.Permute((2, 1, 3), **single)(bonds)], **single)
    return keras.Model(latent, {"atoms": atoms, "bonds": bonds}, name="generator")


def graph_critic(
    graph=(9, 5, 5),
    graph_units=(128, 64),
    readout_units=128,
    units=(128, 64),
    normalization=None,
    mask_padding=False,
    activation=None,
    name="critic",
):
    """Returns the critic, one-hot or relaxed graphs -> ``(batch, 1)``.

    Invariant under the order of the atoms: graph convolutions over the real bond types, each fed
    the node features once more, then a gated sum over all atoms.

    With `mask_padding` each atom counts ``1 - p(PAD)``, in what it sends, in what it becomes and in
    the sum: real graphs are judged as if their padding were not there, and relaxed ones by a
    score through which gradients reach p(PAD).

    Args:
      graph: (max_atoms, atom_types, bond_types).
      graph_units: sequence of int. Channels of the graph convolutions.
      readout_units: int. Channels of the gated sum.
      units: sequence of int. Dense layers behind it.
      normalization: str. That of `RelationalGraphConv`.
      mask_padding: bool. Whether padding atoms are left out.
      activation: str. That of the output: none in a critic, "sigmoid" in a reward network.
      name: str. The model's.

    Raises:
      ValueError: if there is no such normalization.
    """
    max_atoms, atom_types, bond_types = graph
    # === Functional Model ===
    atoms = keras.Input((max_atoms, atom_types), name="atoms")
    bonds = keras.Input((max_atoms, max_atoms, bond_types), name="bonds")
    real_bonds = bonds[..., 1:]
    mask = 1.0 - atoms[..., 0] if mask_padding else None
    nodes = atoms
    for width in graph_units:
        convolution = RelationalGraphConv(width, normalization, activation="tanh")
        nodes = layers.concatenate([convolution([nodes, real_bonds], mask=mask), atoms])
    hidden = layers.Activation("tanh")(GatedSumPool(readout_units)(nodes, mask=mask))
    for width in units:
        hidden = layers.Dense(width, activation="tanh")(hidden)
    score = layers.Dense(1, activation=activation, dtype="float32")(hidden)
    return keras.Model({"atoms": atoms, "bonds": bonds}, score, name=name)
