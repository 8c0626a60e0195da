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

import numpy as np

from qlatent_tf.quantum.compiled import kernel
from qlatent_tf.quantum.kernels.gray_code import GRAY_FIELDS, MAXIMUM, start_walk

# Rows of a plan, int64 [PLAN_FIELDS, n + 1]; the first GRAY_FIELDS are the walk over the digits.
ROLE = GRAY_FIELDS  # what each row does
LANE_ROW = GRAY_FIELDS + 1  # the row of each lane digit
DIGIT_ROW = GRAY_FIELDS + 2  # the row of each Gray digit
COPIES = GRAY_FIELDS + 3  # the signed copies of the reference and digit rows
PLAN_FIELDS = GRAY_FIELDS + 4

IS_DIGIT, IS_REFERENCE, IS_VARIANT, IS_LANE = range(4)

# Places in the variants, int64 [NUM_VARIANTS]: x = sum of x copies * b over the two variant rows.
VARIANT_ROWS = 0  # 2, -1 for none
X_COPIES = 2  # 2
Y_COPIES = 4  # 2
WEIGHTS = 6  # 4, of +x, +y, -y, -x
NUM_VARIANTS = 10

SINGLES_FOR_PAIR = 6  # with fewer single rows a triple one is worth more as the variants
MAX_LANE_ROWS = 4  # 2^4 lanes


@kernel
def _plan_variants(counts, num_rows, plan, variants):
    """Chooses the rows that make the four shifts."""
    none = np.int64(-1)
    single, other_single, double, triple = none, none, none, none
    singles = np.int64(0)
    for row in range(num_rows):
        singles += counts[row] == 1
        if plan[ROLE, row] == IS_REFERENCE:
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
    first, second = none, none
    x1, x2, y1, y2 = 0, 0, 0, 0
    weight_px, weight_py, weight_my, weight_mx = 1, 0, 0, 0
    if triple >= 0 and (singles < SINGLES_FOR_PAIR or other_single < 0):
        first = triple  # shifts 3b, b, -b, -3b
        x1, y1 = 3, 1
        weight_py, weight_my, weight_mx = -3, 3, -1
    elif other_single >= 0:
        first, second = single, other_single  # x = b1 + b2, y = b1 - b2
        x1, x2, y1, y2 = 1, 1, 1, -1
        weight_py, weight_my, weight_mx = -1, -1, 1
    elif double >= 0:
        first = double  # shifts 2b, 0, -2b; the weight -2 of the middle is split over +0 and -0
        x1 = 2
        weight_py, weight_my, weight_mx = -1, -1, 1
    elif single >= 0:
        first = single  # +b as +x, -b as -y
        x1, y1 = 1, 1
        weight_my = -1
    if first >= 0:
        plan[ROLE, first] = IS_VARIANT
    if second >= 0:
        plan[ROLE, second] = IS_VARIANT
    variants[VARIANT_ROWS], variants[VARIANT_ROWS + 1] = first, second
    variants[X_COPIES], variants[X_COPIES + 1] = x1, x2
    variants[Y_COPIES], variants[Y_COPIES + 1] = y1, y2
    variants[WEIGHTS], variants[WEIGHTS + 1] = weight_px, weight_py
    variants[WEIGHTS + 2], variants[WEIGHTS + 3] = weight_my, weight_mx


@kernel
def plan_rows(counts, num_rows, lanes, plan, variants, lane_copies, lane_weights):
    """Fills the plan for rows drawn counts[i] > 0 times; returns (lane rows, Gray digits).

    lane_copies: float64 `[MAX_LANE_ROWS * lanes]`, t - 2j of each lane row in each lane.
    lane_weights: float64 `[lanes]`, 0 in unused lanes.
    """
    reference = np.int64(0)
    for row in range(num_rows):
        plan[ROLE, row] = IS_DIGIT
        if counts[row] < counts[reference]:
            reference = np.int64(row)
    plan[ROLE, reference] = IS_REFERENCE
    _plan_variants(counts, num_rows, plan, variants)

    num_lane_rows = np.int64(0)
    patterns = np.int64(1)
    for copies in range(1, lanes):
        for row in range(num_rows):
            free = plan[ROLE, row] == IS_DIGIT and counts[row] == copies
            if free and patterns * (copies + 1) <= lanes:
                plan[ROLE, row] = IS_LANE
                plan[LANE_ROW, num_lane_rows] = row
                num_lane_rows += 1
                patterns *= copies + 1
        if 2 * patterns > lanes:
            break
    for lane in range(lanes):
        rest = np.int64(lane)  # its mixed-radix digits are the flipped copies of the lane rows
        weight = 1.0
        for i in range(num_lane_rows):
            copies = counts[plan[LANE_ROW, i]]
            flipped = rest % (copies + 1)
            rest //= copies + 1
            for j in range(flipped):
                weight *= -(copies - j) / (j + 1.0)
            lane_copies[i * lanes + lane] = copies - 2 * flipped
        lane_weights[lane] = np.rint(weight) if lane < patterns else 0.0

    num_digits = np.int64(0)
    for row in range(num_rows):
        plan[COPIES, row] = 0
        if plan[ROLE, row] == IS_REFERENCE or plan[ROLE, row] == IS_DIGIT:
            plan[COPIES, row] = counts[row]
            free_copies = counts[row] - (plan[ROLE, row] == IS_REFERENCE)
            if free_copies > 0:
                plan[DIGIT_ROW, num_digits] = row
                plan[MAXIMUM, num_digits] = free_copies
                num_digits += 1
    start_walk(plan, num_digits)
    return num_lane_rows, num_digits
