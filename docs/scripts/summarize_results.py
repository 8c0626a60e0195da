#!/usr/bin/env python3
"""Writes docs/results/summary.md and draws docs/images/results.png: rows of tables, compared.

    python docs/scripts/summarize_results.py

Each line is a comparison of two rows of a committed table, seed by seed, from the finished cells
beside it. A difference is in per cent of the other row's mean, below 0 where the first is better.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy import stats

from qlatent_tf.drawing.style import (
    INK,
    PALE,
    latent_style,
    new_figure,
    save_figure,
    shared_legend,
    tidy,
)
from qlatent_tf.experiments.grids.finished_cells import cell_scores, read_cells
from qlatent_tf.experiments.table1 import CONTROLS
from qlatent_tf.markdown import markdown_table
from qlatent_tf.scores import Score
from qlatent_tf.storage.files import write_text

DOCS = Path(__file__).parents[1]
# Of the figure, in inches.
_GAP, _STEP = 0.15, 0.13
CLASSICAL = ("gaussian", "bernoulli", "photonic", "dirichlet_multinomial")


@dataclasses.dataclass(frozen=True)
class Question:
    """A score of a committed table, by which rows are compared on some data.

    Attributes:
      folder: str. In docs/results.
      data: str. The rows' data set.
      group: str. What is compared with what.
      title: str. On what.
      score: str. Its metric; lower is better.
      pairs: sequence of (tuple, tuple). Rows that are compared, the one that is asked about first:
        their values of `entries`.
      entries: tuple of str. The entries of a row that tell those that are compared apart.
      where: dict. Other entries of rows that take part, and their values.
    """

    folder: str
    data: str
    group: str
    title: str
    score: str
    pairs: Sequence[tuple[tuple, tuple]] = tuple((("boson",), (other,)) for other in CLASSICAL)
    entries: tuple[str, ...] = ("latent",)
    where: Mapping[str, str] = dataclasses.field(default_factory=dict)


_BESIDE, _LEARNS = "boson beside another latent", "a trained latent beside the same, fixed"
_SCALED = "a latent of unit variance beside the same as it is"
_IMPERFECT = "boson of an imperfect device beside a perfect one's"
_DISTANCE = "integer_distance"
_TRAINED = {
    "entries": ("latent", "trained"),
    "pairs": [
        ((latent, "trained"), (latent, "fixed")) for latent in ("boson", "photonic", "gaussian")
    ],
}
QUESTIONS = (
    Question("table1_5000", "quantum", _BESIDE, "photon counts, 5,000 steps", _DISTANCE),
    Question(
        "table1_torch_5000",
        "quantum",
        _BESIDE,
        "photon counts, 5,000 steps, PyTorch's epsilon",
        _DISTANCE,
    ),
    Question(
        "joint_5000",
        "quantum",
        _BESIDE,
        "photon counts, 5,000 steps, one circuit a seed",
        _DISTANCE,
        where={"trained": "fixed"},
    ),
    Question(
        "origins_3000",
        "quantum",
        _BESIDE,
        "photon counts, 3,000 steps, one circuit a seed",
        _DISTANCE,
        where={"scale": "raw"},
    ),
    Question(
        "origins_3000",
        "quantum",
        _BESIDE,
        "photon counts, 3,000 steps, unit variance",
        _DISTANCE,
        where={"scale": "standardised"},
    ),
    Question(
        "interference_3000",
        "quantum",
        _BESIDE,
        "photon counts, 3,000 steps, classical controls",
        _DISTANCE,
        entries=("latent", "interfering photons"),
        pairs=[(("boson", 8), (other, "")) for other in CONTROLS[1:]],
    ),
    Question("table1_40000", "quantum", _BESIDE, "photon counts, 40,000 steps", _DISTANCE),
    Question(
        "table1_torch_40000",
        "quantum",
        _BESIDE,
        "photon counts, 40,000 steps, PyTorch's epsilon",
        _DISTANCE,
    ),
    Question(
        "joint_5000",
        "quantum",
        _BESIDE,
        "photon counts, 5,000 steps, trained latents",
        _DISTANCE,
        where={"trained": "trained"},
    ),
    Question("table1_5000", "bernoulli", _BESIDE, "fair bits, 5,000 steps", _DISTANCE),
    Question(
        "mixture_5000", "mixture", _BESIDE, "blobs in the plane, 5,000 steps", "interpolation_rate"
    ),
    Question(
        "joint_molecules_1500",
        "qm9",
        _BESIDE,
        "molecules: FCD, 1,500 steps",
        "fcd",
        where={"trained": "fixed"},
    ),
    Question(
        "table2_20000", "qm9", _BESIDE, "molecules: FCD, 20,000 steps, plain decoding", "plain_fcd"
    ),
    Question("table2_20000", "qm9", _BESIDE, "molecules: FCD, 20,000 steps", "fcd"),
    Question(
        "table2_cifar_8000",
        "cifar10",
        _BESIDE,
        "images: Frechet distance, 8,000 steps",
        "classifier_frechet_distance",
    ),
    Question(
        "table2_cifar_8000",
        "cifar10",
        _BESIDE,
        "images, one device of 128 modes",
        "classifier_frechet_distance",
        pairs=[(("boson, one device",), ("gaussian",))],
    ),
    Question("joint_5000", "quantum", _LEARNS, "photon counts, 5,000 steps", _DISTANCE, **_TRAINED),
    Question(
        "joint_molecules_1500", "qm9", _LEARNS, "molecules: FCD, 1,500 steps", "fcd", **_TRAINED
    ),
    Question(
        "origins_3000",
        "quantum",
        _SCALED,
        "photon counts, 3,000 steps",
        _DISTANCE,
        entries=("latent", "scale"),
        pairs=[
            ((latent, "standardised"), (latent, "raw"))
            for latent in ("boson", "photonic", "bernoulli", "dirichlet_multinomial")
        ],
    ),
    *(
        Question(
            "noise_3000",
            "quantum",
            _IMPERFECT,
            title,
            _DISTANCE,
            entries=("latent", "imperfection", "value"),
            pairs=[(("boson", *imperfection), ("boson", "none", ""))],
        )
        for title, imperfection in (
            ("photons 90 % indistinguishable", ("indistinguishability", "0.9")),
            ("10 % of the photons lost", ("transmission", "0.9")),
            ("30 % lost", ("transmission", "0.7")),
            ("30 % lost, shots of 6 to 8 kept", ("transmission", "0.7, at least 6 photons")),
            ("detectors that only click", ("detector", "threshold")),
            ("sources with a g2 of 0.0205", ("g2", "0.0205")),
            ("phases wrong by up to 0.1 rad", ("phase error", "0.1 rad")),
        )
    ),
)


def compare(question: Question) -> list[dict]:
    """Returns comparisons: ``rows``, ``seeds``, ``score`` and ``interval``."""
    values = {}
    for cell in read_cells(DOCS / "results" / question.folder):
        row = cell["row"]
        if cell["config"].dataset != question.data or not question.where.items() <= row.items():
            continue
        # Cells of before plain decoding was scored lack its scores.
        for score in cell_scores(cell).values():
            if score.metric == question.score:
                key = tuple(row[entry] for entry in question.entries)
                values.setdefault(key, {})[cell["config"].seed] = score.mean
    result = []
    for ours, other in question.pairs:
        seeds = sorted(values.get(ours, {}).keys() & values.get(other, {}).keys())
        if seeds:
            scale = 100 / np.mean([values[other][seed] for seed in seeds])
            differences = [scale * (values[ours][seed] - values[other][seed]) for seed in seeds]
            result.append(
                {
                    "rows": (ours, other),
                    "seeds": len(seeds),
                    "score": Score(metric=question.score).over(differences),
                    "interval": _interval(differences),
                }
            )
    return result


def _interval(differences):
    """The 95 % interval of the mean difference by Student's t, None for one pair."""
    if len(differences) == 1:
        return None
    return tuple(stats.ttest_1samp(differences, 0).confidence_interval(0.95))


def in_words(rows) -> str:
    """Returns which rows are compared."""
    (latent, *_), (other, *_) = rows
    if latent != other:
        return f"`{latent}` beside `{other}`"
    return f"`{latent}`, {_values(rows[0])} beside {_values(rows[1])}"


def _values(row):
    return " ".join(str(value) for value in row[1:] if value != "")


def to_markdown(compared) -> str:
    """Returns the comparisons as a table."""
    rows = []
    for question, comparisons in compared:
        for one in comparisons:
            score, interval = one["score"], one["interval"]
            error = "" if score.error is None else f" ± {score.error:.1f}"
            between = f"{interval[0]:+.1f} to {interval[1]:+.1f}" if interval else "one seed"
            rows.append(
                (
                    question.title,
                    in_words(one["rows"]),
                    f"[{question.folder}]({question.folder})",
                    one["seeds"],
                    f"{score.mean:+.1f}{error}",
                    between,
                )
            )
    heads = ("task", "compared", "table", "seeds", "difference, %", "95 % interval")
    caption = (
        "The first minus the second in the same seed, in per cent of the second's mean: below 0 "
        "the first is better. ± is the standard error over seeds; the interval is that of "
        "Student's t, which holds for normal differences. The bootstrap intervals beside some "
        "tables are narrower: over three seeds they cover 75 %. "
        "`python docs/scripts/summarize_results.py` makes the table and the figure."
    )
    return "\n".join(["# Summary", "", *markdown_table(heads, rows, words=3), "", caption, ""])


def draw(compared):
    """Returns the figure of the comparisons: a mark for each, with its interval."""
    lines = [(question.group, question.title, found) for question, found in compared if found]
    heights = [_GAP + _STEP * len(comparisons) for _, _, comparisons in lines]
    groups = list(dict.fromkeys(group for group, _, _ in lines))
    figure = new_figure(8.2, 1.4 + sum(heights) + _GAP * len(groups))
    axis = figure.subplots()
    place, places, names, before = 0.0, [], [], None
    for (group, title, comparisons), height in zip(lines, heights, strict=True):
        if group != before:
            place -= _GAP
            axis.text(-0.02, place, group, ha="right", va="center", weight="bold", fontsize=9,
                      transform=axis.get_yaxis_transform())  # fmt: skip
            before = group
        for number, one in enumerate(comparisons, 1):
            _draw_one(axis, one, place - number * _STEP - _GAP / 2)
        places.append(place - height / 2 - _STEP / 2)
        most = max(one["seeds"] for one in comparisons)
        names.append(f"{title}, {most} seed{'s' if most > 1 else ''}")
        place -= height
        axis.axhline(place - _STEP / 2, color=PALE, lw=0.5)
    axis.axvline(0, color=INK, lw=1)
    # The interval of two seeds may be ten times as wide as all others.
    axis.set_xlim(max(axis.get_xlim()[0], -110), min(axis.get_xlim()[1], 140))
    axis.set_yticks(places, names, fontsize=8.5)
    axis.set_ylim(place - _STEP, 0)
    axis.set_xlabel("difference of the score, % of the other's\n\u2190 better | worse \u2192")
    tidy(axis, grid="x")
    axis.tick_params(axis="y", length=0)
    shared_legend(figure, [axis], "the other latent, or the\none that is trained")
    return figure


def _draw_one(axis, one, place):
    latent = one["rows"][1][0]
    style = latent_style(latent)
    known = axis.get_legend_handles_labels()[1]
    if one["interval"]:
        axis.plot(one["interval"], [place] * 2, color=style["color"], lw=2)
    axis.plot(
        [one["score"].mean],
        [place],
        **style,
        ms=6,
        ls="none",
        mfc=style["color"] if one["interval"] else "w",
        label="_" if latent in known else latent,
    )


def main() -> None:
    """Writes the table and the figure."""
    compared = [(question, compare(question)) for question in QUESTIONS]
    write_text(DOCS / "results" / "summary.md", to_markdown(compared))
    save_figure(draw(compared), DOCS / "images" / "results")


if __name__ == "__main__":
    main()
