"""Distances between the codes of real images and generated codes.

Not registered: only a model that has an encoder knows the codes of images.
"""

import numpy as np
from scipy.spatial.distance import jensenshannon

from qlatent_tf.metrics.frechet import frechet_distance, known_moments
from qlatent_tf.scores import Score, measured

# Over [-1, 1]. The divergence of two samples of one distribution grows with the bins: about
# (bins - 1) / (8 ln 2) (1 / n + 1 / m) bits.
BINS = 50


def code_scores(real: np.ndarray, generated: np.ndarray, name: str) -> list[Score]:
    """Measures two distances between samples of codes.

    Args:
      real: float array, shape `(count, code)`, entries in [-1, 1].
      generated: float array, shape `(n, code)`, entries in [-1, 1].
      name: str. The data that `real` is of.

    Returns:
      ``code_frechet``, the squared Frechet distance; and ``code_marginal_js_<bins>``, the
      Jensen-Shannon divergence of the marginals in bits, from histograms over [-1, 1], mean over
      the code's entries. NaN where generated codes are not finite, and the first for one code on
      either side.
    """
    divergence = np.nan
    if np.isfinite(generated).all():
        divergence = marginal_divergence(real, generated)
    return measured(
        {
            "code_frechet": frechet_distance(known_moments(real), known_moments(generated)),
            f"code_marginal_js_{BINS}": divergence,
        },
        reference=name,
        reference_size=len(real),
        num_samples=len(generated),
    )


def marginal_divergence(first: np.ndarray, second: np.ndarray) -> float:
    """Returns the Jensen-Shannon divergence of marginals in bits, from 0 to 1, mean over columns.

    Args:
      first: float array, shape `(count, code)`. Entries beyond [-1, 1] count as at its ends.
      second: float array, shape `(n, code)`.

    Raises:
      ValueError: if the widths differ.
    """
    if np.shape(first)[1:] != np.shape(second)[1:]:
        raise ValueError(
            f"Both samples have the same width; received {np.shape(first)} and {np.shape(second)}."
        )
    laws = [_marginals(sample) for sample in (first, second)]
    distances = jensenshannon(*laws, base=2, axis=1)  # pyright: ignore[reportCallIssue]
    return float(np.mean(distances**2))


def _marginals(sample):
    clipped = np.clip(sample, -1.0, 1.0)
    return np.stack([np.histogram(column, BINS, (-1.0, 1.0))[0] for column in clipped.T])
