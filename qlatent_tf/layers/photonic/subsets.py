"""Tables of subsets, by which permanents of a batch are expanded row by row.

The permanent P_k(S) of the first k rows and the k columns S follows from those of one row less:

    P_k(S) = sum over c in S of a_kc P_{k-1}(S - {c})

All n of the rows cost n 2^(n-1) multiplications. Subsets of one size stand in ascending order of
their bits, in which complements stand in descending order.
"""

import functools
import math

import numpy as np


@functools.lru_cache(maxsize=64)
def subsets(photons: int, size: int) -> np.ndarray:
    """Returns the subsets of a size as bit masks, ascending, int64 `[C(photons, size)]`."""
    masks = np.arange(2**photons)
    return masks[_bits(masks, photons).sum(axis=1) == size]


@functools.lru_cache(maxsize=1)
def places(photons: int) -> np.ndarray:
    """Returns where each mask stands among the subsets of its size, int32 `[2^photons]`."""
    found = np.zeros(2**photons, np.int32)
    for size in range(photons + 1):
        masks = subsets(photons, size)
        found[masks] = np.arange(len(masks))
    return found


@functools.lru_cache(maxsize=64)
def members(photons: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the columns of each subset of a size, and where it stands without that column.

    Returns:
      int32 arrays, shape `[size, C(photons, size)]`; the places are among those of size - 1.
    """
    masks = subsets(photons, size)
    columns = np.nonzero(_bits(masks, photons))[1].reshape(len(masks), size).T
    return columns.astype(np.int32), places(photons)[masks ^ (1 << columns)]


@functools.lru_cache(maxsize=64)
def without(photons: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns, for each column, the subsets without it, and what they and the column leave over.

    Returns:
      int32 arrays, shape `[photons, C(photons - 1, size)]`: places among the subsets of `size`, and
      those of the complements, without the column, among the subsets of photons - 1 - size.
    """
    masks = subsets(photons, size)
    rows, rest = [], []
    for column in range(photons):
        chosen = masks[masks >> column & 1 == 0]
        rows.append(places(photons)[chosen])
        rest.append(places(photons)[(2**photons - 1) ^ chosen ^ (1 << column)])
    return np.array(rows), np.array(rest)


def bytes_per_sample(photons: int, modes: int, number_size: int) -> int:
    """Returns the memory that a sample takes at most, gradient included.

    All P_k of the rows in both directions are held, the terms of the largest sum, and a few numbers
    for each mode.

    Args:
      photons: int.
      modes: int.
      number_size: int. The bytes of a complex number.
    """
    terms = max(math.comb(photons, size) * size for size in range(photons + 1))
    return number_size * (2 * 2**photons + 2 * terms + 2 * photons * (photons + modes))


def _bits(masks, photons):
    return masks[:, None] >> np.arange(photons) & 1
