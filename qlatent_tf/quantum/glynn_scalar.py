"""All minors of a set of repeated rows by the plain formula: the path for small sums.

For distinct rows b_i, drawn t_i times, sum t_i = k - 1, and k columns

    minor_l = 2^(k-2) Per(all columns but l) = sum_a w(a) prod_{c != l} h_c(a)
    h_c(a) = sum_i (t_i - 2 a_i) b_i[c] ,   w(a) = prod_i (-1)^{a_i} C(t_i, a_i)

with one copy of one row left out of a, as in `permanents`. All l come from one sweep of prefix
products and one of suffix products.
"""

import numpy as np
from numba import njit

from qlatent_tf.quantum.gray_code import MAXIMUM, next_step, start_walk


@njit(cache=True, nogil=True, fastmath=True)
def scalar_minors(
    rows_re, rows_im, counts, num_rows, k, walk, digit_rows,
    sums_re, sums_im, prefix_re, prefix_im, minors_re, minors_im,
):  # fmt: skip
    """Writes the minors of the first k >= 2 columns of the first num_rows rows."""
    one = rows_re.dtype.type(1.0)
    two = rows_re.dtype.type(2.0)
    zero = rows_re.dtype.type(0.0)
    reference = np.int64(0)
    for row in range(num_rows):
        if counts[row] < counts[reference]:
            reference = np.int64(row)
    num_digits = np.int64(0)
    for row in range(num_rows):
        free_copies = counts[row] - (row == reference)
        if free_copies > 0:
            walk[MAXIMUM, num_digits] = free_copies
            digit_rows[num_digits] = row
            num_digits += 1
    start_walk(walk, num_digits)
    for column in range(k):
        minors_re[column] = zero
        minors_im[column] = zero
        sum_re = zero
        sum_im = zero
        for row in range(num_rows):
            copies = rows_re.dtype.type(counts[row])
            sum_re += copies * rows_re[row, column]
            sum_im += copies * rows_im[row, column]
        sums_re[column] = sum_re
        sums_im[column] = sum_im
    weight = 1.0
    while True:
        run_re = rows_re.dtype.type(weight)
        run_im = zero
        for column in range(k):
            prefix_re[column] = run_re
            prefix_im[column] = run_im
            next_re = run_re * sums_re[column] - run_im * sums_im[column]
            run_im = run_re * sums_im[column] + run_im * sums_re[column]
            run_re = next_re
        run_re = one
        run_im = zero
        for column in range(k - 1, -1, -1):
            minors_re[column] += run_re * prefix_re[column] - run_im * prefix_im[column]
            minors_im[column] += run_re * prefix_im[column] + run_im * prefix_re[column]
            next_re = run_re * sums_re[column] - run_im * sums_im[column]
            run_im = run_re * sums_im[column] + run_im * sums_re[column]
            run_re = next_re
        digit, direction, ratio = next_step(walk, num_digits)
        if digit == num_digits:
            break
        weight = np.round(weight * ratio)
        row = digit_rows[digit]
        change = -two if direction > 0 else two
        for column in range(k):
            sums_re[column] += change * rows_re[row, column]
            sums_im[column] += change * rows_im[row, column]
