"""Reflected mixed-radix Gray code: all vectors 0 <= a_j <= f_j, one digit changed by 1 a step.

Glynn's sum over copies of rows walks it, because one step changes every row sum by one row. The
walk carries the weight

    w(a) = prod_j (-1)^{a_j} C(f_j, a_j)

along: raising a digit multiplies it by -(f - a) / (a + 1), lowering by -a / (f - a + 1).

Reference: Knuth, "The art of computer programming", vol. 4A, 7.2.1.1, algorithm H (loopless).
"""

import numpy as np

from qlatent_tf.quantum.compiled import kernel

GRAY_FIELDS = 4  # rows of a walk
MAXIMUM, DIGIT, DIRECTION, FOCUS = range(GRAY_FIELDS)


@kernel
def start_walk(walk, num_digits):
    """Puts all digits to 0; `walk` is int64 `[GRAY_FIELDS or more, num_digits + 1 or more]`.

    The maxima f_j are filled in by the caller.
    """
    for digit in range(num_digits):
        walk[DIGIT, digit] = 0
        walk[DIRECTION, digit] = 1
        walk[FOCUS, digit] = digit
    walk[FOCUS, num_digits] = num_digits


@kernel
def next_step(walk, num_digits):
    """Changes one digit: returns (which, +1 or -1, ratio of weights).

    When all vectors have been visited, the digit returned is `num_digits`.
    """
    digit = walk[FOCUS, 0]
    walk[FOCUS, 0] = 0
    if digit == num_digits:
        return digit, np.int64(0), 0.0
    old = walk[DIGIT, digit]
    maximum = walk[MAXIMUM, digit]
    direction = walk[DIRECTION, digit]
    ratio = -(maximum - old) / (old + 1.0) if direction > 0 else -old / (maximum - old + 1.0)
    new = old + direction
    walk[DIGIT, digit] = new
    if new == 0 or new == maximum:
        walk[DIRECTION, digit] = -direction
        walk[FOCUS, digit] = walk[FOCUS, digit + 1]
        walk[FOCUS, digit + 1] = digit + 1
    return digit, direction, ratio
