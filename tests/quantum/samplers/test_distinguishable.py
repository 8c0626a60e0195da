import math

import numpy as np
import pytest

from qlatent_tf.quantum import reference
from qlatent_tf.quantum.samplers.distinguishable import DistinguishableSampler
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.quantum.verification.chi_square import chi_square_p_value


def law(unitary, state):
    """Every outcome and its probability, `Per(|U|^2) / prod outcome!`."""
    outcomes = reference.outcomes(len(unitary), sum(state))
    rates = np.repeat(np.abs(unitary) ** 2, state, axis=1)
    permanents = [reference.permanent_ryser(np.repeat(rates, row, axis=0)) for row in outcomes]
    factorials = [math.prod(map(math.factorial, row)) for row in outcomes]
    return outcomes, np.array(permanents) / factorials


@pytest.mark.parametrize("state", [(1, 1, 1, 0), (2, 0, 1, 0, 1), (0, 0, 3)])
def test_follows_the_exact_law(state):
    unitary = haar_unitary(len(state), seed=4)
    sampler = DistinguishableSampler(unitary, state)
    outcomes, probabilities = law(unitary, state)
    np.testing.assert_allclose(np.exp(sampler.log_prob(outcomes)), probabilities, atol=1e-13)
    assert probabilities.sum() == pytest.approx(1)
    assert chi_square_p_value(sampler.sample(200_000, seed=1), outcomes, probabilities) > 1e-3


def test_mean():
    unitary, state = haar_unitary(48, seed=5), [1] * 24 + [0] * 24
    rows = DistinguishableSampler(unitary, state).sample(100_000, seed=2)
    rates = np.abs(unitary[:, :24]) ** 2
    error = np.sqrt((rates * (1 - rates)).sum(axis=1) / len(rows))
    assert np.abs((rows.mean(axis=0) - rates.sum(axis=1)) / error).max() < 5
    assert (rows.sum(axis=1) == 24).all()


def test_mask_sends_some_photons_only():
    unitary, state = haar_unitary(6, seed=6), (1, 2, 0, 0, 1, 0)
    sampler = DistinguishableSampler(unitary, state)
    mask = np.random.default_rng(0).random((50, 4)) < 0.5
    rows = sampler.sample(50, seed=3, photon_mask=mask)
    rest = sampler.sample(50, seed=3, photon_mask=~mask)
    np.testing.assert_array_equal(rows.sum(axis=1), mask.sum(axis=1))
    np.testing.assert_array_equal(rows + rest, sampler.sample(50, seed=3))
    with pytest.raises(ValueError, match=r"\(50, 4\)"):
        sampler.sample(50, seed=3, photon_mask=mask[:, :3])
    with pytest.raises(ValueError, match="bool"):
        sampler.sample(50, seed=3, photon_mask=mask.astype(float))


def test_permutation_is_followed():
    permutation = np.random.default_rng(1).permutation(7)
    sampler = DistinguishableSampler(np.eye(7)[permutation], [2, 0, 1, 0, 0, 3, 0])
    expected = np.array([2, 0, 1, 0, 0, 3, 0])[permutation]
    assert (sampler.sample(100, seed=0) == expected).all()
    assert sampler.log_prob([expected]) == 0


def test_log_prob_of_the_wrong_number_is_minus_infinity():
    sampler = DistinguishableSampler(haar_unitary(3, seed=0), (1, 1, 0))
    assert sampler.log_prob([[1, 0, 0], [1, 1, 1]]).tolist() == [-np.inf, -np.inf]
