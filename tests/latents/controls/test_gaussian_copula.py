import numpy as np
import pytest
from scipy import stats

from qlatent_tf.latents.controls.gaussian_copula import (
    count_covariance,
    fit_correlation,
    normal_thresholds,
)

LAW = np.array([[0.5, 0.3, 0.2], [0.7, 0.2, 0.1]])


def test_thresholds_cut_the_normal_law_into_the_counts():
    upper = stats.norm.sf(normal_thresholds(LAW))
    np.testing.assert_allclose(upper, [[0.5, 0.2], [0.3, 0.1]], atol=1e-12)


@pytest.mark.parametrize("correlation", [-0.98, -0.9, -0.3, 0.0, 0.4, 0.8, 0.98])
def test_covariance_equals_bivariate_normal_probabilities(correlation):
    """cov = sum over thresholds of P(both exceed) - P(one) P(other)."""
    thresholds = normal_thresholds(LAW)
    normal = stats.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]])
    expected = sum(
        normal.cdf([-first, -second]) - stats.norm.sf(first) * stats.norm.sf(second)
        for first in thresholds[0]
        for second in thresholds[1]
    )
    matrix = np.array([[1, correlation], [correlation, 1]])
    assert count_covariance(thresholds, matrix)[0, 1] == pytest.approx(expected, abs=1e-7)


def test_a_covariance_that_can_be_had_is_met():
    law = np.random.default_rng(0).dirichlet(np.ones(4), 6)
    thresholds = normal_thresholds(law)
    factors = np.random.default_rng(1).normal(size=(6, 12))
    covariance = count_covariance(thresholds, np.corrcoef(factors))
    fitted = fit_correlation(thresholds, covariance)
    np.testing.assert_allclose(fitted, np.corrcoef(factors), atol=1e-6)


def test_a_covariance_beyond_normal_numbers_gives_a_correlation_matrix():
    thresholds = normal_thresholds(np.full((4, 2), 0.5))
    fitted = fit_correlation(thresholds, np.full((4, 4), -0.2))
    np.testing.assert_allclose(np.diag(fitted), 1)
    assert np.linalg.eigvalsh(fitted).min() > 0
    np.testing.assert_allclose(fitted[~np.eye(4, dtype=bool)], -1 / 3, atol=1e-4)


def test_modes_that_never_vary_are_uncorrelated():
    thresholds = normal_thresholds(np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]))
    np.testing.assert_allclose(fit_correlation(thresholds, np.zeros((3, 3))), np.eye(3), atol=1e-9)
