import keras
import numpy as np
import pytest

from qlatent_tf.layers.graph_conv import RelationalGraphConv

NODES, FEATURES, RELATIONS, CHANNELS = 4, 3, 2, 5


def graph(batch=()):
    random = np.random.default_rng(0)
    nodes = random.normal(size=(*batch, NODES, FEATURES)).astype("float32")
    adjacency = random.random((*batch, NODES, NODES, RELATIONS)).astype("float32")
    return nodes, adjacency


def layer(**options):
    options = {"activation": "tanh", "bias_initializer": "random_normal", **options}
    return RelationalGraphConv(CHANNELS, **options)


def by_definition(nodes, adjacency, conv):
    total = nodes @ conv.kernels[0] + (conv.biases[0] if conv.use_bias else 0)
    for relation in range(RELATIONS):
        message = nodes @ conv.kernels[relation + 1]
        message = message + (conv.biases[relation + 1] if conv.use_bias else 0)
        total = total + adjacency[..., relation] @ message
    return np.tanh(total)


@pytest.mark.parametrize("batch", [(), (6,)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_equals_its_definition(batch, use_bias):
    conv = layer(use_bias=use_bias)
    nodes, adjacency = graph(batch)
    output = conv([nodes, adjacency])
    assert output.shape == conv.compute_output_shape([nodes.shape, adjacency.shape])
    np.testing.assert_allclose(output, by_definition(nodes, adjacency, conv), atol=1e-5)


def test_permuting_the_nodes_permutes_the_output():
    conv = layer()
    nodes, adjacency = graph((2,))
    order = np.array([2, 0, 3, 1])
    permuted = conv([nodes[:, order], adjacency[:, order][:, :, order]])
    np.testing.assert_allclose(permuted, np.array(conv([nodes, adjacency]))[:, order], atol=1e-5)


def test_serialises():
    conv = layer(kernel_regularizer="l2")
    clone = keras.layers.deserialize(keras.layers.serialize(conv))
    assert clone.get_config() == conv.get_config()
    assert clone.channels == CHANNELS
