"""Walks through interferometers of short loops, whose outputs depend on few inputs each.

    for every output:   let modes in and mix them until it is one side of a splitter (`walk_plan`)
                        count c photons there with P(c) = |the part of the state that has them|^2
                        continue with that part, divided by its norm (`few_modes`)

The probability of an outcome is the product of those of its counts. Before the split, the first
kept mode holds n = k - R of k photons and the new mode s; with the amplitudes A of `splitters`,

    P(c) = sum_R weight_R A_c(k - R, s)^2 ,   weight_R = probability of R photons in the others

Each output takes one uniform number u, in the order of the walk, and the least c with
P(0) + ... + P(c) > u. If not all photons are sent, one number for each photon comes before: photon
l of n is sent with probability (photons still to be sent) / (n - l), so that all subsets are
equally likely.

Reference: Novak, Roberts, Makarovskiy, Garcia-Patron, Clements, "Boundaries for quantum advantage
with single photons and loop-based time-bin interferometers", arXiv:2411.16873, whose simulator
goes from one measurement to the next with a state of few modes, too.
"""

import math

import numpy as np

from qlatent_tf.quantum.compiled import kernel
from qlatent_tf.quantum.kernels.few_modes import (
    RUN,
    keep_measured,
    keep_split,
    let_in,
    mix_modes,
    ways_below,
    weigh_grades,
)
from qlatent_tf.quantum.kernels.splitters import (
    balanced_splitters,
    fill_splitter_table,
    table_start,
)
from qlatent_tf.quantum.memory import readable_bytes
from qlatent_tf.quantum.random_streams import GAMMA, stream_state, uniform
from qlatent_tf.quantum.samplers.method_choice import MAX_WALK_BYTES, walk_seconds
from qlatent_tf.quantum.samplers.walk_plan import LET_IN, MIX, SPLIT, WalkShape, plan_walk
from qlatent_tf.quantum.threads import CHUNK_SECONDS, check_num_threads, run_chunks

AMPLITUDE_BYTES = 16


@kernel
def _choose_photons(input_state, photons, kept, stream, sent, used, row):
    """Counts a random subset of the photons into `sent`; returns the state of the stream."""
    missing = kept
    photon = np.int64(0)
    for mode in range(len(input_state)):
        sent[mode] = 0
        for _ in range(input_state[mode]):
            stream += GAMMA
            if uniform(stream) * (photons - photon) < missing:
                sent[mode] += 1
                missing -= 1
                if len(used) > 0:
                    used[row, photon] = True
            photon += 1
    return stream


@kernel
def _chance(weights, photons, entering, count, tables, at):
    """P(count), see above; `at` is where A_0(0, entering) stands, -1 without a splitter."""
    if at < 0:
        return weights[photons - count]
    probability = 0.0
    for n in range(max(np.int64(0), count - entering), photons + 1):
        amplitude = tables[at + n * (entering + 1) + n * (n - 1) // 2 + count]
        probability += weights[photons - n] * amplitude * amplitude
    return probability


@kernel
def _draw(weights, photons, entering, tables, at, threshold):
    """Returns the least count whose cumulative probability exceeds the threshold, and P(count)."""
    count, probability, cumulative = np.int64(0), 0.0, 0.0
    for candidate in range(photons + entering + 1):
        chance = _chance(weights, photons, entering, candidate, tables, at)
        cumulative += chance
        if chance > 0.0:
            count, probability = candidate, chance
        if cumulative > threshold:
            break
    return count, probability


@kernel
def walk_range(
    steps, numbers, table_at, most_first, tables, balanced, below, amplitudes, input_state,
    photons_kept, key, start, is_given, first, last, occupations, log_probs, used,
):  # fmt: skip
    """Walks for the samples number start + first .. into rows first .. last - 1.

    steps, numbers: see `plan_walk`. table_at, most_first: int64 `[steps]`, where a SPLIT has its
    splitter's amplitudes in `tables`, and the most photons of its first input there. balanced: see
    `balanced_splitters`. below: see `few_modes`. amplitudes: the most that a state has.
    photons_kept: int64 `[rows]`, or empty for all. is_given: whether the occupations, uint8
    `[rows, modes]`, say what is counted, instead of being filled in. log_probs: float64 `[rows]`
    and used: bool `[rows, photons]`, zeros, or empty if not wanted.
    """
    modes = len(input_state)
    all_photons = input_state.sum()
    state = np.empty(amplitudes, np.complex128)  # what no sample reaches takes no memory
    weights = np.zeros(all_photons + 1, np.float64)
    folded = np.zeros((all_photons + 1) * RUN, np.complex128)
    mixed = np.zeros((all_photons + 1) * RUN, np.complex128)
    totals = np.zeros(len(below), np.int64)
    sent = np.zeros(modes + 1, np.int64)  # the last one stays 0: that of empty modes
    for i in range(first, last):
        stream = stream_state(key, start + i)
        sent[:modes] = input_state
        if len(photons_kept) > 0 and photons_kept[i] < all_photons:
            stream = _choose_photons(
                input_state, all_photons, photons_kept[i], stream, sent, used, i
            )
        elif len(used) > 0:
            used[i] = True
        state[0] = 1.0
        width, photons = np.int64(0), np.int64(0)
        log_prob = 0.0
        for step in range(len(steps)):
            kind = steps[step, 0]
            if kind == MIX:
                if photons > 0:
                    mix_modes(
                        state, width, photons, steps[step, 1], numbers[step, 0], numbers[step, 1],
                        balanced, below, totals, folded, mixed,
                    )  # fmt: skip
                continue
            if kind == LET_IN:
                entering = sent[steps[step, 1]]
                let_in(state, width, photons, entering, below)
                width += 1
                photons += entering
                continue
            output, entering, at = steps[step, 1], np.int64(0), np.int64(-1)
            if kind == SPLIT:
                entering = sent[steps[step, 2]]
                at = table_at[step] + table_start(most_first[step], entering)
            stream += GAMMA
            if photons + entering == 0 and not (is_given and occupations[i, output] > 0):
                width -= kind != SPLIT
                continue
            total = weigh_grades(state, width, photons, below, weights)
            if is_given:
                count, probability = np.int64(occupations[i, output]), 0.0
                if count <= photons + entering:
                    probability = _chance(weights, photons, entering, count, tables, at)
            else:
                threshold = uniform(stream) * total
                count, probability = _draw(weights, photons, entering, tables, at, threshold)
                occupations[i, output] = count
            if probability == 0.0:
                log_prob = -np.inf
                break
            if len(log_probs) > 0:
                log_prob += math.log(probability / total)
            scale = 1.0 / math.sqrt(probability)
            if kind == SPLIT:
                keep_split(state, width, photons, entering, count, scale, tables, at, below)
            else:
                keep_measured(state, width, photons, count, scale, below)
                width -= 1
            photons += entering - count
        if len(log_probs) > 0:
            log_probs[i] = log_prob


class WalkSampler:
    """Exact samples of one interferometer by walks through it.

    It uses fewer threads than `num_threads` if their states would not fit.

    Raises:
      ValueError: if a walk might need more than 4 GiB.
    """

    def __init__(
        self,
        unitary: np.ndarray,
        input_state: np.ndarray,
        shape: WalkShape,
        num_threads: int | None,
    ):
        if shape.num_bytes > MAX_WALK_BYTES:
            raise ValueError(
                f"Method 'loop' keeps up to {shape.width} modes here, whose "
                f"{input_state.sum()} photons have up to {shape.amplitudes:.4g} amplitudes: "
                f"that takes {readable_bytes(shape.num_bytes)}; legal is at most "
                f"{readable_bytes(MAX_WALK_BYTES)}. Shorter loops, fewer photons or method "
                "'glynn' take less."
            )
        steps, numbers = plan_walk(unitary, input_state, shape.order)
        amplitudes = shape.amplitudes
        spare = MAX_WALK_BYTES - shape.num_bytes
        self._num_threads = num_threads
        self._most_threads = 1 + spare // (AMPLITUDE_BYTES * amplitudes)
        self._least = math.ceil(CHUNK_SECONDS / walk_seconds(shape, 1))
        photons = int(input_state.sum())
        table_at, most_first, tables, size, entered = [], [], [], 0, 0
        for (kind, first, second), (cos, sin) in zip(steps, np.real(numbers), strict=True):
            table_at.append(size)
            most_first.append(entered)
            if kind == SPLIT:
                entering = int(input_state[second]) if second < len(input_state) else 0
                table = np.empty(table_start(entered, entering + 1), np.float64)
                fill_splitter_table(cos, sin, entered, entering, table)
                tables.append(table)
                size += len(table)
                entered += entering
            elif kind == LET_IN and first < len(input_state):
                entered += int(input_state[first])
        self._buffers = (
            steps,
            numbers,
            np.array(table_at, np.int64),
            np.array(most_first, np.int64),
            np.concatenate([np.empty(0), *tables]),
            balanced_splitters(photons),
            ways_below(shape.width, photons),
            amplitudes,
            input_state,
        )

    def walk(
        self, key, start, photons_per_sample, rows, log_probs, used, *, is_given=False
    ) -> None:
        """Fills the outputs, or with `is_given` the log-probabilities of the rows.

        key: uint64, of the streams. rows: uint8 `[batch, modes]`, zeros, or what was counted.
        photons_per_sample: int64 `[batch]`, or None for all photons. log_probs: float64 `[batch]`
        and used: bool `[batch, photons]`, or empty.
        """
        kept = np.empty(0, np.int64) if photons_per_sample is None else photons_per_sample

        def draw(first, last):
            walk_range(
                *self._buffers, kept, key, start, is_given, first, last, rows, log_probs, used
            )

        threads = min(check_num_threads(self._num_threads), self._most_threads)
        run_chunks(draw, len(rows), threads, self._least)
