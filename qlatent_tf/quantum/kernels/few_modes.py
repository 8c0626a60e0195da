"""A definite number of photons in few modes: the state, and what happens to it on a walk.

**Layout.** k photons in the modes 1 .. r have C(k + r - 1, r - 1) basis states. Mode 1 holds the
photons that the others do not, and is not written down. The states stand in the order of R, the
photons in the modes 2 .. r; those of one R in the order of T, the photons in the modes 3 .. r; and
so on. With

    below[q, R] = C(R - 1 + q, q) ,   the number of ways to put fewer than R photons into q modes,

a state stands at below[r-1, R] + below[r-2, T] + ... . So three things need no search:

- the states of one R (a grade) are neighbours, in the order of a state of R photons in the modes
  2 .. r: mode 1 comes and goes by moving one block;
- an operation on mode 1 that multiplies by a number of its photons, k - R, is one factor a grade;
- the modes 1 and 2 alone change along states with the same photons elsewhere: they stand in the
  grades T .. k at the same place behind below[r-1, R].

**Mixing.** Two modes are mixed as by a Mach-Zehnder interferometer, a phase, a balanced splitter, a
phase and another one. So one table of balanced splitters serves all angles.
"""

import numpy as np

from qlatent_tf.quantum.compiled import kernel
from qlatent_tf.quantum.kernels.splitters import balanced_start

RUN = 8  # neighbouring states that are mixed at once


def ways_below(most_modes: int, most_photons: int) -> np.ndarray:
    """Returns the table `below`, int64, shape `[most_modes + 1, most_photons + 2]`.

    Entries that exceed int64 belong to states too large for any memory, and are cut off at 2^62.
    """
    below = np.zeros((most_modes + 1, most_photons + 2), np.int64)
    below[0, 1:] = 1
    for modes in range(1, most_modes + 1):
        # Fewer than R photons in q modes: r = 0 .. R - 1 in the last one, the rest in the others.
        sums = np.cumsum(below[modes - 1].astype(np.float64))
        below[modes] = np.where(sums < 2.0**62, np.cumsum(below[modes - 1]), 2**62)
    return below


@kernel
def let_in(state, modes, photons, entering, below):
    """Puts a mode with `entering` photons in front: the whole state becomes grade R = photons."""
    if modes == 0:
        return
    size = below[modes - 1, photons + 1]
    start = below[modes, photons]
    for place in range(size - 1, -1, -1):
        state[start + place] = state[place]
    for place in range(start):
        state[place] = 0.0
    for place in range(start + size, below[modes, photons + entering + 1]):
        state[place] = 0.0


@kernel(fastmath=True)
def _mix_pair(state, photons, before, between, balanced, folded):
    """Mixes the two modes of `state`, complex128 `[photons + 1]`, numbered by mode 2.

    By its symmetry, a row j of the balanced splitter sees only x_k + x_{N-k} if j is even, only
    x_k - x_{N-k} if it is odd. These stand in the first and the second half of `folded`.
    """
    start = balanced_start(photons)
    pairs = (photons + 1) // 2
    middle = photons // 2
    for phase_of_photon in (before, between):
        phase = phase_of_photon
        for k in range(1, photons + 1):
            state[k] *= phase
            phase *= phase_of_photon
        for k in range(pairs):
            folded[k] = state[k] + state[photons - k]
            folded[photons - k] = state[k] - state[photons - k]
        if photons % 2 == 0:
            folded[middle] = state[middle]
        for j in range(0, photons + 1, 2):
            row = balanced[start + j * (photons + 1) : start + (j + 1) * (photons + 1)]
            real, imag = 0.0, 0.0
            for k in range(middle + 1):
                real += row[k] * folded[k].real
                imag += row[k] * folded[k].imag
            state[j] = complex(real, imag)
        for j in range(1, photons + 1, 2):
            row = balanced[start + j * (photons + 1) : start + (j + 1) * (photons + 1)]
            real, imag = 0.0, 0.0
            for k in range(pairs):
                real += row[k] * folded[photons - k].real
                imag += row[k] * folded[photons - k].imag
            state[j] = complex(real, imag)


@kernel(fastmath=True)
def _mix_runs(state, modes, photons, before, between, balanced, below, folded, mixed):
    """Mixes the first two of three or more modes; up to RUN states beside each other at once.

    folded, mixed: complex128 `[photons + 1, RUN]`, flat.
    """
    grade_start, run_start = below[modes - 1], below[modes - 2]
    for elsewhere in range(photons):  # photons in the modes 3 ..
        free = photons - elsewhere
        start = balanced_start(free)
        for first in range(run_start[elsewhere], run_start[elsewhere + 1], RUN):
            width = min(np.int64(RUN), run_start[elsewhere + 1] - first)
            for k in range(free + 1):
                at = grade_start[elsewhere + k] + first
                for w in range(width):
                    mixed[k * RUN + w] = state[at + w]
            for phase_of_photon in (before, between):
                phase = 1.0 + 0.0j
                for k in range(free + 1):
                    for w in range(width):
                        folded[k * RUN + w] = mixed[k * RUN + w] * phase
                    phase *= phase_of_photon
                for k in range((free + 1) // 2):
                    for w in range(width):
                        one, other = folded[k * RUN + w], folded[(free - k) * RUN + w]
                        folded[k * RUN + w] = one + other
                        folded[(free - k) * RUN + w] = one - other
                for j in range(free + 1):
                    for w in range(width):
                        mixed[j * RUN + w] = 0.0
                    terms = (free + 1) // 2 if j % 2 else free // 2 + 1
                    for k in range(terms):
                        entry = balanced[start + j * (free + 1) + k]
                        at = (free - k if j % 2 else k) * RUN
                        for w in range(width):
                            mixed[j * RUN + w] += entry * folded[at + w]
            for k in range(free + 1):
                at = grade_start[elsewhere + k] + first
                for w in range(width):
                    state[at + w] = mixed[k * RUN + w]


@kernel
def mix_modes(
    state, modes, photons, behind, before, between, balanced, below, totals, folded, mixed
):  # fmt: skip
    """Mixes two neighbouring modes, those behind the first `behind` ones.

    State by state of the modes in front, the others form a state of their own, of as many photons
    as are left. These stand one after the other; totals[i] runs through the photons behind the
    first i modes.

    before, between: complex128. The phases of a photon in the second of the two modes, before the
    first balanced splitter and between the two. totals: int64 `[modes]`.
    """
    inner = modes - behind
    start = np.int64(0)
    totals[0] = photons
    for depth in range(1, behind + 1):
        totals[depth] = 0
    while True:
        left = totals[behind]
        size = below[inner - 1, left + 1]
        if left > 0:
            part = state[start : start + size]
            if inner == 2:
                _mix_pair(part, left, before, between, balanced, folded)
            else:
                _mix_runs(part, inner, left, before, between, balanced, below, folded, mixed)
        start += size
        depth = behind
        while depth > 0 and totals[depth] == totals[depth - 1]:
            totals[depth] = 0
            depth -= 1
        if depth == 0:
            return
        totals[depth] += 1


@kernel
def weigh_grades(state, modes, photons, below, weights):
    """weights_R = probability of R photons in all modes but the first; returns their sum."""
    grade_start = below[modes - 1]
    total = 0.0
    for grade in range(photons + 1):
        weight = 0.0
        for place in range(grade_start[grade], grade_start[grade + 1]):
            weight += state[place].real ** 2 + state[place].imag ** 2
        weights[grade] = weight
        total += weight
    return total


@kernel
def keep_measured(state, modes, photons, counted, scale, below):
    """Leaves of a state what has `counted` photons in the first mode, which goes."""
    start = below[modes - 1, photons - counted]
    size = below[modes - 1, photons - counted + 1] - start
    for place in range(size):
        state[place] = state[start + place] * scale


@kernel
def keep_split(state, modes, photons, entering, counted, scale, tables, at, below):
    """Leaves of a state what has `counted` photons in the first output of a splitter.

    Its inputs are the first mode and a new one with `entering` photons; its second output becomes
    the first mode. tables: float64; A_0(0, entering) of the splitter stands at `at`.
    """
    grade_start = below[modes - 1]
    left = photons + entering - counted
    for grade in range(left + 1):
        factor = 0.0
        n = photons - grade
        if n >= 0 and counted <= n + entering:
            factor = scale * tables[at + n * (entering + 1) + n * (n - 1) // 2 + counted]
        for place in range(grade_start[grade], grade_start[grade + 1]):
            # Places beyond the old state are not its amplitudes, whatever they hold.
            state[place] = state[place] * factor if n >= 0 else 0.0
