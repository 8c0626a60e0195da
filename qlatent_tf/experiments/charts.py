"""Figures of finished cells."""

import numpy as np

from qlatent_tf.experiments.tables import format_score
from qlatent_tf.figures import INK, PALE, latent_style, new_figure, tidy


def history_figure(cells, figure: str, label: str, published=None):
    """Draws a score against the steps of training, one panel for each data set.

    Args:
      cells: sequence of dict. Finished cells, see `grid.read_cell`.
      figure: str. The score, without the sample size.
      label: str. Of the vertical axis.
      published: dict. (data, latent) -> (mean, standard error), drawn as ticks at the right.

    Returns:
      Figure. Lines are means over seeds, bands one standard error to either side.
    """
    panels = _panels(cells)
    drawing = new_figure(1.2 + 6.2 * len(panels), 4.6)
    axes = drawing.subplots(1, len(panels), squeeze=False)[0]
    for axis, (data, latents) in zip(axes, panels.items(), strict=True):
        for latent, group in latents.items():
            steps, values = _histories(group, figure)
            style = latent_style(latent)
            mean = values.mean(axis=0)
            axis.plot(steps, mean, label=latent, lw=1.8, ms=4, **style)
            if len(values) > 1:
                error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
                axis.fill_between(
                    steps, mean - error, mean + error, color=style["color"], alpha=0.18, lw=0
                )
            if published and (data, latent) in published:
                axis.axhline(
                    published[data, latent][0], xmin=0.965, color=style["color"], lw=2.5,
                    clip_on=False,
                )
        axis.set(title=f"{data} data", xlabel="generator steps", ylabel=label)
        axis.set_ylim(bottom=0)
        if published and any(key[0] == data for key in published):
            axis.text(
                0.985, 0.985, "ticks at the right: published", transform=axis.transAxes,
                ha="right", va="top", fontsize=8, color=INK,
            )
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        tidy(axis)
    handles = {}
    for axis in axes:
        for handle, name in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(name, handle)
    drawing.legend(
        handles.values(), handles.keys(), loc="outside right center", frameon=False, title="latent"
    )
    return drawing


def bars_figure(table: dict, label: str):
    """Draws the first column of a table as bars, beside the published figures.

    Args:
      table: dict, of `make_table`.
      label: str. Of the horizontal axis.

    Returns:
      Figure, one panel for each data set.
    """
    figure = next(iter(table["columns"]))
    groups = {}
    for row in table["rows"]:
        groups.setdefault(row["data"], []).append(row)
    longest = max(map(len, groups.values()))
    drawing = new_figure(1.2 + 5.6 * len(groups), 1.7 + 0.62 * longest)
    axes = drawing.subplots(1, len(groups), squeeze=False)[0]
    for axis, (data, rows) in zip(axes, groups.items(), strict=True):
        for place, row in enumerate(rows):
            ours, theirs = row["scores"][figure], row["published"]
            colour = latent_style(row["latent"])["color"]
            if ours["mean"] is not None:
                _bar(axis, place - 0.2 * bool(theirs), ours, color=colour)
            if theirs:
                _bar(axis, place + 0.2, theirs, color="white", edgecolor=colour, hatch="////")
        axis.set_yticks(range(len(rows)), [row["latent"] for row in rows])
        axis.set_ylim(longest - 0.5, -0.5)
        axis.margins(x=0.22)
        axis.set_xlim(left=0)
        axis.set(title=f"{data} data", xlabel=label)
        tidy(axis)
        axis.grid(False, axis="y")
        axis.tick_params(axis="y", length=0)
    names = [(f"ours ({table['steps']:,} steps)", {"color": PALE})]
    if any(row["published"] for row in table["rows"]):
        names.append((table["source"], {"color": "white", "edgecolor": PALE, "hatch": "////"}))
    patches = [axes[0].barh([0], [np.nan], label=name, **style) for name, style in names]
    drawing.legend(
        patches, [name for name, _ in names], loc="outside right center", frameon=False
    )
    return drawing


def _bar(axis, place, score, **style):
    error = score["standard_error"]
    axis.barh(
        [place], [score["mean"]], height=0.38, xerr=error, ecolor=INK,
        error_kw={"lw": 1, "capsize": 2}, **style,
    )
    axis.annotate(
        format_score(score), (score["mean"] + (error or 0), place), (4, 0),
        textcoords="offset points", va="center", fontsize=7.5, color=INK,
    )


def _panels(cells):
    panels = {}
    for cell in cells:
        config = cell["config"]
        panels.setdefault(config.dataset, {}).setdefault(config.latent, []).append(cell)
    return panels


def _histories(cells, figure):
    """The steps at which all cells were scored, and the scores, ``(cells, steps)``."""
    curves = [
        {row["step"]: value for row in cell["history"] for name, value in row.items()
         if name.partition("@")[0] == figure}
        for cell in cells
    ]
    steps = sorted(set.intersection(*map(set, curves)))
    values = [[curve[step] for step in steps] for curve in curves]
    return np.array(steps), np.array(values, dtype=float).reshape(len(cells), len(steps))
