import math

import numpy as np
import pytest
from harness import first_modes
from scipy.stats import binom, skew

from qlatent_tf.quantum import reference
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.samplers.distinguishable import DistinguishableSampler
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.quantum.verification import correlators

SAMPLERS = {True: BosonSampler, False: DistinguishableSampler}


def test_signature_is_mean_variation_and_skewness_of_the_pairs():
    covariance = np.random.default_rng(0).normal(-0.1, 0.05, (9, 9))
    covariance += covariance.T
    values = covariance[np.triu_indices(9, 1)]
    measured = correlators.signature(covariance, photons=4)
    np.testing.assert_allclose(
        measured, [values.mean() * 81 / 4, values.std() / values.mean(), skew(values)], rtol=1e-9
    )


def test_signature_without_pairs_or_variation_is_undefined():
    assert all(map(math.isnan, correlators.signature(np.eye(1), photons=1)))
    equal = correlators.signature(-0.1 * np.ones((3, 3)), photons=1)
    assert equal.normalised_mean == pytest.approx(-0.9)
    assert math.isnan(equal.coefficient_of_variation) and math.isnan(equal.skewness)


def test_noise_is_taken_off_the_moments():
    """Equal correlators measured with noise have no variation of their own."""
    random = np.random.default_rng(1)
    true = np.linspace(-0.2, 0.0, 120 * 119 // 2)
    noise = np.full(len(true), 0.05**2)
    covariance = np.zeros((120, 120))
    covariance[np.triu_indices(120, 1)] = true + random.normal(0, 0.05, len(true))
    exact = np.zeros((120, 120))
    exact[np.triu_indices(120, 1)] = true
    expected = correlators.signature(exact, 10)
    biased = correlators.signature(covariance, 10)
    corrected = correlators.signature(covariance, 10, noise)
    assert abs(biased.coefficient_of_variation / expected.coefficient_of_variation) > 1.2
    np.testing.assert_allclose(corrected[:2], expected[:2], rtol=0.02)
    assert corrected.skewness == pytest.approx(expected.skewness, abs=0.1)


@pytest.mark.parametrize("identical", [True, False])
@pytest.mark.parametrize("shots", [2_000, 40_000])
def test_measured_signature_agrees_with_the_circuits_own(identical, shots):
    unitary, state = haar_unitary(12, seed=3), first_modes(6, 12)
    rows = SAMPLERS[identical](unitary, state).sample(shots, seed=5)
    measured = correlators.measure_correlators(rows)
    mean, covariance = correlators.predicted_moments(unitary, state, identical=identical)
    np.testing.assert_allclose(measured.mean, mean, atol=4 / math.sqrt(shots))
    expected = correlators.signature(covariance, 6)
    distance = (np.array(measured.signature) - expected) / measured.errors
    assert (np.abs(distance) < 3.5).all(), distance
    # 66 dependent squares of unit normals: the mean is 1 within about 0.4.
    squares = (correlators.pairs(measured.covariance - covariance)) ** 2 / measured.noise
    assert 0.5 < squares.mean() < 1.7


def test_errors_do_not_depend_on_the_order_of_the_shots(monkeypatch):
    monkeypatch.setattr(sample_rows, "BLOCK_ROWS", 1000)
    rows = BosonSampler(haar_unitary(8, 0), first_modes(4, 8)).sample(10_000, seed=0)
    ordered = rows[np.lexsort(rows.T)]
    mixed, sorted_ = map(correlators.measure_correlators, (rows, ordered))
    np.testing.assert_allclose(mixed.covariance, sorted_.covariance, atol=1e-12)
    np.testing.assert_allclose(mixed.covariance, np.cov(rows.T, bias=True), atol=1e-12)
    np.testing.assert_allclose(sorted_.errors, mixed.errors, rtol=0.4)


@pytest.mark.parametrize("shots", [1, 2, 7])
def test_few_shots_give_finite_covariances(shots):
    measured = correlators.measure_correlators(np.eye(7, dtype=np.uint8)[:shots])
    assert np.isfinite(measured.covariance).all() and np.isfinite(measured.noise).all()


@pytest.mark.parametrize("identical", [True, False])
@pytest.mark.parametrize(
    "photons, modes",
    [(5, 9), *(pytest.param(*size, marks=pytest.mark.slow) for size in ((3, 6), (1, 4)))],
)
def test_average_over_haar_circuits_has_its_closed_form(identical, photons, modes):
    signatures = correlators.circuit_signatures(
        first_modes(photons, modes), identical=identical, circuits=400
    )
    mean, error = signatures[:, 0].mean(), signatures[:, 0].std() / math.sqrt(400)
    # The average of C_ij over all unitaries: particles that exclude each other, and interference.
    expected = -photons / (modes * (modes + 1))
    if identical:
        expected -= photons * (photons - 1) / (modes * (modes**2 - 1))
    assert abs(mean - expected * modes**2 / photons) < 3.5 * error


@pytest.mark.parametrize("identical", [True, False])
def test_uniform_loss_scales_the_mean_and_leaves_the_shape(identical):
    options = {"identical": identical, "circuits": 5}
    whole = correlators.circuit_signatures(first_modes(4, 8), **options)
    totals = binom.pmf(range(5), 4, 0.3)
    lossy = correlators.circuit_signatures(first_modes(4, 8), totals=totals, **options)
    np.testing.assert_allclose(lossy, whole * [0.3, 1, 1], rtol=1e-9)


def test_collision_free_law_equals_the_definition():
    unitary, state = haar_unitary(5, seed=1), np.array([1, 0, 2, 0, 0])
    outcomes, law, kept = correlators.collision_free_law(unitary, state, identical=True)
    expected = np.array([reference.probability(unitary, state, outcome) for outcome in outcomes])
    assert len(outcomes) == 10 and outcomes.max() == 1 and (outcomes.sum(axis=1) == 3).all()
    assert kept == pytest.approx(expected.sum())
    np.testing.assert_allclose(law, expected / kept, rtol=1e-10)
    mean, covariance = correlators.predicted_moments(
        unitary, state, identical=True, collision_free=True
    )
    np.testing.assert_allclose(mean, law @ outcomes)
    np.testing.assert_allclose(covariance, np.cov(outcomes.T, aweights=law, bias=True), atol=1e-12)


def test_collision_free_laws_that_cannot_be_listed_are_refused():
    with pytest.raises(ValueError, match="collide in every outcome"):
        correlators.collision_free_law(np.eye(2), [2, 1], identical=True)
    with pytest.raises(ValueError, match="too many to be listed"):
        correlators.collision_free_law(np.eye(60), first_modes(20, 60), identical=True)


@pytest.mark.parametrize("identical", [True, False])
def test_totals_as_they_were_measured_stand_for_loss_and_post_selection(identical):
    unitary, state = haar_unitary(6, seed=2), first_modes(3, 6)
    device = PhotonicDevice(
        unitary,
        state,
        indistinguishability=float(identical),
        transmission=0.4,
        postselect=(1, 2),
    )
    # Binomial, given one or two survivors.
    totals = binom.pmf(range(4), 3, 0.4) * [0, 1, 1, 0]
    mean, covariance = correlators.predicted_moments(
        unitary, state, identical=identical, totals=totals / totals.sum()
    )
    np.testing.assert_allclose(mean, device.mean(), atol=1e-14)
    np.testing.assert_allclose(covariance, device.covariance(), atol=1e-14)


def test_random_circuits_of_neighbouring_seeds_have_nothing_in_common():
    first, second = (
        correlators.circuit_signatures(first_modes(3, 6), identical=True, circuits=20, seed=seed)
        for seed in (0, 1)
    )
    named = correlators.predicted_moments(haar_unitary(6, 0), first_modes(3, 6), identical=True)[1]
    alone = correlators.signature(named, 3.0)
    rows = [tuple(row) for row in (*first, *second, alone)]
    assert len(set(rows)) == 41


def test_loops_are_circuits_too():
    loops = correlators.circuit_signatures(
        first_modes(3, 6), identical=True, interferometer="1-1", circuits=3
    )
    assert loops.shape == (3, 3) and np.isfinite(loops).all()


def test_modes_whose_correlators_memory_does_not_hold_are_refused_first():
    rows = np.zeros((2, 1_000_000), np.uint8)
    with pytest.raises(ValueError, match="correlators of 1,000,000 modes take .* of memory"):
        correlators.measure_correlators(rows)
