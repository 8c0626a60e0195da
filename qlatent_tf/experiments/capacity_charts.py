"""Figures of the capacity study: optima with laws, and the scores that they are chosen by."""

import numpy as np

from qlatent_tf.experiments.capacity_optima import is_bound, judge, network_parameters
from qlatent_tf.figures import INK, new_figure, shared_legend, tidy

# Of circuits of one layer, two and so on; colours are no latent's.
_DEPTHS = (("#74A9CF", "o"), ("#8C6BB1", "s"), ("#6E016B", "^"), ("#000000", "D"))


def law_figure(points, laws, kind: str, label: str):
    """Draws optima against the capacity of circuits, and the laws fitted to them.

    Args:
      points: sequence of dict, of `capacity_optima.optima`.
      laws: dict. Of `capacity_results.fit_optima`; those without bounds are drawn if there are.
      kind: str. ``critic`` or ``generator``.
      label: str. Of the vertical axis.
    """
    figure = new_figure(7.2, 4.8)
    panel = figure.subplots()
    known = [point for point in points if point[kind] is not None]
    named = set()
    for point in known:
        style = _depth_style(point["layers"], hollow=is_bound(point, kind))
        name = f"{point['layers']} layer{'s' if point['layers'] > 1 else ''}"
        name += ", a bound" if is_bound(point, kind) else ""
        panel.plot(
            point["capacity"], point[kind], ls="", ms=6, label=None if name in named else name,
            **style,
        )
        named.add(name)
    which = next((which for which in ("measured", "all") if which in laws), None)
    if which:
        of = {"measured": " without bounds", "all": ""}[which]
        x = np.linspace(*(edge([one["capacity"] for one in known]) for edge in (min, max)), 200)
        for law, dashes in zip(laws[which].values(), ("-", "--", ":"), strict=True):
            panel.plot(x, law(x), color=INK, ls=dashes, lw=1.4, label=f"{law.law}{of}: {law}")
    panel.set_yscale("log")
    panel.set(xlabel="parameters of the quantum generator", ylabel=label.capitalize())
    tidy(panel)
    if named:
        figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return figure


def score_figure(finished):
    """Draws each circuit's scores against the critic's capacity, a panel for each code."""
    codes = sorted({cell["row"]["code"] for cell in finished})
    figure = new_figure(1.0 + 3.6 * len(codes), 3.8)
    panels = figure.subplots(1, len(codes), squeeze=False, sharey=True)[0]
    for panel, code in zip(panels, codes, strict=True):
        for cell in finished:
            row = cell["row"]
            if row["code"] != code or row["generator"] != "quantum":
                continue
            run = judge(cell["history"], code)
            modes = cell["config"].latent_options["modes"]
            panel.plot(
                network_parameters("quantum", modes, code, row["critic"]), run.score, ls="",
                ms=5, **_depth_style(row["layers"], hollow=not run.accepted),
                label=f"{row['layers']} layers" if cell["config"].seed == 0 else None,
            )
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set(title=f"code of {code}", xlabel="parameters of the critic")
        tidy(panel)
    panels[0].set_ylabel("Frechet distance of codes")
    shared_legend(figure, panels, "circuit; hollow:\nnot accepted")
    return figure


def _depth_style(layers, hollow):
    colour, marker = _DEPTHS[(layers - 1) % len(_DEPTHS)]
    return {"color": colour, "marker": marker, "mfc": "none" if hollow else colour}
