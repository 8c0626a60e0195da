"""The pair correlations of generated samples."""

import numpy as np

from qlatent_tf.datasets.dataset import Dataset
from qlatent_tf.metrics.vectors.rounding import check_vectors
from qlatent_tf.scores import Score, measured


def pair_correlation(dataset: Dataset, samples) -> list[Score]:
    """Compares means, variances and correlations of pairs of modes; see `moment_errors`.

    Args:
      dataset: Dataset. Its `source` is a distribution, whose `mean` and `covariance` are exact, or
        an array of shape `(N, modes)`.
      samples: float array, shape `(n, modes)`, n at least 2.

    Returns:
      ``pair_correlation_error``, ``variance_error`` and ``mean_error``.

    Raises:
      ValueError: as `moment_errors`, or if the moments of the data are not known.
    """
    try:
        errors = moment_errors(samples, dataset.source)
    except NotImplementedError as error:
        raise ValueError(
            f"The exact moments of the data set {dataset.name!r} are not known: {error}"
        ) from error
    return measured(errors, num_samples=len(samples))


def moment_errors(samples, real) -> dict[str, float]:
    """Compares means, variances and correlations of pairs of modes with the real ones.

    With C_ij = E[x_i x_j] - E[x_i] E[x_j] of the samples as they are, not rounded, and a hat on
    what is measured on n generated samples (the covariance with the denominator n - 1):

        pair_correlation_error = sqrt(mean_{i<j} (^C_ij - C_ij)^2)
        variance_error         = sqrt(mean_i (^C_ii - C_ii)^2)
        mean_error             = sqrt(mean_i (^E[x_i] - E[x_i])^2)

    Interference of identical photons shows first in the pair correlations, while the means are
    those of distinguishable photons.

    Args:
      samples: float array, shape `(n, modes)`.
      real: distribution, whose `mean` and `covariance` are exact, or array of shape `(N, modes)`.

    Returns:
      dict of float: ``pair_correlation_error``, ``variance_error`` and ``mean_error``. What one
      sample does not define is NaN, as are errors of samples that are not finite.

    Raises:
      ValueError: if the samples have another width than the real ones, or there are none.
    """
    mean, covariance = _real_moments(real)
    samples = check_vectors(samples, width=len(mean))
    if not np.isfinite(samples).all():
        samples = np.full_like(samples, np.nan)
    if len(samples) < 2:
        error = _root_mean_square(samples[0] - mean)
        return {"pair_correlation_error": np.nan, "variance_error": np.nan, "mean_error": error}
    difference = np.atleast_2d(np.cov(samples, rowvar=False)) - covariance
    pairs = difference[np.triu_indices(len(mean), 1)]
    return {
        "pair_correlation_error": _root_mean_square(pairs) if pairs.size else np.nan,
        "variance_error": _root_mean_square(np.diagonal(difference)),
        "mean_error": _root_mean_square(samples.mean(axis=0) - mean),
    }


def _real_moments(source) -> tuple[np.ndarray, np.ndarray]:
    if hasattr(source, "covariance"):
        mean, covariance = np.asarray(source.mean()), np.asarray(source.covariance())
    else:
        rows = check_vectors(source)
        mean, covariance = rows.mean(axis=0), np.cov(rows, rowvar=False)
    return np.atleast_1d(mean).astype(float), np.atleast_2d(covariance).astype(float)


def _root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
