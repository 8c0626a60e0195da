"""Few photons: the Clifford-Clifford sampler with one sample in each vector lane.

LANES samples with the same number of photons go through the same stages side by side, see
`batch_minors`. From about 12 photons on the kernel in `one_by_one`, which profits from repeated
rows, is faster.

Reference: Clifford, Clifford, "Faster classical boson sampling", arXiv:2005.04214.
"""

import math

import numpy as np

from qlatent_tf.quantum.compiled import kernel
from qlatent_tf.quantum.kernels.batch_minors import (
    BLOCK,
    LANES,
    MINOR,
    PAIR,
    SHIFT,
    START,
    add_newest_row,
    batch_minors,
)
from qlatent_tf.quantum.random_streams import GAMMA, stream_state, uniform

UNROLL = 4  # columns in one step of the Laplace expansion


@kernel(fastmath=True)
def _spread_minors(work, order, columns, k, spread):
    """Puts each lane's minors back from its shuffled columns to the columns of the matrix."""
    for place in range(len(spread)):
        spread[place] = 0.0
    for left in range(k):
        for w in range(LANES):
            column = order[left * LANES + w]
            spread[column * PAIR + w] = work[left * BLOCK + MINOR + w]
            spread[column * PAIR + LANES + w] = work[left * BLOCK + MINOR + LANES + w]


@kernel(fastmath=True)
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
            for w in range(LANES):
                real, imag = amplitude[w], amplitude[LANES + w]
                for place in range(UNROLL):
                    a_re, a_im = matrix_re[mode, column + place], matrix_im[mode, column + place]
                    v_re, v_im = v[place * PAIR + w], v[place * PAIR + LANES + w]
                    real += a_re * v_re - a_im * v_im
                    imag += a_re * v_im + a_im * v_re
                amplitude[w], amplitude[LANES + w] = real, imag
        below = cumulative[mode * LANES : (mode + 2) * LANES]
        for w in range(LANES):
            real = np.float64(amplitude[w])
            imag = np.float64(amplitude[LANES + w])
            below[LANES + w] = below[w] + real * real + imag * imag


@kernel(fastmath=True)
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


@kernel
def _append_rows(matrix_re, matrix_im, columns, order, chosen, newest, rows):
    """Row `newest` of each lane is the row of its chosen mode, columns in the lane's order."""
    for left in range(columns):
        at = (newest * columns + left) * PAIR
        for w in range(LANES):
            rows[at + w] = matrix_re[chosen[w], order[left * LANES + w]]
            rows[at + LANES + w] = matrix_im[chosen[w], order[left * LANES + w]]


@kernel
def _shuffle_columns(columns, states, order):
    """Fisher-Yates in every lane, last place first."""
    for left in range(columns):
        for w in range(LANES):
            order[left * LANES + w] = left
    for last in range(columns - 1, 0, -1):
        for w in range(LANES):
            states[w] += GAMMA
            other = np.int64(uniform(states[w]) * (last + 1))
            column = order[last * LANES + w]
            order[last * LANES + w] = order[other * LANES + w]
            order[other * LANES + w] = column


@kernel
def _log_probability(work, matrix_re, matrix_im, order, mode, w, k, occupation):
    """log(|Per|^2 / prod t_i!) of the finished lane w, for the scaled matrix."""
    real = 0.0
    imag = 0.0
    for left in range(k):
        minor_re = np.float64(work[left * BLOCK + MINOR + w])
        minor_im = np.float64(work[left * BLOCK + MINOR + LANES + w])
        entry_re = np.float64(matrix_re[mode, order[left * LANES + w]])
        entry_im = np.float64(matrix_im[mode, order[left * LANES + w]])
        real += minor_re * entry_re - minor_im * entry_im
        imag += minor_re * entry_im + minor_im * entry_re
    result = math.log(real * real + imag * imag) - 2.0 * max(k - 2, 0) * math.log(2.0)
    for count in occupation:
        result -= math.lgamma(count + 1.0)
    return result


@kernel
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
                add_newest_row(rows, columns, k - 2, work)
            batch_minors(rows, columns, k, work)
            _spread_minors(work, order, columns, k, spread)
            _cumulative_weights(matrix_re, matrix_im, spread, amplitude, cumulative)
            _choose_modes(modes, states, cumulative, chosen)
            for w in range(lanes):
                occupations[output_row[w], chosen[w]] += 1
        for w in range(lanes):
            row = output_row[w]
            if len(used) > 0:
                for left in range(k_last):
                    used[row, order[left * LANES + w]] = True
            if len(log_probs) > 0:
                log_probs[row] = _log_probability(
                    work, matrix_re, matrix_im, order, chosen[w], w, k_last, occupations[row]
                )
