"""All minors of a set of repeated rows: set-up, Gray walk and assembly around `glynn_lanes`.

The formula is that of `glynn_scalar`, the cut of its sum that of `row_plan`, the inner loops those
of `glynn_lanes`.
"""

from collections import namedtuple

import numpy as np
from numba import njit

from qlatent_tf.quantum.kernels.glynn_lanes import (
    BLOCK,
    FORM_X,
    FORM_X_IM,
    FORM_Y,
    FORM_Y_IM,
    H1,
    H1_IM,
    H2,
    H2_IM,
    PRODUCT_XX,
    PRODUCT_YY,
    RUN_PX,
    SHIFT,
    STEP,
    SUM_1,
    SUM_2,
    SUM_X,
    SUM_X_IM,
    SUM_Y,
    SUM_Y_IM,
    lane_count,
    multiply_down_and_add,
    step_and_multiply_up,
)
from qlatent_tf.quantum.kernels.glynn_scalar import IM, RE, SCRATCH_FIELDS, scalar_minors
from qlatent_tf.quantum.kernels.gray_code import next_step
from qlatent_tf.quantum.kernels.row_plan import (
    COPIES,
    DIGIT_ROW,
    LANE_ROW,
    MAX_LANE_ROWS,
    NUM_VARIANTS,
    PLAN_FIELDS,
    VARIANT_ROWS,
    WEIGHTS,
    X_COPIES,
    Y_COPIES,
    plan_rows,
)

VECTOR_TERMS = 8  # terms per lane from which the vector path is worth its set-up
REFRESH = 4096  # Gray steps between exact recomputations of the row sums, for single precision
CACHE_LINE = 64

GlynnBuffers = namedtuple(
    "GlynnBuffers",
    [
        "minors",  # [2, n]: the result, real and imaginary parts
        "scratch",  # [SCRATCH_FIELDS, n]: scalar path only
        "work",  # [pairs + 2, BLOCK, lanes], flat, aligned to the cache line
        "steps",  # [1 + 2 digits, pairs, STEP], flat: no step, then -2b and +2b of each digit
        "shifts",  # [pairs, SHIFT], flat: x1, x2, y1, y2, x1 x2, y1 y2
        "plan",  # int64 [PLAN_FIELDS, n + 1]
        "variants",  # int64 [NUM_VARIANTS]
        "lane_copies",  # float64 [MAX_LANE_ROWS * lanes]
        "lane_weights",  # float64 [lanes]
    ],
)


@njit(cache=True, nogil=True, error_model="numpy")
def new_buffers(photons, columns):
    """Allocates the buffers for up to `photons` photons in the precision of `columns`."""
    dtype = columns.dtype
    lanes = np.int64(lane_count(columns))
    pairs = (photons + 1) // 2
    spare = CACHE_LINE // columns.itemsize
    work = np.zeros((pairs + 2) * BLOCK * lanes + spare, dtype)
    misaligned = (work.ctypes.data % CACHE_LINE) // columns.itemsize
    return GlynnBuffers(
        np.zeros((2, photons), dtype),
        np.zeros((SCRATCH_FIELDS, photons), dtype),
        work[(spare - misaligned) % spare :],
        np.zeros((1 + 2 * photons) * pairs * STEP, dtype),
        np.zeros(pairs * SHIFT, dtype),
        np.zeros((PLAN_FIELDS, photons + 1), np.int64),
        np.zeros(NUM_VARIANTS, np.int64),
        np.zeros(MAX_LANE_ROWS * lanes, np.float64),
        np.zeros(lanes, np.float64),
    )


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _set_shifts(rows, k, pairs, variants, shifts):
    """x and y of every column from the variant rows, and their products in each pair."""
    zero = shifts.dtype.type(0.0)
    for column in range(2 * pairs):
        at = (column // 2) * SHIFT + (column % 2) * 2
        x_re, x_im, y_re, y_im = zero, zero, zero, zero
        if column < k:
            for i in range(2):
                row = variants[VARIANT_ROWS + i]
                if row >= 0:
                    x_copies = shifts.dtype.type(variants[X_COPIES + i])
                    y_copies = shifts.dtype.type(variants[Y_COPIES + i])
                    x_re += x_copies * rows[RE, row, column]
                    x_im += x_copies * rows[IM, row, column]
                    y_re += y_copies * rows[RE, row, column]
                    y_im += y_copies * rows[IM, row, column]
        shifts[at], shifts[at + 1] = x_re, x_im
        shifts[at + 4], shifts[at + 5] = y_re, y_im
    for pair in range(pairs):
        s = shifts[pair * SHIFT : (pair + 1) * SHIFT]
        s[PRODUCT_XX] = s[0] * s[2] - s[1] * s[3]
        s[PRODUCT_XX + 1] = s[0] * s[3] + s[1] * s[2]
        s[PRODUCT_YY] = s[4] * s[6] - s[5] * s[7]
        s[PRODUCT_YY + 1] = s[4] * s[7] + s[5] * s[6]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _set_steps(rows, k, pairs, plan, num_digits, shifts, steps):
    """What a Gray step adds to each pair: slot 0 nothing, 1 + 2 d is -2b, 2 + 2 d is +2b."""
    two = steps.dtype.type(2.0)
    zero = steps.dtype.type(0.0)
    for place in range(pairs * STEP):
        steps[place] = zero
    for digit in range(num_digits):
        row = plan[DIGIT_ROW, digit]
        down = (1 + 2 * digit) * pairs * STEP
        up = (2 + 2 * digit) * pairs * STEP
        for pair in range(pairs):
            s = shifts[pair * SHIFT : (pair + 1) * SHIFT]
            step = steps[up + pair * STEP : up + (pair + 1) * STEP]
            b1 = two * rows[RE, row, 2 * pair]
            b1_im = two * rows[IM, row, 2 * pair]
            b2, b2_im = zero, zero
            if 2 * pair + 1 < k:
                b2 = two * rows[RE, row, 2 * pair + 1]
                b2_im = two * rows[IM, row, 2 * pair + 1]
            step[0], step[1], step[2], step[3] = b1, b1_im, b2, b2_im
            # the forms x1 b2 + b1 x2 and y1 b2 + b1 y2
            step[4] = s[0] * b2 - s[1] * b2_im + b1 * s[2] - b1_im * s[3]
            step[5] = s[0] * b2_im + s[1] * b2 + b1 * s[3] + b1_im * s[2]
            step[6] = s[4] * b2 - s[5] * b2_im + b1 * s[6] - b1_im * s[7]
            step[7] = s[4] * b2_im + s[5] * b2 + b1 * s[7] + b1_im * s[6]
        for place in range(pairs * STEP):
            steps[down + place] = -steps[up + place]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _set_sums(rows, num_rows, k, pairs, plan, num_lane_rows, lane_copies, shifts, work):
    """The row sums and their forms from the signed copies of all rows.

    The column that pads an odd k has the row sum 1 and no shifts.
    """
    lanes = lane_count(work)
    zero = work.dtype.type(0.0)
    for column in range(2 * pairs):
        at = ((column // 2) * BLOCK + (H1 if column % 2 == 0 else H2)) * lanes
        h = work[at : at + 2 * lanes]
        sum_re = zero if column < k else work.dtype.type(1.0)
        sum_im = zero
        if column < k:
            for row in range(num_rows):
                copies = work.dtype.type(plan[COPIES, row])
                sum_re += copies * rows[RE, row, column]
                sum_im += copies * rows[IM, row, column]
        for w in range(lanes):
            h[w] = sum_re
            h[lanes + w] = sum_im
        if column < k:
            for i in range(num_lane_rows):
                row_re = rows[RE, plan[LANE_ROW, i], column]
                row_im = rows[IM, plan[LANE_ROW, i], column]
                for w in range(lanes):
                    copies = work.dtype.type(lane_copies[i * lanes + w])
                    h[w] += copies * row_re
                    h[lanes + w] += copies * row_im
    for pair in range(pairs):
        c = work[pair * BLOCK * lanes : (pair + 1) * BLOCK * lanes]
        at = pair * SHIFT
        x1, x1_im, x2, x2_im = shifts[at], shifts[at + 1], shifts[at + 2], shifts[at + 3]
        y1, y1_im, y2, y2_im = shifts[at + 4], shifts[at + 5], shifts[at + 6], shifts[at + 7]
        for w in range(lanes):
            h1 = c[H1 * lanes + w]
            h1_im = c[H1_IM * lanes + w]
            h2 = c[H2 * lanes + w]
            h2_im = c[H2_IM * lanes + w]
            c[FORM_X * lanes + w] = x1 * h2 - x1_im * h2_im + h1 * x2 - h1_im * x2_im
            c[FORM_X_IM * lanes + w] = x1 * h2_im + x1_im * h2 + h1 * x2_im + h1_im * x2
            c[FORM_Y * lanes + w] = y1 * h2 - y1_im * h2_im + h1 * y2 - h1_im * y2_im
            c[FORM_Y_IM * lanes + w] = y1 * h2_im + y1_im * h2 + h1 * y2_im + h1_im * y2


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _set_ends(variants, lane_weights, pairs, work):
    """The empty products: weights of lanes and variants in front, ones behind; sums at 0."""
    lanes = lane_count(work)
    zero = work.dtype.type(0.0)
    for variant in range(4):  # in the order +x, +y, -y, -x, as the running products stand
        at = (RUN_PX + 2 * variant) * lanes
        front = work[at : at + 2 * lanes]
        at += (pairs + 1) * BLOCK * lanes
        behind = work[at : at + 2 * lanes]
        for w in range(lanes):
            front[w] = lane_weights[w] * variants[WEIGHTS + variant]
            front[lanes + w] = zero
            behind[w] = work.dtype.type(1.0)
            behind[lanes + w] = zero
    for pair in range(pairs):
        for place in range((pair * BLOCK + SUM_1) * lanes, (pair + 1) * BLOCK * lanes):
            work[place] = zero


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _assemble(work, shifts, k, minors):
    """minor_1 = sum over lanes of SUM_1 + x2 SUM_X + y2 SUM_Y, and with 1 and 2 exchanged."""
    lanes = lane_count(work)
    for column in range(k):
        pair = column // 2
        c = work[pair * BLOCK * lanes : (pair + 1) * BLOCK * lanes]
        other = pair * SHIFT + (2 if column % 2 == 0 else 0)
        own = c[SUM_1 * lanes :] if column % 2 == 0 else c[SUM_2 * lanes :]
        x, x_im, y, y_im = (
            shifts[other], shifts[other + 1], shifts[other + 4], shifts[other + 5]
        )  # fmt: skip
        sum_re = work.dtype.type(0.0)
        sum_im = work.dtype.type(0.0)
        for w in range(lanes):
            sx = c[SUM_X * lanes + w]
            sx_im = c[SUM_X_IM * lanes + w]
            sy = c[SUM_Y * lanes + w]
            sy_im = c[SUM_Y_IM * lanes + w]
            sum_re += own[w] + x * sx - x_im * sx_im + y * sy - y_im * sy_im
            sum_im += own[lanes + w] + x * sx_im + x_im * sx + y * sy_im + y_im * sy
        minors[RE, column] = sum_re
        minors[IM, column] = sum_im


@njit(cache=True, nogil=True, error_model="numpy")
def compute_minors(
    rows, counts, num_rows, k, vector_terms, refresh,
    minors, scratch, work, steps, shifts, plan, variants, lane_copies, lane_weights,
):  # fmt: skip
    """Writes 2^(k-2) Per(rows, all of the first k columns but l) for every l into `minors`.

    rows: float `[2, n, n]`, real and imaginary parts of the distinct rows, `num_rows` of them.
    counts: int64 `[n]`, how often each is taken, of sum k - 1.
    vector_terms: terms per lane from which the vector path is taken, usually VECTOR_TERMS.
    refresh: Gray steps between exact recomputations, usually REFRESH.
    The last line of arguments are GlynnBuffers; one by one, since a tuple costs reference counts.
    """
    if k == 1:
        minors[RE, 0] = 1.0
        minors[IM, 0] = 0.0
        return
    terms = np.int64(1)
    for row in range(num_rows):
        terms *= counts[row] + 1
    if terms < vector_terms * lane_count(work):
        scalar_minors(rows, counts, num_rows, k, plan, scratch, minors)
        return
    pairs = (k + 1) // 2
    num_lane_rows, num_digits = plan_rows(
        counts, num_rows, np.int64(lane_count(work)), plan, variants, lane_copies, lane_weights
    )
    _set_shifts(rows, k, pairs, variants, shifts)
    _set_steps(rows, k, pairs, plan, num_digits, shifts, steps)
    _set_ends(variants, lane_weights, pairs, work)
    weight = 1.0
    slot = np.int64(0)
    steps_to_refresh = np.int64(0)
    while True:
        if steps_to_refresh == 0:
            _set_sums(rows, num_rows, k, pairs, plan, num_lane_rows, lane_copies, shifts, work)
            slot = np.int64(0)
            steps_to_refresh = refresh
        step_and_multiply_up(work, steps, slot, shifts, pairs)
        multiply_down_and_add(work, shifts, pairs, work.dtype.type(weight))
        digit, direction, ratio = next_step(plan, num_digits)
        if digit == num_digits:
            break
        weight = np.rint(weight * ratio)
        plan[COPIES, plan[DIGIT_ROW, digit]] -= 2 * direction
        slot = 2 * digit + (1 if direction > 0 else 2)
        steps_to_refresh -= 1
    _assemble(work, shifts, k, minors)
