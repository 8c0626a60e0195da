import numpy as np
import pytest
import scipy.linalg

from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.samplers.distinguishable import DistinguishableSampler
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.quantum.verification import outcome_tests

UNITARY = haar_unitary(8, seed=2)
STATE = np.array([1, 1, 1, 1, 0, 0, 0, 0])
SAMPLERS = {True: BosonSampler, False: DistinguishableSampler}
SPLITTER = np.array([[1, 1], [1, -1]]) / np.sqrt(2)


@pytest.mark.parametrize("identical", [True, False])
def test_likelihood_ratio_finds_out_what_the_photons_are(identical):
    rows = SAMPLERS[identical](UNITARY, STATE).sample(3000, seed=1)
    result = outcome_tests.likelihood_ratio(rows, UNITARY, STATE, max_shots=500)
    assert len(result.log_ratios) == 500 and result.skipped == result.impossible == 0
    assert result.confidence == pytest.approx(float(identical), abs=1e-6)
    decided = result.shots_needed(0.99)
    assert 1 <= decided < 100
    evidence = np.abs(np.cumsum(result.log_ratios))
    assert (evidence[decided - 1 :] >= np.log(99)).all()
    assert decided == 1 or evidence[decided - 2] < np.log(99)


def test_the_order_of_shots_decides_nothing():
    rows = DistinguishableSampler(UNITARY, STATE).sample(6000, seed=1)
    for order in (np.lexsort(rows.T), np.lexsort(rows.T)[::-1]):
        result = outcome_tests.likelihood_ratio(rows[order], UNITARY, STATE, max_shots=500)
        assert result.confidence < 1e-6 and result.shots_needed() < 100
        again = outcome_tests.likelihood_ratio(rows[order], UNITARY, STATE, max_shots=500)
        np.testing.assert_array_equal(result.log_ratios, again.log_ratios)


def test_hong_ou_mandel_coincidence_excludes_identical_photons():
    result = outcome_tests.likelihood_ratio(np.array([[1, 1]]), SPLITTER, [1, 1])
    assert result.log_ratios[0] < -60 and result.confidence < 1e-20
    assert result.shots_needed(0.99) == 1


def test_bunched_photons_double_the_odds():
    result = outcome_tests.likelihood_ratio(np.array([[2, 0], [0, 2]]), SPLITTER, [1, 1])
    np.testing.assert_allclose(result.log_ratios, np.log(2))
    assert result.confidence == pytest.approx(0.8)
    assert result.shots_needed(0.99) is None


def test_shots_without_all_photons_are_left_out():
    rows = PhotonicDevice(UNITARY, STATE, transmission=0.5).sample(2000, seed=3)
    whole = np.flatnonzero(rows.sum(axis=1) == 4)
    everything = outcome_tests.likelihood_ratio(rows, UNITARY, STATE)
    assert len(everything.log_ratios) == len(whole)
    assert everything.skipped == 2000 - len(whole)
    few = outcome_tests.likelihood_ratio(rows, UNITARY, STATE, max_shots=10)
    assert few.skipped == everything.skipped and len(few.log_ratios) == 10


def test_impossible_shots_say_nothing():
    rows = np.array([[0, 1, 1], [1, 0, 0], [0, 1, 0]])
    result = outcome_tests.likelihood_ratio(rows, np.eye(3), [1, 0, 0])
    np.testing.assert_array_equal(result.log_ratios, [0.0])
    assert result.impossible == 1 and result.skipped == 1


def test_discarded_collisions_do_not_count_against_distinguishable_photons():
    """Distinguishable photons collide less: given no collision, that difference has to go."""
    rows = DistinguishableSampler(UNITARY, STATE).sample(20_000, seed=4)
    rows = rows[rows.max(axis=1) <= 1]
    naive = outcome_tests.likelihood_ratio(rows, UNITARY, STATE)
    fair = outcome_tests.likelihood_ratio(rows, UNITARY, STATE, collision_free=True)
    shift = fair.log_ratios - naive.log_ratios
    np.testing.assert_allclose(shift, shift[0])
    assert shift[0] > 0 and fair.confidence < 1e-6


@pytest.mark.parametrize(
    "log_ratio, expected",
    [(0, 0.5), (800, 1), (-800, 0), (np.inf, 1), (-np.inf, 0), (np.log(3), 0.75)],
)
def test_posterior(log_ratio, expected):
    result = outcome_tests.LikelihoodRatio(np.array([log_ratio]), 0, 0)
    assert result.confidence == pytest.approx(expected)


@pytest.mark.parametrize("identical", [True, False])
def test_total_variation_is_shot_noise_for_the_right_law_only(identical):
    rows = SAMPLERS[identical](UNITARY, STATE).sample(20_000, seed=6)
    right = outcome_tests.total_variation(rows, UNITARY, STATE, identical=identical)
    wrong = outcome_tests.total_variation(rows, UNITARY, STATE, identical=not identical)
    assert right.measured == pytest.approx(right.expected, rel=0.1)
    assert wrong.measured > 5 * wrong.expected


def test_total_variation_by_hand():
    rows = np.array([[2, 0], [2, 0], [1, 1], [0, 2]])
    result = outcome_tests.total_variation(rows, SPLITTER, [1, 1], identical=False)
    # frequencies 1/2, 1/4, 1/4 against 1/4, 1/2, 1/4
    assert result.measured == pytest.approx(0.25)
    conditional = outcome_tests.total_variation(
        rows[2:3], SPLITTER, [1, 1], identical=False, collision_free=True
    )
    assert conditional.measured == pytest.approx(0, abs=1e-12)


def test_total_variation_needs_few_outcomes_and_whole_shots():
    with pytest.raises(ValueError, match="legal are up to"):
        outcome_tests.total_variation(
            np.ones((1, 40), int),
            np.eye(40),
            np.r_[np.ones(20, int), np.zeros(20, int)],
            identical=True,
        )
    with pytest.raises(ValueError, match="No shot holds 4 photons"):
        outcome_tests.total_variation(np.zeros((3, 8), int), UNITARY, STATE, identical=True)


def test_likelihoods_of_too_many_photons_are_refused():
    with pytest.raises(ValueError, match="up to 25 photons, received 26"):
        outcome_tests.likelihood_ratio(np.ones((1, 26), int), np.eye(26), np.ones(26, int))


def test_stray_photons_prove_nothing():
    """One that came where no path leads has the probability zero under both hypotheses."""
    unitary = scipy.linalg.block_diag(haar_unitary(6, 1), haar_unitary(6, 2))
    state = np.array([1] * 6 + [0] * 6)
    shots = DistinguishableSampler(unitary, state).sample(200, seed=0)
    clean = outcome_tests.likelihood_ratio(shots, unitary, state)
    shots[7] = [1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0]
    stray = outcome_tests.likelihood_ratio(shots, unitary, state)
    assert (clean.impossible, stray.impossible) == (0, 1)
    assert np.isfinite(stray.log_ratios).all() and stray.confidence < 1e-6


@pytest.mark.parametrize("confidence", [0.5, 0.3, 1.0])
def test_a_confidence_without_a_meaning_is_refused(confidence):
    evidence = outcome_tests.LikelihoodRatio(np.ones(3), 0, 0)
    with pytest.raises(ValueError, match="above 0.5 and below 1"):
        evidence.shots_needed(confidence)
