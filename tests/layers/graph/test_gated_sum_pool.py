import keras
import numpy as np
import pytest

from qlatent_tf.layers.graph.gated_sum_pool import GatedSumPool

NODES = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")


def pool():
    return GatedSumPool(2, bias_initializer="random_normal")


def gated(nodes, layer):
    gate_kernel, gate_bias = layer.attention_layer.get_weights()
    kernel, bias = layer.features_layer.get_weights()
    gate = 1 / (1 + np.exp(-(nodes @ gate_kernel + gate_bias)))
    return gate * np.tanh(nodes @ kernel + bias)


def test_equals_its_definition():
    layer = pool()
    np.testing.assert_allclose(layer(NODES), gated(NODES, layer).sum(1), atol=1e-5)


def test_a_single_graph_is_a_batch_of_one():
    layer = pool()
    np.testing.assert_allclose(layer(NODES[0]), gated(NODES[:1], layer).sum(1), atol=1e-5)


def test_disjoint_graphs_are_told_apart_by_their_numbers():
    layer = pool()
    rows, graphs = NODES.reshape(-1, 5), np.repeat([0, 1, 2], 4)
    np.testing.assert_allclose(layer([rows, graphs]), gated(NODES, layer).sum(1), atol=1e-5)
    assert layer.compute_output_shape([rows.shape, graphs.shape]) == (None, 2)


@pytest.mark.parametrize("dtype", ["bool", "float32"])
def test_masked_nodes_are_not_counted(dtype):
    layer = pool()
    mask = np.array([[1, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0]], dtype)
    expected = (gated_after_build(layer) * mask[..., None]).sum(1)
    np.testing.assert_allclose(layer(NODES, mask=mask), expected, atol=1e-5)
    np.testing.assert_array_equal(expected[2], 0)


def gated_after_build(layer):
    layer(NODES)
    return gated(NODES, layer)


def test_the_mask_of_keras_is_found_and_ends_here():
    layer = pool()
    nodes = NODES * np.array([1, 0, 1, 0], "float32")[:, None]
    inputs = keras.Input((4, 5))
    output = layer(keras.layers.Masking()(inputs))
    assert getattr(output, "_keras_mask", None) is None
    model = keras.Model(inputs, output)
    np.testing.assert_allclose(model(nodes), gated(NODES[:, ::2], layer).sum(1), atol=1e-5)


def test_a_symbolic_model_counts_its_weights():
    nodes = keras.Input((4, 5))
    model = keras.Model(nodes, GatedSumPool(2)(nodes))
    assert model.count_params() == 2 * (5 * 2 + 2)
    assert len(model.trainable_variables) == 4


@pytest.mark.parametrize("shape", [(3, 4, 5), (4, 5)])
def test_a_model_is_saved(tmp_path, shape):
    nodes = keras.Input(batch_shape=shape)
    options = {"kernel_regularizer": "l2", "bias_initializer": keras.initializers.Constant(0.5)}
    model = keras.Model(nodes, GatedSumPool(2, **options)(nodes))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    batch = NODES if len(shape) == 3 else NODES[0]
    np.testing.assert_array_equal(loaded(batch), model(batch))
    assert loaded.layers[-1].bias_initializer.value == 0.5
    assert isinstance(loaded.layers[-1].kernel_regularizer, keras.regularizers.L2)


def test_serialises():
    layer = GatedSumPool(2)
    assert keras.layers.deserialize(keras.layers.serialize(layer)).channels == 2
