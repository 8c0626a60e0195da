"""Whether generated points lie in the blobs of a mixture, and in all of them."""

import numpy as np

from qlatent_tf.datasets.vectors.mixture import MixtureDataset
from qlatent_tf.metrics.vectors.rounding import check_vectors
from qlatent_tf.scores import Score, measured

SIGMAS = 3.0
COVERED = 0.1


def blobs(dataset: MixtureDataset, samples) -> list[Score]:
    """Counts the points between the blobs and the blobs without points.

    With polar coordinates (r, t) of a point, the angles t_k of the K blobs, their radius R and
    scales s_r and s_t, the region of a blob is its ellipse of three standard deviations,

        ((r - R) / s_r)^2 + ((t - t_k) / s_t)^2 <= 9,   t - t_k taken in [-pi, pi],

    which holds 1 - exp(-9/2) = 0.9889 of its own points. With q_k the share of all generated
    points that lie in the region of blob k:

        interpolation_rate = 1 - share of points in any region; 0.0111 for real points
        mode_coverage      = share of the blobs with q_k >= 0.1 / K
        blob_tv            = 1/2 sum_k |q_k / (sum_j q_j) - 1/K|

    Args:
      dataset: MixtureDataset.
      samples: float array, shape `(n, 2)`.

    Returns:
      ``interpolation_rate``, ``mode_coverage`` and ``blob_tv`` (NaN if no point is in a region).

    Raises:
      ValueError: if the data have no blobs.
    """
    if not isinstance(dataset, MixtureDataset):
        raise ValueError(f"Blobs are those of the data set mixture; received {dataset.name!r}.")
    samples = check_vectors(samples, width=2)
    radius_scale, angle_scale = dataset.scales
    x, y = samples.T
    from_centre = (np.hypot(x, y) - dataset.radius) / radius_scale
    turn = np.arctan2(y, x)[:, None] - dataset.angles
    turn = (turn + np.pi) % (2 * np.pi) - np.pi
    inside = from_centre[:, None] ** 2 + (turn / angle_scale) ** 2 <= SIGMAS**2
    shares, expected = inside.mean(axis=0), 1 / len(dataset.angles)
    within = shares.sum()
    scores = {
        "interpolation_rate": 1 - inside.any(axis=1).mean(),
        "mode_coverage": (shares >= COVERED * expected).mean(),
        "blob_tv": np.abs(shares / within - expected).sum() / 2 if within else np.nan,
    }
    return measured(scores, num_samples=len(samples))
