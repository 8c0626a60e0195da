"""Graph convolution with one weight matrix a relation, as a Spektral layer."""

import keras
from keras import ops
from spektral.layers.convolutional.conv import Conv
from spektral.utils.keras import is_keras_kwarg

from qlatent_tf.text.names import check_choice, did_you_mean

NORMALIZATIONS = (None, "degree", "relation")
# Spektral keeps those that it is given.
_DEFAULTS = {
    "activation": None,
    "use_bias": True,
    "kernel_initializer": "glorot_uniform",
    "bias_initializer": "zeros",
    **dict.fromkeys(f"{part}_regularizer" for part in ("kernel", "bias")),
    **dict.fromkeys(f"{part}_constraint" for part in ("kernel", "bias")),
}


@keras.saving.register_keras_serializable(package="qlatent_tf")
class RelationalGraphConv(Conv):
    r"""A graph convolution with separate weights for each relation, from the papers

    > [Modeling Relational Data with Graph Convolutional Networks](https://arxiv.org/abs/1703.06103)
    > Schlichtkrull et al., and
    > [MolGAN: An implicit generative model for small molecular
    > graphs](https://arxiv.org/abs/1805.11973) De Cao and Kipf.

    **Mode**: single, mixed, batch; dense adjacency. (Disjoint mode is single mode with the
    block-diagonal adjacency of all graphs.)

    This layer computes, for relations y = 1..R with adjacency A_y and node weights m:

        X'_i = m_i activation(X_i W_self + b_self
                              + sum_y sum_j A_ijy m_j (X_j W_y + b_y) / c_iy)

    where c is 1, or by `normalization` a number of neighbours, which nodes without any count as 1:

        "degree":    c_iy = max(1, sum_j sum_z A_ijz m_j)     neighbours by all relations
        "relation":  c_iy = max(1, sum_j A_ijy m_j)           neighbours by the same relation

    **Input**

    - Node features of shape `([batch], n_nodes, n_node_features)`;
    - Adjacency of shape `([batch], n_nodes, n_nodes, n_relations)`, without batch in single and
    mixed mode; entry (i, j, y) weighs the message from node j to node i by relation y. Real-valued
    entries are allowed.
    - `mask` (call argument, optional): the node weights m of shape `([batch], n_nodes)`. Boolean,
    False for padding, as Keras attaches masks to node features: then it is found there if the
    argument is not given, and passed on to the output. Or real, in which case gradients flow
    through it, and each layer has to be given it.

    **Output**

    - Node features of shape `([batch], n_nodes, channels)`; those of masked nodes are 0.

    **Arguments**

    - `channels`: integer, number of output channels;
    - `normalization`: None, "degree" or "relation": what the messages to a node are divided by;
    - `activation`: activation function;
    - `use_bias`: bool, add a bias to the node itself and to each relation's messages;
    - `kernel_initializer`: initializer for each relation's weights;
    - `bias_initializer`: initializer for each relation's bias;
    - `kernel_regularizer`: regularization applied to the weights;
    - `bias_regularizer`: regularization applied to the biases;
    - `kernel_constraint`: constraint applied to the weights;
    - `bias_constraint`: constraint applied to the biases.
    """

    def __init__(self, channels, normalization=None, **kwargs):
        # Spektral would leave out what it does not know.
        unknown = [name for name in kwargs if name not in _DEFAULTS and not is_keras_kwarg(name)]
        if unknown:
            known = ("channels", "normalization", *_DEFAULTS)
            raise ValueError(
                f"RelationalGraphConv has no argument {unknown[0]!r}."
                f"{did_you_mean(unknown[0], known)} Legal: {', '.join(known)}, and those of a "
                "Keras layer."
            )
        super().__init__(**{**_DEFAULTS, **kwargs})
        check_choice("normalization", normalization, NORMALIZATIONS)
        self.channels = channels
        self.normalization = normalization

    def build(self, input_shape):
        node_shape, adjacency_shape = _check_shapes(input_shape)
        features, relations = node_shape[-1], adjacency_shape[-1]
        self.kernels = self._weights("kernel", relations, (features, self.channels))
        self.biases = self._weights("bias", relations, (self.channels,)) if self.use_bias else None
        self.built = True

    def call(self, inputs, mask=None):
        nodes, adjacency = inputs
        counted = node_weights(mask, self.compute_dtype)
        if counted is not None:
            adjacency = adjacency * ops.expand_dims(counted, -3)
        if self.normalization is not None:
            axes = (-2, -1) if self.normalization == "degree" else -2
            neighbours = ops.sum(adjacency, axis=axes, keepdims=True)
            adjacency = adjacency / ops.maximum(neighbours, 1.0)
        kernels = self.kernels
        if self.use_bias:
            # A bias is the weight of a feature that is 1. It costs no pass over the messages then.
            nodes = ops.concatenate([nodes, ops.ones_like(nodes[..., :1])], axis=-1)
            biases = (ops.expand_dims(bias, 0) for bias in self.biases)
            kernels = [ops.concatenate(pair) for pair in zip(kernels, biases, strict=True)]
        # The sum over senders is linear: it is taken where the rows are shorter.
        if nodes.shape[-1] < self.channels:
            output = _of_sums(nodes, adjacency, kernels)
        else:
            output = _sum_of_messages(nodes, adjacency, kernels)
        output = self.activation(output)
        return output if counted is None else output * counted

    def compute_mask(self, inputs, previous_mask):
        # Weights are no Keras mask, which the layers that follow would take for Boolean.
        mask = _first(previous_mask)
        is_keras_mask = mask is not None and keras.backend.standardize_dtype(mask.dtype) == "bool"
        return mask if is_keras_mask else None

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], self.channels)

    @property
    def config(self):
        return {"channels": self.channels, "normalization": self.normalization}

    def _weights(self, kind, relations, shape):
        """One for the node itself, which is relation 0, and one for each relation."""
        options = ("initializer", "regularizer", "constraint")
        return [
            self.add_weight(
                name=f"{kind}_{relation or 'self'}",
                shape=shape,
                **{option: getattr(self, f"{kind}_{option}") for option in options},
            )
            for relation in range(relations + 1)
        ]


def node_weights(mask, dtype):
    """Returns the weights of the nodes, to multiply node features by.

    Args:
      mask: None, or a tensor of shape ``([batch], n_nodes)``: Boolean, False for a node that is
        not there, or real weights. Or a list with a mask for each input, as Keras 3 passes to a
        layer of several, ``[None, None]`` where none is set: that of the node features is first.
      dtype: str. The dtype of the features.

    Returns:
      Tensor of shape ``([batch], n_nodes, 1)``, or None where all nodes count in full.
    """
    mask = _first(mask)
    return None if mask is None else ops.expand_dims(ops.cast(mask, dtype), -1)


def _first(mask):
    return mask[0] if isinstance(mask, (list, tuple)) else mask


def _of_sums(nodes, adjacency, kernels):
    """Sums the features of the senders by each relation, then maps all sums in one product."""
    relations, features = adjacency.shape[-1], nodes.shape[-1]
    # (.., node, relation, sender) with the first two in one axis, times (.., sender, feature).
    weights = ops.swapaxes(adjacency, -1, -2)
    weights = ops.reshape(weights, [*ops.shape(weights)[:-3], -1, ops.shape(weights)[-1]])
    sums = ops.matmul(weights, nodes)
    sums = ops.reshape(sums, [*ops.shape(nodes)[:-1], relations * features])
    return ops.matmul(ops.concatenate([nodes, sums], axis=-1), ops.concatenate(kernels))


def _sum_of_messages(nodes, adjacency, kernels):
    """Maps the features by each relation in one product, then sums over senders and relations."""
    own, *kernels = kernels
    messages = ops.matmul(nodes, ops.concatenate(kernels, axis=-1))
    # (.., sender, relation * channels) -> (.., sender * relation, channels), and likewise for
    # the adjacency: the sum over senders and relations is then one product.
    senders, relations = adjacency.shape[-2:]
    pairs = -1 if senders is None else senders * relations
    messages = ops.reshape(messages, [*ops.shape(messages)[:-2], pairs, own.shape[-1]])
    weights = ops.reshape(adjacency, [*ops.shape(adjacency)[:-2], pairs])
    return ops.matmul(nodes, own) + ops.matmul(weights, messages)


def _check_shapes(input_shape):
    """Returns the shapes of nodes and adjacency, or raises ValueError where they do not fit."""
    nodes, adjacency = (tuple(shape) for shape in input_shape)
    fits = (
        len(nodes) in (2, 3)
        and len(adjacency) in (3, len(nodes) + 1)
        and all(size is None or nodes[-2] is None or size == nodes[-2] for size in adjacency[-3:-1])
    )
    if not fits:
        raise ValueError(
            "RelationalGraphConv takes node features of shape ([batch], n_nodes, "
            "n_node_features) and an adjacency of shape ([batch], n_nodes, n_nodes, "
            f"n_relations); received {nodes} and {adjacency}."
        )
    return nodes, adjacency
