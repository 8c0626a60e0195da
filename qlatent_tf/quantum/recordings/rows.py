"""Arrays of samples that stay on disk: rows are read, decoded or repeated when asked for."""

import abc
from collections.abc import Iterator, Sequence

import numpy as np

BLOCK_ROWS = 1 << 16
# What no experiment comes near, and one pass in bounded memory and a few hours still takes.
MAX_PHOTONS_IN_MODE = 65_535
MAX_SHOTS = 10**10


class Rows(abc.ABC):
    """Samples that are indexed like a NumPy array of shape (shots, modes), by row only."""

    ndim = 2

    def __init__(self, shots: int, modes: int, dtype):
        self.shape = (int(shots), int(modes))
        self.dtype = np.dtype(dtype)

    @abc.abstractmethod
    def _take(self, indices: np.ndarray) -> np.ndarray:
        """Returns the rows at `indices`, int64 from 0, as an array of shape (k, modes)."""

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index) -> np.ndarray:
        if isinstance(index, slice):
            return self._take(np.arange(*index.indices(len(self)), dtype=np.int64))
        indices = np.asarray(index)
        if isinstance(index, list) and not index:
            indices = indices.astype(np.int64)
        # A tuple would choose a row and a mode in an array.
        if isinstance(index, tuple) or indices.dtype.kind not in "iu" or indices.ndim > 1:
            raise TypeError(
                f"Rows are chosen by a whole number, a slice or a list of them; received {index!r}."
            )
        indices = indices.astype(np.int64)
        if ((indices < -len(self)) | (indices >= len(self))).any():
            raise IndexError(f"Received the row {index!r}; there are {len(self)}.")
        rows = self._take(np.atleast_1d(np.where(indices < 0, indices + len(self), indices)))
        return rows if indices.ndim else rows[0]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return self[:].astype(self.dtype if dtype is None else dtype, copy=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(shape={self.shape}, dtype={self.dtype})"


class StackedRows(Rows):
    """The rows of several arrays of equal dtypes, one below the other."""

    def __init__(self, parts: Sequence):
        self._parts = list(parts)
        self._ends = np.cumsum([len(part) for part in self._parts])
        super().__init__(self._ends[-1], self._parts[0].shape[1], self._parts[0].dtype)

    def _take(self, indices):
        rows = np.empty((len(indices), self.shape[1]), self.dtype)
        owners = np.searchsorted(self._ends, indices, side="right")
        for owner in np.unique(owners):
            chosen = np.flatnonzero(owners == owner)
            start = self._ends[owner] - len(self._parts[owner])
            rows[chosen] = self._parts[owner][indices[chosen] - start]
        return rows


class ChosenRows(Rows):
    """Some rows of an array or of other rows, which stay where they are.

    Args:
      rows: array or Rows.
      indices: int64 array. Which, from 0.
    """

    def __init__(self, rows, indices: np.ndarray):
        self._rows, self._indices = rows, indices
        super().__init__(len(indices), rows.shape[1], rows.dtype)

    def _take(self, indices):
        return np.asarray(self._rows[self._indices[indices]])


class CountedRows(Rows):
    """Distinct rows, `patterns` (k, modes), each standing for `counts` (k,) neighbouring shots."""

    def __init__(self, patterns: np.ndarray, counts: np.ndarray):
        self._patterns = patterns
        self._ends = np.cumsum(counts, dtype=np.int64)
        super().__init__(self._ends[-1], patterns.shape[1], patterns.dtype)

    def _take(self, indices):
        return self._patterns[np.searchsorted(self._ends, indices, side="right")]


def blocks(rows, block_rows: int = BLOCK_ROWS) -> Iterator[tuple[int, np.ndarray]]:
    """Yields (index of the first row, array of shape (<= block_rows, modes)) over all rows."""
    for start in range(0, len(rows), block_rows):
        yield start, np.asarray(rows[start : start + block_rows])


def without_middle_axis(rows):
    """Returns samples of shape (shots, 1, modes) as (shots, modes), and others as they are."""
    return rows[:, 0] if rows.ndim == 3 and rows.shape[1] == 1 else rows


def check_rows(rows, name: str, first_row: int = 0) -> None:
    """Refuses what cannot be photon numbers, in one pass of bounded memory.

    Raises:
      ValueError: if `rows` is empty or has more than 10^10 rows, is not numeric, or holds a value
        that is not whole or not in 0 to 65535; the message names the first such row of `name`,
        counted from `first_row`.
    """
    kind = rows.dtype.kind
    if kind not in "buif":
        raise ValueError(
            f"{name} holds values of type {rows.dtype}; photon numbers are integers, or floats "
            "with whole values."
        )
    if rows.ndim != 2 or 0 in rows.shape:
        raise ValueError(
            f"{name} has shape {tuple(rows.shape)}; legal: (shots, modes), both from 1."
        )
    if len(rows) > MAX_SHOTS:
        raise ValueError(f"{name} holds {len(rows)} shots; at most {MAX_SHOTS} are read.")
    if kind in "bu" and rows.dtype.itemsize <= 2:
        return
    for start, block in blocks(rows):
        if kind == "f":  # Half precision does not hold the limit.
            block = block.astype(np.float64)
        legal = (block >= 0) & (block <= MAX_PHOTONS_IN_MODE)
        if kind == "f":
            legal &= block == np.floor(block)
        if not legal.all():
            row, mode = np.argwhere(~legal)[0]
            raise ValueError(
                f"{name}: row {first_row + start + row} (counted from 0) holds "
                f"{block[row, mode]} in mode {mode}; photon numbers are whole, from 0 to "
                f"{MAX_PHOTONS_IN_MODE}."
            )


def row_mean(rows) -> np.ndarray:
    """Returns the mean of all rows, float64 of shape (modes,), in one pass of bounded memory."""
    total = np.zeros(rows.shape[1])
    for _, block in blocks(rows):
        total += block.sum(axis=0, dtype=np.float64)
    return total / len(rows)


def row_covariance(rows) -> np.ndarray:
    """Returns the covariance <n_i n_j> - <n_i><n_j> of all rows, in one pass of bounded memory.

    The mean is that of the rows themselves and the divisor is their number: it is the exact
    covariance of drawing one of them, float64 of shape (modes, modes).
    """
    total = np.zeros(rows.shape[1])
    products = np.zeros((rows.shape[1],) * 2)
    # Sums of squares of far-away numbers would cancel; photon numbers are close to their first row.
    origin = np.asarray(rows[:1], np.float64)
    for _, block in blocks(rows):
        shifted = block - origin
        total += shifted.sum(axis=0)
        products += shifted.T @ shifted
    mean = total / len(rows)
    return products / len(rows) - np.outer(mean, mean)
