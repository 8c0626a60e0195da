import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from qlatent_tf.models.molecules.networks import graph_critic
from qlatent_tf.registry import models

pytestmark = pytest.mark.usefixtures("eager_steps")
SEED = tf.constant([1, 2], tf.int32)


def molgan(latent_size=16, **options):
    latent = tfp.distributions.MultivariateNormalDiag(tf.zeros(latent_size))
    return models.build("molgan", latent, **options)


def random_graphs(count):
    random = np.random.default_rng(0)
    upper = np.triu(random.integers(0, 5, (count, 9, 9)), 1)
    return {
        "atoms": random.integers(0, 5, (count, 9)).astype("int8"),
        "bonds": (upper + upper.transpose(0, 2, 1)).astype("int8"),
    }


@pytest.fixture(scope="module")
def gan():
    return molgan()


@pytest.mark.parametrize(
    ("latent_size", "parameters"), [(16, 639_746), (32, 663_810), (48, 687_874)]
)
def test_generator_sizes_follow_the_paper(latent_size, parameters):
    assert molgan(latent_size).generator.count_params() == parameters


def test_critic_counts_every_layer(gan):
    graph = 5 * (5 + 1) * 128 + 5 * (128 + 5 + 1) * 64
    readout = 2 * (64 + 5 + 1) * 128
    dense = (128 + 1) * 128 + (128 + 1) * 64 + 64 + 1
    assert gan.critic.count_params() == graph + readout + dense


def test_critic_does_not_see_the_order_of_the_atoms(gan):
    graphs = gan.encode(random_graphs(4), SEED)
    with pytest.raises(ValueError, match="A seed is two integers, such as .*received 0"):
        gan.encode(random_graphs(4), 0)
    order = np.random.default_rng(1).permutation(9)
    permuted = {
        "atoms": tf.gather(graphs["atoms"], order, axis=1),
        "bonds": tf.gather(tf.gather(graphs["bonds"], order, axis=1), order, axis=2),
    }
    np.testing.assert_allclose(gan.critic(graphs), gan.critic(permuted), atol=1e-5)


def test_critic_sees_which_atoms_are_bonded(gan):
    graphs = random_graphs(4)
    other = {**graphs, "bonds": np.roll(graphs["bonds"], 1, axis=0)}
    scores = [gan.critic(gan.encode(batch, SEED)) for batch in (graphs, other)]
    assert not np.allclose(*scores, atol=1e-3)


def test_relaxed_graphs_are_symmetric_distributions_without_self_bonds(gan):
    graphs = gan.relax(gan.generator(tf.random.stateless_normal([5, 16], SEED)), SEED)
    bonds = graphs["bonds"].numpy()
    np.testing.assert_allclose(bonds.sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(graphs["atoms"].numpy().sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(bonds, bonds.transpose(0, 2, 1, 3), atol=1e-6)
    np.testing.assert_array_equal(np.diagonal(bonds[..., 0], axis1=1, axis2=2), 1)


def test_relaxation_samples_the_categorical_law():
    # The largest entry of a Gumbel-softmax sample follows the softmax of the logits.
    gan = molgan(temperature=0.5)
    logits = np.log([0.1, 0.2, 0.3, 0.25, 0.15]).astype("float32")
    outputs = {
        "atoms": tf.broadcast_to(logits, [4000, 9, 5]),
        "bonds": tf.broadcast_to(logits, [4000, 9, 9, 5]),
    }
    relaxed = gan.relax(outputs, SEED)
    atoms = np.argmax(relaxed["atoms"], -1).ravel()
    upper = np.triu_indices(9, 1)
    bonds = np.argmax(relaxed["bonds"], -1)[:, upper[0], upper[1]].ravel()
    for values in (atoms, bonds):
        shares = np.bincount(values, minlength=5) / len(values)
        # Four standard errors of a share near 0.3.
        np.testing.assert_allclose(shares, np.exp(logits), atol=4 * 0.46 / np.sqrt(len(values)))


def test_encoding_keeps_graphs_up_to_the_order_of_atoms():
    graphs = random_graphs(300)
    same = molgan(permutation_probability=0.0).encode(graphs, SEED)
    np.testing.assert_array_equal(np.argmax(same["atoms"], -1), graphs["atoms"])
    np.testing.assert_array_equal(np.argmax(same["bonds"], -1), graphs["bonds"])
    mixed = molgan(permutation_probability=0.3).encode(graphs, SEED)
    moved = (np.argmax(mixed["bonds"], -1) != graphs["bonds"]).any((1, 2)).mean()
    assert abs(moved - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 300)
    critic = graph_critic()
    np.testing.assert_allclose(critic(mixed), critic(same), atol=1e-4)


def test_samples_are_symmetric_integer_graphs(gan):
    graphs = gan.sample(20, seed=0)
    assert graphs["atoms"].dtype == graphs["bonds"].dtype == np.int8
    assert graphs["atoms"].shape == (20, 9)
    np.testing.assert_array_equal(graphs["bonds"], graphs["bonds"].transpose(0, 2, 1))
    assert not np.diagonal(graphs["bonds"], axis1=1, axis2=2).any()


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_trains(jit_compile):
    gan = molgan(4, generator_units=[8], critic_graph_units=[4], critic_units=[4], critic_steps=2)
    gan.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3), jit_compile=jit_compile)
    history = gan.fit(
        gan.training_batches(random_graphs(50), 8, seed=0, steps=3), verbose=0, shuffle=False
    )
    assert gan.step == 3
    assert all(np.isfinite(value) for value in np.concatenate(list(history.history.values())))


@pytest.mark.parametrize("options", [
    {"temperature": 0.0}, {"temperature": [1]}, {"permutation_probability": 1.5},
    {"permutation_probability": True}, {"straight_through": "no"}, {"mask_padding": 1},
    {"atom_types": 14}, {"bond_types": 6},
])  # fmt: skip
def test_values_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        molgan(**options)


def test_types_that_the_networks_do_not_tell_apart_are_refused():
    # One-hot they would be rows of zeros: all aromatic bonds would be gone.
    gan = molgan(4, generator_units=[8], critic_graph_units=[4], critic_units=[4], bond_types=4)
    with pytest.raises(ValueError, match="4 types of bonds apart, 0 to 3; the data have type 4"):
        gan.training_batches(random_graphs(50), 8, seed=0)
