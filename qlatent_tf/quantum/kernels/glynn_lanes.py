"""The inner loops of the vectorised Glynn sum: all minors of one row set at once.

Columns go in pairs (1, 2). For each pair, and each vector lane, the four variants of the row sums
h + s, s in {+x, +y, -y, -x}, have the pair products

    (h1 + s1)(h2 + s2) = h1 h2 + s1 s2 + (s1 h2 + h1 s2)

in which the last bracket changes sign with s and is linear in h: a Gray step adds constants to
h1, h2 and to the forms of x and y, and four variants cost one complex product and additions.

With E_s = (product of the pairs before) * (product of the pairs behind), weights included,

    S = E_{+x} + E_{-x} + E_{+y} + E_{-y} ,   X = E_{+x} - E_{-x} ,   Y = E_{+y} - E_{-y}
    minor without column 1 = sum (h2 S + x2 X + y2 Y) ,   without column 2: 1 and 2 exchanged

x and y stay the same, so only h2 S, h1 S, X and Y are summed here.

A pair's quantities stand in one block of one flat array, each as `lanes` neighbouring numbers:
constant distances let the compiler vectorise the lane loops without run-time checks.
"""

import numpy as np
from numba.extending import overload

from qlatent_tf.quantum.compiled import kernel

DOUBLE_LANES = 8
SINGLE_LANES = 16

# Places in a block, in units of lanes: real part, then imaginary part.
H1, H1_IM = 0, 1
H2, H2_IM = 2, 3
FORM_X, FORM_X_IM = 4, 5  # x1 h2 + h1 x2
FORM_Y, FORM_Y_IM = 6, 7
PRODUCT, PRODUCT_IM = 8, 9  # h1 h2
RUN_PX, RUN_PX_IM = 10, 11  # running products of the variants
RUN_PY, RUN_PY_IM = 12, 13
RUN_MY, RUN_MY_IM = 14, 15
RUN_MX, RUN_MX_IM = 16, 17
SUM_1, SUM_1_IM = 18, 19  # sum of h2 S
SUM_2, SUM_2_IM = 20, 21  # sum of h1 S
SUM_X, SUM_X_IM = 22, 23
SUM_Y, SUM_Y_IM = 24, 25
BLOCK = 26
NEXT = BLOCK
BEHIND = 2 * BLOCK

STEP = 8  # numbers a Gray step adds to a pair: to H1, H2, FORM_X, FORM_Y
SHIFT = 12  # numbers of a pair's shifts: x1, x2, y1, y2, x1 x2, y1 y2
PRODUCT_XX = 8
PRODUCT_YY = 10


def lane_count(work):
    """Returns the number of vector lanes for the precision of `work`; a constant in kernels."""
    return DOUBLE_LANES if work.dtype == np.float64 else SINGLE_LANES


@overload(lane_count)
def _lane_count(work):
    if work.dtype.bitwidth == 64:
        return lambda work: DOUBLE_LANES
    return lambda work: SINGLE_LANES


@kernel(fastmath=True)
def _multiply(c, source, target, lanes, w, factor, factor_im):
    """Writes the product of a block's quantity `source` and a factor to `target`, in lane w."""
    value, value_im = c[source * lanes + w], c[(source + 1) * lanes + w]
    c[target * lanes + w] = value * factor - value_im * factor_im
    c[(target + 1) * lanes + w] = value * factor_im + value_im * factor


@kernel(fastmath=True)
def step_and_multiply_up(work, steps, slot, shifts, pairs):
    """Adds Gray step `slot` to the row sums; the running products of all pairs before each.

    All flat: work `[pairs + 2, BLOCK, lanes]`, steps `[slots, pairs, STEP]`, shifts
    `[pairs, SHIFT]`.
    """
    lanes = lane_count(work)
    for pair in range(pairs):
        c = work[pair * BLOCK * lanes : (pair + 2) * BLOCK * lanes]
        at = (slot * pairs + pair) * STEP
        step_1, step_1_im, step_2, step_2_im = (
            steps[at], steps[at + 1], steps[at + 2], steps[at + 3]
        )  # fmt: skip
        step_x, step_x_im, step_y, step_y_im = (
            steps[at + 4], steps[at + 5], steps[at + 6], steps[at + 7]
        )  # fmt: skip
        at = pair * SHIFT
        xx, xx_im = shifts[at + PRODUCT_XX], shifts[at + PRODUCT_XX + 1]
        yy, yy_im = shifts[at + PRODUCT_YY], shifts[at + PRODUCT_YY + 1]
        for w in range(lanes):
            h1, h1_im = c[H1 * lanes + w] + step_1, c[H1_IM * lanes + w] + step_1_im
            h2, h2_im = c[H2 * lanes + w] + step_2, c[H2_IM * lanes + w] + step_2_im
            c[H1 * lanes + w], c[H1_IM * lanes + w] = h1, h1_im
            c[H2 * lanes + w], c[H2_IM * lanes + w] = h2, h2_im
            product, product_im = h1 * h2 - h1_im * h2_im, h1 * h2_im + h1_im * h2
            c[PRODUCT * lanes + w], c[PRODUCT_IM * lanes + w] = product, product_im

            form, form_im = c[FORM_X * lanes + w] + step_x, c[FORM_X_IM * lanes + w] + step_x_im
            c[FORM_X * lanes + w], c[FORM_X_IM * lanes + w] = form, form_im
            even, even_im = product + xx, product_im + xx_im
            _multiply(c, RUN_PX, NEXT + RUN_PX, lanes, w, even + form, even_im + form_im)
            _multiply(c, RUN_MX, NEXT + RUN_MX, lanes, w, even - form, even_im - form_im)

            form, form_im = c[FORM_Y * lanes + w] + step_y, c[FORM_Y_IM * lanes + w] + step_y_im
            c[FORM_Y * lanes + w], c[FORM_Y_IM * lanes + w] = form, form_im
            even, even_im = product + yy, product_im + yy_im
            _multiply(c, RUN_PY, NEXT + RUN_PY, lanes, w, even + form, even_im + form_im)
            _multiply(c, RUN_MY, NEXT + RUN_MY, lanes, w, even - form, even_im - form_im)


@kernel(fastmath=True)
def _join(c, run, lanes, w, factor, factor_im):
    """Returns (product of the pairs before) * (of those behind), and hands the latter on.

    The product of the pairs behind stands in block pair + 2, the one including this pair goes to
    block pair + 1, whose product of the pairs before has been used by then.
    """
    up, up_im = c[run * lanes + w], c[(run + 1) * lanes + w]
    down, down_im = c[(BEHIND + run) * lanes + w], c[(BEHIND + run + 1) * lanes + w]
    _multiply(c, BEHIND + run, NEXT + run, lanes, w, factor, factor_im)
    return up * down - up_im * down_im, up * down_im + up_im * down


@kernel(fastmath=True)
def multiply_down_and_add(work, shifts, pairs, weight):
    """Running products of all pairs behind each; adds weight * (h2 S, h1 S, X, Y) of each pair."""
    lanes = lane_count(work)
    for pair in range(pairs - 1, -1, -1):
        c = work[pair * BLOCK * lanes : (pair + 3) * BLOCK * lanes]
        at = pair * SHIFT
        xx, xx_im = shifts[at + PRODUCT_XX], shifts[at + PRODUCT_XX + 1]
        yy, yy_im = shifts[at + PRODUCT_YY], shifts[at + PRODUCT_YY + 1]
        for w in range(lanes):
            product, product_im = c[PRODUCT * lanes + w], c[PRODUCT_IM * lanes + w]
            form, form_im = c[FORM_X * lanes + w], c[FORM_X_IM * lanes + w]
            even, even_im = product + xx, product_im + xx_im
            plus, plus_im = _join(c, RUN_PX, lanes, w, even + form, even_im + form_im)
            minus, minus_im = _join(c, RUN_MX, lanes, w, even - form, even_im - form_im)
            c[SUM_X * lanes + w] += weight * (plus - minus)
            c[SUM_X_IM * lanes + w] += weight * (plus_im - minus_im)
            both, both_im = plus + minus, plus_im + minus_im

            form, form_im = c[FORM_Y * lanes + w], c[FORM_Y_IM * lanes + w]
            even, even_im = product + yy, product_im + yy_im
            plus, plus_im = _join(c, RUN_PY, lanes, w, even + form, even_im + form_im)
            minus, minus_im = _join(c, RUN_MY, lanes, w, even - form, even_im - form_im)
            c[SUM_Y * lanes + w] += weight * (plus - minus)
            c[SUM_Y_IM * lanes + w] += weight * (plus_im - minus_im)

            sum_4 = weight * (both + plus + minus)
            sum_4_im = weight * (both_im + plus_im + minus_im)
            h1, h1_im = c[H1 * lanes + w], c[H1_IM * lanes + w]
            h2, h2_im = c[H2 * lanes + w], c[H2_IM * lanes + w]
            c[SUM_1 * lanes + w] += h2 * sum_4 - h2_im * sum_4_im
            c[SUM_1_IM * lanes + w] += h2 * sum_4_im + h2_im * sum_4
            c[SUM_2 * lanes + w] += h1 * sum_4 - h1_im * sum_4_im
            c[SUM_2_IM * lanes + w] += h1 * sum_4_im + h1_im * sum_4
