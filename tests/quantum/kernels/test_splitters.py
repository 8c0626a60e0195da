import math

import numpy as np
import pytest

from qlatent_tf.quantum.kernels.splitters import (
    balanced_splitters,
    balanced_start,
    fill_splitter_table,
    table_start,
)
from qlatent_tf.quantum.reference import permanent_ryser


def amplitude(splitter, outcome, state):
    """The permanent by the definition, over the factorials' root."""
    rows = np.repeat(np.repeat(splitter, outcome, axis=0), state, axis=1)
    factorials = math.prod(math.factorial(count) for count in (*outcome, *state))
    return permanent_ryser(rows) / math.sqrt(factorials)


@pytest.mark.parametrize("angle", [0.0, 0.3, math.pi / 2, 2.0])
def test_the_table_holds_permanents(angle):
    cos, sin = math.cos(angle), math.sin(angle)
    splitter = np.array([[cos, -sin], [sin, cos]])
    table = np.full(table_start(4, 4), np.nan)
    fill_splitter_table(cos, sin, 4, 3, table)
    place = 0
    for k in range(4):
        assert table_start(4, k) == place
        for n in range(5):
            assert place == table_start(4, k) + n * (k + 1) + n * (n - 1) // 2
            for j in range(n + k + 1):
                expected = amplitude(splitter, (j, n + k - j), (n, k))
                assert table[place] == pytest.approx(expected, abs=1e-13)
                place += 1
    assert place == len(table)


def test_balanced_splitters_hold_permanents():
    splitter = np.array([[1, 1], [1, -1]]) / math.sqrt(2)
    table = balanced_splitters(5)
    for photons in range(6):
        matrix = table[balanced_start(photons) : balanced_start(photons + 1)]
        for j, k in np.ndindex(photons + 1, photons + 1):
            expected = amplitude(splitter, (photons - j, j), (photons - k, k))
            assert matrix[j * (photons + 1) + k] == pytest.approx(expected, abs=1e-14)


def test_many_photons_enlarge_no_rounding_error():
    photons = 255
    table = balanced_splitters(photons)
    matrix = table[balanced_start(photons) :].reshape(photons + 1, photons + 1)
    signs = (-1.0) ** np.arange(photons + 1)
    np.testing.assert_allclose(matrix @ matrix, np.eye(photons + 1), atol=1e-12)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-13)
    np.testing.assert_allclose(matrix[:, ::-1], signs[:, None] * matrix, atol=1e-13)
    # All photons of one input: a binomial law.
    table = np.empty(table_start(photons, 1))
    fill_splitter_table(0.6, 0.8, photons, 0, table)
    law = [
        math.exp(
            math.lgamma(photons + 1) - math.lgamma(j + 1) - math.lgamma(photons - j + 1)
            + 2 * j * math.log(0.6) + 2 * (photons - j) * math.log(0.8)
        )
        for j in range(photons + 1)
    ]  # fmt: skip
    np.testing.assert_allclose(table[-photons - 1 :] ** 2, law, rtol=1e-10, atol=1e-300)
