"""Which of the drawn rows does what in the vectorised Glynn sum.

The sum over copies of rows is cut in three levels, from the inside out: four variants of the row
sums written out in the kernel, vector lanes, and the steps of a Gray code. Given the distinct
rows b_i and how often each was drawn, t_i:

  reference  a row of smallest t; one copy of it keeps the sign +
  variants   one or two rows that shift the sums by +x, +y, -y, -x with four weights
  lanes      rows whose sign patterns are spread over the lanes, few copies first
  digits     all others, and the free copies of the reference row

Every row contributes the factor (-1)^j C(t, j) and the shift (t - 2j) b for j = 0 .. t.
"""

from collections import namedtuple

import numpy as np
from numba import njit

from qlatent_tf.quantum.gray_code import GRAY_FIELDS, MAXIMUM, start_walk

DIGIT_ROW, REFERENCE_ROW, VARIANT_ROW, LANE_ROW = range(4)
SINGLES_FOR_PAIR = 6  # with fewer single rows a triple one is worth more as the variants

RowPlan = namedtuple(
    "RowPlan",
    [
        "role",  # int64 [n]: what each row does
        "variant_rows",  # int64 [2]: -1 for none
        "x_copies",  # float64 [2]: x = sum of x_copies * b over the variant rows
        "y_copies",  # float64 [2]: y likewise
        "variant_weights",  # float64 [4]: of +x, +y, -y, -x
        "lane_rows",  # int64 [8]
        "lane_copies",  # float64 [8 * lanes]: t - 2j of each lane row in each lane
        "lane_weights",  # float64 [lanes]: 0 in unused lanes
        "digit_rows",  # int64 [n]: the row of each Gray digit
        "copies",  # float64 [n]: the signed copies of the reference and digit rows
        "walk",  # int64 [GRAY_FIELDS, n + 1]: the Gray walk over the digits
    ],
)


@njit(cache=True, nogil=True)
def new_row_plan(photons, lanes):
    """Allocates a plan for up to `photons` rows and the given number of vector lanes."""
    return RowPlan(
        np.zeros(photons, np.int64),
        np.zeros(2, np.int64),
        np.zeros(2, np.float64),
        np.zeros(2, np.float64),
        np.zeros(4, np.float64),
        np.zeros(8, np.int64),
        np.zeros(8 * lanes, np.float64),
        np.zeros(lanes, np.float64),
        np.zeros(photons, np.int64),
        np.zeros(photons, np.float64),
        np.zeros((GRAY_FIELDS, photons + 1), np.int64),
    )


@njit(cache=True, nogil=True)
def _set_variants(plan, first, second, x_copies, y_copies, weights):
    plan.variant_rows[0] = first
    plan.variant_rows[1] = second
    for i in range(2):
        plan.x_copies[i] = x_copies[i]
        plan.y_copies[i] = y_copies[i]
    for i in range(4):
        plan.variant_weights[i] = weights[i]
    if first >= 0:
        plan.role[first] = VARIANT_ROW
    if second >= 0:
        plan.role[second] = VARIANT_ROW


@njit(cache=True, nogil=True)
def _plan_variants(plan, counts, num_rows):
    """Chooses the rows that make the four shifts."""
    none = np.int64(-1)
    single, other_single, double, triple = none, none, none, none
    singles = np.int64(0)
    for row in range(num_rows):
        singles += counts[row] == 1
        if plan.role[row] == REFERENCE_ROW:
            continue
        if counts[row] == 1:
            if single < 0:
                single = np.int64(row)
            elif other_single < 0:
                other_single = np.int64(row)
        elif counts[row] == 2:
            double = np.int64(row)
        elif counts[row] == 3:
            triple = np.int64(row)
    if triple >= 0 and (singles < SINGLES_FOR_PAIR or other_single < 0):
        # shifts 3b, b, -b, -3b
        _set_variants(plan, triple, none, (3.0, 0.0), (1.0, 0.0), (1.0, -3.0, 3.0, -1.0))
    elif other_single >= 0:
        # x = b1 + b2, y = b1 - b2
        _set_variants(
            plan, single, other_single, (1.0, 1.0), (1.0, -1.0), (1.0, -1.0, -1.0, 1.0)
        )
    elif double >= 0:
        # shifts 2b, 0, -2b; the weight -2 of the middle one is split over +0 and -0
        _set_variants(plan, double, none, (2.0, 0.0), (0.0, 0.0), (1.0, -1.0, -1.0, 1.0))
    elif single >= 0:
        # +b as +x, -b as -y
        _set_variants(plan, single, none, (1.0, 0.0), (1.0, 0.0), (1.0, 0.0, -1.0, 0.0))
    else:
        _set_variants(plan, none, none, (0.0, 0.0), (0.0, 0.0), (1.0, 0.0, 0.0, 0.0))


@njit(cache=True, nogil=True)
def _plan_lanes(plan, counts, num_rows, lanes):
    """Spreads rows over the lanes: lane number = mixed-radix digits. Returns how many rows."""
    num_lane_rows = np.int64(0)
    patterns = np.int64(1)
    for copies in range(1, lanes):
        for row in range(num_rows):
            free = plan.role[row] == DIGIT_ROW and counts[row] == copies
            if free and patterns * (copies + 1) <= lanes:
                plan.role[row] = LANE_ROW
                plan.lane_rows[num_lane_rows] = row
                num_lane_rows += 1
                patterns *= copies + 1
        if 2 * patterns > lanes:
            break
    for lane in range(lanes):
        rest = np.int64(lane)
        weight = 1.0
        for i in range(num_lane_rows):
            copies = counts[plan.lane_rows[i]]
            flipped = rest % (copies + 1)
            rest //= copies + 1
            for j in range(flipped):
                weight *= -(copies - j) / (j + 1.0)
            plan.lane_copies[i * lanes + lane] = copies - 2 * flipped
        plan.lane_weights[lane] = np.round(weight) if lane < patterns else 0.0
    return num_lane_rows


@njit(cache=True, nogil=True)
def plan_rows(plan, counts, num_rows, lanes):
    """Fills the plan for rows drawn counts[i] > 0 times; returns (lane rows, Gray digits)."""
    reference = np.int64(0)
    for row in range(num_rows):
        plan.role[row] = DIGIT_ROW
        if counts[row] < counts[reference]:
            reference = np.int64(row)
    plan.role[reference] = REFERENCE_ROW
    _plan_variants(plan, counts, num_rows)
    num_lane_rows = _plan_lanes(plan, counts, num_rows, lanes)
    num_digits = np.int64(0)
    for row in range(num_rows):
        plan.copies[row] = 0.0
        if plan.role[row] == REFERENCE_ROW or plan.role[row] == DIGIT_ROW:
            plan.copies[row] = counts[row]
            free_copies = counts[row] - (plan.role[row] == REFERENCE_ROW)
            if free_copies > 0:
                plan.digit_rows[num_digits] = row
                plan.walk[MAXIMUM, num_digits] = free_copies
                num_digits += 1
    start_walk(plan.walk, num_digits)
    return num_lane_rows, num_digits
