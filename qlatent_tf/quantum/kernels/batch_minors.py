"""All minors of the drawn rows, with another sample in each vector lane.

Every array holds LANES neighbouring numbers per quantity, so that the innermost loops run over
lanes and become vector instructions; a loop takes one flat array with constant distances for the
compiler to see that they may. All drawn rows count as single, which keeps the control flow the
same in all lanes: 2^(k-2) terms for k columns.
"""

import numpy as np

from qlatent_tf.quantum.compiled import kernel

LANES = 32
PAIR = 2 * LANES  # a complex quantity: LANES real parts, then LANES imaginary parts

# A column's block of `work`: where each complex quantity starts.
SUM = 0  # signed sum of the rows but the newest
SHIFT = PAIR  # the newest row
PLUS = 2 * PAIR  # running product of SUM + SHIFT
MINUS = 3 * PAIR  # running product of SUM - SHIFT
MINOR = 4 * PAIR  # the minor without this column
START = 5 * PAIR  # SUM with all signs +
BLOCK = 6 * PAIR
NEXT = BLOCK
AFTER_NEXT = 2 * BLOCK


@kernel(fastmath=True)
def _multiply(c, source, target, w, factor_re, factor_im):
    """Writes the product of the quantity at `source` and a factor to `target`, in lane w."""
    re, im = c[source + w], c[source + LANES + w]
    c[target + w] = re * factor_re - im * factor_im
    c[target + LANES + w] = re * factor_im + im * factor_re


@kernel(fastmath=True)
def _flip_and_multiply_up(rows, columns, k, row, change, work):
    """SUM += change * row, and RUN of block l + 1 = RUN of block l times (SUM +- SHIFT) of l."""
    for column in range(k):
        c = work[column * BLOCK : (column + 2) * BLOCK]
        b = rows[(row * columns + column) * PAIR : (row * columns + column + 1) * PAIR]
        for w in range(LANES):
            sum_re, sum_im = c[SUM + w] + change * b[w], c[SUM + LANES + w] + change * b[LANES + w]
            c[SUM + w], c[SUM + LANES + w] = sum_re, sum_im
            shift_re, shift_im = c[SHIFT + w], c[SHIFT + LANES + w]
            _multiply(c, PLUS, NEXT + PLUS, w, sum_re + shift_re, sum_im + shift_im)
            _multiply(c, MINUS, NEXT + MINUS, w, sum_re - shift_re, sum_im - shift_im)


@kernel(fastmath=True)
def _join(c, run, w):
    """Returns (product of the columns < l) * (product of the columns > l)."""
    up_re, up_im = c[run + w], c[run + LANES + w]
    down_re, down_im = c[AFTER_NEXT + run + w], c[AFTER_NEXT + run + LANES + w]
    return up_re * down_re - up_im * down_im, up_re * down_im + up_im * down_re


@kernel(fastmath=True)
def _multiply_down_and_add(k, sign, work):
    """MINOR_l += sign * sum over +- of (product of columns < l) * (product of columns > l).

    The product of the columns > l stands in block l + 2; that of the columns >= l goes to block
    l + 1, whose own product has been used by then.
    """
    for column in range(k - 1, -1, -1):
        c = work[column * BLOCK : (column + 3) * BLOCK]
        for w in range(LANES):
            plus_re, plus_im = _join(c, PLUS, w)
            minus_re, minus_im = _join(c, MINUS, w)
            c[MINOR + w] += sign * (plus_re + minus_re)
            c[MINOR + LANES + w] += sign * (plus_im + minus_im)
            sum_re, sum_im = c[SUM + w], c[SUM + LANES + w]
            shift_re, shift_im = c[SHIFT + w], c[SHIFT + LANES + w]
            _multiply(c, AFTER_NEXT + PLUS, NEXT + PLUS, w, sum_re + shift_re, sum_im + shift_im)
            _multiply(c, AFTER_NEXT + MINUS, NEXT + MINUS, w, sum_re - shift_re, sum_im - shift_im)


@kernel(fastmath=True)
def add_newest_row(rows, columns, newest, work):
    """Takes row `newest` as SHIFT and the one that was there into START, for all columns."""
    for column in range(columns):
        block = work[column * BLOCK : (column + 1) * BLOCK]
        row = rows[(newest * columns + column) * PAIR : (newest * columns + column + 1) * PAIR]
        for w in range(PAIR):
            block[START + w] += block[SHIFT + w]
            block[SHIFT + w] = row[w]


@kernel(fastmath=True)
def batch_minors(rows, columns, k, work):
    """The minors of the k - 1 drawn rows and the first k columns, times 2^(k-2).

    MINOR_l = sum over signs of prod(signs) prod_{c != l} h_c ,   h_c = signed sum of column c

    Row 0 keeps the sign +, the newest row gives the two variants SUM +- SHIFT, and the others
    change sign one at a time in Gray-code order.
    """
    one = work.dtype.type(1.0)
    two = work.dtype.type(2.0)
    zero = work.dtype.type(0.0)
    if k == 1:
        for w in range(LANES):
            work[MINOR + w] = one
            work[MINOR + LANES + w] = zero
        return
    if k == 2:
        for w in range(PAIR):
            work[MINOR + w] = work[BLOCK + SHIFT + w]
            work[BLOCK + MINOR + w] = work[SHIFT + w]
        return
    end = (k + 1) * BLOCK
    for w in range(LANES):  # the empty products; the weight of MINUS is -1
        for at in (PLUS, MINUS, end + PLUS, end + MINUS):
            work[at + w] = -one if at == MINUS else one
            work[at + LANES + w] = zero
    for column in range(k):
        block = work[column * BLOCK : (column + 1) * BLOCK]
        for w in range(PAIR):
            block[SUM + w] = block[START + w]
            block[MINOR + w] = zero
    flipped = np.int64(0)  # bit i: row i + 1 has the sign -
    row = np.int64(0)
    change = zero
    sign = one
    for step in range(1, (1 << (k - 3)) + 1):
        _flip_and_multiply_up(rows, columns, k, row, change, work)
        _multiply_down_and_add(k, sign, work)
        bit = np.int64(0)
        while (step >> bit) & 1 == 0:
            bit += 1
        row = bit + 1 if bit < k - 3 else np.int64(0)  # the last step has no successor
        change = two if (flipped >> bit) & 1 else -two
        flipped ^= np.int64(1) << bit
        sign = -sign
