"""Two-mode correlators and the signature that their distribution leaves.

    C_ij = <n_i n_j> - <n_i><n_j> ,  i < j

Over all pairs, with moments m_k = mean of C_ij^k, n photons and m modes:

    normalised mean            NM = m_1 m^2 / n
    coefficient of variation   CV = sqrt(m_2 - m_1^2) / m_1
    skewness                   S  = (m_3 - 3 m_1 m_2 + 2 m_1^3) / (m_2 - m_1^2)^(3/2)

Identical and distinguishable photons differ in all three, and one circuit of many modes is near
the average over all. A uniform loss eta multiplies every C_ij by eta^2, so CV and S do not see it,
and NM, with n the photons that are detected, is multiplied by eta.

Finite data: a measured correlator is C + e with Var e = v, so that m_2 and m_3 are too large by
the means of v and of 3 C v on average. `signature` takes these off.

Reference: Walschaers, Kuipers, Urbina, Mayer, Tichy, Richter, Buchleitner, "Statistical benchmark
for BosonSampling", New Journal of Physics 18, 032001 (2016).
"""

import itertools
import math
from typing import NamedTuple

import numpy as np

from qlatent_tf.quantum import random_streams
from qlatent_tf.quantum.devices.count_law import CountLaw
from qlatent_tf.quantum.devices.moments import photon_moments
from qlatent_tf.quantum.memory import check_memory
from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.samplers.distinguishable import DistinguishableSampler
from qlatent_tf.quantum.unitaries import haar_unitary, loop_unitary

MAX_ENUMERATION = 20_000_000
_GROUPS, _RESAMPLES = 100, 200  # of the bootstrap
_ROUNDING = 1e-25  # of a probability that is 0, the square of an amplitude


class Signature(NamedTuple):
    """The three numbers above; NaN where one is not defined."""

    normalised_mean: float
    coefficient_of_variation: float
    skewness: float


class MeasuredCorrelators(NamedTuple):
    """Correlators of samples with their statistical errors.

    Attributes:
      mean: float64 array, shape (modes,).
      covariance: float64 array, shape (modes, modes).
      noise: float64 array, shape (pairs,). The variance of each C_ij, i < j, by bootstrap.
      signature: Signature, corrected for the noise.
      errors: Signature. The standard errors by bootstrap.
    """

    mean: np.ndarray
    covariance: np.ndarray
    noise: np.ndarray
    signature: Signature
    errors: Signature


def pairs(covariance: np.ndarray) -> np.ndarray:
    """Returns the entries above the diagonal, row by row, shape (modes (modes - 1) / 2,)."""
    return covariance[np.triu_indices(len(covariance), 1)]


def signature(covariance: np.ndarray, photons: float, noise=0.0) -> Signature:
    """Returns the signature of a covariance matrix.

    Args:
      covariance: float array, shape (modes, modes).
      photons: float. The mean number of photons that are detected.
      noise: float array, shape (pairs,), or 0. The variance of each measured correlator.
    """
    values = pairs(covariance)
    if not len(values):
        return Signature(math.nan, math.nan, math.nan)
    first = values.mean()
    second = np.mean(values**2 - noise)
    third = np.mean(values**3 - 3 * values * noise)
    variance = second - first**2
    # Equal correlators leave a variance of rounding errors, whose skewness means nothing.
    if variance <= 1e-20 * max(second, 1e-300):
        variance = math.nan
    return Signature(
        float(first * len(covariance) ** 2 / photons) if photons else math.nan,
        float(np.sqrt(variance) / first) if first else math.nan,
        float((third - 3 * first * second + 2 * first**3) / variance**1.5),
    )


def measure_correlators(rows, *, seed: int = 0) -> MeasuredCorrelators:
    """Returns the correlators of samples in one pass of bounded memory, with bootstrap errors.

    The shots are dealt at random to a hundred groups, and groups are drawn with replacement, two
    hundred times: the errors hold for independent shots, in whatever order the file lists them.
    That of the skewness is on the safe side, by a quarter at 2,000 shots of 8 modes.

    Raises:
      ValueError: if the modes are so many that memory cannot hold the correlators of all resamples.
    """
    groups, modes = min(_GROUPS, len(rows)), rows.shape[1]
    # Of each resample its covariance, its pairs, and what is computed of these.
    matrices = groups + 2.5 * _RESAMPLES
    check_memory(int(matrices * 8 * modes**2), f"The correlators of {modes:,} modes")
    counts, sums, products = _grouped_sums(rows, groups, seed)
    mean, covariance = _moments(np.ones(len(counts)), counts, sums, products)
    weights = np.random.default_rng(seed).multinomial(
        len(counts), np.full(len(counts), 1 / len(counts)), size=_RESAMPLES
    )
    replicates = [_moments(weight, counts, sums, products) for weight in weights]
    noise = np.var([pairs(replicate) for _, replicate in replicates], axis=0)
    # A replicate deviates from the samples as they do from the truth: it carries the noise twice.
    spread = np.std(
        [signature(replicate, total.sum(), 2 * noise) for total, replicate in replicates], axis=0
    )
    return MeasuredCorrelators(
        mean, covariance, noise, signature(covariance, mean.sum(), noise), Signature(*spread)
    )


def predicted_moments(
    unitary: np.ndarray,
    input_state: np.ndarray,
    *,
    identical: bool,
    totals: np.ndarray | None = None,
    collision_free: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the exact mean, shape (modes,), and covariance, (modes, modes), behind a circuit.

    Photons are `identical` or distinguishable, and all modes share the loss. It decides how many
    photons arrive, and so does a post-selection on their number, but not where they go: the share
    of shots with each total, `totals`, shape (photons + 1,), says all that there is to know of
    both. By default all photons arrive. With `collision_free`, only shots are kept with all photons
    in different modes.

    Raises:
      ValueError: if the collision-free outcomes are too many to be listed, or photons are lost.
    """
    input_state, modes = np.asarray(input_state), len(unitary)
    photons = int(input_state.sum())
    arrived = np.eye(photons + 1)[-1] if totals is None else np.asarray(totals)
    if collision_free and arrived[-1] != 1:
        raise ValueError(
            "The moments of collision-free shots are those without loss; received "
            f"{1 - arrived[-1]:.2%} of shots that lack photons."
        )
    if not collision_free:
        dark_counts = np.eye(1, modes + 1)
        law = CountLaw(np.outer(arrived, dark_counts), acceptance=1.0)
        return photon_moments(unitary, input_state, float(identical), np.ones(modes), law)
    outcomes, probabilities, _ = collision_free_law(unitary, input_state, identical=identical)
    mean = probabilities @ outcomes
    covariance = (outcomes.T * probabilities) @ outcomes - np.outer(mean, mean)
    return mean, covariance


class AlwaysCollideError(ValueError):
    """Behind a circuit, photons of a kind are never apart."""


def collision_free_law(
    unitary: np.ndarray, input_state: np.ndarray, *, identical: bool
) -> tuple[np.ndarray, np.ndarray, float]:
    """Returns the distribution of the outcomes with at most one photon a mode, given such one.

    Returns:
      uint8 array, shape (outcomes, modes); float64 array, shape (outcomes,), of sum 1; and the
      probability that an outcome is collision-free.

    Raises:
      AlwaysCollideError: if the circuit leaves none, as a balanced splitter of two photons.
      ValueError: if there are none, or too many to be listed.
    """
    modes, photons = len(unitary), int(np.sum(input_state))
    if photons > modes:
        raise ValueError(f"{photons} photons in {modes} modes collide in every outcome.")
    if not can_enumerate_collision_free(modes, photons):
        raise ValueError(
            f"{photons} photons in {modes} modes have {math.comb(modes, photons)} collision-free "
            "outcomes, which are too many to be listed."
        )
    chosen = np.array(list(itertools.combinations(range(modes), photons)), int)
    outcomes = np.zeros((len(chosen), modes), np.uint8)
    np.put_along_axis(outcomes, chosen, 1, axis=1)
    probabilities = np.exp(photon_law(unitary, input_state, identical)(outcomes))
    apart = float(probabilities.sum())
    if apart < _ROUNDING:
        kind = "identical" if identical else "distinguishable"
        raise AlwaysCollideError(
            f"Behind this circuit {photons} {kind} photons collide in every shot."
        )
    return outcomes, probabilities / apart, apart


def can_enumerate_collision_free(modes: int, photons: int) -> bool:
    """Returns whether `collision_free_law` takes seconds at most."""
    return photons <= modes and enumeration_steps(modes, photons) <= MAX_ENUMERATION


def enumeration_steps(modes: int, photons: int) -> int:
    """Returns how many terms `collision_free_law` sums."""
    return math.comb(modes, photons) * (photons + 1) * 2**photons


def circuit_signatures(
    input_state: np.ndarray,
    *,
    identical: bool,
    interferometer: str = "haar",
    totals: np.ndarray | None = None,
    collision_free: bool = False,
    circuits: int = 100,
    seed: int = 0,
) -> np.ndarray:
    """Returns the exact signatures of random circuits: what to expect from an unknown one.

    Each circuit has a seed of its own, derived from `seed`, and is Haar random or, where
    `interferometer` lists delays such as "1-1", a loop interferometer. For the other arguments see
    `predicted_moments`.

    Returns:
      float64 array, shape (circuits, 3): a Signature in each row.
    """
    modes = len(input_state)
    result = np.empty((circuits, 3))
    for number in range(circuits):
        circuit = int(np.random.SeedSequence((seed, number)).generate_state(1)[0])
        if interferometer == "haar":
            unitary = haar_unitary(modes, circuit)
        else:
            unitary = loop_unitary(modes, interferometer, seed=circuit)
        mean, covariance = predicted_moments(
            unitary,
            input_state,
            identical=identical,
            totals=totals,
            collision_free=collision_free,
        )
        result[number] = signature(covariance, mean.sum())
    return result


def photon_law(unitary, input_state, identical: bool):
    """Returns the function from outcomes to log-probabilities of one kind of photons."""
    if identical:
        return BosonSampler(unitary, input_state, method="glynn").log_prob
    return DistinguishableSampler(unitary, input_state).log_prob


def _grouped_sums(rows, groups: int, seed: int):
    """Returns, for each group of shots, its size, sum of rows and sum of outer products."""
    modes = rows.shape[1]
    counts, sums = np.zeros(groups), np.zeros((groups, modes))
    products = np.zeros((groups, modes, modes))
    for start, block in sample_rows.blocks(rows):
        dealt = random_streams.uniforms(seed, "bootstrap groups", len(block), 1, start=start)
        owners = (dealt[:, 0] * groups).astype(np.int64)
        order = np.argsort(owners, kind="stable")
        ends = np.searchsorted(owners[order], np.arange(groups + 1))
        block = block[order].astype(np.float64)
        for group in range(groups):
            part = block[ends[group] : ends[group + 1]]
            counts[group] += len(part)
            sums[group] += part.sum(axis=0)
            products[group] += part.T @ part
    return counts, sums, products


def _moments(weights, counts, sums, products) -> tuple[np.ndarray, np.ndarray]:
    shots = max(weights @ counts, 1.0)
    mean = weights @ sums / shots
    return mean, np.tensordot(weights, products, axes=1) / shots - np.outer(mean, mean)
