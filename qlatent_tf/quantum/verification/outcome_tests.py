"""Tests that need the probability of each outcome: likelihood ratio and total variation."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from qlatent_tf.checks import check_count
from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.samplers.fock_table import exact_distribution, num_outcomes
from qlatent_tf.quantum.verification import correlators
from qlatent_tf.quantum.verification.chi_square import outcome_counts

MAX_TESTED_OUTCOMES = 1_000_000
MAX_TESTED_PHOTONS = 12
# One shot of so many photons costs about a second for each of the two distributions.
MAX_LIKELIHOOD_PHOTONS = 25
_NULL_DRAWS = 20


class LikelihoodRatio(NamedTuple):
    """The evidence of single shots for identical against distinguishable photons.

    Attributes:
      log_ratios: float64 array, shape (shots,). log p_boson - log p_distinguishable of each, in
        random order.
      skipped: int. Shots of the file in which not all photons were detected.
      impossible: int. Shots that no paths of single photons lead to, so that both hypotheses give
        them the probability zero; they say nothing.
    """

    log_ratios: np.ndarray
    skipped: int
    impossible: int

    @property
    def confidence(self) -> float:
        """The posterior probability of identical photons, starting from one half."""
        return float(expit(self.log_ratios.sum()))

    def shots_needed(self, confidence: float = 0.99) -> int | None:
        """Returns after how many shots the posterior leaves [1 - confidence, confidence] for good.

        None: it is still inside at the last one.

        Raises:
          ValueError: if the confidence is not between 0.5 and 1.
        """
        if not 0.5 < confidence < 1:
            raise ValueError(f"confidence is above 0.5 and below 1; received {confidence!r}.")
        bound = math.log(confidence / (1 - confidence))
        inside = np.flatnonzero(np.abs(np.cumsum(self.log_ratios)) < bound)
        if not len(self.log_ratios) or (len(inside) and inside[-1] == len(self.log_ratios) - 1):
            return None
        return int(inside[-1]) + 2 if len(inside) else 1


class TotalVariation(NamedTuple):
    """Half the sum of |frequency - probability| over all outcomes.

    Attributes:
      measured: float. Between the samples and the distribution.
      expected: float. The same for as many perfect samples of the law: what shot noise leaves.
    """

    measured: float
    expected: float


def likelihood_ratio(
    rows,
    unitary: np.ndarray,
    input_state: np.ndarray,
    *,
    max_shots: int | None = None,
    collision_free: bool = False,
    seed: int = 0,
) -> LikelihoodRatio:
    """Weighs identical against distinguishable photons, shot by shot.

    A shot with outcome t multiplies the odds by p_boson(t) / p_distinguishable(t). Each of the two
    probabilities costs a permanent: `max_shots` is 2000 by default, and fewer where these take more
    than about a minute. They are drawn under `seed` from all that hold all photons, for a file may
    be sorted. With `collision_free`, shots with collisions were discarded, and the distributions
    are compared given that there is none.

    Raises:
      ValueError: if the photons are more than 25, or `max_shots` is below 1.

    Reference: Bentivegna, Spagnolo, Vitelli, Brod, Crespi, Flamini, Ramponi, Mataloni, Osellame,
      Galvao, Sciarrino, "Bayesian approach to boson sampling validation", International Journal of
      Quantum Information 12, 1560028 (2014).
    """
    photons = int(np.sum(input_state))
    if photons > MAX_LIKELIHOOD_PHOTONS:
        raise ValueError(
            f"The likelihood of a shot sums 2^photons terms; legal are up to "
            f"{MAX_LIKELIHOOD_PHOTONS} photons, received {photons}."
        )
    if max_shots is None:
        max_shots = int(np.clip(2e9 / (max(photons, 1) * 2.0**photons), 20, 2000))
    max_shots = check_count(max_shots, "max_shots", least=1)
    shots, skipped = _some_shots(rows, photons, max_shots, seed)
    laws = []
    for identical in (True, False):
        laws.append(correlators.photon_law(unitary, input_state, identical)(shots))
        if collision_free:
            try:
                law = correlators.collision_free_law(unitary, input_state, identical=identical)
                laws[-1] -= math.log(law[-1])
            except correlators.AlwaysCollideError:
                laws[-1] = np.full(len(shots), -np.inf)
    boson, classical = laws
    # What is possible for waves has a path of particles.
    possible = classical > -np.inf
    return LikelihoodRatio(boson[possible] - classical[possible], skipped, int((~possible).sum()))


def _some_shots(rows, photons: int, most: int, seed: int) -> tuple[np.ndarray, int]:
    """Returns up to `most` of the shots with all photons, in random order; how many lack some."""
    random = np.random.default_rng(seed)
    count = sum(map(len, _whole_shots(rows, photons)))
    chosen = np.sort(random.choice(count, min(most, count), replace=False))
    parts, first = [], 0
    for block in _whole_shots(rows, photons):
        last = first + len(block)
        parts.append(block[chosen[(chosen >= first) & (chosen < last)] - first])
        first = last
    return random.permutation(np.concatenate(parts)), len(rows) - count


def _whole_shots(rows, photons: int) -> Iterator[np.ndarray]:
    """Yields the shots with all photons, block by block, as integers: files may hold floats."""
    for _, block in sample_rows.blocks(rows):
        yield block[block.sum(axis=1) == photons].astype(np.int64)


def can_compare_outcomes(modes: int, photons: int) -> bool:
    """Returns whether all outcomes of a system are few enough for `total_variation`."""
    return num_outcomes(modes, photons) <= MAX_TESTED_OUTCOMES and photons <= MAX_TESTED_PHOTONS


def total_variation(
    rows,
    unitary: np.ndarray,
    input_state: np.ndarray,
    *,
    identical: bool,
    collision_free: bool = False,
    seed: int = 0,
) -> TotalVariation:
    """Compares the frequencies of all outcomes with the exact distribution.

    Shots in which not all photons were detected are left out. `seed` is that of the perfect samples
    that the result is compared with.

    Raises:
      ValueError: if the outcomes are too many to be listed, or no shot holds all photons.
    """
    modes, photons = len(unitary), int(np.sum(input_state))
    if not can_compare_outcomes(modes, photons):
        raise ValueError(
            f"{photons} photons in {modes} modes have {num_outcomes(modes, photons)} outcomes; "
            f"legal are up to {MAX_TESTED_OUTCOMES} outcomes and {MAX_TESTED_PHOTONS} photons."
        )
    outcomes, law = exact_distribution(unitary, input_state, identical=identical, max_bytes=2**31)
    if collision_free:
        law = np.where(outcomes.max(axis=1) <= 1, law, 0.0)
    law = law / law.sum()
    frequencies = outcome_counts(_whole_shots(rows, photons), outcomes)
    shots = int(frequencies.sum())
    if not shots:
        raise ValueError(f"No shot holds {photons} photons.")
    draws = np.random.default_rng(seed).multinomial(shots, law, size=_NULL_DRAWS)
    return TotalVariation(
        float(0.5 * np.abs(frequencies / shots - law).sum()),
        float(0.5 * np.abs(draws / shots - law).sum(axis=1).mean()),
    )
