import keras
import numpy as np

from qlatent_tf.layers.gated_sum_pool import GatedSumPool


def test_equals_its_definition():
    nodes = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")
    pool = GatedSumPool(2, bias_initializer="random_normal")
    output = pool(nodes)
    gate_kernel, gate_bias = pool.attention_layer.get_weights()
    kernel, bias = pool.features_layer.get_weights()
    gate = 1 / (1 + np.exp(-(nodes @ gate_kernel + gate_bias)))
    np.testing.assert_allclose(output, (gate * np.tanh(nodes @ kernel + bias)).sum(1), atol=1e-5)


def test_a_symbolic_model_counts_its_weights():
    nodes = keras.Input((4, 5))
    model = keras.Model(nodes, GatedSumPool(2)(nodes))
    assert model.count_params() == 2 * (5 * 2 + 2)
    assert len(model.trainable_variables) == 4


def test_serialises():
    pool = GatedSumPool(2)
    assert keras.layers.deserialize(keras.layers.serialize(pool)).channels == 2
