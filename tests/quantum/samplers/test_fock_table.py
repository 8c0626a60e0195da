import math
import tracemalloc

import numpy as np
import pytest
from scipy import stats

from qlatent_tf.quantum import reference
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.samplers.fock_table import (
    FockTable,
    exact_distribution,
    num_outcomes,
    table_bytes,
)
from qlatent_tf.quantum.unitaries import haar_unitary

STATES = [(0, 0, 0), (1,), (3,), (1, 0, 0, 0, 0), (1, 1, 1, 0), (2, 0, 1, 0), (0, 3, 0, 2)]


@pytest.mark.parametrize("state", STATES)
def test_every_outcome_matches_its_permanent(state):
    unitary = haar_unitary(len(state), seed=1)
    occupations, probabilities = exact_distribution(unitary, state)
    expected = [reference.probability(unitary, state, outcome) for outcome in occupations]
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-14)
    assert {tuple(row) for row in occupations} == {
        tuple(row) for row in reference.outcomes(len(state), sum(state))
    }
    assert len(occupations) == num_outcomes(len(state), sum(state))


@pytest.mark.parametrize("modes, photons", [(2, 66), (2, 80), (3, 66), (4, 64), (1, 80)])
def test_many_photons_in_few_modes(modes, photons):
    # All photons enter one mode: the law is multinomial. Binomials of other ranks exceed int64.
    unitary = haar_unitary(modes, seed=0)
    occupations, probabilities = exact_distribution(unitary, [photons] + [0] * (modes - 1))
    rates = np.abs(unitary[:, 0]) ** 2
    expected = stats.multinomial.pmf(occupations, photons, rates / rates.sum())
    np.testing.assert_allclose(probabilities, expected, rtol=1e-10)


def test_colex_order():
    occupations, _ = exact_distribution(haar_unitary(4, seed=0), (1, 1, 1, 0))
    modes = [np.repeat(np.arange(4), row) for row in occupations]
    assert modes[0].tolist() == [0, 0, 0] and modes[-1].tolist() == [3, 3, 3]
    ranks = [sum(math.comb(p + j, j + 1) for j, p in enumerate(row)) for row in modes]
    assert ranks == list(range(len(modes)))


def test_probabilities_of_a_large_table_sum_to_one():
    occupations, probabilities = exact_distribution(haar_unitary(14, seed=2), [1] * 7 + [0] * 7)
    assert probabilities.sum() == pytest.approx(1, abs=1e-13)
    assert (occupations.sum(axis=1) == 7).all()


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_do_not_matter(threads):
    unitary, state = haar_unitary(10, seed=3), [1] * 6 + [0] * 4
    occupations, probabilities = exact_distribution(unitary, state, num_threads=threads)
    expected = exact_distribution(unitary, state, num_threads=2)
    np.testing.assert_array_equal(occupations, expected[0])
    np.testing.assert_array_equal(probabilities, expected[1])


@pytest.mark.parametrize("modes, photons", [(12, 6), (3, 60), (300, 2), (1, 50)])
def test_memory_is_known_beforehand(modes, photons):
    state = np.zeros(modes, int)
    state[0] = photons
    FockTable(np.eye(modes), state)  # compilation allocates too
    tracemalloc.start()
    FockTable(np.eye(modes), state)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    overhead = 2**20 + 64 * modes**2  # Python objects; the checked copy of the unitary
    assert used < table_bytes(modes, photons) + overhead


def test_too_large_a_table_is_refused():
    with pytest.raises(ValueError, match="166,871,334,960 outcomes"):
        exact_distribution(np.eye(32), [1] * 14 + [0] * 18)
    with pytest.raises(ValueError, match="legal is at most 1,000 bytes"):
        exact_distribution(np.eye(4), [1] * 4, max_bytes=1000)
    with pytest.raises(ValueError, match="up to 80 photons"):
        exact_distribution(np.eye(2), [81, 0])


@pytest.mark.parametrize("state", [(1, 1, 1, 0), (2, 0, 1, 0)])
def test_distinguishable_photons_have_the_permanents_of_squared_moduli(state):
    unitary = haar_unitary(4, seed=5)
    occupations, probabilities = exact_distribution(unitary, state, identical=False)
    device = PhotonicDevice(unitary, state, indistinguishability=0.0)
    np.testing.assert_allclose(probabilities, np.exp(device.log_prob(occupations)), rtol=1e-12)
    assert probabilities.sum() == pytest.approx(1, abs=1e-12)


def test_numbers_that_are_not_legal_are_refused():
    table = FockTable(np.eye(2), [1, 1])
    with pytest.raises(ValueError, match="legal is at most 100 bytes"):
        FockTable(np.eye(2), [1, 1], max_bytes=100)
    for name, value in (("num_samples", -1), ("num_samples", 10**13), ("start", -1)):
        with pytest.raises(ValueError, match=name if value < 0 else "samples"):
            table.sample(**{"num_samples": 3, "seed": 0, name: value})
    with pytest.raises(ValueError, match="identical is True or False; received 'no'"):
        exact_distribution(np.eye(2), [1, 1], identical="no")
    with pytest.raises(ValueError, match="max_bytes is an integer; received 'x'"):
        exact_distribution(np.eye(2), [1, 1], max_bytes="x")
