"""All minors of a set of repeated rows: set-up, Gray walk and assembly around `glynn_lanes`.

The formula is that of `glynn_scalar`, the cut of its sum that of `row_plan`, the inner loops those
of `glynn_lanes`.
"""

from collections import namedtuple

import numpy as np
from numba import njit

from qlatent_tf.quantum.glynn_lanes import (
    BLOCK,
    FORM_X,
    FORM_X_IM,
    FORM_Y,
    FORM_Y_IM,
    H1,
    H1_IM,
    H2,
    RUN_PX,
    RUN_PX_IM,
    SHIFT,
    STEP,
    SUM_1,
    SUM_1_IM,
    SUM_2,
    SUM_X,
    SUM_X_IM,
    SUM_Y,
    SUM_Y_IM,
    lane_count,
    multiply_down_and_add,
    step_and_multiply_up,
)
from qlatent_tf.quantum.glynn_scalar import scalar_minors
from qlatent_tf.quantum.gray_code import next_step
from qlatent_tf.quantum.row_plan import new_row_plan, plan_rows

VECTOR_TERMS = 8  # terms per lane from which the vector path is worth its set-up
REFRESH = 4096  # Gray steps between exact recomputations of the row sums, for single precision
CACHE_LINE = 64

GlynnBuffers = namedtuple(
    "GlynnBuffers",
    [
        "rows_re",  # [n, n]: the distinct drawn rows, columns in the order of the sample
        "rows_im",
        "counts",  # int64 [n]: how often each row was drawn
        "minors_re",  # [n]: the result
        "minors_im",
        "sums_re",  # [n]: scalar path only
        "sums_im",
        "prefix_re",  # [n]: scalar path only
        "prefix_im",
        "work",  # [pairs + 2, BLOCK, lanes], flat, aligned to the cache line
        "steps",  # [1 + 2 digits, pairs, STEP], flat: no step, then -2b and +2b of each digit
        "shifts",  # [pairs, SHIFT], flat: x1, x2, y1, y2
        "shift_products",  # [pairs, 4], flat: x1 x2, y1 y2
        "plan",  # RowPlan
    ],
)


@njit(cache=True, nogil=True)
def new_buffers(photons, matrix):
    """Allocates the buffers for up to `photons` photons in the precision of `matrix`."""
    lanes = lane_count(matrix)
    pairs = (photons + 1) // 2
    spare = CACHE_LINE // matrix.itemsize
    work = np.zeros((pairs + 2) * BLOCK * lanes + spare, matrix.dtype)
    misaligned = (work.ctypes.data % CACHE_LINE) // matrix.itemsize
    return GlynnBuffers(
        np.zeros((photons, photons), matrix.dtype),
        np.zeros((photons, photons), matrix.dtype),
        np.zeros(photons, np.int64),
        np.zeros(photons, matrix.dtype),
        np.zeros(photons, matrix.dtype),
        np.zeros(photons, matrix.dtype),
        np.zeros(photons, matrix.dtype),
        np.zeros(photons, matrix.dtype),
        np.zeros(photons, matrix.dtype),
        work[(spare - misaligned) % spare :],
        np.zeros((1 + 2 * photons) * pairs * STEP, matrix.dtype),
        np.zeros(pairs * SHIFT, matrix.dtype),
        np.zeros(pairs * 4, matrix.dtype),
        new_row_plan(photons, lanes),
    )


@njit(cache=True, nogil=True, inline="always")
def _product_re(a_re, a_im, b_re, b_im):
    return a_re * b_re - a_im * b_im


@njit(cache=True, nogil=True, inline="always")
def _product_im(a_re, a_im, b_re, b_im):
    return a_re * b_im + a_im * b_re


@njit(cache=True, nogil=True, fastmath=True)
def _set_shifts(rows_re, rows_im, k, pairs, plan, shifts, shift_products):
    """x and y of every column from the variant rows, and their products in each pair."""
    for column in range(2 * pairs):
        at = (column // 2) * SHIFT + (column % 2) * 2
        for place in range(at, at + 2):
            shifts[place] = 0.0
            shifts[place + 4] = 0.0
        if column < k:
            for i in range(2):
                row = plan.variant_rows[i]
                if row >= 0:
                    shifts[at] += plan.x_copies[i] * rows_re[row, column]
                    shifts[at + 1] += plan.x_copies[i] * rows_im[row, column]
                    shifts[at + 4] += plan.y_copies[i] * rows_re[row, column]
                    shifts[at + 5] += plan.y_copies[i] * rows_im[row, column]
    for pair in range(pairs):
        s = shifts[pair * SHIFT : (pair + 1) * SHIFT]
        shift_products[4 * pair] = _product_re(s[0], s[1], s[2], s[3])
        shift_products[4 * pair + 1] = _product_im(s[0], s[1], s[2], s[3])
        shift_products[4 * pair + 2] = _product_re(s[4], s[5], s[6], s[7])
        shift_products[4 * pair + 3] = _product_im(s[4], s[5], s[6], s[7])


@njit(cache=True, nogil=True, fastmath=True)
def _set_steps(rows_re, rows_im, k, pairs, plan, num_digits, shifts, steps):
    """What a Gray step adds to each pair: slot 0 nothing, 1 + 2 d is -2b, 2 + 2 d is +2b."""
    two = steps.dtype.type(2.0)
    zero = steps.dtype.type(0.0)
    for place in range(pairs * STEP):
        steps[place] = zero
    for digit in range(num_digits):
        row = plan.digit_rows[digit]
        for pair in range(pairs):
            s = shifts[pair * SHIFT : (pair + 1) * SHIFT]
            column = 2 * pair
            b1_re = two * rows_re[row, column]
            b1_im = two * rows_im[row, column]
            b2_re = two * rows_re[row, column + 1] if column + 1 < k else zero
            b2_im = two * rows_im[row, column + 1] if column + 1 < k else zero
            minus = steps[((1 + 2 * digit) * pairs + pair) * STEP :]
            plus = steps[((2 + 2 * digit) * pairs + pair) * STEP :]
            plus[0] = b1_re
            plus[1] = b1_im
            plus[2] = b2_re
            plus[3] = b2_im
            for form in range(2):  # the forms x1 b2 + b1 x2 and y1 b2 + b1 y2
                at = 4 * form
                plus[4 + 2 * form] = _product_re(s[at], s[at + 1], b2_re, b2_im) + _product_re(
                    b1_re, b1_im, s[at + 2], s[at + 3]
                )
                plus[5 + 2 * form] = _product_im(s[at], s[at + 1], b2_re, b2_im) + _product_im(
                    b1_re, b1_im, s[at + 2], s[at + 3]
                )
            for place in range(STEP):
                minus[place] = -plus[place]


@njit(cache=True, nogil=True, fastmath=True)
def _set_sums(rows_re, rows_im, num_rows, k, pairs, plan, num_lane_rows, shifts, work):
    """The row sums and their forms from the signed copies of all rows.

    The column that pads an odd k has the row sum 1 and no shifts.
    """
    lanes = lane_count(work)
    zero = work.dtype.type(0.0)
    for column in range(2 * pairs):
        at = ((column // 2) * BLOCK + (column % 2) * (H2 - H1)) * lanes
        sum_re = zero if column < k else work.dtype.type(1.0)
        sum_im = zero
        if column < k:
            for row in range(num_rows):
                copies = work.dtype.type(plan.copies[row])
                sum_re += copies * rows_re[row, column]
                sum_im += copies * rows_im[row, column]
        for w in range(lanes):
            work[at + w] = sum_re
            work[at + lanes + w] = sum_im
        if column < k:
            for i in range(num_lane_rows):
                row_re = rows_re[plan.lane_rows[i], column]
                row_im = rows_im[plan.lane_rows[i], column]
                for w in range(lanes):
                    copies = work.dtype.type(plan.lane_copies[i * lanes + w])
                    work[at + w] += copies * row_re
                    work[at + lanes + w] += copies * row_im
    for pair in range(pairs):
        c = work[pair * BLOCK * lanes : (pair + 1) * BLOCK * lanes]
        s = shifts[pair * SHIFT : (pair + 1) * SHIFT]
        for w in range(lanes):
            h1_re = c[H1 * lanes + w]
            h1_im = c[H1_IM * lanes + w]
            h2_re = c[H2 * lanes + w]
            h2_im = c[(H2 + 1) * lanes + w]
            c[FORM_X * lanes + w] = _product_re(s[0], s[1], h2_re, h2_im) + _product_re(
                h1_re, h1_im, s[2], s[3]
            )
            c[FORM_X_IM * lanes + w] = _product_im(s[0], s[1], h2_re, h2_im) + _product_im(
                h1_re, h1_im, s[2], s[3]
            )
            c[FORM_Y * lanes + w] = _product_re(s[4], s[5], h2_re, h2_im) + _product_re(
                h1_re, h1_im, s[6], s[7]
            )
            c[FORM_Y_IM * lanes + w] = _product_im(s[4], s[5], h2_re, h2_im) + _product_im(
                h1_re, h1_im, s[6], s[7]
            )


@njit(cache=True, nogil=True, fastmath=True)
def _set_ends(plan, pairs, work):
    """The empty products: weights of lanes and variants in front, ones behind; sums at 0."""
    lanes = lane_count(work)
    one = work.dtype.type(1.0)
    zero = work.dtype.type(0.0)
    behind = (pairs + 1) * BLOCK * lanes
    # The variants stand in the order +x, +y, -y, -x, as their weights do.
    for variant in range(4):
        for w in range(lanes):
            at = (RUN_PX + 2 * variant) * lanes + w
            work[at] = plan.lane_weights[w] * plan.variant_weights[variant]
            work[at + (RUN_PX_IM - RUN_PX) * lanes] = zero
            work[behind + at] = one
            work[behind + at + (RUN_PX_IM - RUN_PX) * lanes] = zero
    for pair in range(pairs):
        start = (pair * BLOCK + SUM_1) * lanes
        for place in range(start, (pair + 1) * BLOCK * lanes):
            work[place] = zero


@njit(cache=True, nogil=True, fastmath=True)
def _assemble(work, shifts, k, minors_re, minors_im):
    """minor_1 = sum over lanes of SUM_1 + x2 SUM_X + y2 SUM_Y, and with 1 and 2 exchanged."""
    lanes = lane_count(work)
    for column in range(k):
        pair = column // 2
        c = work[pair * BLOCK * lanes : (pair + 1) * BLOCK * lanes]
        other = pair * SHIFT + (2 if column % 2 == 0 else 0)
        own_sum = SUM_1 if column % 2 == 0 else SUM_2
        x_re = shifts[other]
        x_im = shifts[other + 1]
        y_re = shifts[other + 4]
        y_im = shifts[other + 5]
        sum_re = work.dtype.type(0.0)
        sum_im = work.dtype.type(0.0)
        for w in range(lanes):
            sx_re = c[SUM_X * lanes + w]
            sx_im = c[SUM_X_IM * lanes + w]
            sy_re = c[SUM_Y * lanes + w]
            sy_im = c[SUM_Y_IM * lanes + w]
            sum_re += c[own_sum * lanes + w]
            sum_re += x_re * sx_re - x_im * sx_im + y_re * sy_re - y_im * sy_im
            sum_im += c[(own_sum + SUM_1_IM - SUM_1) * lanes + w]
            sum_im += x_re * sx_im + x_im * sx_re + y_re * sy_im + y_im * sy_re
        minors_re[column] = sum_re
        minors_im[column] = sum_im


@njit(cache=True, nogil=True)
def _vector_minors(buffers, num_rows, k, refresh):
    """The sum of `glynn_scalar`, cut as `row_plan` says."""
    rows_re, rows_im = buffers.rows_re, buffers.rows_im
    work, steps, shifts = buffers.work, buffers.steps, buffers.shifts
    shift_products, plan = buffers.shift_products, buffers.plan
    pairs = (k + 1) // 2
    num_lane_rows, num_digits = plan_rows(plan, buffers.counts, num_rows, lane_count(work))
    _set_shifts(rows_re, rows_im, k, pairs, plan, shifts, shift_products)
    _set_steps(rows_re, rows_im, k, pairs, plan, num_digits, shifts, steps)
    _set_sums(rows_re, rows_im, num_rows, k, pairs, plan, num_lane_rows, shifts, work)
    _set_ends(plan, pairs, work)
    weight = 1.0
    slot = np.int64(0)
    steps_taken = np.int64(0)
    while True:
        step_and_multiply_up(work, steps, slot, shift_products, pairs)
        multiply_down_and_add(work, shift_products, pairs, work.dtype.type(weight))
        digit, direction, ratio = next_step(plan.walk, num_digits)
        if digit == num_digits:
            break
        weight = np.round(weight * ratio)
        plan.copies[plan.digit_rows[digit]] -= 2.0 * direction
        slot = 2 * digit + (1 if direction > 0 else 2)
        steps_taken += 1
        if steps_taken % refresh == 0:
            _set_sums(rows_re, rows_im, num_rows, k, pairs, plan, num_lane_rows, shifts, work)
            slot = np.int64(0)
    _assemble(work, shifts, k, buffers.minors_re, buffers.minors_im)


@njit(cache=True, nogil=True)
def minors(buffers, num_rows, k, vector_terms, refresh):
    """Writes 2^(k-2) Per(rows, all of the first k columns but l) for every l.

    buffers: GlynnBuffers with `num_rows` rows and their counts, of sum k - 1, filled in.
    vector_terms: terms per lane from which the vector path is taken, usually VECTOR_TERMS.
    refresh: Gray steps between exact recomputations, usually REFRESH.
    """
    if k == 1:
        buffers.minors_re[0] = 1.0
        buffers.minors_im[0] = 0.0
        return
    terms = np.int64(1)
    for row in range(num_rows):
        terms *= buffers.counts[row] + 1
    if terms < vector_terms * lane_count(buffers.work):
        scalar_minors(
            buffers.rows_re, buffers.rows_im, buffers.counts, num_rows, k,
            buffers.plan.walk, buffers.plan.digit_rows,
            buffers.sums_re, buffers.sums_im, buffers.prefix_re, buffers.prefix_im,
            buffers.minors_re, buffers.minors_im,
        )  # fmt: skip
    else:
        _vector_minors(buffers, num_rows, k, refresh)
