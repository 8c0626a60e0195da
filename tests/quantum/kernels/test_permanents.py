import math

import numpy as np
import pytest
from reference_samplers import permanent_by_definition

from qlatent_tf.quantum.kernels.permanents import (
    log_factorials,
    permanent,
    permanents,
    repeated_row_permanent,
)
from qlatent_tf.quantum.reference import permanent_ryser

RNG = np.random.default_rng


def complex_normal(*shape, seed=0):
    return RNG(seed).normal(size=shape) + 1j * RNG(seed + 1).normal(size=shape)


@pytest.mark.parametrize("order", range(7))
def test_matches_definition(order):
    matrix = complex_normal(order, order, seed=order)
    for part in (matrix, matrix.real):
        expected = permanent_by_definition(part)
        np.testing.assert_allclose(permanent(part), expected, rtol=1e-12)
        np.testing.assert_allclose(permanent_ryser(part), expected, rtol=1e-12)


def test_batch_matches_ryser():
    matrices = complex_normal(5, 10, 10)
    expected = [permanent_ryser(matrix) for matrix in matrices]
    np.testing.assert_allclose(permanents(matrices), expected, rtol=1e-11)


@pytest.mark.parametrize("order", [1, 2, 5, 12, 20])
def test_closed_forms(order):
    ones, identity = np.ones((order, order)), np.eye(order)
    assert permanent(ones) == pytest.approx(math.factorial(order), rel=1e-10)
    assert permanent(identity[RNG(order).permutation(order)]) == pytest.approx(1, rel=1e-12)
    derangements = round(math.factorial(order) / math.e)
    assert permanent(ones - identity) == pytest.approx(derangements, rel=1e-7, abs=1e-7)
    if order > 2:  # a cycle has two perfect matchings with its shift
        assert permanent(identity + np.roll(identity, 1, axis=1)) == pytest.approx(2, rel=1e-9)


def test_types():
    assert permanent(np.zeros((0, 0))) == 1
    assert isinstance(permanent([[1, 2], [3, 4]]), float)
    assert permanent([[1, 2], [3, 4]]) == 10
    assert permanent([[1j, 2], [3, 4]]) == 6 + 4j


@pytest.mark.parametrize("counts", [(1, 1, 1), (3, 0, 2), (0, 5, 0), (2, 1, 4), (8, 7, 1)])
def test_repeated_rows_are_rows_repeated(counts):
    rows = complex_normal(3, sum(counts), seed=3)
    expected = permanent_ryser(np.repeat(rows, counts, axis=0))
    actual = repeated_row_permanent(rows, np.array(counts))
    np.testing.assert_allclose(actual, expected, rtol=1e-9)


def test_log_factorials():
    np.testing.assert_allclose(log_factorials([[0, 1, 2], [3, 4, 5]]), np.log([2, 6 * 24 * 120]))


@pytest.mark.parametrize(
    "matrix, message",
    [
        (np.ones((2, 3)), "square"),
        (np.ones(4), "square"),
        (np.ones((41, 41)), "n <= 40"),
        (np.array([["a"]]), "numbers"),
    ],
)
def test_refusals(matrix, message):
    with pytest.raises(ValueError, match=message):
        permanent(matrix)
