"""Tests that need the probability of each outcome: likelihood ratio and total variation."""

import math
from typing import NamedTuple

import numpy as np

from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.samplers.distinguishable import DistinguishableSampler
from qlatent_tf.quantum.samplers.fock_table import exact_distribution, num_outcomes
from qlatent_tf.quantum.verification import correlators

MAX_OUTCOMES = 1_000_000
# One shot of so many photons costs about a second for each of the two laws.
MAX_LIKELIHOOD_PHOTONS = 25
_NULL_DRAWS = 20


class LikelihoodRatio(NamedTuple):
    """The evidence of single shots for identical against distinguishable photons.

    Attributes:
      log_ratios: float64 array, shape (shots,). log p_boson - log p_distinguishable of each.
      skipped: int. Shots that were read and could not be used: not all photons were detected.
      impossible: int. Shots of probability zero under both hypotheses, which say nothing.
    """

    log_ratios: np.ndarray
    skipped: int
    impossible: int

    @property
    def confidence(self) -> float:
        """The posterior probability of identical photons, starting from one half."""
        return posterior(float(self.log_ratios.sum()))

    def shots_needed(self, confidence: float = 0.99) -> int | None:
        """Returns after how many shots the posterior leaves [1 - confidence, confidence] for good.

        None: it is still inside at the last one.
        """
        bound = math.log(confidence / (1 - confidence))
        inside = np.flatnonzero(np.abs(np.cumsum(self.log_ratios)) < bound)
        if not len(self.log_ratios) or (len(inside) and inside[-1] == len(self.log_ratios) - 1):
            return None
        return int(inside[-1]) + 2 if len(inside) else 1


class TotalVariation(NamedTuple):
    """Half the sum of |frequency - probability| over all outcomes.

    Attributes:
      measured: float. Between the samples and the law.
      expected: float. The same for as many perfect samples of the law: what shot noise leaves.
    """

    measured: float
    expected: float


def posterior(log_ratio: float) -> float:
    """Returns 1 / (1 + exp(-log_ratio)), without overflow."""
    return float(np.exp(-np.logaddexp(0.0, -log_ratio)))


def likelihood_ratio(
    rows,
    unitary: np.ndarray,
    input_state: np.ndarray,
    *,
    max_shots: int | None = None,
    collision_free: bool = False,
) -> LikelihoodRatio:
    """Weighs identical against distinguishable photons, shot by shot.

    A shot with outcome t multiplies the odds by p_boson(t) / p_distinguishable(t). Each of the
    two probabilities costs a permanent, so few shots are taken where photons are many.

    Args:
      rows: array-like, shape (shots, modes).
      unitary: complex array, shape (modes, modes).
      input_state: int array, shape (modes,).
      max_shots: int. Shots to weigh, in the order of the file. Default: 2000, and fewer where
        they would take more than about a minute.
      collision_free: bool. Whether shots with collisions were discarded: the two laws are then
        compared given that there is none.

    Raises:
      ValueError: if the photons are more than 25.

    Reference:
      Bentivegna, Spagnolo, Vitelli, Brod, Crespi, Flamini, Ramponi, Mataloni, Osellame, Galvao,
      Sciarrino, "Bayesian approach to boson sampling validation", International Journal of
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
    parts, wanted, skipped = [], max_shots, 0
    for _, block in sample_rows.blocks(rows):
        usable = np.flatnonzero(block.sum(axis=1) == photons)[:wanted]
        wanted -= len(usable)
        skipped += (len(block) if wanted else usable[-1] + 1) - len(usable)
        parts.append(block[usable].astype(np.int64))
        if not wanted:
            break
    shots = np.concatenate(parts)
    boson = BosonSampler(unitary, input_state, method="glynn").log_prob(shots)
    classical = DistinguishableSampler(unitary, input_state).log_prob(shots)
    if collision_free:
        for law, identical in ((boson, True), (classical, False)):
            kept = correlators.collision_free_law(unitary, input_state, identical=identical)[2]
            law -= math.log(kept)
    possible = (boson > -np.inf) | (classical > -np.inf)
    return LikelihoodRatio(
        boson[possible] - classical[possible], int(skipped), int((~possible).sum())
    )


def can_compare_outcomes(modes: int, photons: int) -> bool:
    """Returns whether all outcomes of a system are few enough for `total_variation`."""
    return num_outcomes(modes, photons) <= MAX_OUTCOMES and photons <= 12


def total_variation(
    rows,
    unitary: np.ndarray,
    input_state: np.ndarray,
    *,
    identical: bool,
    collision_free: bool = False,
    seed: int = 0,
) -> TotalVariation:
    """Compares the frequencies of all outcomes with the exact law.

    Shots in which not all photons were detected are left out.

    Args:
      rows: array-like, shape (shots, modes).
      unitary: complex array, shape (modes, modes).
      input_state: int array, shape (modes,).
      identical: bool. Whether the law is that of identical or of distinguishable photons.
      collision_free: bool. Whether shots with collisions were discarded.
      seed: int. Of the perfect samples that the result is compared with.

    Raises:
      ValueError: if the outcomes are too many to be listed, or no shot holds all photons.
    """
    modes, photons = len(unitary), int(np.sum(input_state))
    if not can_compare_outcomes(modes, photons):
        raise ValueError(
            f"{photons} photons in {modes} modes have {num_outcomes(modes, photons)} outcomes; "
            f"legal are up to {MAX_OUTCOMES} outcomes and 12 photons."
        )
    outcomes, law = exact_distribution(unitary, input_state, max_bytes=2**31)
    if not identical:
        law = np.exp(DistinguishableSampler(unitary, input_state).log_prob(outcomes))
    if collision_free:
        law = np.where(outcomes.max(axis=1) <= 1, law, 0.0)
    law = law / law.sum()
    frequencies = np.zeros(len(law))
    for _, block in sample_rows.blocks(rows):
        whole = block[block.sum(axis=1) == photons].astype(np.int64)
        frequencies += np.bincount(colex_rank(whole, photons), minlength=len(law))
    shots = int(frequencies.sum())
    if not shots:
        raise ValueError(f"No shot holds {photons} photons.")
    draws = np.random.default_rng(seed).multinomial(shots, law, size=_NULL_DRAWS)
    return TotalVariation(
        float(0.5 * np.abs(frequencies / shots - law).sum()),
        float(0.5 * np.abs(draws / shots - law).sum(axis=1).mean()),
    )


def colex_rank(outcomes: np.ndarray, photons: int) -> np.ndarray:
    """Returns the place of each outcome in the list of `exact_distribution`.

    The sorted modes p_0 <= p_1 <= ... of an outcome's photons have rank
    sum_j C(p_j + j, j + 1).

    Args:
      outcomes: int array, shape (batch, modes), of row sum `photons`.
      photons: int.

    Returns:
      int64 array, shape (batch,).
    """
    batch, modes = outcomes.shape
    places = np.repeat(np.tile(np.arange(modes), batch), outcomes.ravel()).reshape(batch, photons)
    binomials = np.array(
        [[math.comb(p + j, j + 1) for p in range(modes)] for j in range(photons)], np.int64
    ).reshape(photons, modes)
    return binomials[np.arange(photons), places].sum(axis=1)
