"""Latents of unit variance: the moments and draws of the latent that is scaled."""

import numpy as np
import pytest
import tensorflow_probability as tfp
from harness import tiny_config

from qlatent_tf.latents.standardized import Standardized
from qlatent_tf.latents.trained_gaussian import TrainedGaussian
from qlatent_tf.registry import latents
from qlatent_tf.zoo import check_names

SEED = np.array([3, 4], np.int32)


@pytest.mark.parametrize("name", ["boson", "photonic", "gaussian", "bernoulli"])
def test_modes_have_unit_variance_and_the_correlations_of_before(name):
    plain = latents.build(name, modes=4)
    scaled = latents.build(name, modes=4, standardize=True)
    np.testing.assert_allclose(scaled.variance(), np.ones(4), rtol=1e-5)
    np.testing.assert_allclose(scaled.mean(), np.zeros(4), atol=1e-6)
    spread = np.asarray(plain.stddev())
    np.testing.assert_allclose(
        scaled.covariance(), plain.covariance() / np.outer(spread, spread), rtol=1e-5, atol=1e-6
    )
    drawn = plain.sample(50, seed=SEED)
    np.testing.assert_allclose(scaled.sample(50, seed=SEED), drawn / spread, rtol=1e-5)


@pytest.mark.parametrize("name", ["bernoulli", "boson"])
def test_outcomes_keep_their_probabilities(name):
    plain = latents.build(name, modes=4)
    scaled = latents.build(name, modes=4, standardize=True)
    drawn, rescaled = plain.sample(50, seed=SEED), scaled.sample(50, seed=SEED)
    np.testing.assert_allclose(scaled.log_prob(rescaled), plain.log_prob(drawn), rtol=1e-5)


def test_densities_whose_numbers_come_twice_are_densities():
    normal = tfp.distributions.MultivariateNormalDiag([1e4], [0.1])
    assert not Standardized(normal).discrete


def _densities():
    tfd = tfp.distributions
    normal = tfd.MultivariateNormalDiag([[-3.0], [3.0]], [[1.0], [1.0]])
    yield tfd.MultivariateNormalDiag([1.0], [4.0])
    yield tfd.MixtureSameFamily(tfd.Categorical([0.0, 0.0]), normal)
    learned = TrainedGaussian(1)
    learned.layer.kernel.assign([[2.5]])
    yield learned


@pytest.mark.parametrize("number", range(3))
def test_densities_integrate_to_one(number):
    scaled = Standardized(list(_densities())[number])
    points = np.linspace(-8, 8, 4001, dtype=np.float32)
    assert not scaled.discrete
    density = np.exp(scaled.log_prob(points[:, None]))
    assert np.trapezoid(density, points) == pytest.approx(1, rel=1e-3)


def test_counts_of_ones_own_are_discrete():
    counts = tfp.distributions.Independent(tfp.distributions.Poisson([2.0, 50.0]), 1)
    assert Standardized(counts).discrete


def test_a_mode_without_variance_stays_as_it_is(tmp_path):
    rows = np.random.default_rng(0).poisson(1.0, (200, 3))
    rows[:, 1] = 0
    np.save(tmp_path / "shots.npy", rows)
    scaled = latents.build("samples", file=tmp_path / "shots.npy", standardize=True)
    drawn = np.asarray(scaled.sample(100, seed=SEED))
    assert np.all(drawn[:, 1] == 0) and np.isfinite(drawn).all()
    # The second photon stays in its mode: a variance of rounding alone.
    circuit = np.eye(3, dtype=complex)
    circuit[np.ix_([0, 2], [0, 2])] = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    np.save(tmp_path / "circuit.npy", circuit)
    scaled = latents.build(
        "boson", modes=3, photons=2, unitary_file=tmp_path / "circuit.npy", standardize=True,
        center=False,
    )  # fmt: skip
    np.testing.assert_array_equal(np.asarray(scaled.sample(50, seed=SEED))[:, 1], 1)


def test_samples_of_another_width_are_refused():
    scaled = latents.build("boson", modes=4, standardize=True)
    with pytest.raises(ValueError, match="have the width 4; received shape"):
        scaled.log_prob(np.zeros((2, 3)))


def test_a_latent_without_a_variance_is_refused():
    heavy = tfp.distributions.Independent(tfp.distributions.StudentT(1.5, [0.0, 0.0], 1.0), 1)
    with pytest.raises(ValueError, match="scaled to unit variance where its variance is finite"):
        Standardized(heavy)


def test_the_option_is_one_of_every_latent():
    check_names(tiny_config(latent_options={"modes": 4, "standardize": True}))
    with pytest.raises(ValueError, match="true or false; received 1"):
        latents.build("gaussian", modes=2, standardize=1)
