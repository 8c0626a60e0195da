"""The gated sum over nodes that MolGAN's critic reads a graph by."""

import keras
from spektral.layers import GlobalAttentionPool


@keras.saving.register_keras_serializable(package="qlatent_tf")
class GatedSumPool(GlobalAttentionPool):
    r"""Spektral's `GlobalAttentionPool` with MolGAN's hyperbolic tangent on the features.

    **Mode**: single, batch.

    This layer computes, over the nodes i of a graph:

        X' = sum_i sigmoid(x_i W_1 + b_1) * tanh(x_i W_2 + b_2)

    **Input**

    - Node features of shape `([batch], n_nodes, n_node_features)`.

    **Output**

    - Pooled features of shape `(batch, channels)` (in single mode `(1, channels)`).

    **Arguments**

    - `channels`: integer, number of output channels; others as `GlobalAttentionPool`.

    **Reference**: De Cao and Kipf, MolGAN, arXiv 1805.11973, appendix A; after Li et al., Gated
    graph sequence neural networks, arXiv 1511.05493.
    """

    def build(self, input_shape):
        super().build(input_shape)
        self.features_layer.activation = keras.activations.tanh
        # The base class leaves its dense layers to be built by the first call with numbers. A
        # symbolic Keras 3 model never makes it, and would be trained without their weights.
        self.features_layer.build(input_shape)
        self.attention_layer.build(input_shape)
