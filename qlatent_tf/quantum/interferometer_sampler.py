"""Many photons: the Clifford-Clifford sampler, one sample at a time.

    shuffle the photons' columns of the unitary
    for k = 1 .. n:   minor_l of the k - 1 rows drawn so far, without column l
                      amplitude_r = sum_l minor_l U[r, column l]       for every mode r
                      draw mode r with probability |amplitude_r|^2 / sum

It needs orthonormal columns, repeated ones allowed (several photons in one input mode). Stopping
after k stages samples a uniformly random subset of k photons.

Reference: Clifford, Clifford, "Faster classical boson sampling", arXiv:2005.04214.
"""

import math

import numpy as np
from numba import njit

from qlatent_tf.quantum.glynn import REFRESH, VECTOR_TERMS, minors, new_buffers
from qlatent_tf.quantum.random_streams import GAMMA, stream_state, uniform


@njit(cache=True, nogil=True, fastmath=True)
def _cumulative_weights(columns_re, columns_im, order, k, buffers, amplitude, cumulative):
    """cumulative_r = sum_{r' <= r} |amplitude_r'|^2 in float64; returns the scale of the minors.

    The minors are divided by their largest part first, for range only.
    """
    modes = columns_re.shape[1]
    minors_re, minors_im = buffers.minors_re, buffers.minors_im
    scale = minors_re.dtype.type(0.0)
    for l in range(k):
        scale = max(scale, max(abs(minors_re[l]), abs(minors_im[l])))
    for place in range(2 * modes):
        amplitude[place] = 0.0
    for l in range(k):
        minor_re = minors_re[l] / scale
        minor_im = minors_im[l] / scale
        column_re = columns_re[order[l]]
        column_im = columns_im[order[l]]
        for mode in range(modes):
            amplitude[mode] += minor_re * column_re[mode] - minor_im * column_im[mode]
            amplitude[modes + mode] += minor_re * column_im[mode] + minor_im * column_re[mode]
    total = 0.0
    for mode in range(modes):
        real = np.float64(amplitude[mode])
        imag = np.float64(amplitude[modes + mode])
        total += real * real + imag * imag
        cumulative[mode] = total
    return np.float64(scale)


@njit(cache=True, nogil=True)
def _add_row(columns_re, columns_im, order, k, chosen, row_of_mode, row_modes, num_rows, buffers):
    """Counts the chosen mode, as a new row of k columns if it is new; returns the rows."""
    row = row_of_mode[chosen]
    if row >= 0:
        buffers.counts[row] += 1
        return num_rows
    row_of_mode[chosen] = num_rows
    row_modes[num_rows] = chosen
    buffers.counts[num_rows] = 1
    for l in range(k):
        buffers.rows_re[num_rows, l] = columns_re[order[l], chosen]
        buffers.rows_im[num_rows, l] = columns_im[order[l], chosen]
    return num_rows + 1


@njit(cache=True, nogil=True)
def sample_range(
    columns_re, columns_im, key, start, photons_kept, first, last, occupations, log_probs, used
):
    """Draws the samples number start + first .. start + last - 1 into rows first .. last - 1.

    columns_re, columns_im: float32 or float64 `[photons, modes]`, the photons' columns of the
    scaled unitary. photons_kept: int64 `[rows]`, or empty for all. occupations: uint8
    `[rows, modes]`, zeros. log_probs: float64 `[rows]` and used: bool `[rows, photons]`, zeros, or
    empty if not wanted.
    """
    photons, modes = columns_re.shape
    buffers = new_buffers(photons, columns_re)
    amplitude = np.zeros(2 * modes, columns_re.dtype)
    cumulative = np.zeros(modes, np.float64)
    order = np.zeros(photons, np.int64)
    row_of_mode = np.zeros(modes, np.int64)
    row_modes = np.zeros(photons, np.int64)
    for i in range(first, last):
        state = stream_state(key, start + i)
        for l in range(photons):
            order[l] = l
        for end in range(photons - 1, 0, -1):
            state += GAMMA
            other = np.int64(uniform(state) * (end + 1))
            column = order[end]
            order[end] = order[other]
            order[other] = column
        row_of_mode[:] = -1
        num_rows = np.int64(0)
        kept = photons_kept[i] if len(photons_kept) > 0 else np.int64(photons)
        for k in range(1, kept + 1):
            for row in range(num_rows):  # the new column of the rows drawn so far
                buffers.rows_re[row, k - 1] = columns_re[order[k - 1], row_modes[row]]
                buffers.rows_im[row, k - 1] = columns_im[order[k - 1], row_modes[row]]
            minors(buffers, num_rows, np.int64(k), VECTOR_TERMS, REFRESH)
            scale = _cumulative_weights(
                columns_re, columns_im, order, k, buffers, amplitude, cumulative
            )
            state += GAMMA
            threshold = uniform(state) * cumulative[modes - 1]
            chosen = np.int64(0)
            while chosen < modes - 1 and cumulative[chosen] <= threshold:
                chosen += 1
            occupations[i, chosen] += 1
            num_rows = _add_row(
                columns_re, columns_im, order, k, chosen, row_of_mode, row_modes, num_rows, buffers
            )
            if k == kept and len(log_probs) > 0:
                real = np.float64(amplitude[chosen])
                imag = np.float64(amplitude[modes + chosen])
                log_probs[i] = math.log(real * real + imag * imag) + 2.0 * (
                    math.log(scale) - max(k - 2, 0) * math.log(2.0)
                )
                for row in range(num_rows):
                    log_probs[i] -= math.lgamma(buffers.counts[row] + 1.0)
        if len(used) > 0:
            for l in range(kept):
                used[i, order[l]] = True


@njit(cache=True, nogil=True)
def log_permanents(columns_re, columns_im, outcomes, first, last, results):
    """log |Per|^2 of the columns and the rows that each outcome says, for rows first .. last - 1.

    One copy of a row of smallest count is expanded, as in the last stage of a sample. columns:
    float64 `[photons, modes]`; outcomes: int64 `[rows, modes]`, of the right total.
    """
    photons, modes = columns_re.shape
    buffers = new_buffers(photons, columns_re)
    for i in range(first, last):
        expanded = np.int64(-1)
        for mode in range(modes):
            count = outcomes[i, mode]
            if count > 0 and (expanded < 0 or count < outcomes[i, expanded]):
                expanded = np.int64(mode)
        num_rows = np.int64(0)
        for mode in range(modes):
            count = outcomes[i, mode] - (mode == expanded)
            if count > 0:
                buffers.counts[num_rows] = count
                for l in range(photons):
                    buffers.rows_re[num_rows, l] = columns_re[l, mode]
                    buffers.rows_im[num_rows, l] = columns_im[l, mode]
                num_rows += 1
        minors(buffers, num_rows, np.int64(photons), VECTOR_TERMS, REFRESH)
        real = 0.0
        imag = 0.0
        for l in range(photons):
            minor_re, minor_im = buffers.minors_re[l], buffers.minors_im[l]
            entry_re, entry_im = columns_re[l, expanded], columns_im[l, expanded]
            real += minor_re * entry_re - minor_im * entry_im
            imag += minor_re * entry_im + minor_im * entry_re
        weight = real * real + imag * imag
        if weight > 0.0:
            results[i] = math.log(weight) - 2.0 * max(photons - 2, 0) * math.log(2.0)
        else:
            results[i] = -np.inf
