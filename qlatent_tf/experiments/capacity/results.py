"""What the cells of the capacity study say: optima, laws, tables and figures."""

import math
from pathlib import Path

from qlatent_tf.drawing.style import save_figure
from qlatent_tf.experiments.capacity import WINDOW, charts
from qlatent_tf.experiments.capacity.optima import STEADINESS, TOLERANCE, bound, optima
from qlatent_tf.experiments.capacity.scaling_laws import fit_laws
from qlatent_tf.experiments.grids.comparable import check_table
from qlatent_tf.experiments.grids.tables import schedule, settings_of
from qlatent_tf.storage.files import csv_text, write_json, write_text
from qlatent_tf.text.markdown import escaped, markdown_table

KINDS = {
    "critic": "parameters of the smallest optimal critic",
    "generator": "parameters of the smallest classical generator of equal score",
}
_HEADS = ("smallest optimal critic", "smallest classical generator")
_LAW_HEADS = ["growth", "fit", "a, 95 %", "b, 95 %", "AICc above best", "residual of ln y", "wins"]


def write_results(folder, finished) -> dict:
    """Writes ``capacity.md``, ``.csv``, ``.json`` and figures; see `GridExperiment.write`."""
    if not finished:
        raise ValueError("There are no results of no cells: none of this schedule is finished.")
    folder = Path(folder)
    check_table(finished)
    points = optima(finished)
    fits = {kind: fit_optima(points, kind) for kind in KINDS}
    config = finished[0]["config"]
    results = {
        "schedule": schedule(config, told=("model_options",), settings=settings_of(finished)),
        "num_samples": config.evaluation_samples,
        "points": points,
        "fits": {kind: _to_json(fitted) for kind, fitted in fits.items()},
        "cells": len(finished),
        "minutes": round(sum(cell["seconds"] for cell in finished) / 60, 1),
    }
    write_json(folder / "capacity.json", results)
    write_text(folder / "capacity.md", to_markdown(results, fits))
    write_text(folder / "capacity.csv", to_csv(points))
    drawings = {
        f"capacity_{kind}": charts.law_figure(points, fits[kind]["laws"], kind, label)
        for kind, label in KINDS.items()
    }
    drawings["capacity_scores_critics"] = charts.critic_figure(finished)
    drawings["capacity_scores_generators"] = charts.generator_figure(finished, points)
    for name, drawing in drawings.items():
        save_figure(drawing, folder / name, step=config.steps)
    return results


def to_markdown(results: dict, fits) -> str:
    """Returns the optima, and the laws by kinds as `fit_optima` returned them, as tables."""
    groups = {}
    for point in results["points"]:
        groups.setdefault((point["qubits"], point["layers"]), []).append(point)
    rows = []
    for circuit, points in groups.items():
        scores = ["-" if one["score"] is None else f"{one['score']:.3g}" for one in points]
        entries = [", ".join(_entry(one, kind) for one in points) for kind in KINDS]
        rows.append([*circuit, points[0]["capacity"], ", ".join(scores), *entries])
    heads = ("qubits", "layers", "capacity", "best score", *_HEADS)
    alone = any("≶" in entry for row in rows for entry in row[-2:])
    only = "`≶`: the only one that was tried; " if alone else ""
    lines = [
        *markdown_table(heads, rows, words=0),
        "",
        "An entry for each seed; `≤`: the smallest that was tried; `≥`: the widest critic that was "
        f"tried; {only}`-`: no run is optimal. "
        f"{escaped(results['schedule'])}. Score: squared Frechet distance of "
        f"{results['num_samples']:,} codes, median of the last {WINDOW} evaluations. Optimal: "
        f"bounded, steady within {STEADINESS:.0%}, and within {TOLERANCE:.0%} of the best. "
        f"{results['cells']} runs, {results['minutes']:g} minutes of training.",
    ]
    for kind, fitted in fits.items():
        lines += _laws_to_markdown(fitted, kind)
    return "\n".join([*lines, ""])


def to_csv(points) -> str:
    """Returns the optima as CSV, a line for each circuit and seed; none is an empty entry."""
    columns = ("qubits", "layers", "seed", "capacity", "score", *KINDS)
    rows = (
        [*(point[column] for column in columns), *(bound(point, kind) for kind in KINDS)]
        for point in points
    )
    return csv_text((*columns, *(f"{kind}_bound" for kind in KINDS)), rows)


def fit_optima(points, kind: str) -> dict:
    """Fits the laws to the optima of all circuits and seeds that have one.

    Those at the edge of what was tried are bounds, see `bound`. They pull a law towards a constant,
    and so the laws are fitted without them, too.

    Args:
      points: sequence of dict, of `optima`.
      kind: str. ``critic`` or ``generator``.

    Returns:
      dict: ``optima``, ``bounds`` among them and ``missing``, how many there are, and ``laws``,
      a name -> of `fit_laws` for each set, "all" and "measured", of which there is enough.
    """
    known = [point for point in points if point[kind] is not None]
    measured = [point for point in known if not bound(point, kind)]
    bounds = len(known) - len(measured)
    laws = {"all": _fits(known, kind)}
    if bounds:
        laws["measured"] = _fits(measured, kind)
    return {
        "optima": len(known),
        "bounds": bounds,
        "missing": len(points) - len(known),
        "laws": {name: fits for name, fits in laws.items() if fits},
    }


def _laws_to_markdown(fitted, kind):
    lines = [
        "",
        f"y: {KINDS[kind]}; x: capacity of the circuit. {fitted['optima']} optima, of which "
        f"{fitted['bounds']} are bounds; {fitted['missing']} circuits and seeds have none and are "
        "left out.",
    ]
    for name, laws in fitted["laws"].items():
        best = next(iter(laws.values())).aicc
        rows = [
            [
                law,
                fit,
                *(f"{low:.3g} to {high:.3g}" for low, high in (fit.a_interval, fit.b_interval)),
                f"{fit.aicc - best:.1f}",
                f"{fit.residual:.2f}",
                f"{fit.wins:.0%}",
            ]
            for law, fit in laws.items()
        ]
        lines += [
            "",
            {"all": "Fitted to all of them:", "measured": "Fitted without bounds:"}[name],
            "",
            *markdown_table(_LAW_HEADS, rows, words=4),
        ]
    if len(fitted["laws"]) < (2 if fitted["bounds"] else 1):
        which = "those without bounds" if fitted["laws"] else "these"
        lines += ["", f"Too few circuits for a fit to {which}."]
    return lines


def _fits(points, kind):
    x, y = ([point[name] for point in points] for name in ("capacity", kind))
    if len(points) < 4 or len(set(x)) < 3:
        return {}
    return fit_laws(x, y, groups=[f"{one['qubits']}/{one['layers']}" for one in points])


def _to_json(fitted):
    laws = {
        name: {law: _finite(vars(fit)) for law, fit in fits.items()}
        for name, fits in fitted["laws"].items()
    }
    return {**fitted, "laws": laws}


def _finite(value):
    """The same with null for the numbers that JSON does not have."""
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _entry(point, kind):
    if point[kind] is None:
        return "-"
    sign = {"upper": "≤ ", "lower": "≥ ", "both": "≶ ", "": ""}[bound(point, kind)]
    return f"{sign}{point[kind]:,}"
