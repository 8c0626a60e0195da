#!/usr/bin/env python3
"""Writes docs/results/summary.md and draws docs/images/results.png: rows of tables, compared.

    python docs/scripts/summarize_results.py

Each line is a comparison of two rows of a committed table, seed by seed, from the finished cells
beside it. A difference is in per cent of the other row's mean, below 0 where the first is better.
"""

import dataclasses
from pathlib import Path

import numpy as np

from qlatent_tf.drawing.style import INK, latent_style, new_figure, save_figure, tidy
from qlatent_tf.experiments.grids.finished_cells import cell_scores, read_cells
from qlatent_tf.experiments.grids.pairs import bootstrap_interval
from qlatent_tf.markdown import markdown_table
from qlatent_tf.scores import Score
from qlatent_tf.storage.files import write_text

DOCS = Path(__file__).parents[1]
CLASSICAL = ("gaussian", "bernoulli", "photonic", "dirichlet_multinomial")


@dataclasses.dataclass(frozen=True)
class Question:
    """A score of a committed table, by which rows are compared on some data.

    Attributes:
      folder: str. In docs/results.
      data: str. The rows' data set.
      title: str. What is compared, as the figure says it.
      score: str. Its metric; lower is better.
      entry: str. The entry of a row that tells those that are compared apart.
      ours: str. The entry of the row that is asked about.
      others: tuple of str. Those of the rows it is compared with.
      latents: tuple of str. Compared each with itself; none if `entry` is the latent.
      trained: str. Of a study of trained latents, the rows that take part, such as ``"trained"``.
    """

    folder: str
    data: str
    title: str
    score: str
    entry: str = "latent"
    ours: str = "boson"
    others: tuple[str, ...] = CLASSICAL
    latents: tuple[str, ...] = ()
    trained: str | None = None


TRAINED = {
    "entry": "trained",
    "ours": "trained",
    "others": ("fixed",),
    "latents": ("boson", "photonic", "gaussian"),
}
QUESTIONS = (
    Question("table1_5000", "quantum", "photon counts, 5,000 steps", "integer_distance"),
    Question("table1_40000", "quantum", "photon counts, 40,000 steps", "integer_distance"),
    Question("table1_torch_40000", "quantum", "the same, PyTorch's epsilon", "integer_distance"),
    Question("table1_5000", "bernoulli", "fair bits, 5,000 steps", "integer_distance"),
    Question(
        "joint_5000",
        "quantum",
        "a circuit that learns: photon counts",
        "integer_distance",
        **TRAINED,
    ),
    Question(
        "joint_5000", "quantum", "trained latents: counts", "integer_distance", trained="trained"
    ),
    Question(
        "joint_molecules_1500", "qm9", "a circuit that learns: molecules, FCD", "fcd", **TRAINED
    ),
    Question("mixture_5000", "mixture", "blobs in the plane", "interpolation_rate"),
    Question("table2_20000", "qm9", "molecules: FCD, plain", "plain_fcd"),
    Question("table2_20000", "qm9", "molecules: FCD", "fcd"),
    Question(
        "table2_cifar_8000", "cifar10", "images: Frechet distance", "classifier_frechet_distance"
    ),
)


def compare(question: Question) -> list[dict]:
    """Returns comparisons: ``names``, ``latent``, ``seeds``, ``score`` and ``interval``."""
    values = {}
    for cell in read_cells(DOCS / "results" / question.folder):
        trained = cell["row"].get("trained") if question.trained else None
        if cell["config"].dataset == question.data and trained == question.trained:
            # Cells of before plain decoding was scored lack its scores.
            for score in cell_scores(cell).values():
                if score.metric == question.score:
                    key = cell["row"]["latent"], cell["row"][question.entry]
                    values.setdefault(key, {})[cell["config"].seed] = score.mean
    pairs = [
        ((latent, question.ours), (latent, other))
        for latent in question.latents
        for other in question.others
    ] or [((question.ours,) * 2, (other,) * 2) for other in question.others]
    result = []
    for ours, other in pairs:
        seeds = sorted(values.get(ours, {}).keys() & values.get(other, {}).keys())
        if seeds:
            scale = 100 / np.mean([values[other][seed] for seed in seeds])
            differences = [scale * (values[ours][seed] - values[other][seed]) for seed in seeds]
            result.append(
                {
                    "names": (ours[1], other[1]),
                    "latent": other[0],
                    "seeds": len(seeds),
                    "score": Score(metric=question.score).over(differences),
                    "interval": bootstrap_interval(differences),
                }
            )
    return result


def in_words(question: Question, comparison: dict, mark: str = "") -> str:
    """Returns which rows are compared; `mark` stands before and behind a latent's name."""
    ours, other = comparison["names"]
    if question.latents:
        return f"{mark}{comparison['latent']}{mark}, {ours} beside {other}"
    return f"{mark}{ours}{mark} beside {mark}{other}{mark}"


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
                    in_words(question, one, "`"),
                    f"[{question.folder}]({question.folder})",
                    one["seeds"],
                    f"{score.mean:+.1f}{error}",
                    between,
                )
            )
    heads = ("task", "compared", "table", "seeds", "difference, %", "95 % interval")
    caption = (
        "The first minus the second in the same seed, in per cent of the second's mean: below 0 "
        "the first is better. ± is the standard error over seeds; the interval is a percentile "
        "bootstrap, which is too narrow over few seeds. "
        "`python docs/scripts/summarize_results.py` makes the table and the figure."
    )
    return "\n".join(["# Summary", "", *markdown_table(heads, rows, words=3), "", caption, ""])


def draw(compared):
    """Returns the figure of the comparisons: a line for each, with its interval."""
    lines = [(question, one) for question, comparisons in compared for one in comparisons]
    figure = new_figure(8.2, 1.2 + 0.27 * (len(lines) + len(compared)))
    axis = figure.subplots()
    place, places, names = 0.0, [], []
    for question, comparisons in compared:
        axis.text(0, -place, question.title, ha="left", va="center", weight="bold", fontsize=9,
                  transform=axis.get_yaxis_transform())  # fmt: skip
        place += 1
        for one in comparisons:
            style = latent_style(one["latent"])
            mean = one["score"].mean
            axis.plot(
                [mean], [-place], **style, ms=6, mfc=style["color"] if one["interval"] else "w"
            )
            if one["interval"]:
                axis.plot(one["interval"], [-place] * 2, color=style["color"], lw=2)
            places.append(-place)
            seeds = f"{one['seeds']} seed{'s' if one['seeds'] > 1 else ''}"
            names.append(f"{in_words(question, one)}, {seeds}")
            place += 1
    axis.axvline(0, color=INK, lw=1)
    axis.set_yticks(places, names, fontsize=8.5)
    axis.set_ylim(-place, 1)
    axis.set_xlabel(
        "difference of the score, % of the second's\n\u2190 the first better | worse \u2192"
    )
    tidy(axis, grid="x")
    return figure


def main() -> None:
    """Writes the table and the figure."""
    compared = [(question, compare(question)) for question in QUESTIONS]
    write_text(DOCS / "results" / "summary.md", to_markdown(compared))
    save_figure(draw(compared), DOCS / "images" / "results")


if __name__ == "__main__":
    main()
