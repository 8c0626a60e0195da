"""Many photons: the Clifford-Clifford sampler, one sample at a time.

    shuffle the photons' columns of the unitary
    for k = 1 .. n:   minor_left of the k - 1 rows drawn so far, without column left
                      amplitude_r = sum_l minor_l U[r, column left]       for every mode r
                      draw mode r with probability |amplitude_r|^2 / sum

It needs orthonormal columns, repeated ones allowed (several photons in one input mode). Stopping
after k stages samples a uniformly random subset of k photons.

Reference: Clifford, Clifford, "Faster classical boson sampling", arXiv:2005.04214.
"""

import math

import numpy as np

from qlatent_tf.quantum.compiled import kernel
from qlatent_tf.quantum.kernels.glynn import REFRESH, VECTOR_TERMS, compute_minors, new_buffers
from qlatent_tf.quantum.kernels.glynn_scalar import IM, RE
from qlatent_tf.quantum.random_streams import GAMMA, stream_state, uniform

LOG_2 = math.log(2.0)


@kernel(fastmath=True)
def _cumulative_weights(columns, order, k, minors, amplitude, cumulative):
    """cumulative_r = sum_{r' <= r} |amplitude_r'|^2 in float64; returns the scale of the minors.

    The minors are divided by their largest part first, for range only.
    """
    modes = columns.shape[2]
    scale = minors.dtype.type(0.0)
    for left in range(k):
        scale = max(scale, max(abs(minors[RE, left]), abs(minors[IM, left])))
    inverse = minors.dtype.type(1.0) / scale
    for mode in range(modes):
        amplitude[RE, mode] = 0.0
        amplitude[IM, mode] = 0.0
    for left in range(k):
        minor_re = minors[RE, left] * inverse
        minor_im = minors[IM, left] * inverse
        column = order[left]
        for mode in range(modes):
            entry_re = columns[RE, column, mode]
            entry_im = columns[IM, column, mode]
            amplitude[RE, mode] += minor_re * entry_re - minor_im * entry_im
            amplitude[IM, mode] += minor_re * entry_im + minor_im * entry_re
    total = 0.0
    for mode in range(modes):
        real = np.float64(amplitude[RE, mode])
        imag = np.float64(amplitude[IM, mode])
        total += real * real + imag * imag
        cumulative[mode] = total
    return np.float64(scale)


@kernel
def sample_range(columns, key, start, photons_kept, first, last, occupations, log_probs, used):
    """Draws the samples number start + first .. start + last - 1 into rows first .. last - 1.

    columns: float32 or float64 `[2, photons, modes]`, real and imaginary parts of the photons'
    columns of the scaled unitary. photons_kept: int64 `[rows]`, or empty for all. occupations:
    uint8 `[rows, modes]`, zeros. log_probs: float64 `[rows]` and used: bool `[rows, photons]`,
    zeros, or empty if not wanted.
    """
    photons, modes = columns.shape[1:]
    minors, scratch, work, steps, shifts, plan, variants, lane_copies, lane_weights = new_buffers(
        photons, columns
    )
    rows = np.zeros((2, photons, photons), columns.dtype)  # drawn rows, columns as shuffled
    counts = np.zeros(photons, np.int64)
    row_modes = np.zeros(photons, np.int64)
    row_of_mode = np.zeros(modes, np.int64)  # -1 for modes not drawn
    order = np.zeros(photons, np.int64)
    amplitude = np.zeros((2, modes), columns.dtype)
    cumulative = np.zeros(modes, np.float64)
    for i in range(first, last):
        state = stream_state(key, start + i)
        for left in range(photons):
            order[left] = left
        for end in range(photons - 1, 0, -1):
            state += GAMMA
            other = np.int64(uniform(state) * (end + 1))
            order[end], order[other] = order[other], order[end]
        for mode in range(modes):
            row_of_mode[mode] = -1
        num_rows = np.int64(0)
        kept = photons_kept[i] if len(photons_kept) > 0 else np.int64(photons)
        for k in range(1, kept + 1):
            for row in range(num_rows):  # the new column of the rows drawn so far
                rows[RE, row, k - 1] = columns[RE, order[k - 1], row_modes[row]]
                rows[IM, row, k - 1] = columns[IM, order[k - 1], row_modes[row]]
            compute_minors(
                rows, counts, num_rows, k, VECTOR_TERMS, REFRESH,
                minors, scratch, work, steps, shifts, plan, variants, lane_copies, lane_weights,
            )  # fmt: skip
            scale = _cumulative_weights(columns, order, k, minors, amplitude, cumulative)
            state += GAMMA
            threshold = uniform(state) * cumulative[modes - 1]
            chosen = np.int64(0)
            while chosen < modes - 1 and cumulative[chosen] <= threshold:
                chosen += 1
            occupations[i, chosen] += 1
            row = row_of_mode[chosen]
            if row >= 0:
                counts[row] += 1
            else:
                row_of_mode[chosen] = num_rows
                row_modes[num_rows] = chosen
                counts[num_rows] = 1
                for left in range(k):
                    rows[RE, num_rows, left] = columns[RE, order[left], chosen]
                    rows[IM, num_rows, left] = columns[IM, order[left], chosen]
                num_rows += 1
            if k == kept and len(log_probs) > 0:
                weight = np.float64(amplitude[RE, chosen]) ** 2
                weight += np.float64(amplitude[IM, chosen]) ** 2
                log_probs[i] = math.log(weight) + 2.0 * (math.log(scale) - max(k - 2, 0) * LOG_2)
                for row in range(num_rows):
                    log_probs[i] -= math.lgamma(counts[row] + 1.0)
        if len(used) > 0:
            for left in range(kept):
                used[i, order[left]] = True


@kernel
def log_permanents(columns, outcomes, first, last, results):
    """log |Per|^2 of the columns and the rows that each outcome says, for rows first .. last - 1.

    One copy of a row of smallest count is expanded, as in the last stage of a sample. columns:
    float64 `[2, photons, modes]`; outcomes: int64 `[rows, modes]`, of the right total.
    """
    photons, modes = columns.shape[1:]
    minors, scratch, work, steps, shifts, plan, variants, lane_copies, lane_weights = new_buffers(
        photons, columns
    )
    rows = np.zeros((2, photons, photons), columns.dtype)
    counts = np.zeros(photons, np.int64)
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
                counts[num_rows] = count
                for left in range(photons):
                    rows[RE, num_rows, left] = columns[RE, left, mode]
                    rows[IM, num_rows, left] = columns[IM, left, mode]
                num_rows += 1
        compute_minors(
            rows, counts, num_rows, photons, VECTOR_TERMS, REFRESH,
            minors, scratch, work, steps, shifts, plan, variants, lane_copies, lane_weights,
        )  # fmt: skip
        real = 0.0
        imag = 0.0
        for left in range(photons):
            entry_re, entry_im = columns[RE, left, expanded], columns[IM, left, expanded]
            real += minors[RE, left] * entry_re - minors[IM, left] * entry_im
            imag += minors[RE, left] * entry_im + minors[IM, left] * entry_re
        weight = real * real + imag * imag
        results[i] = -np.inf
        if weight > 0.0:
            results[i] = math.log(weight) - 2.0 * max(photons - 2, 0) * LOG_2
