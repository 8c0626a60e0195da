"""Permanents and probabilities from the definitions: slow, obviously right, without kernels."""

import itertools
import math

import numpy as np


def permanent_ryser(matrix: np.ndarray):
    """Returns `sum over column subsets S of (-1)^(n-|S|) prod_i sum_{j in S} matrix[i, j]`."""
    order = len(matrix)
    if order == 0:
        return 1.0
    subsets = (np.arange(2**order)[:, None] >> np.arange(order)) & 1
    signs = (-1.0) ** (order - subsets.sum(axis=1))
    return signs @ np.prod(subsets @ matrix.T, axis=1)


def outcomes(modes: int, photons: int) -> np.ndarray:
    """Returns all ways to put `photons` photons into `modes` modes, int64 `[outcomes, modes]`."""
    chosen = itertools.combinations_with_replacement(range(modes), photons)
    return np.array(
        [np.bincount(np.array(modes_of, np.int64), minlength=modes) for modes_of in chosen]
    )


def probability(unitary: np.ndarray, input_state, outcome) -> float:
    """Returns `|Per(U[outcome, input])|^2 / (prod outcome! prod input!)` of one outcome."""
    sub = np.repeat(np.repeat(unitary, outcome, axis=0), input_state, axis=1)
    factorials = math.prod(math.factorial(int(count)) for count in (*outcome, *input_state))
    return abs(permanent_ryser(sub)) ** 2 / factorials
