"""Permanents that are zero or nearly so, of which rounding leaves something else.

Glynn's formula sums products over the columns of sums over the rows with signs. These are as large
as the columns' norms, however small the permanent is.

- A permanent of numbers that are not negative is zero if, and only if, every permutation meets a
  zero. It is also a coefficient of a product of linear forms, whose terms do not cancel.
- One of complex numbers may vanish by interference, too, and cannot be told from its noise.
"""

import math

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from qlatent_tf.quantum.kernels.permanents import log_factorials

# Of an amplitude: what the product of many splitters' matrices leaves of an entry that is zero.
SMALLEST_AMPLITUDE = 1e-14
_ROUNDINGS = 1000  # below so many rounding errors a permanent of rates is computed without them
_MOST_COEFFICIENTS = 2**20
_MATRICES_PER_CHUNK = 4096


def log_noise(rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Returns the logarithm of about what rounding leaves of permanents that are zero.

    Args:
      rows: real or complex array, shape `[modes, n]`.
      counts: int64 array, shape `[batch, modes]`, of sums n. How often each row is taken.

    Returns:
      float64 array, shape `[batch]`; -inf where a column is zero.
    """
    with np.errstate(divide="ignore"):
        norms = 0.5 * np.log(counts @ np.abs(rows) ** 2).sum(axis=1)
    return np.log(np.finfo(float).eps) + log_factorials(counts) / 2 + norms


def without_noise(values, rates, counts) -> np.ndarray:
    """Returns permanents of rates, those that are small computed without terms that cancel.

    Args:
      values: float64 array, shape `[batch]`. The permanents by Glynn's formula.
      rates: float64 array, shape `[modes, n]`. Squares of amplitudes, the rows.
      counts: int64 array, shape `[batch, modes]`, of sums n. How often each row is taken.

    Returns:
      float64 array, shape `[batch]`, not negative; 0 where, and only where, each permutation meets
      a zero.
    """
    rates = np.where(rates > SMALLEST_AMPLITUDE**2, rates, 0.0)
    noise = np.exp(log_noise(rates, counts))
    found, small = np.array(values), np.flatnonzero(values <= _ROUNDINGS * noise)
    found[small] = np.maximum(found[small], noise[small])  # of too many coefficients
    found[~has_free_permutation(rates > 0, counts)] = 0.0
    for index in small[found[small] > 0]:
        taken = np.flatnonzero(counts[index])
        powers = counts[index, taken]
        if math.prod(int(power) + 1 for power in powers) <= _MOST_COEFFICIENTS:
            forms = np.zeros(rates.shape[1]), rates[taken].T
            orderings = math.prod(math.factorial(int(power)) for power in powers)
            found[index] = coefficient(*forms, powers) * orderings
    return found


def coefficient(constants, slopes, powers) -> float:
    """Returns the coefficient of `prod_i x_i^powers_i` in a product of linear forms.

    Args:
      constants: float64 array, shape `[forms]`.
      slopes: float64 array, shape `[forms, variables]`. The forms are `constant + slopes . x`.
      powers: int array, shape `[variables]`.
    """
    coefficients = np.zeros(powers + 1)
    coefficients.flat[0] = 1.0
    for constant, form in zip(constants, slopes, strict=True):
        product = constant * coefficients
        for axis, slope in enumerate(form):
            np.moveaxis(product, axis, 0)[1:] += slope * np.moveaxis(coefficients, axis, 0)[:-1]
        coefficients = product
    return float(coefficients.flat[-1])


def has_free_permutation(rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Returns whether the permanent of each matrix has a term that is not zero.

    Args:
      rows: bool array, shape `[modes, n]`. Where the entries are not zero.
      counts: int64 array, shape `[batch, modes]`, of sums n. How often each row is taken.

    Returns:
      bool array, shape `[batch]`.
    """
    order = rows.shape[1]
    found = np.ones(len(counts), bool)
    if rows.all() or not order:
        return found
    for start in range(0, len(counts), _MATRICES_PER_CHUNK):
        chunk = counts[start : start + _MATRICES_PER_CHUNK]
        taken = np.repeat(np.tile(np.arange(len(rows)), len(chunk)), chunk.ravel())
        photon, column = np.nonzero(rows[taken])  # of all matrices, one below the other
        edges = (np.ones(len(photon), bool), (photon, photon // order * order + column))
        graph = csr_array(edges, shape=(len(taken), len(taken)))
        partners = maximum_bipartite_matching(graph, perm_type="column")
        found[start : start + len(chunk)] = (partners.reshape(-1, order) >= 0).all(axis=1)
    return found
