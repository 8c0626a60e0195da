"""Pictures of vectors of whole numbers and of what imitates them."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from qlatent_tf.drawing.images import MAX_DRAWN
from qlatent_tf.drawing.style import PALE, figure_picture, new_figure
from qlatent_tf.seeds import some_rows

_SIZE = (9.6, 4.8)  # inches
_BINS_PER_UNIT = 20
_BINS = 61
_FARTHEST = 1e30  # An axis from one end of all numbers to the other has no length.
_LARGEST = 20  # of the histogram, so that an untrained generator cannot ask for endless bins


def draw_vectors(samples: np.ndarray, real: np.ndarray | None = None) -> np.ndarray:
    """Draws the first vectors as a map of their entries, next to the histogram of all entries.

    Peaks of the histogram at whole numbers show how discrete the samples are.

    Args:
      samples: array, shape `(n, width)`. At most 64 are drawn. The histogram is of the entries of
        all, from -20 to 20 at most.
      real: array, shape `(m, width)`. Samples of the data, whose histogram is drawn behind.

    Returns:
      uint8 array, shape `(480, 960, 3)`.

    Raises:
      ValueError: if the samples are not such an array or there are none.
    """
    samples = _vectors(samples)
    real = None if real is None else _vectors(real)
    finite = samples[np.isfinite(samples)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    figure = new_figure(*_SIZE)
    rows, entries = figure.subplots(1, 2, width_ratios=(3, 2))
    drawn = samples[:MAX_DRAWN]
    picture = rows.imshow(
        drawn,
        aspect="auto",
        interpolation="nearest",
        vmin=min(low, 0),
        vmax=max(high, 1),
        cmap="viridis",
    )
    rows.set(title=f"{len(drawn)} samples", xlabel="entry", ylabel="sample")
    rows.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.colorbar(picture, ax=rows, label="value")
    edges = _edges(low, high, real)
    # One outline each: hundreds of bars take most of the time of a picture. Filled ones would hide
    # each other.
    kind = "stepfilled" if real is None else "step"
    if real is not None:
        share = np.full(real.size, 1 / real.size)
        style = {"histtype": "stepfilled", "color": PALE, "label": f"{len(real):,} of the data"}
        entries.hist(np.ravel(real), edges, weights=share, **style)
    share = np.full(finite.size, 1 / samples.size)
    style = {"histtype": kind, "color": "#3b528b", "lw": 1.2}
    label = f"{len(samples):,} samples"
    heights, _, _ = entries.hist(finite, edges, weights=share, label=label, **style)
    if real is not None:
        entries.margins(y=0.25)  # Room for it.
        entries.legend(frameon=False, loc="upper right")
    entries.set(title=f"Entries of {len(samples):,} samples", xlabel="value", ylabel="share")
    if heights.any():
        entries.set_yscale("log")
    entries.xaxis.set_major_locator(MaxNLocator(6, integer=edges[-1] - edges[0] > 2))
    entries.spines[["top", "right"]].set_visible(False)
    return figure_picture(figure)


def _vectors(values):
    """The values as an array that Matplotlib can draw, of which the far ends are cut off."""
    values = np.asarray(values)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"Vectors are drawn from shape (n, width); received {values.shape}.")
    return np.where(np.isfinite(values), np.clip(values, -_FARTHEST, _FARTHEST), np.nan)


def _edges(low, high, real):
    """The edges of the histogram's bins: centred on whole numbers, or where other data lie."""
    if real is not None and (real != np.rint(real)).any():
        first, last = np.min(real), np.max(real)
        # What lies far from the data would leave them no room.
        beside = 0.2 * (last - first)
        return np.linspace(first - beside, last + beside, _BINS)
    ends = (low, high) if real is None else (min(low, np.min(real)), max(high, np.max(real)))
    first, last = (int(np.clip(np.rint(edge), -_LARGEST, _LARGEST)) for edge in ends)
    edges = np.arange((last - first + 1) * _BINS_PER_UNIT + 2) / _BINS_PER_UNIT
    return edges + first - 0.5 - 0.5 / _BINS_PER_UNIT


def beside_data(source):
    """Returns `draw_vectors` for samples that imitate these data.

    Args:
      source: distribution or array, of which 2,000 samples are in the histogram.
    """
    if not hasattr(source, "sample"):
        return lambda samples: draw_vectors(samples, some_rows(source, 2000))

    return lambda samples: draw_vectors(samples, np.asarray(source.sample(2000, seed=(0, 0))))
