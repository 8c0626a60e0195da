import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.stats import multivariate_normal

from qlatent_tf.latents import boson, gaussian
from qlatent_tf.latents.boson_sampling import BosonSampling
from qlatent_tf.latents.trained import trained
from qlatent_tf.latents.trained_photons import trained_photons
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.unitaries import haar_unitary


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


def test_a_log_probability_is_of_vectors_of_the_width():
    latent = trained(gaussian(modes=3), "gaussian", {"modes": 3})
    with pytest.raises(ValueError, match="have the width 3; received shape"):
        latent.log_prob([[1.0]])
    move(latent)
    draws = latent.sample(5, seed=(0, 1))
    expected = multivariate_normal(cov=latent.covariance().numpy()).logpdf(draws)
    np.testing.assert_allclose(latent.log_prob(draws), expected, rtol=1e-4)


def test_what_has_gradients_says_so(latent):
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(latent.sample(5, seed=(0, 1)) ** 2)
    gradient = tape.gradient(total, latent.layer.trainable_variables)
    is_differentiable = latent.reparameterization_type == tfp.distributions.FULLY_REPARAMETERIZED
    assert is_differentiable == any(part is not None for part in gradient)


def test_circuits_of_several_photon_numbers_are_trained_side_by_side():
    devices = [PhotonicDevice(haar_unitary(3, n), [1] * n + [0] * (3 - n)) for n in (2, 1)]
    for few_first in (False, True):
        latent = trained_photons(BosonSampling(devices[::-1] if few_first else devices))
        drawn = latent.draw(latent.noise(2000, (0, 1)))
        totals = tf.reduce_sum(tf.reshape(drawn, (-1, 2, 3)), axis=2).numpy()
        assert (totals == ([1, 2] if few_first else [2, 1])).all()
        np.testing.assert_allclose(drawn.numpy().mean(axis=0), latent.mean(), atol=0.08)
