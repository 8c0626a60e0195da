"""Exact means and covariances of photon numbers and of clicks.

Notation: U is the unitary, s_j the photons sent into mode j, V the indistinguishability
(times k (k - 1) / (n (n - 1)) for pairs, where only k of n photons may interfere),
P_ij = |U_ij|^2.

**Photon numbers.** One photon gives the mean, two photons give every pair correlation. Two photons
that enter different modes j and l interfere with weight V; two that enter the same mode never do
more than repeat one another (they form a Fock state, and a photon that is distinguishable from
its neighbour still goes to mode i with probability P_ij):

    mu_i = E[n_i]            = sum_j s_j P_ij
    F_ik = E[n_i n_k] (i!=k) = sum_{j != l} s_j s_l (P_ij P_kl + V Re U_ij* U_kl* U_il U_kj)
    and F_ii = E[n_i (n_i-1)]   + sum_j s_j (s_j - 1) P_ij P_kj

With H = U diag(s) U^dag the double sums are

    F_ik = mu_i mu_k - sum_j s_j P_ij P_kj + V (|H_ik|^2 - sum_j s_j^2 P_ij P_kj)

Loss and dark counts: mode i keeps a photon with probability r_i after a loss common to all modes,
whose survivors k and dark counts d follow the distribution of `count_law`, post-selected or not. A
given photon, or pair of photons, survives with the factorial moments of k, and independently of
where it goes; the same holds for the modes that count in the dark.

**Clicks.** Mode i clicks unless it is silent; the covariance of two clicks is the covariance of two
silences. The probability that no photon is detected in a set S of modes is
E[prod_{i in S} (1 - eta_i)^{n_i}], the permanent of the identity minus

    L = sum_{i in S} eta_i u_i^dag u_i ,   u_i = row i of U at the input photons,

with off-diagonal entries weakened by x = sqrt(V), or by several values of x, see `overlaps`. L has
rank |S| <= 2, and the permanent of such a matrix is a Gaussian average: by Wick's theorem, for
independent standard complex normal g_i,

    Per(D - x L) = E_g prod_j (D_j - x |v_j|^2) ,   v_j = sum_i sqrt(eta_i) U_ij g_i ,

with D_j = 1 - (1 - x) L_jj; s_j photons in one mode put a Laguerre polynomial in place of the
factor:  sum_r C(s_j, r) D_j^{s_j - r} (-x |v_j|^2)^r / r!. The average is over |g_1|^2, |g_2|^2
(exponential) and their relative phase (uniform) of a polynomial of degree n in each, so Gauss-
Laguerre nodes and equidistant phases give it exactly, in polynomial time for any n. One mode needs
|g_1|^2 alone, and distinguishable photons, x = 0, no average at all.

Where shots are repeated until a post-selection keeps one, the means are sums over outcomes.

With threshold detectors the distribution of all click patterns is summed. With number-resolving
detectors behind different losses, the joint distribution of two modes' counts and the total is read
off the generating function G of `probabilities`: put z a in mode i, z b in mode k and z elsewhere,
multiply by the dark counts' (1 - p + p w) for each mode's weight w, and

    G(z, a, b) = sum P(total = N, n_i = s, n_k = t) z^N a^s b^t

is inverted by a Fourier transform over roots of unity in z, a and b.
"""

import itertools
import math

import numpy as np

from qlatent_tf.quantum.devices import second_photons
from qlatent_tf.quantum.devices.count_law import CountLaw
from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.quantum.devices.probabilities import (
    check_acceptance,
    check_size,
    click_table,
    generating_function,
)

PAIRS_PER_CHUNK = 64

MAX_STEPS = 2**31  # about ten seconds, or twenty for pairs of clicks


def photon_moments(
    unitary: np.ndarray,
    input_state: np.ndarray,
    indistinguishability: float,
    kept: np.ndarray,
    count_law: CountLaw,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean, `[modes]`, and covariance, `[modes, modes]`, of number-resolving detectors.

    `kept`, shape `[modes]`, is the probability that a photon is detected that survived the loss
    common to all modes; `count_law` is that of these survivors and of dark counts.
    """
    photons_in = input_state.astype(np.float64)
    one_photon = np.abs(unitary) ** 2
    mean_photons = one_photon @ photons_in
    coherence = np.abs((unitary * photons_in) @ unitary.conj().T) ** 2
    pairs = (
        np.outer(mean_photons, mean_photons)
        - (one_photon * photons_in) @ one_photon.T
        + indistinguishability * (coherence - (one_photon * photons_in**2) @ one_photon.T)
    )
    moment = count_law.factorial_moment
    detected = kept * mean_photons
    mean = detected * moment(1, 0) + moment(0, 1)
    second = (
        np.outer(kept, kept) * pairs * moment(2, 0)
        + (detected[:, None] + detected) * moment(1, 1)
        + moment(0, 2)
    )
    # In one mode, n^2 = n (n-1) + n, and a mode counts in the dark at most once.
    np.fill_diagonal(second, np.diagonal(second) - moment(0, 2) + mean)
    return mean, second - np.outer(mean, mean)


def click_mean(device) -> np.ndarray:
    """Returns the mean of the clicks, post-selection left out, without the work for pairs."""
    rows, photons_in = _rows(device)
    silent = _silence(rows, None, photons_in, device.overlaps)
    silent = silent * second_photons.silence(device, np.arange(device.modes))
    # What is certain or impossible is so: rounding errors would make a variance negative.
    return np.clip(1.0 - silent * (1.0 - device.dark_count_probability), 0.0, 1.0)


def click_covariance(device) -> np.ndarray:
    """Returns the covariance of the clicks, post-selection left out.

    Raises:
      NoClosedForm: if the device has more than about 50 photons that interfere, or sources of
        second photons that are dim.
    """
    rows, photons_in = _rows(device)
    nodes = (device.photons // 2 + 1) ** 2 * (device.photons + 1) * rows.shape[1]
    steps = math.comb(device.modes, 2) * nodes * sum(x != 0 for x, _ in device.overlaps)
    if steps > MAX_STEPS:
        raise NoClosedForm(
            f"The covariance of clicks of {device!r} takes {steps:.1e} steps; legal is up to "
            f"{MAX_STEPS:.1e}. Estimate it from samples."
        )
    first, second = np.triu_indices(device.modes, 1)
    pair_silent = _silence(rows[first], rows[second], photons_in, device.overlaps)
    pair_silent = pair_silent * second_photons.silence(device, first, second)
    mean = click_mean(device)
    covariance = np.diag(mean * (1.0 - mean))
    covariance[first, second] = pair_silent * (1.0 - device.dark_count_probability) ** 2
    covariance[first, second] -= (1.0 - mean[first]) * (1.0 - mean[second])
    covariance[second, first] = covariance[first, second]
    return covariance


def _rows(device) -> tuple[np.ndarray, np.ndarray]:
    """Returns sqrt(eta_i) U_ij of the input modes j that are filled, and their photons."""
    filled = np.flatnonzero(device.input_state)
    rows = np.sqrt(device.transmission)[:, None] * device.unitary[:, filled]
    return rows, device.input_state[filled]


def _silence(
    first_rows: np.ndarray,
    second_rows: np.ndarray | None,
    photons_in: np.ndarray,
    overlaps: list[tuple[complex, complex]],
) -> np.ndarray:
    """Returns the probability that both modes of each pair are silent, shape `[pairs]`.

    Without second rows, that the first mode is. It is summed over the overlaps of two photons.
    """
    parts = [
        share * _silence_at(first_rows, second_rows, photons_in, overlap)
        for overlap, share in overlaps
    ]
    return np.real(np.sum(parts, axis=0))


def _silence_at(first_rows, second_rows, photons_in, overlap: complex) -> np.ndarray:
    photons = int(photons_in.sum())
    both = np.abs(first_rows) ** 2
    if second_rows is not None:
        both = both + np.abs(second_rows) ** 2
    untouched = 1.0 - (1.0 - overlap) * both
    if overlap == 0:
        return np.prod(untouched**photons_in, axis=1)
    radii, radial_weights = np.polynomial.laguerre.laggauss(photons // 2 + 1)
    # g_1 is taken real and positive, since only the relative phase matters.
    g_1, g_2, weights = np.sqrt(radii), None, radial_weights
    if second_rows is not None:
        phases = np.exp(2j * np.pi * np.arange(photons + 1) / (photons + 1))
        g_2 = np.tile((g_1[:, None] * phases).ravel(), len(radii))
        g_1 = np.repeat(g_1, len(radii) * len(phases))
        weights = np.repeat(np.outer(radial_weights, radial_weights).ravel(), len(phases))
        weights = weights / len(phases)
    result = np.empty(len(first_rows), untouched.dtype)
    for start in range(0, len(first_rows), PAIRS_PER_CHUNK):
        chunk = slice(start, start + PAIRS_PER_CHUNK)
        average = np.ones((len(first_rows[chunk]), len(weights)), untouched.dtype)
        for mode, count in enumerate(photons_in):
            amplitude = first_rows[chunk, mode, None] * g_1
            if second_rows is not None and g_2 is not None:
                amplitude = amplitude + second_rows[chunk, mode, None] * g_2
            touched = -overlap * np.abs(amplitude) ** 2
            average *= laguerre_factor(untouched[chunk, mode, None], touched, int(count))
        result[chunk] = average @ weights
    return result


def laguerre_factor(alone, together, count: int):
    """Returns sum_r C(count, r) alone^{count - r} together^r / r!, the factor of one input mode.

    The terms cancel from about 20 photons on. It is alone^count L_count(-together / alone), whose
    recursion is stable: (r + 1) F_{r+1} = ((2r + 1) alone + together) F_r - r alone^2 F_{r-1}.

    Args:
      alone, together: float or complex arrays of shapes that broadcast.
      count: int, from 1. The photons of the mode.

    Returns:
      array of their common shape.
    """
    before, factor = 1.0, alone + together
    for r in range(1, count):
        after = ((2 * r + 1) * alone + together) * factor - r * alone**2 * before
        before, factor = factor, after / (r + 1)
    return factor


def click_moments(device) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and covariance of post-selected clicks.

    Raises:
      NoClosedForm: if the device has more than 16 modes or 12 photons.
      ValueError: if the post-selection keeps next to nothing, see `check_acceptance`.
    """
    probabilities = click_table(device).ravel()
    patterns = np.indices((2,) * device.modes).reshape(device.modes, -1).T
    least, most = device.postselect
    totals = patterns.sum(axis=1)
    kept = (least <= totals) & (totals <= most)
    probabilities, patterns = probabilities[kept], patterns[kept].astype(np.float64)
    probabilities = probabilities / check_acceptance(device, probabilities.sum())
    mean = probabilities @ patterns
    return mean, (patterns.T * probabilities) @ patterns - np.outer(mean, mean)


def count_moments(device) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and covariance of post-selected counts of two modes or more.

    Raises:
      NoClosedForm: if the device has more than about 9 photons, or, if these are distinguishable,
        24 in 16 modes and fewer in more.
      ValueError: if the post-selection keeps next to nothing, see `check_acceptance`.
    """
    check_size(device)
    is_dark = device.dark_count_probability > 0
    in_mode = np.arange(device.photons + 1 + is_dark)
    in_total = np.arange(device.photons + 1 + is_dark * device.modes)
    pairs = list(itertools.combinations(range(device.modes), 2))
    shape = (len(in_total), len(in_mode), len(in_mode))
    steps = len(pairs) * math.prod(shape)
    if device.indistinguishability > 0:
        steps *= max(device.photons, 1) * 2**device.photons * len(device.overlaps)
    else:  # a quarter of the time each
        steps *= device.modes * np.count_nonzero(device.input_state) // 4
    if steps > MAX_STEPS:
        raise NoClosedForm(
            f"The moments of {device!r} after different losses in each mode take {steps:.1e} "
            f"steps; legal is up to {MAX_STEPS:.1e}. Estimate them from samples."
        )
    total_roots = np.exp(-2j * np.pi * in_total / len(in_total))
    mode_roots = np.exp(-2j * np.pi * in_mode / len(in_mode))
    least, most = device.postselect
    kept = (least <= in_total) & (in_total <= most)
    mean = np.zeros(device.modes)
    second = np.zeros((device.modes, device.modes))
    for i, k in pairs:
        weights = np.ones((*shape, device.modes), np.complex128)
        weights *= total_roots[:, None, None, None]
        weights[..., i] *= mode_roots[:, None]
        weights[..., k] *= mode_roots
        weights = weights.reshape(-1, device.modes)
        dark = 1.0 + device.dark_count_probability * (weights - 1.0)
        values = generating_function(device, weights) * dark.prod(axis=1)
        law = np.fft.ifftn(values.reshape(shape)).real[kept].sum(axis=0)
        law /= check_acceptance(device, law.sum())
        mean[i], mean[k] = law.sum(axis=1) @ in_mode, law.sum(axis=0) @ in_mode
        second[i, i], second[k, k] = law.sum(axis=1) @ in_mode**2, law.sum(axis=0) @ in_mode**2
        second[i, k] = second[k, i] = in_mode @ law @ in_mode
    return mean, second - np.outer(mean, mean)
