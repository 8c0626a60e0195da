"""Figures of studies: a score along a sweep, and a matrix of scores."""

from collections.abc import Mapping

import matplotlib
import numpy as np

from qlatent_tf.drawing.style import (
    INK,
    PALE,
    latent_style,
    literal,
    new_figure,
    shared_legend,
    tidy,
)
from qlatent_tf.experiments.grids.table_files import format_score


def sweep_figure(table: dict, name: str, label: str, *, panel: str, place: str, without=None):
    """Draws a score against the values of an entry; rows that have no value are bands.

    Args:
      table: dict, of `make_table`.
      name: str. The score's, see `Score.name`.
      label: str. Of the vertical axis.
      panel: str. The entry of which each value has a panel.
      place: str. The entry along the horizontal axis; ``""`` makes a row a band of all panels.
      without: str or None. The value of `panel` that has no panel of its own.
    """
    swept = [row for row in table["rows"] if row[place] != ""]
    bands = [row for row in table["rows"] if row[place] == ""]
    panels = {row[panel]: None for row in (swept or bands) if row[panel] != without}
    # An unfinished study may have bands alone.
    panels = panels or {without: None}
    counts = [len({row[place] for row in swept if row[panel] == one}) for one in panels]
    widths = [max(1.6, 0.55 * count + 1) for count in counts]
    drawing = new_figure(2.2 + sum(widths), 4.4)
    axes = drawing.subplots(1, len(panels), squeeze=False, sharey=True, width_ratios=widths)[0]
    for axis, one in zip(axes, panels, strict=True):
        rows = [row for row in swept if row[panel] == one]
        rows.sort(key=lambda row: ", " in str(row[place]))  # Values on a condition come last.
        for number, row in enumerate(bands):
            band = literal(row["latent"])
            if without is not None and row[panel] == without:
                band += f", {panel}: {without}"
            _draw_band(axis, row, name, band, number / len(bands))
        values = list(dict.fromkeys(row[place] for row in rows))
        latents = list(dict.fromkeys(row["latent"] for row in rows))
        for number, latent in enumerate(latents):
            aside = 0.16 * (number - (len(latents) - 1) / 2)  # Points of a value side by side.
            own = {values.index(row[place]) + aside: row for row in rows if row["latent"] == latent}
            _draw_points(axis, own, name, place)
        names = [literal(value).replace(", at least ", ",\n\u2265 ") for value in values]
        axis.set_xticks(range(len(values)), names)
        axis.set(
            xlabel=place if len(panels) == 1 else literal(one),
            xlim=(-0.6, max(len(values), 1) - 0.4),
        )
        tidy(axis)
    axes[0].set(ylabel=label)
    axes[0].margins(y=0.1)
    drawing.align_xlabels(axes)
    shared_legend(drawing, axes, "latent; bars and bands:\none standard error")
    return drawing


def matrix_figure(halves: Mapping[str, Mapping], title: str):
    """Draws scores of latent x data, the smaller the better, as coloured matrices with errors.

    Args:
      halves: dict. Title of a matrix -> (latent, data) -> the score, as `Score.to_json` returns it.
      title: str. Of the colour bar: scores divided by the smallest on the same data in any matrix.
    """
    known = [key for scores in halves.values() for key in scores]
    latents = list(dict.fromkeys(latent for latent, _ in known))
    data = list(dict.fromkeys(one for _, one in known))
    values = np.full((len(halves), len(latents), len(data)), np.nan)
    for half, scores in enumerate(halves.values()):
        for (latent, one), score in scores.items():
            if score["mean"] is not None:
                values[half, latents.index(latent), data.index(one)] = score["mean"]
    best = np.array([_smallest(values[:, :, column]) for column in range(len(data))])
    drawing = new_figure(3.4 + 1.2 * len(data), (0.9 + 0.55 * len(latents)) * len(halves) + 0.6)
    axes = drawing.subplots(len(halves), 1, squeeze=False, sharex=True).ravel()
    # What is not finished is grey, for the best are nearly white.
    palette = matplotlib.colormaps["YlOrBr"].with_extremes(bad=PALE)
    colours = {"vmin": 1, "vmax": max(2.0, np.nanmax(values / best, initial=1)), "cmap": palette}
    for axis, (half, scores), matrix in zip(axes, halves.items(), values / best, strict=True):
        image = axis.imshow(matrix, aspect="auto", **colours)
        for (latent, one), score in scores.items():
            place = latents.index(latent), data.index(one)
            dark = matrix[place] > (colours["vmin"] + colours["vmax"]) / 2
            text = format_score(score).replace(" ± ", "\n± ")
            colour = "white" if dark else INK
            axis.text(*place[::-1], text, ha="center", va="center", fontsize=9, color=colour)
        names = [literal(one).replace("_", "\n") for one in data]
        axis.set_xticks(range(len(data)), names, fontsize=9)
        axis.set_yticks(range(len(latents)), map(literal, latents))
        axis.set(title=half, ylabel="latent")
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    axes[-1].set(xlabel="data")
    drawing.colorbar(image, ax=list(axes), label=title.replace(", ", ",\n"))
    return drawing


def _smallest(values):
    """Returns what others are divided by, NaN where that cannot be."""
    least = np.nanmin(values) if np.isfinite(values).any() else np.nan
    return least if least > 0 else np.nan


def _draw_band(axis, row, name, label, offset):
    """Draws a row across the panel; the offset, of 1, moves dashes and marker of each band."""
    score, style = row["scores"][name], latent_style(row["latent"])
    if score["mean"] is None:
        return
    mean, error = score["mean"], score["standard_error"] or 0.0
    # Where two lie on each other, the dashes of one lie in the gaps of the other.
    style.update(lw=1.4, ls=(6 * offset, (3, 3)), ms=5, markevery=[1])
    across = axis.get_yaxis_transform()
    axis.plot([0, 0.03 + 0.9 * offset, 1], [mean] * 3, **style, transform=across, label=label)
    axis.axhspan(mean - error, mean + error, color=style["color"], alpha=0.15, lw=0)


def _draw_points(axis, at, name, place):
    ticks, rows = list(at), list(at.values())
    scores = [row["scores"][name] for row in rows]
    means = [np.nan if score["mean"] is None else score["mean"] for score in scores]
    errors = [score["standard_error"] or 0.0 for score in scores]
    style = {**latent_style(rows[0]["latent"]), "ms": 6, "lw": 1.4, "capsize": 3}
    # Words have no order that a line would show.
    line = "none" if any(isinstance(row[place], str) for row in rows) else "-"
    axis.errorbar(ticks, means, errors, **style, ls=line, label=literal(rows[0]["latent"]))
