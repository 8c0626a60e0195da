"""Figures of the capacity study: optima with laws, and the scores that they are chosen by."""

from collections import Counter

import numpy as np
from matplotlib.ticker import LogLocator

from qlatent_tf.drawing.style import INK, new_figure, shared_legend, tidy
from qlatent_tf.experiments.capacity.optima import bound, judge, network_parameters

_DASHES = {"exponential": "-", "power": "--", "linear": ":"}
# Of circuits of one layer, two and so on; colours are no latent's.
_DEPTHS = (("#74A9CF", "o"), ("#8C6BB1", "s"), ("#6E016B", "^"), ("#000000", "D"))


def law_figure(points, laws, kind: str, label: str):
    """Draws optima against the capacity of circuits, and the laws fitted to them.

    Where those of several seeds coincide, their number stands beside the mark.

    Laws, of `results.fit_optima`, are those without bounds if there are; the kind is ``critic`` or
    ``generator``.
    """
    figure = new_figure(7.2, 4.8)
    panel = figure.subplots()
    known = [point for point in points if point[kind] is not None]
    places = Counter((one["layers"], one["capacity"], one[kind], bound(one, kind)) for one in known)
    for (layers, capacity, size, side), seeds in places.items():
        told = {"": "", "both": ", no other size tried"}.get(side, f", {side} bound")
        name = _depth_name(layers) + told
        style = _depth_style(layers, hollow=bool(side))
        panel.plot(capacity, size, ls="", ms=6, label=name, **style)
        if seeds > 1:
            panel.annotate(
                f"×{seeds}", (capacity, size), (0, 8), textcoords="offset points", ha="center",
                size=8, bbox={"fc": "white", "ec": "none", "pad": 0.5},
            )  # fmt: skip
    which = next((which for which in ("measured", "all") if which in laws), None)
    if which:
        of = " without bounds" if which == "measured" else ""
        x = np.linspace(*(edge([one["capacity"] for one in known]) for edge in (min, max)), 200)
        for law in laws[which].values():
            style = {"color": INK, "ls": _DASHES[law.law], "lw": 1.4, "zorder": 1}
            panel.plot(x, law(x), **style, label=f"{law.law}{of}: {law}")
        if which == "all" and any(bound(one, kind) for one in known):
            panel.plot([], [], ls="", label="laws are fitted to bounds, too")
    if len(known) < len(points):
        without = f"{len(points) - len(known)} of {len(points)} circuits and seeds have none"
        panel.plot([], [], ls="", label=without)
    panel.set_yscale("log")
    panel.set(xlabel="parameters of the quantum generator", ylabel=label)
    tidy(panel)
    # Each name once.
    handles = dict(zip(*reversed(panel.get_legend_handles_labels()), strict=True))
    if handles:
        options = {"loc": "outside upper center", "ncols": 2, "frameon": False, "fontsize": 9}
        figure.legend(handles.values(), handles.keys(), **options)
    return figure


def critic_figure(finished):
    """Draws each circuit's scores against the critic's capacity, a panel for each code."""
    figure, panels = _panels(finished, "parameters of the critic")
    for cell in _accepted_first(finished, "quantum"):
        row = cell["row"]
        _draw_run(panels[row["code"]], cell, row["critic"], row["layers"])
    shared_legend(figure, panels.values(), "circuit; hollow:\nnot accepted")
    return figure


def generator_figure(finished, points):
    """Draws the classical generators' scores against their capacity, a panel for each code.

    The best score of each circuit among the points, which a generator is to match, is a line.
    """
    figure, panels = _panels(finished, "parameters of the classical generator")
    for cell in _accepted_first(finished, "classical"):
        _draw_run(panels[cell["row"]["code"]], cell, cell["row"]["width"])
    for point in points:
        if point["score"] is not None:
            panel, label = panels[2 * point["qubits"]], f"best run, {_depth_name(point['layers'])}"
            color = _depth_style(point["layers"])["color"]
            panel.axhline(point["score"], color=color, lw=1.2, alpha=0.7, label=label)
    shared_legend(figure, panels.values(), "hollow: not accepted;\nlines: circuits")
    return figure


def _accepted_first(finished, generator):
    """The runs of one kind of generator: a legend shows the first one's marker."""
    cells = (cell for cell in finished if cell["row"]["generator"] == generator)
    return sorted(cells, key=lambda cell: not judge(cell["history"], cell["row"]["code"]).accepted)


def _panels(finished, label):
    codes = sorted({cell["row"]["code"] for cell in finished})
    figure = new_figure(1.0 + 3.6 * len(codes), 3.8)
    panels = figure.subplots(1, len(codes), squeeze=False, sharey=True)[0]
    for panel, code in zip(panels, codes, strict=True):
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
        panel.yaxis.set_major_formatter("{x:g}")
        panel.yaxis.set_minor_formatter("{x:g}")
        panel.set(title=f"codes of {code} numbers", xlabel=label)
        tidy(panel)
    panels[0].set_ylabel("Frechet distance of codes")
    return figure, dict(zip(codes, panels, strict=True))


def _draw_run(panel, cell, width, depth=None):
    """Draws a run at the capacity of the network of a width: a critic, or the generator itself."""
    row, modes = cell["row"], cell["config"].latent_options["modes"]
    run = judge(cell["history"], row["code"])
    size = network_parameters(row["generator"], modes, row["code"], width)
    if depth:
        label, style = _depth_name(depth), _depth_style(depth, not run.accepted)
    else:
        label = "classical generator"
        style = {"color": INK, "marker": "v", "mfc": INK if run.accepted else "none"}
    panel.plot(size, run.score, ls="", ms=5, label=label, **style)


def _depth_name(layers):
    return f"{layers} layer{'s' if layers > 1 else ''}"


def _depth_style(layers, hollow=False):
    colour, marker = _DEPTHS[(layers - 1) % len(_DEPTHS)]
    return {"color": colour, "marker": marker, "mfc": "none" if hollow else colour}
