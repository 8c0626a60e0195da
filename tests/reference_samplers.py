"""Two samplers in plain NumPy that draw the same random numbers as the fast kernels.

They give the same samples one by one: the Clifford-Clifford algorithm spelt out, and conditional
laws.

Reference: Clifford, Clifford, "Faster classical boson sampling", arXiv:2005.04214.
"""

import itertools
import math

import numpy as np

from qlatent_tf.quantum.random_streams import GAMMA, mix64_int, stream_key
from qlatent_tf.quantum.reference import outcomes, permanent_ryser, probability


def permanent_by_definition(matrix: np.ndarray):
    """Returns `sum over permutations s of prod_i matrix[i, s(i)]`."""
    order = len(matrix)
    return sum(
        math.prod(matrix[i, permutation[i]] for i in range(order))
        for permutation in itertools.permutations(range(order))
    )


class Stream:
    """The random numbers of one sample, in Python integers."""

    def __init__(self, seed: int, purpose: str, index: int):
        key = int(stream_key(seed, purpose))
        self.state = mix64_int((key + (index + 1) * int(GAMMA)) % 2**64)

    def uniform(self) -> float:
        """Returns the next number in [0, 1)."""
        self.state = (self.state + int(GAMMA)) % 2**64
        return (mix64_int(self.state) >> 11) * 2.0**-53

    def permutation(self, size: int) -> list[int]:
        """Returns a uniformly random permutation (Fisher-Yates, last place first)."""
        order = list(range(size))
        for last in range(size - 1, 0, -1):
            other = int(self.uniform() * (last + 1))
            order[last], order[other] = order[other], order[last]
        return order


def sample(
    unitary: np.ndarray, input_state, seed: int, index: int, photons: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Draws one sample with the Clifford-Clifford algorithm.

    Photon by photon, the k-th one is put into mode r with probability proportional to
    `|Per(U[(r_1 .. r_{k-1}, r), first k of the shuffled columns])|^2`. `index` is the number of the
    sample under the seed; `photons` are those that survive, None for all.

    Returns:
      int64 array, shape `[modes]`, the outcome; and bool array, shape `[photons of the input]`,
      which photons were used, listed mode by mode.
    """
    modes = len(unitary)
    columns = np.repeat(unitary, input_state, axis=1)
    stream = Stream(seed, "boson", index)
    order = stream.permutation(columns.shape[1])
    sent = columns.shape[1] if photons is None else photons
    drawn: list[int] = []
    for k in range(1, sent + 1):
        weights = np.array(
            [
                abs(permanent_ryser(columns[np.ix_([*drawn, mode], order[:k])])) ** 2
                for mode in range(modes)
            ]
        )
        cumulative = np.cumsum(weights)
        threshold = stream.uniform() * cumulative[-1]
        drawn.append(min(int(np.searchsorted(cumulative, threshold, side="right")), modes - 1))
    used = np.zeros(columns.shape[1], bool)
    used[order[:sent]] = True
    return np.bincount(np.array(drawn, np.int64), minlength=modes), used


def sample_by_outputs(
    unitary: np.ndarray, input_state, order, seed: int, index: int, photons: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Draws one sample output by output, each from its law given the counts before.

    `order`, shape `[modes]`, lists the outputs as they are counted; all else is as for `sample`.
    """
    modes = len(unitary)
    stream = Stream(seed, "boson loop", index)
    source = np.repeat(np.arange(modes), input_state)
    used = np.ones(len(source), bool)
    if photons is not None and photons < len(source):
        for photon in range(len(source)):
            missing = photons - used[:photon].sum()
            used[photon] = stream.uniform() * (len(source) - photon) < missing
    sent = np.bincount(source[used], minlength=modes)
    possible = outcomes(modes, int(sent.sum()))
    law = np.array([probability(unitary, sent, outcome) for outcome in possible])
    for output in order:
        counts = np.bincount(possible[:, output], weights=law)
        cumulative = np.cumsum(counts / counts.sum())
        count = int(np.searchsorted(cumulative, stream.uniform(), side="right"))
        chosen = possible[:, output] == count
        possible, law = possible[chosen], law[chosen]
    return possible[0], used
