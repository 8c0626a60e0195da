"""What the cells of the capacity study say: optima, laws, tables and figures."""

import functools
from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.experiments.capacity_optima import (
    STEADINESS, TOLERANCE, WINDOW, best_score, judge, smallest_optimal,
)
from qlatent_tf.experiments.finished_cells import check_comparable
from qlatent_tf.experiments.scaling_laws import fit_laws
from qlatent_tf.experiments.tables import schedule
from qlatent_tf.figures import INK, latent_style, new_figure, save_figure, tidy
from qlatent_tf.files import write_json, write_text
from qlatent_tf.models.last_qgan import classical_generator, code_critic

KINDS = {
    "critic": "parameters of the smallest optimal critic",
    "generator": "parameters of the smallest classical generator of equal score",
}


def write_results(folder, finished) -> dict:
    """Writes ``capacity.md``, ``capacity.json`` and figures; returns what is in the latter.

    Args:
      folder: path. The grid's.
      finished: sequence of dict. Finished cells of one schedule, see `finished_cells.read_cell`.

    Raises:
      ValueError: if there are none, or they were not trained and scored alike.
    """
    if not finished:
        raise ValueError("There are no results of no cells: none of this schedule is finished.")
    folder = Path(folder)
    for cell in finished:
        check_comparable(finished[0], cell, swept=("model_options",))
    points = optima(finished)
    fits = {kind: _fits(points, kind) for kind in KINDS}
    config = finished[0]["config"]
    results = {
        "schedule": schedule(config, told=("model_options",)),
        "num_samples": config.evaluation_samples,
        "points": points,
        "fits": {
            kind: {law: {**vars(fit)} for law, fit in laws.items()} for kind, laws in fits.items()
        },
        "cells": len(finished),
        "minutes": round(sum(cell["seconds"] for cell in finished) / 60, 1),
    }
    write_json(folder / "capacity.json", results)
    write_text(folder / "capacity.md", to_markdown(results, fits))
    step = config.steps
    for kind in KINDS:
        save_figure(law_figure(points, fits[kind], kind), folder / f"capacity_{kind}", step=step)
    save_figure(score_figure(finished), folder / "capacity_scores", step=step)
    return results


def optima(finished) -> list[dict]:
    """Returns the smallest optimal capacities of each circuit in each seed.

    Args:
      finished: sequence of dict. Finished cells.

    Returns:
      list of dict: ``qubits``, ``layers``, ``seed``, ``capacity`` of the circuit, ``critic`` and
      ``generator``, None where no run is optimal, ``score``, the circuit's best, None where no
      run is accepted, and ``smallest_tried``, of critic and generator: an optimum there is a bound.
    """
    sweeps = {}
    for cell in finished:
        row, options = cell["row"], cell["config"].model_options
        kind = row["generator"]
        key = (row["code"], row["layers"] if kind == "quantum" else kind, cell["config"].seed)
        size = options["critic_width" if kind == "quantum" else "width"]
        capacity = network_parameters(kind, cell["config"].latent_options["modes"], row["code"],
                                      size)
        sweeps.setdefault(key, []).append((capacity, judge(cell["history"], row["code"])))
    points = []
    for (code, layers, seed), runs in sorted(sweeps.items(), key=str):
        if layers == "classical":
            continue
        best = best_score(runs)
        classical = sweeps.get((code, "classical", seed), [])
        points.append({
            "qubits": code // 2,
            "layers": layers,
            "seed": seed,
            "capacity": circuit_parameters(code // 2, layers),
            "critic": smallest_optimal(runs),
            "generator": smallest_optimal(classical, target=best),
            "score": best if np.isfinite(best) else None,
            "smallest_tried": {
                "critic": min(capacity for capacity, _ in runs),
                "generator": min((capacity for capacity, _ in classical), default=None),
            },
        })
    return sorted(points, key=lambda point: (point["qubits"], point["layers"], point["seed"]))


def circuit_parameters(qubits: int, layers: int) -> int:
    """Returns the parameters of a circuit: two for each of its angles."""
    return 2 * qubits * (5 * layers + 1)


@functools.lru_cache(maxsize=None)
def network_parameters(kind: str, latent_size: int, code: int, width: int) -> int:
    """Returns the trainable parameters of the network that is swept beside a generator.

    Args:
      kind: str. ``quantum``: the critic; ``classical``: the generator itself.
      latent_size: int.
      code: int.
      width: int. Of the network's first hidden layer.
    """
    network = (
        code_critic(code, width) if kind == "quantum"
        else classical_generator(latent_size, code, width)
    )
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)


def to_markdown(results: dict, fits) -> str:
    """Returns the optima and the laws as tables."""
    lines = [
        "| qubits | layers | capacity | best score | smallest optimal critic | "
        "smallest classical generator |", "|---:|---:|---:|---:|---:|---:|",
    ]
    groups = {}
    for point in results["points"]:
        groups.setdefault((point["qubits"], point["layers"]), []).append(point)
    for (qubits, layers), points in groups.items():
        scores = [f"{one['score']:.3g}" if one["score"] is not None else "-" for one in points]
        entries = [
            ", ".join(_entry(one, kind) for one in points) for kind in ("critic", "generator")
        ]
        lines.append(
            f"| {qubits} | {layers} | {points[0]['capacity']} | {', '.join(scores)} | "
            f"{' | '.join(entries)} |"
        )
    lines += [
        "", "An entry for each seed; `≤`: the smallest that was tried; `-`: no run is optimal. "
        f"{results['schedule']}. Score: squared Frechet distance of "
        f"{results['num_samples']:,} codes, median of the last {WINDOW} evaluations. Optimal: "
        f"bounded, steady within {STEADINESS:.0%}, and within {TOLERANCE:.0%} of the best. "
        f"{results['cells']} runs, {results['minutes']:g} minutes of training.",
    ]
    for kind, laws in fits.items():
        lines += ["", f"y: {KINDS[kind]}; x: capacity of the circuit."]
        if not laws:
            lines += ["", "Too few circuits have an optimum: no law is fitted."]
            continue
        best = next(iter(laws.values())).aicc
        lines += [
            "", "| law | fit | a, 95 % | b, 95 % | AICc above best | residual of ln y | wins |",
            "|---|---|---|---|---:|---:|---:|",
        ]
        lines += [
            f"| {law} | {fit} | {_interval(fit.a_interval)} | {_interval(fit.b_interval)} | "
            f"{fit.aicc - best:.1f} | {fit.residual:.2f} | {fit.wins:.0%} |"
            for law, fit in laws.items()
        ]
    return "\n".join([*lines, ""])


def law_figure(points, laws, kind: str):
    """Draws optima against the capacity of circuits, and the laws fitted to them."""
    figure = new_figure(7.2, 4.8)
    panel = figure.subplots()
    known = [point for point in points if point[kind] is not None]
    for layers in sorted({point["layers"] for point in known}):
        chosen = [point for point in known if point["layers"] == layers]
        style = latent_style(("boson", "photonic", "gaussian", "bernoulli")[(layers - 1) % 4])
        panel.plot(
            [point["capacity"] for point in chosen], [point[kind] for point in chosen], ls="",
            ms=6, alpha=0.8, label=f"{layers} layer{'s' if layers > 1 else ''}", **style,
        )
    if laws:
        x = np.linspace(*(edge([one["capacity"] for one in known]) for edge in (min, max)), 200)
        for law, dashes in zip(laws.values(), ("-", "--", ":"), strict=True):
            panel.plot(x, law(x), color=INK, ls=dashes, lw=1.4, label=f"{law.law}: {law}")
    panel.set_yscale("log")
    panel.set(xlabel="parameters of the quantum generator", ylabel=KINDS[kind].capitalize())
    tidy(panel)
    if panel.get_legend_handles_labels()[0]:
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
            style = latent_style(
                ("boson", "photonic", "gaussian", "bernoulli")[(row["layers"] - 1) % 4]
            )
            modes = cell["config"].latent_options["modes"]
            panel.plot(
                network_parameters("quantum", modes, code, row["critic"]), run.score, ls="",
                ms=5, mfc=style["color"] if run.accepted else "none", **style,
                label=f"{row['layers']} layers" if cell["config"].seed == 0 else None,
            )
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set(title=f"code of {code}", xlabel="parameters of the critic")
        tidy(panel)
    panels[0].set_ylabel("Frechet distance of codes")
    handles = {}
    for panel in panels:
        for handle, name in zip(*panel.get_legend_handles_labels(), strict=True):
            handles.setdefault(name, handle)
    if handles:
        figure.legend(
            handles.values(), handles.keys(), loc="outside right center", frameon=False,
            title="circuit; hollow:\nnot accepted",
        )
    return figure


def _fits(points, kind):
    known = [point for point in points if point[kind] is not None]
    x, y = ([point[name] for point in known] for name in ("capacity", kind))
    if len(known) < 4 or len(set(x)) < 3:
        logging.warning(
            "%d circuits have an optimal %s: no law is fitted to fewer than 3.", len(set(x)), kind
        )
        return {}
    return fit_laws(x, y, groups=[f"{one['qubits']}/{one['layers']}" for one in known])


def _entry(point, kind):
    if point[kind] is None:
        return "-"
    bound = "≤ " if point[kind] == point["smallest_tried"][kind] else ""
    return f"{bound}{point[kind]:,}"


def _interval(interval):
    return f"{interval[0]:.3g} to {interval[1]:.3g}"
