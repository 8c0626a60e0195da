"""The options that the publications leave open, each against what it is to be equal to."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from qlatent_tf.models.molecules.networks import graph_critic, graph_generator
from qlatent_tf.registry import models

SEED = tf.constant([1, 2], tf.int32)
SMALL = {"generator_units": [8, 6], "critic_graph_units": [4], "critic_units": [4]}


def molgan(latent_size=4, **options):
    latent = tfp.distributions.MultivariateNormalDiag(tf.zeros(latent_size))
    return models.build("molgan", latent, **{**SMALL, **options})


def padded_graphs(count, size, places):
    """One-hot graphs of `size` atoms and `places - size` paddings, with bonds to the latter."""
    random = np.random.default_rng(0)
    atoms = np.zeros((count, places), int)
    atoms[:, :size] = random.integers(1, 5, (count, size))
    upper = np.triu(random.integers(0, 5, (count, places, places)), 1)
    bonds = upper + upper.transpose(0, 2, 1)
    return {"atoms": np.eye(5, dtype="float32")[atoms], "bonds": np.eye(5, dtype="float32")[bonds]}


def test_concatenation_is_addition_with_one_bias():
    graph, units = (3, 5, 5), [8, 6]
    added = graph_generator(4, graph, units)
    joined = graph_generator(4, graph, units, "concatenation")
    rows = iter([layer.get_weights() for layer in _dense_layers(added)])
    for index, layer in enumerate(_dense_layers(joined)):
        kernel, bias = next(rows)
        if index < len(units):
            latent_kernel, latent_bias = next(rows)
            # The first layer is an affine map of the latent alone, on either side.
            kernel = np.concatenate([kernel, latent_kernel]) if index else kernel + latent_kernel
            bias = bias + latent_bias
        layer.set_weights([kernel, bias])
    latent = tf.random.stateless_normal([5, 4], SEED)
    keras.tree.map_structure(
        lambda one, other: np.testing.assert_allclose(one, other, atol=1e-5),
        joined(latent),
        added(latent),
    )
    assert joined.count_params() == added.count_params() - 4 * 8 - sum(units)


def _dense_layers(model):
    """The dense layers in the order of construction, which their names count; with biases."""
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    dense.sort(key=lambda layer: int("0" + layer.name.partition("_")[2]))
    for layer in dense:
        layer.bias.assign(np.random.default_rng(layer.units).normal(size=layer.units))
    return dense


def test_straight_through_is_one_hot_with_the_soft_gradient():
    logits = {
        "atoms": tf.random.stateless_normal([6, 9, 5], SEED),
        "bonds": tf.random.stateless_normal([6, 9, 9, 5], SEED + 1),
    }
    logits["bonds"] = logits["bonds"] + tf.transpose(logits["bonds"], (0, 2, 1, 3))
    found = {}
    for hard in (False, True):
        gan = molgan(straight_through=hard)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            graphs = gan.relax(logits, SEED)
            # A weighted sum, so that the gradient that arrives is the same for both.
            loss = sum(
                tf.reduce_sum(part * tf.random.stateless_normal(part.shape, SEED + 5))
                for part in graphs.values()
            )
        found[hard] = graphs, tape.gradient(loss, logits)
    for name in logits:
        soft, one_hot = (found[hard][0][name].numpy() for hard in (False, True))
        np.testing.assert_array_equal(one_hot, np.eye(5, dtype="float32")[soft.argmax(-1)])
        np.testing.assert_allclose(found[True][1][name], found[False][1][name], atol=1e-6)
    bonds = found[True][0]["bonds"].numpy()
    np.testing.assert_array_equal(bonds, bonds.transpose(0, 2, 1, 3))


@pytest.mark.parametrize("normalization", [None, "degree", "relation"])
def test_a_masking_critic_does_not_see_padding(normalization):
    options = {"normalization": normalization, "mask_padding": True}
    wide = graph_critic((7, 5, 5), [6, 4], 8, [4], **options)
    narrow = graph_critic((5, 5, 5), [6, 4], 8, [4], **options)
    narrow.set_weights(wide.get_weights())
    graphs = padded_graphs(6, size=5, places=7)
    alone = {"atoms": graphs["atoms"][:, :5], "bonds": graphs["bonds"][:, :5, :5]}
    np.testing.assert_allclose(wide(graphs), narrow(alone), atol=1e-5)
    other = {**graphs, "bonds": padded_graphs(6, 5, 7)["bonds"][::-1].copy()}
    other["bonds"][:, :5, :5] = graphs["bonds"][:, :5, :5]
    np.testing.assert_allclose(wide(other), wide(graphs), atol=1e-5)
    # Without the mask it does.
    seeing = graph_critic((7, 5, 5), [6, 4], 8, [4], normalization)
    seeing.set_weights(wide.get_weights())
    assert not np.allclose(seeing(other), seeing(graphs), atol=1e-3)


def test_gradients_reach_the_probability_of_padding():
    critic = graph_critic((5, 5, 5), [6], 8, [4], mask_padding=True)
    graphs = keras.tree.map_structure(tf.constant, padded_graphs(4, size=3, places=5))
    with tf.GradientTape() as tape:
        tape.watch(graphs["atoms"])
        score = tf.reduce_sum(critic(graphs))
    gradient = tape.gradient(score, graphs["atoms"]).numpy()
    assert np.isfinite(gradient).all() and (np.abs(gradient[..., 0]) > 1e-6).all()


@pytest.mark.parametrize("mask_padding", [False, True])
def test_a_critic_is_saved_as_a_keras_model(tmp_path, mask_padding):
    critic = graph_critic((5, 5, 5), [6, 4], 8, [4], "degree", mask_padding)
    critic.save(tmp_path / "critic.keras")
    loaded = keras.saving.load_model(tmp_path / "critic.keras")
    graphs = padded_graphs(4, size=3, places=5)
    np.testing.assert_array_equal(loaded(graphs), critic(graphs))


@pytest.mark.slow
def test_trains_under_xla_with_the_options():
    gan = molgan(
        injection="concatenation",
        critic_normalization="degree",
        mask_padding=True,
        straight_through=True,
        critic_steps=1,
        generator_units=[6],
    )
    gan.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3), jit_compile=True)
    before = gan.get_weights()
    graphs = padded_graphs(20, size=7, places=9)
    real = {name: part.argmax(-1).astype("int8") for name, part in graphs.items()}
    history = gan.fit(gan.training_batches(real, 8, seed=0, steps=2), verbose=0, shuffle=False)
    assert all(np.isfinite(value) for value in np.concatenate(list(history.history.values())))
    # All but the critic's last bias, which no difference of scores knows.
    same = [np.array_equal(*pair) for pair in zip(before, gan.get_weights(), strict=True)]
    assert same == [False] * (len(same) - 1) + [True]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("injection", "product"),
        ("critic_normalization", "batch"),
    ],
)
def test_unknown_choices_are_refused(option, value):
    with pytest.raises(ValueError, match=f"received '{value}'"):
        molgan(**{option: value})
