"""Exact probabilities of the outcomes of a small imperfect device.

Everything follows from one generating function. With eta_i the transmission of mode i, n_i the
photons detected there and n_0 those lost,

    G(w_0, w) = E[w_0^{n_0} prod_i w_i^{n_i}] = Per(W o X) / prod_j s_j!
    W_ab = sum_i U_ia^* (eta_i w_i + (1 - eta_i) w_0) U_ib ,

a, b running over the input photons, s_j of them in mode j. The overlaps X_ab are 1 for photons of
one input mode and sqrt(indistinguishability) otherwise, or several values with weights where few
photons may interfere, see `PhotonicDevice.overlaps`: expand the permanent in permutations and
average over which photons are good. A permutation that moves photons between modes needs them to
be good; one that moves them within their mode is a repetition of the same term, which the
normalisation of the good Fock state takes back.

**Photon numbers.** G is homogeneous of degree n, so a coefficient is a polarisation sum over
prod(t_i + 1) <= 2^n permanents (t includes t_0, the lost photons):

    P(t) = 2^{-n} / prod t_i!  sum_{0 <= a <= t} (-1)^{|a|} prod C(t_i, a_i) G(t - 2a)

Distinguishable photons need one permanent only: lost photons are a further mode, and P(t) is
Per(rates of the modes t) / prod t_i!.

**Dark counts** multiply G by prod_i (1 - p + p w_i). Exactly d of them turn G into
G e_d(w) p^d (1-p)^{modes-d}, with the elementary symmetric polynomial e_d; that is homogeneous of
degree n + d and has a polarisation sum like that of G. For distinguishable photons all factors are
linear in w, with coefficients that are not negative: they are multiplied out.

**Clicks.** "No click outside S" has the probability (1 - p)^{modes - |S|} G(1, 1_S), and the
pattern C follows by inclusion and exclusion from the 2^|C| subsets of C.

These sums cancel: against the squared permanents of an ideal device their relative error is 2e-13
at 8 photons in 16 modes, 5e-11 at 12 in 24. What is below its own rounding error counts as zero.

Reference: Tichy, "Sampling of partially distinguishable bosons and the relation to the
  multidimensional permanent", arXiv:1410.7687.
"""

import math

import numpy as np
from scipy.special import comb
from scipy.stats import binom

from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.quantum.devices.second_photons import check_free
from qlatent_tf.quantum.kernels.permanents import permanents
from qlatent_tf.quantum.kernels.zero_permanents import coefficient, without_noise

# A permanent of order 12 takes about 50 us, and a probability up to 2^12 of them.
MAX_IDENTICAL_PHOTONS = 12
MAX_DISTINGUISHABLE_PHOTONS = 24
# With dark counts a probability is a sum over how many there were, or over all smaller outcomes.
MAX_PHOTONS_IF_DARK = 10
MAX_DISTINGUISHABLE_PHOTONS_IF_DARK = 16
MAX_TERMS = 2**17
MAX_CLICKS = 16
MAX_CLICK_TABLE_MODES = 16
MATRICES_PER_CHUNK = 4096
# The sums' rounding errors, up to about 1e-12, would show in what is divided by less.
MIN_ACCEPTANCE = 1e-8


def log_prob(device, outcomes: np.ndarray) -> np.ndarray:
    """Returns log-probabilities of outcomes, int64 `[batch, modes]`, given the post-selection.

    They are -inf where an outcome cannot happen. The device holds at most 12 photons, or 24 if they
    are distinguishable and the detectors resolve numbers; 10 and 16 if these count in the dark.

    Raises:
      NoClosedForm: if the device is larger than that.
      ValueError: if an outcome has more than 16 clicks, or too many counts; or the post-selection
        keeps next to nothing, see `check_acceptance`.
    """
    result = np.full(len(outcomes), -np.inf)
    clicks, is_dark = device.detector == "threshold", device.dark_count_probability > 0
    possible = (outcomes <= 1).all(axis=1) if clicks else np.ones(len(outcomes), bool)
    possible &= outcomes.sum(axis=1) <= device.photons + is_dark * device.modes
    if not possible.any():
        return result
    check_size(device)
    acceptance = 1.0
    if device.postselect is not None:
        least, most = device.postselect
        totals = outcomes.sum(axis=1)
        possible &= (least <= totals) & (totals <= most)
        acceptance = _acceptance(device)
    probability = _click_probability if clicks else _number_probability
    distinct, inverse = np.unique(outcomes[possible], axis=0, return_inverse=True)
    values = np.array([probability(device, outcome) for outcome in distinct])
    with np.errstate(divide="ignore"):
        result[possible] = np.log(values[inverse.ravel()] / acceptance)
    return result


def check_size(device) -> None:
    """Refuses, by `NoClosedForm`, a device whose probabilities would take too long.

    That is one with too many photons, or one that post-selects the clicks of more than 16 modes.
    """
    check_free(device)
    classical = device.indistinguishability == 0 and device.detector == "number"
    most = MAX_DISTINGUISHABLE_PHOTONS if classical else MAX_IDENTICAL_PHOTONS
    if device.detector == "number" and device.dark_count_probability > 0:
        most = MAX_DISTINGUISHABLE_PHOTONS_IF_DARK if classical else MAX_PHOTONS_IF_DARK
    if device.photons > most:
        raise NoClosedForm(
            f"A probability of {device!r} is a sum of 2^photons terms and more; legal is up to "
            f"{most} photons, received {device.photons}."
        )
    selects_clicks = device.detector == "threshold" and device.postselect is not None
    if selects_clicks and device.modes > MAX_CLICK_TABLE_MODES:
        raise NoClosedForm(
            f"The distribution of all click patterns holds 2^modes numbers; legal is up to "
            f"{MAX_CLICK_TABLE_MODES} modes, received {device.modes}."
        )


def generating_function(
    device, weights: np.ndarray, lost_weight: np.ndarray | float = 1.0
) -> np.ndarray:
    """Returns `E[lost_weight^n_0 prod_i weights_i^n_i]` over detected photons, without dark counts.

    weights: real or complex array, shape `[batch, modes]`. The result, shape `[batch]`, is real for
    real weights.
    """
    lost_weight = np.broadcast_to(lost_weight, len(weights))
    result = np.empty(len(weights), np.result_type(weights, lost_weight, np.float64))
    source = np.repeat(np.arange(device.modes), device.input_state)
    columns = device.unitary[:, source]
    repeats = math.prod(math.factorial(int(count)) for count in device.input_state)
    pairs = columns.conj()[:, :, None] * columns[:, None, :]
    for start in range(0, len(weights), MATRICES_PER_CHUNK):
        chunk = slice(start, start + MATRICES_PER_CHUNK)
        by_mode = (
            device.transmission * weights[chunk]
            + (1.0 - device.transmission) * lost_weight[chunk, None]
        )
        if device.indistinguishability == 0:
            one_photon = by_mode @ np.abs(device.unitary) ** 2
            values = np.prod(one_photon**device.input_state, axis=1)
        else:
            matrices = np.tensordot(by_mode, pairs, axes=1)
            values = sum(
                share * permanents(np.where(source[:, None] == source, 1.0, overlap) * matrices)
                for overlap, share in device.overlaps
            )
            values = values / repeats
        result[chunk] = values if np.iscomplexobj(result) else values.real
    return result


def click_table(device) -> np.ndarray:
    """Returns the probabilities of all click patterns, shape `[2] * modes`, without post-selection.

    The device is one that post-selects clicks.

    Raises:
      NoClosedForm: if the device has more than 16 modes or 12 photons.
    """
    check_size(device)
    allowed = np.indices((2,) * device.modes).reshape(device.modes, -1).T
    table = _quiet_probability(device, allowed).reshape((2,) * device.modes)
    for mode in range(device.modes):
        silent, any_count = np.moveaxis(table, mode, 0)
        table = np.stack([silent, any_count - silent], axis=mode)
    return np.maximum(table, 0.0)


def check_acceptance(device, share: float) -> float:
    """Returns the share of shots that a post-selection keeps, if it is large enough to divide by.

    Raises:
      ValueError: if it is below `MIN_ACCEPTANCE`.
    """
    if not share >= MIN_ACCEPTANCE:
        raise ValueError(
            f"{device!r} keeps a share of {max(share, 0.0):.1e} of its shots, too few for its "
            f"probabilities and moments; legal is from {MIN_ACCEPTANCE:g}."
        )
    return share


def _acceptance(device) -> float:
    """Returns the share of shots that the post-selection keeps."""
    least, most = device.postselect
    if not device.rejects_shots:
        share = device.count_law.acceptance
        # Where photons may be missing, a probability is a difference of sums, with their rounding.
        if device.dark_count_probability == 0:
            is_exact = least >= device.photons
        else:
            is_exact = device.indistinguishability == 0 or (device.transmission == 1).all()
        return share if is_exact else check_acceptance(device, share)
    if device.detector == "threshold":
        table = click_table(device)
        totals = np.indices(table.shape).sum(axis=0)
        return check_acceptance(device, float(table[(least <= totals) & (totals <= most)].sum()))
    # The distribution of the total from its generating function at the roots of unity.
    roots = np.exp(2j * np.pi * np.arange(device.photons + 1) / (device.photons + 1))
    weights = np.repeat(roots[:, None], device.modes, axis=1)
    detected = np.fft.fft(generating_function(device, weights)).real / len(roots)
    dark = binom.pmf(np.arange(device.modes + 1), device.modes, device.dark_count_probability)
    return check_acceptance(device, float(np.convolve(detected, dark)[least : most + 1].sum()))


def _number_probability(device, outcome: np.ndarray) -> float:
    """Returns the probability of one pattern of counts, summed over the number of dark counts."""
    filled = np.flatnonzero(outcome)
    dark_probability = device.dark_count_probability
    surplus = int(outcome.sum()) - device.photons
    fewest, most = max(surplus, 0), len(filled) if dark_probability > 0 else 0
    if (device.transmission == 1).all():
        fewest, most = surplus, min(most, surplus)
    if not 0 <= fewest <= most:
        return 0.0
    most_lost = most - surplus
    if device.indistinguishability == 0 and dark_probability == 0:
        return _classical_probability(device, outcome, most_lost)
    smaller = math.prod(int(count) + 1 for count in outcome[filled])
    terms = smaller if device.indistinguishability == 0 else smaller * (most_lost + 1)
    if terms > MAX_TERMS:
        raise ValueError(
            f"The probability of {int(outcome.sum())} counts in {len(filled)} modes is a sum over "
            f"all smaller outcomes; legal is up to {MAX_TERMS:,} terms, received {terms:,}."
        )
    if device.indistinguishability == 0:
        return _classical_probability_if_dark(device, outcome)
    total = 0.0
    for num_dark in range(fewest, most + 1):
        share = dark_probability**num_dark * (1 - dark_probability) ** (device.modes - num_dark)
        total += share * _polarised(device, outcome, num_dark)
    return total


def _polarised(device, outcome: np.ndarray, num_dark: int) -> float:
    """Returns the coefficient of the outcome in G(w_0, w) e_{num_dark}(w)."""
    filled = np.flatnonzero(outcome)
    degree = device.photons + num_dark
    counts = np.append(degree - int(outcome.sum()), outcome[filled])
    digits = np.indices(tuple(counts + 1)).reshape(len(counts), -1).T
    nodes = counts - 2 * digits
    weights = np.zeros((len(nodes), device.modes))
    weights[:, filled] = nodes[:, 1:]
    terms = np.prod((-1.0) ** digits * comb(counts, digits), axis=1)
    if num_dark > 0:
        terms *= _elementary_symmetric(weights[:, filled], num_dark)
    terms *= generating_function(device, weights, nodes[:, 0].astype(np.float64))
    orderings = math.prod(math.factorial(int(count)) for count in counts)
    return _above_rounding(terms) / (2.0**degree * orderings)


def _elementary_symmetric(values: np.ndarray, degree: int) -> np.ndarray:
    """Returns the sum over all products of `degree` different columns, shape `[batch]`."""
    sums = np.zeros((degree + 1, len(values)))
    sums[0] = 1.0
    for column in values.T:
        sums[1:] += column * sums[:-1]
    return sums[degree]


def _classical_probability_if_dark(device, outcome: np.ndarray) -> float:
    """Returns the probability of distinguishable photons and dark counts, factor by factor."""
    filled = np.flatnonzero(outcome)
    rates = np.abs(device.unitary) ** 2
    detected = np.repeat(rates[filled] * device.transmission[filled, None], device.input_state, 1)
    lost = np.repeat((1.0 - device.transmission) @ rates, device.input_state)
    dark_probability = device.dark_count_probability
    dark = np.eye(len(filled)) * dark_probability
    constants = np.append(lost, np.full(len(filled), 1.0 - dark_probability))
    quiet = (1.0 - dark_probability) ** (device.modes - len(filled))
    return quiet * coefficient(constants, np.vstack([detected.T, dark]), outcome[filled])


def _classical_probability(device, detected: np.ndarray, lost: int) -> float:
    """Returns the probability of distinguishable photons, the lost ones in a further mode."""
    rates = np.abs(device.unitary) ** 2
    rows = np.vstack([rates * device.transmission[:, None], (1.0 - device.transmission) @ rates])
    counts = np.append(detected, lost)
    rows = np.repeat(rows, device.input_state, axis=1)
    values = permanents(np.repeat(rows, counts, axis=0)[None])
    orderings = math.prod(math.factorial(int(count)) for count in counts)
    return float(without_noise(values, rows, counts[None])[0]) / orderings


def _click_probability(device, clicks: np.ndarray) -> float:
    """Returns the probability of one click pattern by inclusion and exclusion."""
    clicked = np.flatnonzero(clicks)
    if len(clicked) > MAX_CLICKS:
        raise ValueError(
            f"The probability of a click pattern sums 2^clicks terms; legal is up to {MAX_CLICKS} "
            f"clicks, received {len(clicked)}."
        )
    subsets = np.indices((2,) * len(clicked)).reshape(len(clicked), 2 ** len(clicked)).T
    allowed = np.zeros((len(subsets), device.modes), np.int64)
    allowed[:, clicked] = subsets
    signs = (-1.0) ** (len(clicked) - subsets.sum(axis=1))
    return _above_rounding(signs * _quiet_probability(device, allowed))


def _quiet_probability(device, allowed: np.ndarray) -> np.ndarray:
    """Returns the probability of no click outside the allowed modes, 0/1 `[batch, modes]`."""
    not_dark = (1.0 - device.dark_count_probability) ** (device.modes - allowed.sum(axis=1))
    return not_dark * generating_function(device, allowed.astype(np.float64))


def _above_rounding(terms: np.ndarray) -> float:
    """Returns the sum of terms that cancel; zero if it is less than their rounding errors."""
    total = float(terms.sum())
    return total if total > 8 * np.finfo(float).eps * np.abs(terms).sum() else 0.0
