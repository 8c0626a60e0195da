"""All minors of a set of repeated rows: set-up, Gray walk and assembly around `glynn_lanes`.

The formula is that of `glynn_scalar`, the cut of its sum that of `row_plan`, the inner loops those
of `glynn_lanes`.
"""

from collections import namedtuple

import numpy as np

from qlatent_tf.quantum.compiled import kernel
from qlatent_tf.quantum.kernels import glynn_lanes as lane
from qlatent_tf.quantum.kernels import row_plan as plans
from qlatent_tf.quantum.kernels.glynn_scalar import IM, RE, SCRATCH_FIELDS, scalar_minors
from qlatent_tf.quantum.kernels.gray_code import next_step

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


@kernel
def new_buffers(photons, columns):
    """Allocates the buffers for up to `photons` photons in the precision of `columns`."""
    dtype = columns.dtype
    lanes = np.int64(lane.lane_count(columns))
    pairs = (photons + 1) // 2
    spare = CACHE_LINE // columns.itemsize
    work = np.zeros((pairs + 2) * lane.BLOCK * lanes + spare, dtype)
    misaligned = (work.ctypes.data % CACHE_LINE) // columns.itemsize
    return GlynnBuffers(
        np.zeros((2, photons), dtype),
        np.zeros((SCRATCH_FIELDS, photons), dtype),
        work[(spare - misaligned) % spare :],
        np.zeros((1 + 2 * photons) * pairs * lane.STEP, dtype),
        np.zeros(pairs * lane.SHIFT, dtype),
        np.zeros((plans.PLAN_FIELDS, photons + 1), np.int64),
        np.zeros(plans.NUM_VARIANTS, np.int64),
        np.zeros(plans.MAX_LANE_ROWS * lanes, np.float64),
        np.zeros(lanes, np.float64),
    )


@kernel(fastmath=True)
def _form(shifts, at, h1, h1_im, h2, h2_im):
    """x1 h2 + h1 x2, where x1 and x2 stand at `at`."""
    x1, x1_im, x2, x2_im = shifts[at], shifts[at + 1], shifts[at + 2], shifts[at + 3]
    real = x1 * h2 - x1_im * h2_im + h1 * x2 - h1_im * x2_im
    return real, x1 * h2_im + x1_im * h2 + h1 * x2_im + h1_im * x2


@kernel(fastmath=True)
def _set_shifts(rows, k, pairs, variants, shifts):
    """x and y of every column from the variant rows, and their products in each pair."""
    for place in range(pairs * lane.SHIFT):
        shifts[place] = 0.0
    for column in range(k):
        at = (column // 2) * lane.SHIFT + (column % 2) * 2
        for i in range(2):
            row = variants[plans.VARIANT_ROWS + i]
            if row >= 0:
                for copies, to in ((plans.X_COPIES, at), (plans.Y_COPIES, at + 4)):
                    share = shifts.dtype.type(variants[copies + i])
                    shifts[to] += share * rows[RE, row, column]
                    shifts[to + 1] += share * rows[IM, row, column]
    for pair in range(pairs):
        s = shifts[pair * lane.SHIFT : (pair + 1) * lane.SHIFT]
        for at, product in ((0, lane.PRODUCT_XX), (4, lane.PRODUCT_YY)):
            s[product] = s[at] * s[at + 2] - s[at + 1] * s[at + 3]
            s[product + 1] = s[at] * s[at + 3] + s[at + 1] * s[at + 2]


@kernel(fastmath=True)
def _set_steps(rows, k, pairs, plan, num_digits, shifts, steps):
    """What a Gray step adds to each pair: slot 0 nothing, 1 + 2 d is -2b, 2 + 2 d is +2b."""
    two = steps.dtype.type(2.0)
    zero = steps.dtype.type(0.0)
    for place in range(pairs * lane.STEP):
        steps[place] = zero
    for digit in range(num_digits):
        row = plan[plans.DIGIT_ROW, digit]
        down = (1 + 2 * digit) * pairs * lane.STEP
        up = (2 + 2 * digit) * pairs * lane.STEP
        for pair in range(pairs):
            step = steps[up + pair * lane.STEP : up + (pair + 1) * lane.STEP]
            b1, b1_im = two * rows[RE, row, 2 * pair], two * rows[IM, row, 2 * pair]
            b2, b2_im = zero, zero
            if 2 * pair + 1 < k:
                b2, b2_im = two * rows[RE, row, 2 * pair + 1], two * rows[IM, row, 2 * pair + 1]
            step[0], step[1], step[2], step[3] = b1, b1_im, b2, b2_im
            step[4], step[5] = _form(shifts, pair * lane.SHIFT, b1, b1_im, b2, b2_im)
            step[6], step[7] = _form(shifts, pair * lane.SHIFT + 4, b1, b1_im, b2, b2_im)
        for place in range(pairs * lane.STEP):
            steps[down + place] = -steps[up + place]


@kernel(fastmath=True)
def _set_sums(rows, num_rows, k, pairs, plan, num_lane_rows, lane_copies, shifts, work):
    """The row sums and their forms from the signed copies of all rows.

    The column that pads an odd k has the row sum 1 and no shifts.
    """
    lanes = lane.lane_count(work)
    zero = work.dtype.type(0.0)
    for column in range(2 * pairs):
        at = ((column // 2) * lane.BLOCK + (lane.H1 if column % 2 == 0 else lane.H2)) * lanes
        h = work[at : at + 2 * lanes]
        sum_re = zero if column < k else work.dtype.type(1.0)
        sum_im = zero
        if column < k:
            for row in range(num_rows):
                copies = work.dtype.type(plan[plans.COPIES, row])
                sum_re += copies * rows[RE, row, column]
                sum_im += copies * rows[IM, row, column]
        for w in range(lanes):
            h[w] = sum_re
            h[lanes + w] = sum_im
        if column < k:
            for i in range(num_lane_rows):
                row_re = rows[RE, plan[plans.LANE_ROW, i], column]
                row_im = rows[IM, plan[plans.LANE_ROW, i], column]
                for w in range(lanes):
                    copies = work.dtype.type(lane_copies[i * lanes + w])
                    h[w] += copies * row_re
                    h[lanes + w] += copies * row_im
    for pair in range(pairs):
        c = work[pair * lane.BLOCK * lanes : (pair + 1) * lane.BLOCK * lanes]
        for w in range(lanes):
            h1, h1_im = c[lane.H1 * lanes + w], c[lane.H1_IM * lanes + w]
            h2, h2_im = c[lane.H2 * lanes + w], c[lane.H2_IM * lanes + w]
            c[lane.FORM_X * lanes + w], c[lane.FORM_X_IM * lanes + w] = _form(
                shifts, pair * lane.SHIFT, h1, h1_im, h2, h2_im
            )
            c[lane.FORM_Y * lanes + w], c[lane.FORM_Y_IM * lanes + w] = _form(
                shifts, pair * lane.SHIFT + 4, h1, h1_im, h2, h2_im
            )


@kernel(fastmath=True)
def _set_ends(variants, lane_weights, pairs, work):
    """The empty products: weights of lanes and variants in front, ones behind; sums at 0."""
    lanes = lane.lane_count(work)
    zero = work.dtype.type(0.0)
    for variant in range(4):  # in the order +x, +y, -y, -x, as the running products stand
        at = (lane.RUN_PX + 2 * variant) * lanes
        front = work[at : at + 2 * lanes]
        at += (pairs + 1) * lane.BLOCK * lanes
        behind = work[at : at + 2 * lanes]
        for w in range(lanes):
            front[w] = lane_weights[w] * variants[plans.WEIGHTS + variant]
            front[lanes + w] = zero
            behind[w] = work.dtype.type(1.0)
            behind[lanes + w] = zero
    for pair in range(pairs):
        for place in range(
            (pair * lane.BLOCK + lane.SUM_1) * lanes, (pair + 1) * lane.BLOCK * lanes
        ):
            work[place] = zero


@kernel(fastmath=True)
def _assemble(work, shifts, k, minors):
    """minor_1 = sum over lanes of SUM_1 + x2 SUM_X + y2 SUM_Y, and with 1 and 2 exchanged."""
    lanes = lane.lane_count(work)
    for column in range(k):
        pair = column // 2
        c = work[pair * lane.BLOCK * lanes : (pair + 1) * lane.BLOCK * lanes]
        other = pair * lane.SHIFT + (2 if column % 2 == 0 else 0)
        own = c[lane.SUM_1 * lanes :] if column % 2 == 0 else c[lane.SUM_2 * lanes :]
        x, x_im, y, y_im = (
            shifts[other], shifts[other + 1], shifts[other + 4], shifts[other + 5]
        )  # fmt: skip
        sum_re = work.dtype.type(0.0)
        sum_im = work.dtype.type(0.0)
        for w in range(lanes):
            sx, sx_im = c[lane.SUM_X * lanes + w], c[lane.SUM_X_IM * lanes + w]
            sy, sy_im = c[lane.SUM_Y * lanes + w], c[lane.SUM_Y_IM * lanes + w]
            sum_re += own[w] + x * sx - x_im * sx_im + y * sy - y_im * sy_im
            sum_im += own[lanes + w] + x * sx_im + x_im * sx + y * sy_im + y_im * sy
        minors[RE, column] = sum_re
        minors[IM, column] = sum_im


@kernel
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
    if terms < vector_terms * lane.lane_count(work):
        scalar_minors(rows, counts, num_rows, k, plan, scratch, minors)
        return
    pairs = (k + 1) // 2
    num_lane_rows, num_digits = plans.plan_rows(
        counts, num_rows, np.int64(lane.lane_count(work)), plan, variants, lane_copies, lane_weights
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
        lane.step_and_multiply_up(work, steps, slot, shifts, pairs)
        lane.multiply_down_and_add(work, shifts, pairs, work.dtype.type(weight))
        digit, direction, ratio = next_step(plan, num_digits)
        if digit == num_digits:
            break
        weight = np.rint(weight * ratio)
        plan[plans.COPIES, plan[plans.DIGIT_ROW, digit]] -= 2 * direction
        slot = 2 * digit + (1 if direction > 0 else 2)
        steps_to_refresh -= 1
    _assemble(work, shifts, k, minors)
