"""Exact means and covariances of photon numbers and of clicks behind a Gaussian device.

**Photon numbers.** Wick's theorem, with N and M of `light`:

    E[n_i] = N_ii        cov(n_i, n_k) = |N_ik|^2 + |M_ik|^2 + d_ik N_ii

Coherent light of random phases has M = 0 and lacks the fluctuations of each input's intensity:

    cov(n_i, n_k) = |N_ik|^2 - sum_j |T_ij|^2 |T_kj|^2 n_j^2 + d_ik N_ii

**Clicks.** The generating function of the photons in a set S of modes, each with the weight z, is
E[z^n] = det(1 + (1 - z) R_S)^(-1/2), where R_S holds the quadratures of these modes. At z = 0 it is
the probability that all of them are silent; the covariance of two clicks is that of two silences.

With coherent light mode i is silent with probability E[exp(-|sum_j a_j e^(i f_j)|^2)], where
a_j = |T_ij| sqrt(n_j). exp(-|s|^2) is E[exp(2i Re(s* g))] over a complex normal number g with
E|g|^2 = 1, and the average over each phase f_j is a Bessel function:

    E[silent_i] = int_0^oo 2 x exp(-x^2) prod_j J_0(2 a_j x) dx

For two modes no such integral is short.
"""

import numpy as np

from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.quantum.gaussian.light import normal_covariance

_REACH = 6.5  # exp(-x^2) is 4e-19 there


def photon_covariance(
    transfer: np.ndarray,
    photons: np.ndarray,
    number: np.ndarray,
    anomalous: np.ndarray,
    light: str,
) -> np.ndarray:
    """Returns the covariance of the photon numbers, float64, shape `[modes, modes]`."""
    covariance = (
        np.abs(number) ** 2 + np.abs(anomalous) ** 2 + np.diag(np.real(np.diagonal(number)))
    )
    if light == "coherent":
        intensities = np.abs(transfer) ** 2 * photons
        covariance -= intensities @ intensities.T
    return covariance


def click_mean(
    transfer: np.ndarray,
    photons: np.ndarray,
    number: np.ndarray,
    anomalous: np.ndarray,
    light: str,
) -> np.ndarray:
    """Returns the probability that each mode clicks, float64, shape `[modes]`."""
    if light == "coherent":
        # Rounding errors of the integral would make the variance of a dark mode negative.
        return np.maximum(1.0 - _coherent_silence(np.abs(transfer) * np.sqrt(photons)), 0.0)
    own = np.real(np.diagonal(number)), np.diagonal(anomalous)
    return 1.0 - 1.0 / np.sqrt((1.0 + own[0]) ** 2 - np.abs(own[1]) ** 2)


def click_covariance(
    mean: np.ndarray, number: np.ndarray, anomalous: np.ndarray, light: str
) -> np.ndarray:
    """Returns the covariance of the clicks, float64, shape `[modes, modes]`.

    Args:
      mean: float64 array, shape `[modes]`. The result of `click_mean`.
      number: complex array N, shape `[modes, modes]`.
      anomalous: complex array M, shape `[modes, modes]`.
      light: str. One of `LIGHTS`.

    Raises:
      NoClosedForm: for coherent light.
    """
    if light == "coherent":
        raise NoClosedForm(
            "The covariance of clicks has no closed form for coherent light of random phases; "
            "estimate it from samples, or count photons with detector='number'."
        )
    pairs = np.stack(np.triu_indices(len(mean), 1), axis=1)
    rows, columns = pairs[:, :, None], pairs[:, None, :]
    both = normal_covariance(number[rows, columns], anomalous[rows, columns])
    silent = 1.0 / np.sqrt(np.linalg.det(np.eye(4) + both))
    covariance = np.diag(mean * (1.0 - mean))
    first, second = pairs.T
    covariance[first, second] = silent - (1.0 - mean[first]) * (1.0 - mean[second])
    covariance[second, first] = covariance[first, second]
    return covariance


def _coherent_silence(amplitudes: np.ndarray) -> np.ndarray:
    # Imported here, for it takes a while and few devices need it.
    from scipy.special import j0

    # Enough nodes for the fastest oscillation, that of the sum of all amplitudes.
    count = 64 + int(np.ceil(_REACH * 2.0 * amplitudes.sum(axis=1).max()))
    nodes, weights = np.polynomial.legendre.leggauss(count)
    x = _REACH * (nodes + 1.0) / 2.0
    product = np.ones((len(amplitudes), count))
    for column in amplitudes.T:
        product *= j0(2.0 * column[:, None] * x)
    return product @ (_REACH * weights * x * np.exp(-(x**2)))
