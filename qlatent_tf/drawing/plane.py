"""Pictures of points in the plane."""

import numpy as np

from qlatent_tf.drawing.style import figure_picture, new_figure

MAX_DRAWN = 5000


def draw_plane(samples: np.ndarray) -> np.ndarray:
    """Draws points in the plane; at most 5000 of them.

    Args:
      samples: array, shape `(n, 2)`.

    Returns:
      uint8 array, shape `(480, 480, 3)`.

    Raises:
      ValueError: if the samples are not such an array or there are none.
    """
    samples = np.asarray(samples)
    if samples.ndim != 2 or samples.shape[1] != 2 or not len(samples):
        raise ValueError(f"Points have shape (n, 2), n at least 1; received {samples.shape}.")
    figure = new_figure(4.8, 4.8)
    scatter_points(figure.subplots(), samples, size=6)
    return figure_picture(figure)


def scatter_points(panel, samples: np.ndarray, size: float = 2, color: str = "#3b528b") -> None:
    """Draws points into a panel, on a scale that ignores outliers."""
    distances = np.linalg.norm(samples, axis=1)
    distances = distances[np.isfinite(distances) & (distances > 0)]
    limit = 1.4 * np.median(distances) if len(distances) else 1.0
    panel.scatter(
        *samples[:MAX_DRAWN].T,
        s=size,
        lw=0,
        alpha=0.5,
        color=color,
        rasterized=True,  # An SVG would hold an element for each point.
    )
    panel.set(aspect="equal", xlim=(-limit, limit), ylim=(-limit, limit))
    panel.spines[["top", "right"]].set_visible(False)
