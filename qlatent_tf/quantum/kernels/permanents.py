"""Permanents of real and complex matrices by Glynn's formula, with repeated rows.

    Per(B) = 2^{1-n} sum_a w(a) prod_c h_c(a) ,   h_c(a) = sum_i (t_i - 2 a_i) b_i[c]

for rows b_i taken t_i times (n rows in all), where a runs over 0 <= a_i <= t_i, one copy of one
row left out so that its sign stays +. The number of terms is prod(t_i + 1) t_ref / (t_ref + 1):
2^{n-1} for distinct rows, and fewer when rows repeat.

Reference: Glynn, "The permanent of a square matrix", European Journal of Combinatorics 31, 2010.
"""

import math

import numpy as np

from qlatent_tf.checks import as_array
from qlatent_tf.quantum.compiled import kernel
from qlatent_tf.quantum.kernels.gray_code import GRAY_FIELDS, MAXIMUM, next_step, start_walk

MAX_ORDER = 40


@kernel
def repeated_row_permanent(rows, counts):
    """The permanent of the matrix whose row `rows[i]` is taken `counts[i]` times.

    rows: float64 or complex128 `[d, n]`; counts: int64 `[d]`, positive or zero, of sum n.
    """
    num_rows, order = rows.shape
    total = rows.dtype.type(0.0)
    if order == 0:
        return total + 1.0
    reference = np.int64(-1)
    for i in range(num_rows):
        if counts[i] > 0 and (reference < 0 or counts[i] < counts[reference]):
            reference = i
    walk = np.zeros((GRAY_FIELDS, num_rows + 1), np.int64)
    digit_row = np.zeros(num_rows, np.int64)
    num_digits = np.int64(0)
    for i in range(num_rows):
        free_copies = counts[i] - (1 if i == reference else 0)
        if free_copies > 0:
            walk[MAXIMUM, num_digits] = free_copies
            digit_row[num_digits] = i
            num_digits += 1
    start_walk(walk, num_digits)
    sums = np.zeros(order, rows.dtype)
    for i in range(num_rows):
        for column in range(order):
            sums[column] += counts[i] * rows[i, column]
    weight = 1.0
    while True:
        product = rows.dtype.type(weight)
        for column in range(order):
            product *= sums[column]
        total += product
        digit, direction, ratio = next_step(walk, num_digits)
        if digit == num_digits:
            break
        weight = np.rint(weight * ratio)
        row = digit_row[digit]
        change = -2.0 * direction
        for column in range(order):
            sums[column] += change * rows[row, column]
    return total * 0.5 ** (order - 1)


@kernel
def _permanents(matrices, results):
    counts = np.ones(matrices.shape[1], np.int64)
    for i in range(len(matrices)):
        results[i] = repeated_row_permanent(matrices[i], counts)


def permanents(matrices) -> np.ndarray:
    """Returns the permanents of a batch of square matrices, by Glynn's formula.

    Args:
      matrices: array-like, shape `[batch, n, n]`, real or complex; n = 0 gives 1.

    Returns:
      float64 or complex128 array, shape `[batch]`.

    Raises:
      ValueError: if the matrices are not square, or of order above 40.

    Reference: Glynn, "The permanent of a square matrix", European Journal of Combinatorics 31,
      2010.
    """
    array = as_array(matrices, "A batch of square matrices has shape (batch, n, n)")
    if array.ndim != 3 or array.shape[1] != array.shape[2]:
        raise ValueError(
            f"A batch of square matrices has shape (batch, n, n); received {array.shape}."
        )
    if array.shape[1] > MAX_ORDER:
        raise ValueError(
            f"A permanent of order n costs n 2^(n-1) steps; legal is n <= {MAX_ORDER}, "
            f"received {array.shape[1]}."
        )
    if array.dtype.kind not in "biufc":
        raise ValueError(f"A matrix holds numbers; received dtype {array.dtype}.")
    dtype = np.complex128 if array.dtype.kind == "c" else np.float64
    results = np.empty(len(array), dtype)
    _permanents(np.ascontiguousarray(array, dtype), results)
    return results


def permanent(matrix):
    """Returns the permanent of a square matrix, by Glynn's formula.

    Args:
      matrix: array-like, shape `[n, n]`, real or complex; n = 0 gives 1.

    Returns:
      float or complex, as the matrix is.

    Raises:
      ValueError: if the matrix is not square, or of order above 40.

    Example:
      >>> permanent(np.ones((4, 4)))
      24.0

    Reference: Glynn, "The permanent of a square matrix", European Journal of Combinatorics 31,
      2010.
    """
    array = as_array(matrix, "A permanent needs a square matrix")
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"A permanent needs a square matrix; received shape {array.shape}.")
    return permanents(array[None])[0].item()


def log_factorials(counts: np.ndarray) -> np.ndarray:
    """Returns `sum_i log(counts_i!)` over the last axis, float64."""
    counts = np.asarray(counts)
    table = np.array([math.lgamma(count + 1) for count in range(int(counts.max(initial=0)) + 1)])
    return table[counts].sum(axis=-1)
