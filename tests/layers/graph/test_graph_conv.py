import keras
import numpy as np
import pytest
import tensorflow as tf

from qlatent_tf.layers.graph.graph_conv import RelationalGraphConv

NODES, FEATURES, RELATIONS, CHANNELS = 4, 3, 2, 5
MASK = np.array([[True, True, False, True], [True, False, False, True]])


def graph(batch=()):
    random = np.random.default_rng(0)
    nodes = random.normal(size=(*batch, NODES, FEATURES)).astype("float32")
    adjacency = random.random((*batch, NODES, NODES, RELATIONS)).astype("float32")
    return nodes, adjacency


def layer(channels=CHANNELS, **options):
    options = {"activation": "tanh", "bias_initializer": "random_normal", **options}
    return RelationalGraphConv(channels, **options)


def by_definition(nodes, adjacency, conv, weights=1.0):
    """The formula of the docstring; `weights` are those of the nodes, ``([batch], NODES)``."""
    weights = np.broadcast_to(np.asarray(weights, "float32"), nodes.shape[:-1])
    adjacency = adjacency * weights[..., None, :, None]
    neighbours = adjacency.sum(-2)
    if conv.normalization == "degree":
        neighbours = neighbours.sum(-1, keepdims=True) + np.zeros(RELATIONS)
    divisor = np.maximum(neighbours, 1) if conv.normalization else np.ones_like(neighbours)
    total = nodes @ conv.kernels[0] + (conv.biases[0] if conv.use_bias else 0)
    for relation in range(RELATIONS):
        message = nodes @ conv.kernels[relation + 1]
        message = message + (conv.biases[relation + 1] if conv.use_bias else 0)
        total = total + adjacency[..., relation] @ message / divisor[..., relation, None]
    return np.tanh(total) * weights[..., None]


@pytest.mark.parametrize("batch", [(), (6,)])
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("normalization", [None, "degree", "relation"])
@pytest.mark.parametrize("channels", [FEATURES - 1, CHANNELS])
def test_equals_its_definition(batch, use_bias, normalization, channels):
    conv = layer(channels, use_bias=use_bias, normalization=normalization)
    nodes, adjacency = graph(batch)
    output = conv([nodes, adjacency])
    assert output.shape == conv.compute_output_shape([nodes.shape, adjacency.shape])
    np.testing.assert_allclose(output, by_definition(nodes, adjacency, conv), atol=1e-5)


@pytest.mark.parametrize("channels", [FEATURES - 1, CHANNELS])
def test_many_graphs_may_share_one_adjacency(channels):
    conv = layer(channels, normalization="degree")
    nodes, adjacency = graph((6,))
    expected = conv([nodes, np.repeat(adjacency[:1], 6, axis=0)])
    np.testing.assert_allclose(conv([nodes, adjacency[0]]), expected, atol=1e-6)
    masked = conv([nodes[:2], adjacency[0]], mask=MASK)
    expected = conv([nodes[:2], np.repeat(adjacency[:1], 2, axis=0)], mask=MASK)
    np.testing.assert_allclose(masked, expected, atol=1e-6)


@pytest.mark.parametrize("channels", [FEATURES - 1, CHANNELS])
def test_batches_may_have_graphs_of_other_sizes(channels):
    inputs = [keras.Input((None, FEATURES)), keras.Input((None, None, RELATIONS))]
    conv = layer(channels)
    model = keras.Model(inputs, conv(inputs))
    assert model.output_shape == (None, None, channels)
    model.compile("sgd", "mse")
    kinds = [tf.TensorSpec((None, None, FEATURES)), tf.TensorSpec((None, None, None, RELATIONS))]
    targets = tf.TensorSpec((None, None, channels))

    def batches():
        nodes, adjacency = graph((2,))
        for size in (NODES, NODES - 1):
            smaller = nodes[:, :size], adjacency[:, :size, :size]
            yield smaller, by_definition(*smaller, conv)

    data = tf.data.Dataset.from_generator(batches, output_signature=(tuple(kinds), targets))
    assert model.evaluate(data, verbose=0) < 1e-10
    model.fit(data, verbose=0)


def test_a_node_without_neighbours_is_not_divided_by_none():
    conv = layer(normalization="degree")
    nodes, adjacency = graph((2,))
    output = conv([nodes, 0 * adjacency])
    np.testing.assert_allclose(output, np.tanh(nodes @ conv.kernels[0] + conv.biases[0]), atol=1e-6)


def test_permuting_the_nodes_permutes_the_output():
    conv = layer()
    nodes, adjacency = graph((2,))
    order = np.array([2, 0, 3, 1])
    permuted = conv([nodes[:, order], adjacency[:, order][:, :, order]])
    np.testing.assert_allclose(permuted, np.array(conv([nodes, adjacency]))[:, order], atol=1e-5)


@pytest.mark.parametrize("normalization", [None, "degree", "relation"])
@pytest.mark.parametrize("channels", [FEATURES - 1, CHANNELS])
def test_masked_nodes_change_nothing(normalization, channels):
    conv = layer(channels, normalization=normalization)
    nodes, adjacency = graph((2,))
    output = conv([nodes, adjacency], mask=MASK)
    np.testing.assert_allclose(output, by_definition(nodes, adjacency, conv, MASK), atol=1e-5)
    other = np.where(MASK[..., None], nodes, 100.0)
    np.testing.assert_array_equal(conv([other, adjacency], mask=MASK), output)
    for row, kept in enumerate(MASK):
        alone = conv([nodes[row, kept], adjacency[row, kept][:, kept]])
        np.testing.assert_allclose(np.array(output)[row, kept], alone, atol=1e-6)


def test_a_mask_may_be_real_weights_with_gradients():
    conv = layer(normalization="degree")
    nodes, adjacency = graph((2,))
    weights = tf.constant(np.random.default_rng(1).random(MASK.shape), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(weights)
        output = conv([nodes, adjacency], mask=weights)
    expected = by_definition(nodes, adjacency, conv, weights)
    np.testing.assert_allclose(output, expected, atol=1e-5)
    assert np.all(np.abs(tape.gradient(output, weights)) > 0)


def test_the_mask_of_keras_is_found_and_passed_on():
    conv, after = layer(), layer()
    nodes, adjacency = graph((2,))
    nodes = np.where(MASK[..., None], nodes, 0.0)
    inputs = [keras.Input((NODES, FEATURES)), keras.Input((NODES, NODES, RELATIONS))]
    hidden = conv([keras.layers.Masking()(inputs[0]), inputs[1]])
    model = keras.Model(inputs, after([hidden, inputs[1]]))
    expected = after([conv([nodes, adjacency], mask=MASK), adjacency], mask=MASK)
    np.testing.assert_allclose(model([nodes, adjacency]), expected, atol=1e-6)
    # Nothing masked: a list of None reaches the layer, or no mask at all.
    np.testing.assert_array_equal(
        conv([nodes, adjacency], mask=[None, None]), conv([nodes, adjacency])
    )


@pytest.mark.parametrize("masked", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_model_is_saved_and_compiled(tmp_path, masked):
    nodes, adjacency = graph((2,))
    inputs = [keras.Input((NODES, FEATURES)), keras.Input((NODES, NODES, RELATIONS))]
    weights = keras.Input((NODES,))
    hidden = layer(normalization="degree", kernel_regularizer="l2", name="first")(
        inputs, mask=weights if masked else None
    )
    model = keras.Model([*inputs, weights], layer(name="second")([hidden, inputs[1]]))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    batch = [nodes, adjacency, MASK.astype("float32")]
    np.testing.assert_array_equal(loaded(batch), model(batch))
    assert loaded.get_layer("first").normalization == "degree"

    @tf.function(jit_compile=True)
    def gradient(*batch):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(model(list(batch)) ** 2)
        return tape.gradient(loss, model.trainable_variables)

    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(batch) ** 2)
    expected = tape.gradient(loss, model.trainable_variables)
    for one, other in zip(gradient(*map(tf.constant, batch)), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_serialises():
    conv = layer(kernel_regularizer="l2", normalization="relation")
    clone = keras.layers.deserialize(keras.layers.serialize(conv))
    assert clone.get_config() == conv.get_config()
    assert clone.channels == CHANNELS and clone.normalization == "relation"


@pytest.mark.parametrize(
    ("nodes", "adjacency"),
    [((2, 4, 3), (2, 4, 4)), ((2, 4, 3), (2, 4, 5, 2)), ((4, 3), (2, 4, 4, 2)), ((3,), (4, 4, 2))],
)
def test_shapes_that_do_not_fit_are_refused(nodes, adjacency):
    with pytest.raises(ValueError, match="takes node features of shape"):
        layer()([np.zeros(nodes, "float32"), np.zeros(adjacency, "float32")])


def test_an_unknown_normalization_is_refused():
    with pytest.raises(ValueError, match="relation; received 'sum'"):
        layer(normalization="sum")


@pytest.mark.parametrize("name", ["normalisation", "kernel_initialiser", "kernal_regularizer"])
def test_an_unknown_argument_is_refused(name):
    """Spektral would build a layer without it."""
    with pytest.raises(ValueError, match=f"no argument '{name}'. Did you mean "):
        RelationalGraphConv(2, **{name: None})
