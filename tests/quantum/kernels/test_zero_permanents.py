import itertools

import numpy as np
import pytest
import scipy.linalg
from scipy.stats import multinomial

from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.kernels.zero_permanents import has_free_permutation, log_noise
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.samplers.distinguishable import DistinguishableSampler
from qlatent_tf.quantum.unitaries import haar_unitary

BLOCK = 6
STATE = [1, 1, 1, 0, 0, 0] * 2
BLOCKS = scipy.linalg.block_diag(haar_unitary(BLOCK, 1), haar_unitary(BLOCK, 2))
LAWS = [
    BosonSampler(BLOCKS, STATE, method="glynn"),
    BosonSampler(BLOCKS, STATE, method="table"),
    BosonSampler(BLOCKS, STATE, method="loop"),
    DistinguishableSampler(BLOCKS, STATE),
    PhotonicDevice(BLOCKS, STATE, indistinguishability=0),
    PhotonicDevice(BLOCKS, STATE, indistinguishability=0.5),
    PhotonicDevice(BLOCKS, STATE, indistinguishability=0, transmission=0.8),
]


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_photons_that_would_have_to_change_blocks_have_the_probability_zero(law):
    random = np.random.default_rng(0)
    moved = (random.integers(-3, 4, 60)[:, None] * [1, -1]) + 3  # photons of each block
    outcomes = np.array(
        [
            np.concatenate([random.multinomial(n, np.full(BLOCK, 1 / BLOCK)) for n in photons])
            for photons in moved
        ]
    )
    stays = moved[:, 0] == 3
    assert 0 < stays.sum() < 60
    np.testing.assert_array_equal(np.isfinite(law.log_prob(outcomes)), stays)


def test_what_interference_forbids_has_the_probability_zero():
    # In a Fourier interferometer: where the numbers of the modes, of all photons, add up to no
    # multiple of the modes (Tichy et al., arXiv:1002.5038).
    fourier = scipy.linalg.dft(8, scale="sqrtn")
    outcomes = np.random.default_rng(0).multinomial(8, np.full(8, 1 / 8), size=400)
    allowed = outcomes @ np.arange(8) % 8 == 0
    law = BosonSampler(fourier, [1] * 8, method="glynn").log_prob(outcomes)
    assert np.isneginf(law[~allowed]).all() and np.isfinite(law[allowed]).all()


@pytest.mark.parametrize("photons, modes", [(4, 8), (12, 24), (3, 2)])
def test_unlikely_outcomes_of_random_circuits_are_far_from_the_noise(photons, modes):
    unitary = haar_unitary(modes, 3)
    state = [photons // modes + (mode < photons % modes) for mode in range(modes)]
    outcomes = np.random.default_rng(0).multinomial(photons, np.full(modes, 1 / modes), size=50)
    rows = np.repeat(np.abs(unitary), state, axis=1)
    found = BosonSampler(unitary, state, method="glynn").log_prob(outcomes)
    assert (found - 2 * log_noise(rows, outcomes) > 2 * np.log(1e6)).all()


@pytest.mark.parametrize("angle", [1e-2, 1e-6, 1e-9])
def test_small_couplings_of_particles_are_computed_without_noise(angle):
    cos, sin = np.cos(angle), np.sin(angle)
    first = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    second = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    unitary, state = first @ second, [4, 0, 0]  # no path leads from the first mode to the last
    outcomes = np.array([one for one in itertools.product(range(5), repeat=3) if sum(one) == 4])
    law = DistinguishableSampler(unitary, state).log_prob(outcomes)
    with np.errstate(divide="ignore"):
        expected = multinomial.logpmf(outcomes, 4, unitary[:, 0] ** 2)
    np.testing.assert_allclose(law, expected, atol=1e-3)
    assert np.isneginf(law).sum() == (outcomes[:, 2] > 0).sum()
    waves = BosonSampler(unitary, state, method="glynn").log_prob(outcomes)
    assert np.isneginf(waves[outcomes[:, 2] > 0]).all()


def test_free_permutations_are_those_of_a_search():
    random = np.random.default_rng(0)
    rows = random.random((5, 4)) < 0.6
    counts = random.multinomial(4, np.full(5, 0.2), size=300)
    expected = [
        any(all(matrix[range(4), order]) for order in itertools.permutations(range(4)))
        for matrix in (np.repeat(rows, one, axis=0) for one in counts)
    ]
    assert 0 < sum(expected) < len(expected)
    np.testing.assert_array_equal(has_free_permutation(rows, counts), expected)
