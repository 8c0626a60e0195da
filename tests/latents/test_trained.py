import numpy as np
import pytest
import tensorflow as tf

from qlatent_tf.latents import boson, gaussian
from qlatent_tf.latents.trained import trained


@pytest.fixture(params=["boson", "gaussian"])
def latent(request):
    options = {"modes": 4, "photons": 2} if request.param == "boson" else {"modes": 4}
    builder = {"boson": boson, "gaussian": gaussian}[request.param]
    return trained(builder(**options), request.param, options)


def move(latent):
    """Takes a step away from where the latent starts."""
    generator = np.random.default_rng(0)
    for weight in latent.layer.trainable_variables:
        weight.assign_add(generator.normal(0, 0.2, weight.shape))


def test_a_copy_is_trained_with_its_original(latent):
    move(latent)
    copy = latent.copy(name="twin")
    assert copy.name == "twin"
    move(latent)
    np.testing.assert_array_equal(copy.sample(50, seed=(0, 1)), latent.sample(50, seed=(0, 1)))
    np.testing.assert_allclose(copy.covariance(), latent.covariance(), rtol=1e-6)
    assert float(copy.drift()) == pytest.approx(float(latent.drift()))
    assert float(copy.drift()) > 0.05


@pytest.mark.parametrize("changed", [{"width": 5}, {"dtype": "float64"}])
def test_a_copy_of_another_shape_is_refused(changed):
    options = {"modes": 4}
    with pytest.raises(ValueError, match="received a kernel of shape .4, 4. in float32"):
        trained(gaussian(**options), "gaussian", options).copy(**changed)


def test_drift_begins_at_zero(latent):
    assert float(latent.drift()) == pytest.approx(0, abs=1e-6)


def test_draws_of_a_graph_are_of_the_present_weights(latent):
    drawn = tf.function(lambda: latent.sample(50, seed=(0, 1)))
    before = drawn()
    move(latent)
    np.testing.assert_allclose(drawn(), latent.sample(50, seed=(0, 1)), rtol=1e-5)
    assert (drawn().numpy() != before.numpy()).any()


@pytest.mark.parametrize("moment", ["mean", "variance", "covariance"])
def test_moments_of_a_graph_are_of_the_present_weights(latent, moment):
    found = tf.function(getattr(latent, moment))
    before = found()
    move(latent)
    now = getattr(latent, moment)()
    assert found().shape == now.shape
    np.testing.assert_allclose(found(), now, rtol=1e-5, atol=1e-6)
    assert moment == "mean" or (found().numpy() != before.numpy()).any()
