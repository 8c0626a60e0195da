from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import qlatent_tf
from qlatent_tf.layers import custom_objects
from qlatent_tf.registry import models

SMALL = {
    "mlp": {"features": 3, "units": [4]},
    "molgan": {
        "generator_units": [4],
        "critic_graph_units": [4],
        "critic_readout_units": 4,
        "critic_units": [4],
    },
    "resnet": {"resolution": 8, "filters": 2, "blocks": 2},
    "last_qgan": {"image": None, "qubits": 2},
}


@pytest.fixture
def forgetful():
    """Keras as it is in a process that has built no network."""
    registered = keras.saving.get_custom_objects()
    kept = dict(registered)
    registered.clear()
    yield
    registered.update(kept)


@pytest.mark.parametrize("name", SMALL)
def test_a_saved_network_is_read_where_none_was_built(name, tmp_path, forgetful):
    latent = tfp.distributions.MultivariateNormalDiag(tf.zeros(2))
    gan = models.build(name, latent, **SMALL[name])
    ours = custom_objects()
    given = np.random.default_rng(0).normal(size=(3, 2)).astype("float32")
    for network in (gan.generator, gan.critic):
        network.save(tmp_path / "network.keras")
        loaded = keras.models.load_model(tmp_path / "network.keras", custom_objects=ours)
        keras.tree.map_structure(np.testing.assert_array_equal, loaded(given), network(given))
        given = network(given)


def test_all_that_is_registered_is_there():
    sources = Path(qlatent_tf.__file__).parent.rglob("*.py")
    marks = (source.read_text().count("\n@keras.saving.register_keras_") for source in sources)
    assert len(custom_objects()) == sum(marks)
