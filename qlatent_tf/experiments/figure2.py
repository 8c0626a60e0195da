"""The cumulative distribution of rounded samples, compared with the exact one of the data.

Reference:
  H. Wallner and W. R. Clements, "Towards an inductive bias for quantum statistics in GANs",
  figure 2.
"""

import math
from pathlib import Path

import numpy as np

from qlatent_tf.experiments.experiment import Experiment, Option
from qlatent_tf.experiments.table1 import LATENTS
from qlatent_tf.glossary import title
from qlatent_tf.seeds import derive_seed
from qlatent_tf.storage.files import read_json, write_json, write_text
from qlatent_tf.storage.shapes import MEANS
from qlatent_tf.text.differences import differences, format_differences
from qlatent_tf.text.markdown import markdown_table
from qlatent_tf.text.progress import ProgressBar

_CURVE = {"rank": [int], "cumulative": [float]}
_MEASURED = {
    "name": str,
    "latent": str,
    "data": str,
    "step": (int, None),
    "num_samples": int,
    "figures": MEANS,
    "real": _CURVE,
    "generated": _CURVE,
}
# Of float64 rows of 16 entries, 32 MB.
BLOCK = 250_000
CURVE_POINTS = 1000
_SCORES = (
    "outcome_tv",
    "outcome_tv_floor",
    "outcome_kl",
    "possible_share",
    "cumulative_gap",
    "cumulative_gap_floor",
)


def measure(folder, name, model, config, step, *, num_samples, progress=True) -> dict:
    """Counts a model's rounded samples against the exact distribution of its data, block by block.

    Memory follows the block and the number of distinct outcomes, not the number of samples. A
    measurement that lies in ``<folder>/figure2/<name>.json`` already is read, not repeated.

    Returns:
      dict of JSON values: ``name``, ``latent``, ``data``, ``config``, ``step``, ``num_samples``,
      ``figures`` (see `OutcomeLaw`) and the curves ``real`` and ``generated``, each with ``rank``
      and ``cumulative``.

    Raises:
      ValueError: if the exact distribution of the data is not known, or the file is of another
        model or sample size.
    """
    from qlatent_tf.metrics.vectors.outcome_law import OutcomeLaw
    from qlatent_tf.runs.training import load_dataset

    file = Path(folder) / "figure2" / f"{name}.json"
    made_of = {"config": config.to_json(), "step": step, "num_samples": num_samples}
    if file.is_file():
        return _read(file, made_of)
    law = OutcomeLaw.of(load_dataset(config, progress=progress))
    with ProgressBar(
        total=num_samples, unit="sample", unit_scale=True, desc=name, disable=not progress
    ) as bar:
        for block, first in enumerate(range(0, num_samples, BLOCK)):
            size = min(BLOCK, num_samples - first)
            # Each block has a seed of its own: else all would be copies of the first.
            law.add(model.sample(size, (derive_seed(config.seed, "figure 2"), block), 10_000))
            bar.update(size)
    real, generated = law.cumulative()
    measured = {
        "name": name,
        "latent": config.latent,
        "data": config.dataset,
        **made_of,
        # The KL divergence of no possible outcome is undefined, which JSON says by null.
        "figures": {
            key: value if math.isfinite(value) else None for key, value in law.figures().items()
        },
        "real": _thinned(real),
        "generated": _thinned(generated),
    }
    write_json(file, measured)
    return measured


def write_results(folder, measured) -> None:
    """Writes ``figure2.md``, ``figure2.json`` and the figure of what `measure` returned."""
    from qlatent_tf.drawing.style import save_figure

    folder = Path(folder)
    measured = sorted(measured, key=_place)
    write_text(folder / "figure2.md", to_markdown(measured))
    write_json(
        folder / "figure2.json",
        [
            {key: one[key] for key in ("name", "latent", "data", "step", "num_samples", "figures")}
            for one in measured
        ],
    )
    step = max(one["step"] or 0 for one in measured)
    save_figure(law_figure(measured), folder / "figure2", step=step)


def to_markdown(measured) -> str:
    """Returns a table of the figures of all measurements."""
    rows = []
    for one in measured:
        # Of before there was this floor, a measurement has none.
        scores = [one["figures"].get(name) for name in _SCORES]
        shown = ["undefined" if score is None else f"{score:.4f}" for score in scores]
        rows.append(
            [one["name"], one["data"], f"`{one['latent']}`", f"{one['step'] or 0:,}", *shown]
        )
    caption = (
        f"{measured[0]['num_samples']:,} samples of each model, rounded to whole numbers, compared "
        "with the exact distribution of its data. The floors are what as many samples of the data "
        "show; the KL divergence is that of the samples that are possible outcomes. "
        "docs/metrics.md explains the scores."
    )
    heads = ["model", "data", "latent", "steps", *map(title, _SCORES)]
    return "\n".join([*markdown_table(heads, rows, words=3), "", caption, ""])


def law_figure(measured):
    """Draws the cumulative distributions, from the likeliest outcome, and total variations."""
    from qlatent_tf.drawing.style import INK, latent_style, literal, new_figure, tidy

    figure = new_figure(11.5, 4.8)
    laws, bars = figure.subplots(1, 2, width_ratios=(3, 2))
    # Models of one circuit of the data share the real curve.
    real = {str(one["real"]): one["real"] for one in measured}
    for number, curve in enumerate(real.values()):
        label = None if number else "real"
        laws.plot(curve["rank"], curve["cumulative"], color=INK, lw=2.6, label=label, zorder=1)
    repeated = len({one["latent"] for one in measured}) < len(measured)
    labels = [literal(one["name"] if repeated else one["latent"]) for one in measured]
    styles = [latent_style(one["latent"]) for one in measured]
    for one, label, style in zip(measured, labels, styles, strict=True):
        curve = one["generated"]["rank"], one["generated"]["cumulative"]
        laws.plot(*curve, **style, ms=5, markevery=0.12, lw=1.8, label=label)
    laws.set_xscale("log")
    laws.set(
        title=f"Rounded samples, {measured[0]['num_samples']:,} each",
        xlabel="outcomes, from the likeliest",
        ylabel="cumulative probability",
        ylim=(0, 1.02),
    )
    laws.legend(frameon=False)
    for place, (one, style) in enumerate(zip(measured, styles, strict=True)):
        found, floor = (one["figures"][name] for name in ("outcome_tv", "outcome_tv_floor"))
        bar = bars.barh([place], [found], height=0.62, color=style["color"])
        ends = [place - 0.4, place + 0.4]
        label = None if place else "as many real samples"
        bars.plot([floor, floor], ends, color=INK, lw=2, label=label)
        bars.bar_label(bar, fmt="%.3f", padding=4, fontsize=8, color=INK)
    bars.set_yticks(range(len(measured)), labels)
    bars.set_ylim(max(len(measured), 4) - 0.5, -0.5)
    bars.margins(x=0.15)
    bars.set_xlim(left=0)
    bars.set(title="Distance from the exact distribution", xlabel="total variation")
    bars.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14))
    tidy(laws)
    tidy(bars, grid="x")
    return figure


def _thinned(cumulative):
    """At most `CURVE_POINTS` points of a curve with both ends, even on a logarithmic axis."""
    ranks = np.geomspace(1, len(cumulative), CURVE_POINTS)
    ranks = np.unique(np.rint(ranks).astype(int))
    return {"rank": ranks.tolist(), "cumulative": cumulative[ranks - 1].tolist()}


def _place(one):
    known = one["latent"] in LATENTS
    return not known, LATENTS.index(one["latent"]) if known else 0, one["name"]


def _read(file, made_of):
    measured = read_json(file, _MEASURED)
    found = differences({name: measured.get(name) for name in made_of}, made_of)
    if found:
        raise ValueError(
            f"{file} was measured on something else (its value -> yours): "
            f"{format_differences(found)}. Move it away, or choose another --workdir."
        )
    return measured


EXPERIMENT = Experiment(
    name="figure2",
    help="compares the distribution of rounded generated samples with the data's exact one",
    citation="Wallner and Clements, figure 2, of trained models",
    description="Memory stays bounded.",
    options={
        "data": Option("quantum", "data set of the runs to take"),
        "seed": Option(0, "seed of the runs"),
        "num_samples": Option(10_000_000, "generated samples of each model", whose="the paper's"),
    },
    runs_of="table1",
)
