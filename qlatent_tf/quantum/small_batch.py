"""Few photons: the Clifford-Clifford sampler with one sample in each vector lane.

LANES samples with the same number of photons go through the same stages side by side. Every
array holds LANES neighbouring numbers per quantity, so that the innermost loops run over lanes
and become vector instructions; it takes one flat array with constant distances for the compiler
to see that they may. All drawn rows count as single (2^(k-2) terms in stage k), which keeps the
control flow the same in all lanes; from about 12 photons on the kernel in
`interferometer_sampler`, which profits from repeated rows, is faster.

Reference: Clifford, Clifford, "Faster classical boson sampling", arXiv:2005.04214.
"""

import math

import numpy as np
from numba import njit

from qlatent_tf.quantum.random_streams import GAMMA, stream_state, uniform

LANES = 32
PAIR = 2 * LANES  # a complex quantity: LANES real parts, then LANES imaginary parts
UNROLL = 4  # columns in one step of the Laplace expansion

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


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _flip_and_multiply_up(rows, columns, k, row, change, work):
    """SUM += change * row, and RUN of block l + 1 = RUN of block l times (SUM +- SHIFT) of l."""
    for column in range(k):
        c = work[column * BLOCK : (column + 2) * BLOCK]
        b = rows[(row * columns + column) * PAIR : (row * columns + column + 1) * PAIR]
        for w in range(LANES):
            sum_re = c[SUM + w] + change * b[w]
            sum_im = c[SUM + LANES + w] + change * b[LANES + w]
            c[SUM + w] = sum_re
            c[SUM + LANES + w] = sum_im
            shift_re = c[SHIFT + w]
            shift_im = c[SHIFT + LANES + w]
            run_re = c[PLUS + w]
            run_im = c[PLUS + LANES + w]
            factor_re = sum_re + shift_re
            factor_im = sum_im + shift_im
            c[NEXT + PLUS + w] = run_re * factor_re - run_im * factor_im
            c[NEXT + PLUS + LANES + w] = run_re * factor_im + run_im * factor_re
            run_re = c[MINUS + w]
            run_im = c[MINUS + LANES + w]
            factor_re = sum_re - shift_re
            factor_im = sum_im - shift_im
            c[NEXT + MINUS + w] = run_re * factor_re - run_im * factor_im
            c[NEXT + MINUS + LANES + w] = run_re * factor_im + run_im * factor_re


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _multiply_down_and_add(k, sign, work):
    """MINOR_l += sign * sum over +- of (product of columns < l) * (product of columns > l).

    The product of the columns > l stands in block l + 2; that of the columns >= l goes to block
    l + 1, whose own product has been used by then.
    """
    for column in range(k - 1, -1, -1):
        c = work[column * BLOCK : (column + 3) * BLOCK]
        for w in range(LANES):
            up_re = c[PLUS + w]
            up_im = c[PLUS + LANES + w]
            down_re = c[AFTER_NEXT + PLUS + w]
            down_im = c[AFTER_NEXT + PLUS + LANES + w]
            up2_re = c[MINUS + w]
            up2_im = c[MINUS + LANES + w]
            down2_re = c[AFTER_NEXT + MINUS + w]
            down2_im = c[AFTER_NEXT + MINUS + LANES + w]
            c[MINOR + w] += sign * (
                up_re * down_re - up_im * down_im + up2_re * down2_re - up2_im * down2_im
            )
            c[MINOR + LANES + w] += sign * (
                up_re * down_im + up_im * down_re + up2_re * down2_im + up2_im * down2_re
            )
            factor_re = c[SUM + w] + c[SHIFT + w]
            factor_im = c[SUM + LANES + w] + c[SHIFT + LANES + w]
            c[NEXT + PLUS + w] = down_re * factor_re - down_im * factor_im
            c[NEXT + PLUS + LANES + w] = down_re * factor_im + down_im * factor_re
            factor_re = c[SUM + w] - c[SHIFT + w]
            factor_im = c[SUM + LANES + w] - c[SHIFT + LANES + w]
            c[NEXT + MINUS + w] = down2_re * factor_re - down2_im * factor_im
            c[NEXT + MINUS + LANES + w] = down2_re * factor_im + down2_im * factor_re


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _add_newest_row(rows, columns, newest, work):
    """Takes row `newest` as SHIFT and the one that was there into START, for all columns."""
    for column in range(columns):
        block = work[column * BLOCK : (column + 1) * BLOCK]
        row = rows[(newest * columns + column) * PAIR : (newest * columns + column + 1) * PAIR]
        for w in range(PAIR):
            block[START + w] += block[SHIFT + w]
            block[SHIFT + w] = row[w]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _minors(rows, columns, k, work):
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
        work[PLUS + w] = one
        work[PLUS + LANES + w] = zero
        work[MINUS + w] = -one
        work[MINUS + LANES + w] = zero
        work[end + PLUS + w] = one
        work[end + PLUS + LANES + w] = zero
        work[end + MINUS + w] = one
        work[end + MINUS + LANES + w] = zero
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


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _spread_minors(work, order, columns, k, spread):
    """Puts each lane's minors back from its shuffled columns to the columns of the matrix."""
    for place in range(len(spread)):
        spread[place] = 0.0
    for l in range(k):
        for w in range(LANES):
            column = order[l * LANES + w]
            spread[column * PAIR + w] = work[l * BLOCK + MINOR + w]
            spread[column * PAIR + LANES + w] = work[l * BLOCK + MINOR + LANES + w]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _cumulative_weights(matrix_re, matrix_im, spread, amplitude, cumulative):
    """cumulative_r = sum_{r' <= r} |sum_c minor_c matrix[r', c]|^2 , added up in float64."""
    modes, padded_columns = matrix_re.shape
    for w in range(LANES):
        cumulative[w] = 0.0
    for mode in range(modes):
        for w in range(PAIR):
            amplitude[w] = 0.0
        for column in range(0, padded_columns, UNROLL):
            v = spread[column * PAIR : (column + UNROLL) * PAIR]
            a_re = matrix_re[mode, column]
            a_im = matrix_im[mode, column]
            b_re = matrix_re[mode, column + 1]
            b_im = matrix_im[mode, column + 1]
            c_re = matrix_re[mode, column + 2]
            c_im = matrix_im[mode, column + 2]
            d_re = matrix_re[mode, column + 3]
            d_im = matrix_im[mode, column + 3]
            for w in range(LANES):
                amplitude[w] += (
                    a_re * v[w] - a_im * v[LANES + w]
                    + b_re * v[PAIR + w] - b_im * v[PAIR + LANES + w]
                    + c_re * v[2 * PAIR + w] - c_im * v[2 * PAIR + LANES + w]
                    + d_re * v[3 * PAIR + w] - d_im * v[3 * PAIR + LANES + w]
                )  # fmt: skip
                amplitude[LANES + w] += (
                    a_re * v[LANES + w] + a_im * v[w]
                    + b_re * v[PAIR + LANES + w] + b_im * v[PAIR + w]
                    + c_re * v[2 * PAIR + LANES + w] + c_im * v[2 * PAIR + w]
                    + d_re * v[3 * PAIR + LANES + w] + d_im * v[3 * PAIR + w]
                )  # fmt: skip
        below = cumulative[mode * LANES : (mode + 2) * LANES]
        for w in range(LANES):
            real = np.float64(amplitude[w])
            imag = np.float64(amplitude[LANES + w])
            below[LANES + w] = below[w] + real * real + imag * imag


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _choose_modes(modes, states, cumulative, chosen):
    """chosen = number of modes r < modes - 1 with cumulative_r <= u * total: the first above."""
    for w in range(LANES):
        states[w] += GAMMA
        # The row of `cumulative` above its zeros is free for the threshold after use.
        cumulative[w] = uniform(states[w]) * cumulative[modes * LANES + w]
        chosen[w] = 0
    for mode in range(1, modes):
        for w in range(LANES):
            chosen[w] += np.int64(cumulative[mode * LANES + w] <= cumulative[w])


@njit(cache=True, nogil=True)
def _append_rows(matrix_re, matrix_im, columns, order, chosen, newest, rows):
    """Row `newest` of each lane is the row of its chosen mode, columns in the lane's order."""
    for l in range(columns):
        at = (newest * columns + l) * PAIR
        for w in range(LANES):
            rows[at + w] = matrix_re[chosen[w], order[l * LANES + w]]
            rows[at + LANES + w] = matrix_im[chosen[w], order[l * LANES + w]]


@njit(cache=True, nogil=True)
def _shuffle_columns(columns, states, order):
    """Fisher-Yates in every lane, last place first."""
    for l in range(columns):
        for w in range(LANES):
            order[l * LANES + w] = l
    for last in range(columns - 1, 0, -1):
        for w in range(LANES):
            states[w] += GAMMA
            other = np.int64(uniform(states[w]) * (last + 1))
            column = order[last * LANES + w]
            order[last * LANES + w] = order[other * LANES + w]
            order[other * LANES + w] = column


@njit(cache=True, nogil=True)
def _log_probability(work, matrix_re, matrix_im, order, mode, w, k, occupation):
    """log(|Per|^2 / prod t_i!) of the finished lane w, for the scaled matrix."""
    real = 0.0
    imag = 0.0
    for l in range(k):
        minor_re = np.float64(work[l * BLOCK + MINOR + w])
        minor_im = np.float64(work[l * BLOCK + MINOR + LANES + w])
        entry_re = np.float64(matrix_re[mode, order[l * LANES + w]])
        entry_im = np.float64(matrix_im[mode, order[l * LANES + w]])
        real += minor_re * entry_re - minor_im * entry_im
        imag += minor_re * entry_im + minor_im * entry_re
    result = math.log(real * real + imag * imag) - 2.0 * max(k - 2, 0) * math.log(2.0)
    for count in occupation:
        result -= math.lgamma(count + 1.0)
    return result


@njit(cache=True, nogil=True)
def sample_lanes(
    matrix_re, matrix_im, columns, k_last, key, start, members, first, last,
    occupations, log_probs, used,
):  # fmt: skip
    """Draws the samples `members[first : last]`, all of `k_last` photons.

    matrix_re, matrix_im: float32 or float64 `[modes, columns padded to a multiple of UNROLL]`, the
    photons' columns of the scaled unitary. members: int64, rows of the outputs; empty means row i
    is member i. occupations: uint8 `[rows, modes]`, zeros. log_probs: float64 `[rows]` and used:
    bool `[rows, columns]`, zeros, or empty if not wanted.
    """
    modes, padded_columns = matrix_re.shape
    work = np.zeros((columns + 2) * BLOCK, matrix_re.dtype)
    rows = np.zeros(columns * columns * PAIR, matrix_re.dtype)
    spread = np.zeros(padded_columns * PAIR, matrix_re.dtype)
    amplitude = np.zeros(PAIR, matrix_re.dtype)
    cumulative = np.zeros((modes + 1) * LANES, np.float64)
    order = np.zeros(columns * LANES, np.int64)
    chosen = np.zeros(LANES, np.int64)
    states = np.zeros(LANES, np.uint64)
    output_row = np.zeros(LANES, np.int64)
    for group in range(first, last, LANES):
        lanes = min(np.int64(LANES), last - group)
        for w in range(LANES):
            i = group + min(w, lanes - 1)  # idle lanes repeat the last sample
            output_row[w] = members[i] if len(members) > 0 else i
            states[w] = stream_state(key, start + output_row[w])
        _shuffle_columns(columns, states, order)
        for column in range(columns):
            block = work[column * BLOCK : (column + 1) * BLOCK]
            for w in range(PAIR):
                block[START + w] = 0.0
                block[SHIFT + w] = 0.0
        for k in range(1, k_last + 1):
            if k > 1:
                _append_rows(matrix_re, matrix_im, columns, order, chosen, k - 2, rows)
                _add_newest_row(rows, columns, k - 2, work)
            _minors(rows, columns, k, work)
            _spread_minors(work, order, columns, k, spread)
            _cumulative_weights(matrix_re, matrix_im, spread, amplitude, cumulative)
            _choose_modes(modes, states, cumulative, chosen)
            for w in range(lanes):
                occupations[output_row[w], chosen[w]] += 1
        for w in range(lanes):
            row = output_row[w]
            if len(used) > 0:
                for l in range(k_last):
                    used[row, order[l * LANES + w]] = True
            if len(log_probs) > 0:
                log_probs[row] = _log_probability(
                    work, matrix_re, matrix_im, order, chosen[w], w, k_last, occupations[row]
                )
