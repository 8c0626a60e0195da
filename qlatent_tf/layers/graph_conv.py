"""Graph convolution with one weight matrix a relation, as a Spektral layer."""

import keras
from keras import ops
from spektral.layers.convolutional.conv import Conv


@keras.saving.register_keras_serializable(package="qlatent_tf")
class RelationalGraphConv(Conv):
    r"""A relational graph convolution from the papers

    > [Modeling Relational Data with Graph Convolutional Networks](https://arxiv.org/abs/1703.06103)
    > Schlichtkrull et al., and
    > [MolGAN: An implicit generative model for small molecular
    > graphs](https://arxiv.org/abs/1805.11973) De Cao and Kipf, whose un-normalised
    > sum over neighbours is used here.

    **Mode**: single, batch; dense adjacency.

    This layer computes, for relations y = 1..R with adjacency A_y:

        X' = activation(X W_self + b_self + sum_y A_y (X W_y + b_y))

    **Input**

    - Node features of shape `([batch], n_nodes, n_node_features)`;
    - Adjacency of shape `([batch], n_nodes, n_nodes, n_relations)`; entry (i, j, y) weighs the
      message from node j to node i by relation y. Real-valued entries are allowed.

    **Output**

    - Node features of shape `([batch], n_nodes, channels)`.

    **Arguments**

    - `channels`: integer, number of output channels;
    - `activation`: activation function;
    - `use_bias`: bool, add a bias to the node itself and to each relation's messages;
    - `kernel_initializer`: initializer for each relation's weights;
    - `bias_initializer`: initializer for each relation's bias;
    - `kernel_regularizer`: regularization applied to the weights;
    - `bias_regularizer`: regularization applied to the biases;
    - `kernel_constraint`: constraint applied to the weights;
    - `bias_constraint`: constraint applied to the biases.
    """

    def __init__(
        self,
        channels,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        bias_regularizer=None,
        kernel_constraint=None,
        bias_constraint=None,
        **kwargs,
    ):
        super().__init__(
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.channels = channels

    def build(self, input_shape):
        node_shape, adjacency_shape = input_shape
        features, relations = node_shape[-1], adjacency_shape[-1]
        # The node itself is relation 0: one matrix multiplication serves all relations.
        self.kernels = [self._kernel(name, features) for name in _names("kernel", relations)]
        self.biases = (
            [self._bias(name) for name in _names("bias", relations)] if self.use_bias else None
        )
        self.built = True

    def call(self, inputs):
        nodes, adjacency = inputs
        relations = adjacency.shape[-1]
        kernel = ops.concatenate(self.kernels, axis=-1)
        messages = ops.matmul(nodes, kernel)
        if self.use_bias:
            messages = messages + ops.concatenate(self.biases, axis=-1)
        own, messages = messages[..., : self.channels], messages[..., self.channels :]
        # (.., sender, relation * channels) -> (.., sender * relation, channels), and likewise for
        # the adjacency: the sum over senders and relations is then one product.
        senders = adjacency.shape[-2]
        leading = list(ops.shape(adjacency))[:-2]
        messages = ops.reshape(messages, [*leading[:-1], senders * relations, self.channels])
        weights = ops.reshape(adjacency, [*leading, senders * relations])
        return self.activation(own + ops.matmul(weights, messages))

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], self.channels)

    @property
    def config(self):
        return {"channels": self.channels}

    def _kernel(self, name, features):
        return self.add_weight(
            name=name,
            shape=(features, self.channels),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )

    def _bias(self, name):
        return self.add_weight(
            name=name,
            shape=(self.channels,),
            initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )


def _names(kind, relations):
    return [f"{kind}_self", *(f"{kind}_{relation}" for relation in range(1, relations + 1))]
