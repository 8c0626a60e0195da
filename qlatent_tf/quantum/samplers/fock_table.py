"""The whole distribution of a small interferometer: every outcome and its probability.

Permanents of all multisets of k modes from those of k - 1, one photon (column) at a time:

    P_k(t) = sum_{i: t_i > 0} t_i U[i, column k] P_{k-1}(t - e_i) ,   P_0 = 1
    probability(t) = |P_n(t)|^2 / (prod t_i! prod s_j!)

Outcomes stand in colexicographic order: the multiset of sorted modes p_0 <= ... <= p_{k-1} has
rank `sum_j C(p_j + j, j + 1)`, so t - e_i is found by arithmetic instead of by search.

Reference: Heurtel, Mansfield, Senellart, Valiron, "Strong simulation of linear optical
processes", arXiv:2206.10549.
"""

import math

import numpy as np

from qlatent_tf.checks import check_count, check_flag
from qlatent_tf.quantum.arguments import check_input_state, check_sample_range, check_unitary
from qlatent_tf.quantum.compiled import kernel
from qlatent_tf.quantum.kernels.alias_table import MAX_TABLE_OUTCOMES, alias_index, alias_records
from qlatent_tf.quantum.memory import check_memory, readable_bytes
from qlatent_tf.quantum.random_streams import stream_key, stream_state
from qlatent_tf.quantum.threads import check_num_threads, run_chunks

DEFAULT_MAX_TABLE_BYTES = 2**29
MAX_TABLE_PHOTONS = 80  # (n!)^2, the largest squared permanent, is a float64
OUTCOMES_PER_CHUNK = 2048
SAMPLES_PER_CHUNK = 4096
SAMPLES_PER_BLOCK = 8192


@kernel
def _unrank(rank, modes, photons, binomials, positions):
    """Writes the sorted modes of the multiset with a colex rank."""
    value = modes + photons - 2
    for j in range(photons, 0, -1):
        while binomials[value, j] > rank:
            value -= 1
        rank -= binomials[value, j]
        positions[j - 1] = value - (j - 1)
        value -= 1


@kernel
def _next_multiset(positions, photons):
    """Moves to the colex successor; returns the highest place that changed."""
    place = np.int64(0)
    while place < photons - 1 and positions[place] == positions[place + 1]:
        place += 1
    positions[place] += 1
    for below in range(place):
        positions[below] = 0
    return place


@kernel(fastmath=True)
def _add_photon(column, photons, binomials, previous, first, last, current):
    """P_k of the ranks first .. last - 1 from P_{k-1}; `photons` is k."""
    modes = len(column)
    positions = np.zeros(photons + 1, np.int64)
    rank_below = np.zeros(photons + 1, np.int64)  # [j]: sum over i < j of C(p_i + i, i + 1)
    _unrank(first, modes, photons, binomials, positions)
    for j in range(photons):
        rank_below[j + 1] = rank_below[j] + binomials[positions[j] + j, j + 1]
    for rank in range(first, last):
        amplitude = 0.0j
        rank_above = np.int64(0)  # of the places above the removed one, each moved down by one
        j = photons - 1
        while j >= 0:
            mode = positions[j]
            removed_rank = rank_below[j] + rank_above
            copies = 0.0
            while j >= 0 and positions[j] == mode:
                rank_above += binomials[mode + j - 1, j]
                copies += 1.0
                j -= 1
            amplitude += copies * column[mode] * previous[removed_rank]
        current[rank] = amplitude
        place = _next_multiset(positions, photons)
        if positions[photons - 1] < modes:
            for j in range(place + 1):
                rank_below[j + 1] = rank_below[j] + binomials[positions[j] + j, j + 1]
            for j in range(place + 1, photons):
                rank_here = rank_below[j] + binomials[positions[j] + j, j + 1]
                if rank_below[j + 1] == rank_here:
                    break
                rank_below[j + 1] = rank_here


@kernel
def _finish(amplitudes, photons, factor, binomials, factorials, first, last, table, law):
    """Occupations and probabilities of the ranks first .. last - 1."""
    modes = table.shape[1]
    positions = np.zeros(photons + 1, np.int64)
    _unrank(first, modes, photons, binomials, positions)
    for rank in range(first, last):
        for mode in range(modes):
            table[rank, mode] = 0
        weight = factor * (amplitudes[rank].real ** 2 + amplitudes[rank].imag ** 2)
        j = np.int64(0)
        while j < photons:
            mode = positions[j]
            count = np.int64(0)
            while j < photons and positions[j] == mode:
                count += 1
                j += 1
            table[rank, mode] = count
            weight /= factorials[count]
        law[rank] = weight
        _next_multiset(positions, photons)


@kernel
def _pick_outcomes(records, key, first, picked):
    """The outcomes of samples number first, first + 1, ... by the alias method."""
    for i in range(len(picked)):
        picked[i] = alias_index(records, stream_state(key, first + i))


def num_outcomes(modes: int, photons: int) -> int:
    """Returns the number of ways to put `photons` photons into `modes` modes."""
    return math.comb(modes + photons - 1, photons)


def table_bytes(modes: int, photons: int) -> int:
    """Returns the most memory that building a `FockTable` takes at any moment, in bytes.

    Per outcome: `modes` for the occupations and at most 32 for what is needed at one time of
    amplitudes (two levels of 16), probabilities (8), alias records (8) and their building (12).
    """
    return num_outcomes(modes, photons) * (modes + 32) + 8 * (modes + photons + 1) * (photons + 2)


def exact_distribution(
    unitary,
    input_state,
    *,
    identical: bool = True,
    max_bytes: int = DEFAULT_MAX_TABLE_BYTES,
    num_threads: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns every outcome and its probability.

    With U_t the columns of the unitary that photons enter, row i taken t_i times, and s_j photons
    in mode j, an outcome t has the probability |Per(U_t)|^2 / (prod t_i! prod s_j!). Photons that
    are distinguishable have the permanents of the squared moduli, Per(|U_t|^2) / prod t_i!.

    Args:
      unitary: complex array-like, shape `[modes, modes]`.
      input_state: integers, shape `[modes]`. Photons sent into each mode.
      identical: bool. Whether the photons interfere.
      max_bytes: int. A table that needs more memory is refused.
      num_threads: int. Threads to use, None for all.

    Returns:
      uint8 array, shape `[outcomes, modes]`, the occupations in colex order; and float64 array,
      shape `[outcomes]`, their probabilities.

    Raises:
      ValueError: if the unitary or the input state is not one, the table is too large, or the
        photons are more than 80.

    Reference: Heurtel et al., "Strong simulation of linear optical processes", arXiv:2206.10549.
    """
    unitary = check_unitary(unitary)
    modes = len(unitary)
    input_state = check_input_state(input_state, modes)
    identical = check_flag(identical, "identical")
    max_bytes = check_count(max_bytes, "max_bytes")
    num_threads = check_num_threads(num_threads)
    photons = int(input_state.sum())
    needed, outcomes = table_bytes(modes, photons), num_outcomes(modes, photons)
    if needed > max_bytes or outcomes > MAX_TABLE_OUTCOMES:
        raise ValueError(
            f"The table of {photons} photons in {modes} modes has {outcomes:,} outcomes and needs "
            f"{readable_bytes(needed)}; legal is at most {readable_bytes(max_bytes)} and "
            f"{MAX_TABLE_OUTCOMES:,} outcomes. Choose method 'lanes' or 'glynn', or raise the "
            "limit."
        )
    check_memory(needed, f"The tables of {photons} photons in {modes} modes")
    if photons > MAX_TABLE_PHOTONS:
        raise ValueError(f"A table holds up to {MAX_TABLE_PHOTONS} photons; received {photons}.")
    binomials = _binomials(modes, photons)
    scale = math.sqrt(modes)  # keeps amplitudes near 1: |U| is about 1 / sqrt(modes)
    matrix = unitary * scale if identical else np.abs(unitary * scale) ** 2 + 0j
    amplitudes = np.ones(1, np.complex128)
    for k, mode in enumerate(np.repeat(np.arange(modes), input_state), start=1):
        column = np.ascontiguousarray(matrix[:, mode])
        current = np.empty(num_outcomes(modes, k), np.complex128)

        def add_photon(first, last, k=k, column=column, previous=amplitudes, current=current):
            _add_photon(column, k, binomials, previous, first, last, current)

        run_chunks(add_photon, len(current), num_threads, OUTCOMES_PER_CHUNK)
        amplitudes = current
    factorials = np.array([math.factorial(count) for count in range(photons + 1)], np.float64)
    factor = 1.0 / float(modes) ** photons
    if identical:
        factor /= np.prod(factorials[input_state])
    else:  # probabilities by now, of which squares are taken
        amplitudes = np.sqrt(amplitudes.real).astype(np.complex128)
    table = np.empty((outcomes, modes), np.uint8)
    law = np.empty(outcomes, np.float64)

    def finish(first, last):
        _finish(amplitudes, photons, factor, binomials, factorials, first, last, table, law)

    run_chunks(finish, outcomes, num_threads, OUTCOMES_PER_CHUNK)
    return table, law


def _binomials(modes: int, photons: int) -> np.ndarray:
    """Returns C(i, j), int64, shape `[modes + photons, photons + 2]`.

    Ranks are sums of C(p + j, j + 1) with modes p, each at most the number of outcomes. The others,
    which may exceed int64, stay 0.
    """
    binomials = np.zeros((modes + photons, photons + 2), np.int64)
    for j in range(1, photons + 1):
        for i in range(j, modes + j - 1):
            binomials[i, j] = math.comb(i, j)
    return binomials


class FockTable:
    """Exact sampling of one circuit from the table of all its outcomes.

    Arguments and errors are those of `exact_distribution`, of identical photons.

    Attributes:
      occupations: uint8 array, shape `[outcomes, modes]`, in colex order.
      probabilities: float64 array, shape `[outcomes]`.
    """

    def __init__(
        self,
        unitary,
        input_state,
        *,
        max_bytes: int = DEFAULT_MAX_TABLE_BYTES,
        num_threads: int | None = None,
    ):
        self._num_threads = num_threads
        self.occupations, self.probabilities = exact_distribution(
            unitary,
            input_state,
            max_bytes=max_bytes,
            num_threads=num_threads,
        )
        self._records = alias_records(self.probabilities)

    def sample(
        self, num_samples: int, seed: int, *, start: int = 0, log_probs: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns samples number start, start + 1, ..., uint8 array, shape `[num_samples, modes]`.

        Each depends on its number and the seed, taken modulo 2**64, alone. `log_probs`, float64
        `[num_samples]`, is filled in with their log-probabilities if it is given and not empty.
        """
        num_samples, start = check_sample_range(num_samples, start, self.occupations.shape[1])
        key = stream_key(seed, "boson table")
        rows = np.empty((num_samples, self.occupations.shape[1]), np.uint8)
        log_probs = np.empty(0) if log_probs is None else log_probs

        def draw(first, last):
            # Outcomes first, then rows: each loop keeps many cache misses in flight.
            for block in range(first, last, SAMPLES_PER_BLOCK):
                end = min(block + SAMPLES_PER_BLOCK, last)
                picked = np.empty(end - block, np.int64)
                _pick_outcomes(self._records, key, start + block, picked)
                np.take(self.occupations, picked, axis=0, out=rows[block:end], mode="clip")
                if len(log_probs):
                    log_probs[block:end] = np.log(self.probabilities[picked])

        run_chunks(draw, num_samples, self._num_threads, SAMPLES_PER_CHUNK)
        return rows
