"""Correlated counts from correlated normal numbers: thresholds and correlations.

Count i is the number of thresholds t of mode i that a standard normal number exceeds. Two counts
whose normal numbers have the correlation r have the covariance

    cov_ij = sum_{k >= 1} c_ik c_jk r^k / k! ,   c_ik = sum_t density(t) He_{k-1}(t) ,

by expansion in Hermite polynomials He; the series is cut where r^k is negligible. What grows as
sqrt(k!) is divided by it: h_k = He_k / sqrt(k!) stays small, and follows from

    sqrt(k + 1) h_{k+1}(t) = t h_k(t) - sqrt(k) h_{k-1}(t) .
"""

import math

import numpy as np

_ORDER = 600  # 0.98^600 is 5e-6
_MOST_CORRELATED = 0.98
_LEAST_EIGENVALUE = 1e-6
_BISECTIONS = 50


def normal_thresholds(law: np.ndarray) -> np.ndarray:
    """Returns t_ia with P(normal > t_ia) = P(n_i > a), shape (width, most).

    `law`, shape (width, most + 1), holds the probability of each count in each mode.
    """
    from scipy import special

    tail = np.cumsum(law[:, ::-1], axis=1)[:, ::-1][:, 1:]
    # Further out, neither a sample nor a moment notices; infinity would spoil the polynomials.
    return np.clip(-special.ndtri(np.clip(tail, 0.0, 1.0)), -30.0, 30.0)


def count_covariance(thresholds: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """Returns the covariance of the counts, right off the diagonal only.

    thresholds: shape (width, most). correlation, of the normal numbers: shape (width, width).
    """
    return _covariance(_hermite_coefficients(thresholds), correlation)


def fit_correlation(thresholds: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Returns the correlation of normal numbers whose counts have a covariance, if there is one.

    Each pair is solved on its own; if the result is no correlation matrix, its negative eigenvalues
    are raised and its diagonal is scaled back to one. It is positive definite, (width, width), as
    the covariance is; thresholds: shape (width, most).
    """
    hermite = _hermite_coefficients(thresholds)
    low = np.full(covariance.shape, -_MOST_CORRELATED)
    high = -low
    for _ in range(_BISECTIONS):  # the covariance grows with the correlation
        middle = (low + high) / 2
        too_low = _covariance(hermite, middle) < covariance
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    correlation = (low + high) / 2
    # A mode that never varies leaves its correlations open: they are none.
    still = np.abs(hermite).max(axis=1) < 1e-9
    correlation[still] = correlation[:, still] = 0.0
    np.fill_diagonal(correlation, 1.0)
    values, vectors = np.linalg.eigh((correlation + correlation.T) / 2)
    raised = (vectors * np.maximum(values, _LEAST_EIGENVALUE)) @ vectors.T
    scale = np.sqrt(np.diag(raised))
    return raised / np.outer(scale, scale)


def _hermite_coefficients(thresholds: np.ndarray) -> np.ndarray:
    """Returns c_ik / sqrt(k!) for k = 1 .. _ORDER, shape (width, _ORDER)."""
    before = np.zeros_like(thresholds)
    here = np.exp(-(thresholds**2) / 2) / math.sqrt(2 * math.pi)
    coefficients = np.empty((len(thresholds), _ORDER))
    for order in range(_ORDER):
        coefficients[:, order] = here.sum(axis=1) / math.sqrt(order + 1)
        following = thresholds * here - math.sqrt(order) * before
        before, here = here, following / math.sqrt(order + 1)
    return coefficients


def _covariance(hermite: np.ndarray, correlation: np.ndarray) -> np.ndarray:
    """Returns the series by Horner's rule."""
    total = np.zeros_like(correlation)
    for coefficient in hermite.T[::-1]:
        total = (total + np.outer(coefficient, coefficient)) * correlation
    return total
