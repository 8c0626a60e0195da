"""All minors of a set of repeated rows by the plain formula: the path for small sums.

For distinct rows b_i, drawn t_i times, sum t_i = k - 1, and k columns

    minor_l = 2^(k-2) Per(all columns but l) = sum_a w(a) prod_{c != l} h_c(a)
    h_c(a) = sum_i (t_i - 2 a_i) b_i[c] ,   w(a) = prod_i (-1)^{a_i} C(t_i, a_i)

with one copy of one row left out of a, as in `permanents`. All l come from one sweep of prefix
products and one of suffix products.
"""

import numpy as np

from qlatent_tf.quantum.compiled import kernel
from qlatent_tf.quantum.kernels.gray_code import MAXIMUM, next_step, start_walk
from qlatent_tf.quantum.kernels.row_plan import DIGIT_ROW

RE, IM = 0, 1
SUM, SUM_IM, PREFIX, PREFIX_IM = range(4)
SCRATCH_FIELDS = 4


@kernel(fastmath=True)
def scalar_minors(rows, counts, num_rows, k, plan, scratch, minors):
    """Writes the minors, `[2, n]`, of the first k >= 2 columns of the first num_rows rows.

    rows: float `[2, n, n]`, real and imaginary parts. plan: as in `row_plan`, overwritten.
    scratch: float `[SCRATCH_FIELDS, n]`.
    """
    one = rows.dtype.type(1.0)
    two = rows.dtype.type(2.0)
    zero = rows.dtype.type(0.0)
    reference = np.int64(0)
    for row in range(num_rows):
        if counts[row] < counts[reference]:
            reference = np.int64(row)
    num_digits = np.int64(0)
    for row in range(num_rows):
        free_copies = counts[row] - (row == reference)
        if free_copies > 0:
            plan[MAXIMUM, num_digits] = free_copies
            plan[DIGIT_ROW, num_digits] = row
            num_digits += 1
    start_walk(plan, num_digits)
    for column in range(k):
        minors[RE, column] = zero
        minors[IM, column] = zero
        sum_re = zero
        sum_im = zero
        for row in range(num_rows):
            copies = rows.dtype.type(counts[row])
            sum_re += copies * rows[RE, row, column]
            sum_im += copies * rows[IM, row, column]
        scratch[SUM, column] = sum_re
        scratch[SUM_IM, column] = sum_im
    weight = 1.0
    while True:
        run_re = rows.dtype.type(weight)
        run_im = zero
        for column in range(k):
            scratch[PREFIX, column] = run_re
            scratch[PREFIX_IM, column] = run_im
            h_re = scratch[SUM, column]
            h_im = scratch[SUM_IM, column]
            run_re, run_im = run_re * h_re - run_im * h_im, run_re * h_im + run_im * h_re
        run_re = one
        run_im = zero
        for column in range(k - 1, -1, -1):
            prefix_re = scratch[PREFIX, column]
            prefix_im = scratch[PREFIX_IM, column]
            minors[RE, column] += run_re * prefix_re - run_im * prefix_im
            minors[IM, column] += run_re * prefix_im + run_im * prefix_re
            h_re = scratch[SUM, column]
            h_im = scratch[SUM_IM, column]
            run_re, run_im = run_re * h_re - run_im * h_im, run_re * h_im + run_im * h_re
        digit, direction, ratio = next_step(plan, num_digits)
        if digit == num_digits:
            break
        weight = np.rint(weight * ratio)
        row = plan[DIGIT_ROW, digit]
        change = -two if direction > 0 else two
        for column in range(k):
            scratch[SUM, column] += change * rows[RE, row, column]
            scratch[SUM_IM, column] += change * rows[IM, row, column]
