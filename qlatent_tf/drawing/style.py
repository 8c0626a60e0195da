"""What the project's figures have in common: colours, and how they are kept."""

import zlib
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import tensorflow as tf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from qlatent_tf.storage.files import atomic_path

INK = "#222222"
PALE = "#BBBBBB"
# Okabe and Ito's colours, which colour-blind readers tell apart; their yellow is too pale for
# lines, so a dark one stands in. Markers tell latents apart without any colour.
_LATENTS = {
    "boson": ("#0072B2", "o"),
    "photonic": ("#D55E00", "s"),
    "gaussian": ("#009E73", "^"),
    "bernoulli": ("#E69F00", "D"),
    "dirichlet_multinomial": ("#CC79A7", "v"),
    "negative_binomial": ("#56B4E9", "P"),
    "shuffled": ("#8A6D00", "X"),
    "copula": ("#666666", "*"),
    "gaussian_boson": ("#1B3A6B", "<"),
    "squashed": ("#A6611A", ">"),
    "thermal": ("#C51B7D", "p"),
    "coherent": ("#4DAC26", "h"),
}
# Of someone's own latents: markers that none of the above has.
_OTHERS = tuple(
    (colour, marker)
    for marker in ("d", "8", "H", (3, 1, 0), (4, 1, 0), (6, 1, 0), (8, 1, 0))
    for colour in ("#7B3294", "#A6611A", "#01665E", "#C51B7D")
)


def latent_of(row: str) -> str:
    """Returns the latent of a row that is called ``boson``, or ``boson, one device``."""
    return row.partition(",")[0]


def latent_style(row: str) -> dict[str, Any]:
    """Returns the ``color`` and ``marker`` that a row's latent has in every figure."""
    latent = latent_of(row)
    other = _OTHERS[zlib.crc32(latent.encode()) % len(_OTHERS)]
    colour, marker = _LATENTS.get(latent, other)
    return {"color": colour, "marker": marker}


def literal(text) -> str:
    """Returns what Matplotlib draws as this text, in which it would read a pair of $ as formulas.

    Names of files and what cells of others say may hold any characters, also such as no SVG file
    may.
    """
    kept = (one for one in str(text) if one.isprintable() or one == "\n")
    return "".join(kept).replace("$", r"\$")


def new_figure(width: float, height: float) -> Figure:
    """Returns an empty figure of a size in inches."""
    figure = Figure(figsize=(width, height), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def tidy(panel, grid: str = "both") -> None:
    """Takes the upper and the right line of a panel away and draws a faint grid behind it.

    Args:
      panel: Axes.
      grid: str. ``both``, or ``x`` where the vertical axis names bars.
    """
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(True, axis=grid, color="#E6E6E6", lw=0.8)
    panel.set_axisbelow(True)
    if grid == "x":
        panel.tick_params(axis="y", length=0)


def shared_legend(figure: Figure, panels, title: str) -> None:
    """Draws one legend at the right, with each label of the panels once; none if there are none."""
    handles = {}
    for panel in panels:
        for handle, name in zip(*panel.get_legend_handles_labels(), strict=True):
            handles.setdefault(name, handle)
    if handles:
        figure.legend(
            handles.values(), handles.keys(), loc="outside right center", frameon=False, title=title
        )


def figure_picture(figure: Figure) -> np.ndarray:
    """Returns a figure as pixels, uint8 ``(height, width, 3)``."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def save_figure(figure: Figure, path, *, step: int | None = None, dpi: int = 150) -> None:
    """Writes ``<path>.png`` and ``<path>.svg``, and an image for TensorBoard beside them.

    Args:
      figure: Figure, of `new_figure`.
      path: path. Folder and name, without a suffix.
      step: int. TensorBoard's step. Default: no TensorBoard image.
      dpi: int. Of the PNG file.
    """
    for suffix, options in (("png", {}), ("svg", {"metadata": {"Date": None}})):
        # Without a salt of its own, an SVG file has other identifiers each time it is written.
        with (
            matplotlib.rc_context({"svg.hashsalt": "qlatent_tf"}),
            atomic_path(f"{path}.{suffix}") as temporary,
        ):
            figure.savefig(temporary, format=suffix, dpi=dpi, **options)
    if step is not None:
        path = Path(path)
        writer = tf.summary.create_file_writer(str(path.parent / "tensorboard"))
        with writer.as_default(step=step):
            tf.summary.image(f"{path.parent.name}/{path.name}", figure_picture(figure)[np.newaxis])
        writer.close()
