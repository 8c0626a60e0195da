"""States in few modes against polynomials in creation operators, as dicts from occupations."""

import cmath
import itertools
import math

import numpy as np
import pytest

from qlatent_tf.quantum.kernels.few_modes import (
    RUN,
    keep_measured,
    keep_split,
    let_in,
    mix_modes,
    ways_below,
    weigh_grades,
)
from qlatent_tf.quantum.kernels.splitters import (
    balanced_splitters,
    fill_splitter_table,
    table_start,
)

MOST = 8
BELOW = ways_below(6, MOST)
BALANCED = balanced_splitters(MOST)


def occupations(modes, photons):
    """All ways to put the photons into the modes, in the order of the state."""

    def key(counts):
        return [sum(counts[mode:]) for mode in range(1, modes)]

    ways = itertools.product(range(photons + 1), repeat=modes)
    return sorted((counts for counts in ways if sum(counts) == photons), key=key)


def random_state(modes, photons):
    parts = np.random.default_rng(modes * 10 + photons).normal(size=(2, BELOW[modes - 1, -1]))
    state = parts[0] + 1j * parts[1]  # what stands behind the state is not to matter
    state[: BELOW[modes - 1, photons + 1]] /= np.linalg.norm(state[: BELOW[modes - 1, photons + 1]])
    return state


def as_dict(state, modes, photons):
    return dict(zip(occupations(modes, photons), state, strict=False))


def assert_equal(state, modes, photons, expected):
    for counts, number in as_dict(state, modes, photons).items():
        assert number == pytest.approx(expected.get(counts, 0.0), abs=1e-13)


def splitted(amplitudes, first, second, matrix):
    """Replaces a^dag of two modes by mixtures: column 0 of the matrix is the first one's."""
    result = {}
    for counts, number in amplitudes.items():
        n, k = counts[first], counts[second]
        for i, j in itertools.product(range(n + 1), range(k + 1)):
            to_first, to_second = i + j, n + k - i - j
            ways = math.comb(n, i) * math.comb(k, j)
            factor = matrix[0][0] ** i * matrix[1][0] ** (n - i)
            factor *= matrix[0][1] ** j * matrix[1][1] ** (k - j)
            norm = math.factorial(to_first) * math.factorial(to_second)
            norm = math.sqrt(norm / (math.factorial(n) * math.factorial(k)))
            new = list(counts)
            new[first], new[second] = to_first, to_second
            result[tuple(new)] = result.get(tuple(new), 0.0) + number * ways * factor * norm
    return result


@pytest.mark.parametrize("modes, photons", [(1, 3), (2, 5), (3, 4), (4, 3), (5, 2), (6, 1)])
def test_the_order_of_states(modes, photons):
    listed = occupations(modes, photons)
    assert BELOW[modes - 1, photons + 1] == len(listed) == math.comb(photons + modes - 1, photons)
    for place, counts in enumerate(listed):
        rest = [sum(counts[mode:]) for mode in range(1, modes)]
        assert place == sum(BELOW[modes - 1 - i, total] for i, total in enumerate(rest))


def test_numbers_that_exceed_integers_are_cut_off():
    below = ways_below(200, 255)
    assert (below >= 0).all() and below.max() == 2**62
    assert below[2, 256] == math.comb(257, 2)


@pytest.mark.parametrize("modes, photons", [(2, 0), (2, 1), (2, 6), (2, 7), (3, 5), (4, 4), (6, 2)])
def test_mixing(modes, photons):
    before, between = cmath.exp(0.7j), cmath.exp(-1.9j)
    half = np.array([[1, 1], [1, -1]]) / math.sqrt(2)
    matrix = half @ np.diag([1, between]) @ half @ np.diag([1, before])
    totals = np.zeros(7, np.int64)
    folded, mixed = np.zeros((2, (MOST + 1) * RUN), np.complex128)
    for behind in range(modes - 1):
        state = random_state(modes, photons)
        expected = splitted(as_dict(state, modes, photons), behind, behind + 1, matrix)
        mix_modes(
            state, modes, photons, behind, before, between, BALANCED, BELOW, totals, folded, mixed
        )
        assert_equal(state, modes, photons, expected)


@pytest.mark.parametrize("modes, photons, entering", [(1, 2, 0), (2, 3, 2), (3, 2, 1), (4, 0, 3)])
def test_letting_a_mode_in(modes, photons, entering):
    state = np.concatenate([random_state(modes, photons), np.ones(BELOW[modes, -1])])
    expected = {
        (entering, *counts): number for counts, number in as_dict(state, modes, photons).items()
    }
    let_in(state, modes, photons, entering, BELOW)
    assert_equal(state, modes + 1, photons + entering, expected)


@pytest.mark.parametrize("modes, photons", [(1, 3), (2, 4), (3, 3), (4, 2)])
def test_measuring_the_first_mode(modes, photons):
    whole = random_state(modes, photons)
    weights = np.zeros(MOST + 1)
    assert weigh_grades(whole, modes, photons, BELOW, weights) == pytest.approx(1.0)
    for counted in range(photons + 1):
        expected = {
            counts[1:]: number / 2
            for counts, number in as_dict(whole, modes, photons).items()
            if counts[0] == counted
        }
        norm = sum(abs(number) ** 2 for number in expected.values())
        assert weights[photons - counted] == pytest.approx(4 * norm)
        state = whole.copy()
        keep_measured(state, modes, photons, counted, 0.5, BELOW)
        if modes > 1:
            assert_equal(state, modes - 1, photons - counted, expected)


@pytest.mark.parametrize("modes, photons, entering", [(1, 2, 1), (2, 3, 2), (2, 0, 3), (3, 4, 0)])
def test_a_splitter_with_a_new_mode_whose_first_output_is_measured(modes, photons, entering):
    whole = random_state(modes, photons)
    cos, sin = 0.6, 0.8
    tables = np.empty(table_start(MOST, entering + 1))
    fill_splitter_table(cos, sin, MOST, entering, tables)
    amplitudes = {
        (*counts, entering): number for counts, number in as_dict(whole, modes, photons).items()
    }
    # The first output stands in the new mode's place, the second in the first mode's.
    amplitudes = splitted(amplitudes, modes, 0, [[-sin, cos], [cos, sin]])
    for counted in range(photons + entering + 1):
        expected = {
            counts[:-1]: number for counts, number in amplitudes.items() if counts[-1] == counted
        }
        state = whole.copy()
        at = table_start(MOST, entering)
        keep_split(state, modes, photons, entering, counted, 1.0, tables, at, BELOW)
        assert_equal(state, modes, photons + entering - counted, expected)
