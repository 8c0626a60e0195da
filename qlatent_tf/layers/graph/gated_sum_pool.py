"""The gated sum over nodes that MolGAN's critic reads a graph by."""

import keras
from keras import ops
from spektral.layers import GlobalAttentionPool

from qlatent_tf.layers.graph.graph_conv import node_weights


@keras.saving.register_keras_serializable(package="qlatent_tf")
class GatedSumPool(GlobalAttentionPool):
    r"""Spektral's `GlobalAttentionPool` with MolGAN's hyperbolic tangent on the features.

    **Mode**: single, disjoint, mixed, batch.

    This layer computes, over the nodes i of a graph with node weights m:

        X' = sum_i m_i sigmoid(x_i W_1 + b_1) * tanh(x_i W_2 + b_2)

    **Input**

    - Node features of shape `([batch], n_nodes, n_node_features)`;
    - Graph IDs of shape `(n_nodes, )` (only in disjoint mode);
    - `mask` (call argument, optional): the node weights m of shape `([batch], n_nodes)`: Boolean,
    False for padding, found as the features' Keras mask if the argument is not given, or real.

    **Output**

    - Pooled features of shape `(batch, channels)` (in single mode `(1, channels)`).

    **Arguments**

    - `channels`: integer, number of output channels;
    - `kernel_initializer`: initializer for the weights;
    - `bias_initializer`: initializer for the bias vectors;
    - `kernel_regularizer`: regularization applied to the kernel matrices;
    - `bias_regularizer`: regularization applied to the bias vectors;
    - `kernel_constraint`: constraint applied to the kernel matrices;
    - `bias_constraint`: constraint applied to the bias vectors.

    **Reference**: De Cao and Kipf, MolGAN, arXiv 1805.11973, appendix A; after Li et al., Gated
    graph sequence neural networks, arXiv 1511.05493.
    """

    def build(self, input_shape):
        # The base class reads the mode off the type: a list of two is disjoint. A single graph's
        # shape comes back from a file as a list of two numbers.
        disjoint = isinstance(input_shape[0], (list, tuple))
        nodes = tuple(input_shape[0] if disjoint else input_shape)
        super().build([nodes, tuple(input_shape[1])] if disjoint else nodes)
        self.features_layer.activation = keras.activations.tanh
        # The base class leaves its dense layers to be built by the first call with numbers. A
        # symbolic Keras 3 model never makes it, and would be trained without their weights.
        self.features_layer.build(nodes)
        self.attention_layer.build(nodes)

    def call(self, inputs, mask=None):
        disjoint = self.data_mode == "disjoint"
        nodes = inputs[0] if disjoint else inputs
        gated = self.attention_layer(nodes) * self.features_layer(nodes)
        weights = node_weights(mask, self.compute_dtype)
        if weights is not None:
            gated = gated * weights
        if disjoint:
            return ops.segment_sum(gated, ops.reshape(inputs[1], [-1]), sorted=True)
        return ops.sum(gated, axis=-2, keepdims=self.data_mode == "single")

    def compute_output_shape(self, input_shape):
        # The base class promises a row for each node in disjoint mode; it is one for each graph.
        if isinstance(input_shape[0], (list, tuple)):
            return (None, self.channels)
        return (*(input_shape[:-2] or (1,)), self.channels)

    def compute_mask(self, inputs, previous_mask):
        return None  # The nodes are summed up; there is nothing left to mask.
