"""Which permanents are zero, of which rounding leaves something.

The terms of Glynn's formula are as large as the product of the rows' norms, however small their sum
is. A permanent of numbers that are not negative is zero if, and only if, every permutation meets a
zero; one of complex numbers may vanish by interference, too, and cannot be told from its noise.
"""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from qlatent_tf.quantum.kernels.permanents import log_factorials

# Of an amplitude: what the product of many splitters' matrices leaves of an entry that is zero.
SMALLEST_AMPLITUDE = 1e-14
_ROUNDINGS = 1000  # below so many rounding errors a permanent may be zero
_MATRICES_PER_CHUNK = 4096


def log_noise(rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Returns the logarithm of about what rounding leaves of permanents that are zero.

    Args:
      rows: real or complex array, shape `[modes, n]`.
      counts: int64 array, shape `[batch, modes]`, of sums n. How often each row is taken.

    Returns:
      float64 array, shape `[batch]`; -inf where a row that is taken is zero.
    """
    norms = np.sqrt((np.abs(rows) ** 2).sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):  # of rows of zeros, taken or not
        products = np.where(counts > 0, counts * np.log(norms), 0.0).sum(axis=1)
    return np.log(np.finfo(float).eps) + log_factorials(counts) / 2 + products


def permanents_are_zero(values, rates, counts) -> np.ndarray:
    """Returns which permanents of rates are zero, whatever rounding has left of them.

    Args:
      values: float64 array, shape `[batch]`. The permanents as they were computed.
      rates: float64 array, shape `[modes, n]`. Squares of amplitudes, the rows.
      counts: int64 array, shape `[batch, modes]`, of sums n. How often each row is taken.

    Returns:
      bool array, shape `[batch]`.
    """
    small = values <= _ROUNDINGS * np.exp(log_noise(rates, counts))
    zero = np.zeros(len(values), bool)
    zero[small] = ~has_free_permutation(rates > SMALLEST_AMPLITUDE**2, counts[small])
    return zero


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
