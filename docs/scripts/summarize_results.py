#!/usr/bin/env python3
"""Writes docs/results/summary.md and draws docs/images/results.png: rows of tables, compared.

    python docs/scripts/summarize_results.py

It also fills the tables of the pages of results.

Each line is a comparison of two rows of a committed table, seed by seed, from the finished cells
beside it. A difference is in per cent of the other row's mean, below 0 where the first has the
lower score.
"""

from pathlib import Path

import numpy as np
from questions import QUESTIONS, Question
from results_page import PAGES, filled
from scipy import stats

from qlatent_tf.drawing.style import (
    INK,
    PALE,
    latent_style,
    new_figure,
    save_figure,
    tidy,
)
from qlatent_tf.experiments.grids.finished_cells import cell_scores, read_cells
from qlatent_tf.experiments.grids.paired_tables import pairs_in_words
from qlatent_tf.experiments.grids.pairs import (
    difference,
    excludes_zero,
    pairs_needed,
    student_interval,
)
from qlatent_tf.scores import Score
from qlatent_tf.storage.files import write_text
from qlatent_tf.text.markdown import markdown_table

DOCS = Path(__file__).parents[1]
# Of the figure, in inches.
_HEAD, _GAP, _STEP = 0.22, 0.08, 0.105


def compare(question: Question) -> list[dict]:
    """Returns comparisons: ``rows``, ``seeds``, ``score``, ``interval``, ``p``, ``needed``."""
    values = {}
    cells = read_cells(DOCS / "results" / question.folder)
    if len({cell["config"].steps for cell in cells}) > 1:
        raise ValueError(f"{question.folder} holds runs of several lengths: compare one alone.")
    for cell in cells:
        row = cell["row"]
        if cell["config"].dataset != question.data or not question.where.items() <= row.items():
            continue
        # Cells of before plain decoding was scored lack its scores.
        for score in cell_scores(cell).values():
            if score.metric == question.score:
                key = tuple(row[entry] for entry in question.entries)
                seeds = values.setdefault(key, {})
                if cell["config"].seed in seeds:
                    raise ValueError(
                        f"{question.folder} holds several rows of {key}: {question.title} has to "
                        "say which is meant."
                    )
                seeds[cell["config"].seed] = score.mean
    result = []
    for ours, other in question.pairs:
        seeds = [
            seed
            for seed in sorted(values.get(ours, {}).keys() & values.get(other, {}).keys())
            if np.isfinite([values[ours][seed], values[other][seed]]).all()
        ]
        if seeds:
            scale = 100 / np.mean([values[other][seed] for seed in seeds])
            differences = [
                scale * difference(values[ours][seed], values[other][seed]) for seed in seeds
            ]
            result.append(
                {
                    "rows": (ours, other),
                    "seeds": len(seeds),
                    "score": Score(metric=question.score).over(differences),
                    "interval": student_interval(differences),
                    "needed": pairs_needed(differences),
                    "p": stats.ttest_1samp(differences, 0).pvalue if len(seeds) > 1 else None,
                }
            )
    if not result:
        raise ValueError(f"{question.folder} has no rows in common with {question.title!r}.")
    return result


def _adjusted(p) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def in_words(rows) -> str:
    """Returns which rows are compared."""
    (latent, *_), (other, *_) = rows
    if latent != other:
        return f"`{latent}` against `{other}`"
    return f"`{latent}`, {_values(rows[0])} against {_values(rows[1])}"


def _values(row):
    return " ".join(str(value) for value in row[1:] if value != "")


def to_markdown(compared) -> str:
    """Returns the comparisons as a table."""
    tested = [one for _, comparisons in compared for one in comparisons if one["interval"]]
    adjusted = iter(stats.false_discovery_control([one["p"] for one in tested]))
    outside = sum(excludes_zero(one["interval"]) for one in tested)
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
                    _adjusted(next(adjusted)) if interval else "",
                    pairs_in_words(one["needed"], interval),
                )
            )
    heads = (
        "task",
        "compared",
        "table",
        "seeds",
        "difference, %",
        "95 % interval",
        "q",
        "pairs needed",
    )
    caption = (
        "The difference is the first minus the second in the same seed, in per cent of the "
        "second's mean. Below 0 the first is better, unless the task says that more is. ± is the "
        "standard error over seeds. The interval is Student's t, which assumes normal differences. "
        "The bootstrap intervals next to some tables are narrower: over three seeds they cover "
        "75 %. If there were no differences at all, one interval in twenty would exclude 0; here "
        f"{outside} of {len(tested)} do. q is the p-value of a paired t-test, adjusted for the "
        "number of comparisons by Benjamini and Hochberg: of all comparisons up to some q, at most "
        "that share is expected to be chance. Pairs needed: where the interval holds 0, how many "
        "pairs of runs would make it exclude 0 with a probability of 80 %, if the differences were "
        "normal with the mean and the spread that these show. Few seeds tell both roughly. "
        "`python docs/scripts/summarize_results.py` makes the table and the figure."
    )
    return "\n".join(["# Summary", "", *markdown_table(heads, rows, words=3), "", caption, ""])


def draw(compared):
    """Returns the figure of the comparisons: a mark for each, with its interval."""
    lines = [
        (question.group, question.title, found)
        for question, found in compared
        if found and question.drawn
    ]
    heights = [_GAP + _STEP * len(comparisons) for _, _, comparisons in lines]
    groups = list(dict.fromkeys(group for group, _, _ in lines))
    figure = new_figure(8.2, 2.0 + sum(heights) + _HEAD * len(groups))
    axis = figure.subplots()
    axis.set_xlim(_limits([one for _, _, comparisons in lines for one in comparisons]))
    place, places, names, before = 0.0, [], [], None
    for (group, title, comparisons), height in zip(lines, heights, strict=True):
        if group != before:
            axis.text(
                -0.02, place - 0.8 * _HEAD, group, ha="right", va="center", weight="bold",
                fontsize=9, transform=axis.get_yaxis_transform(),
            )  # fmt: skip
            before, place = group, place - _HEAD
        for number, one in enumerate(comparisons, 1):
            _draw_one(axis, one, place - number * _STEP - _GAP / 2)
        places.append(place - height / 2 - _STEP / 2)
        counts = [one["seeds"] for one in comparisons]
        fewest, most = min(counts), max(counts)
        number = f"{fewest} to {most}" if fewest < most else most
        names.append(f"{title}, {number} seed{'s' if most > 1 else ''}")
        place -= height
        axis.axhline(place - _STEP / 2, color=PALE, lw=0.5)
    axis.axvline(0, color=INK, lw=1)
    axis.set_yticks(places, names, fontsize=8.5)
    axis.set_ylim(place - _STEP, 0)
    axis.set_xlabel(
        "difference of the score, % of the other's\n\u2190 better | worse \u2192\n"
        "open marks: one seed; arrows: the interval goes on"
    )
    tidy(axis, grid="x")
    axis.tick_params(axis="y", length=0, pad=8)
    # Above, where it leaves the marks their width.
    figure.legend(
        loc="outside upper center",
        ncols=4,
        frameon=False,
        title="first group: the latent that boson is compared with; others: the latent itself",
    )
    return figure


def _limits(comparisons):
    """The ends of the axis, which shows every mean.

    It need not show every interval: that of two seeds may be ten times as wide as all others.
    """
    means = [one["score"].mean for one in comparisons]
    ends = [end for one in comparisons for end in one["interval"] or ()] + means
    left, right = min(-110, min(means) - 15), max(140, max(means) + 15)
    return max(min(ends) - 5, left), min(max(ends) + 5, right)


def _draw_one(axis, one, place):
    latent = one["rows"][1][0]
    style = latent_style(latent)
    known = axis.get_legend_handles_labels()[1]
    if one["interval"]:
        axis.plot(one["interval"], [place] * 2, color=style["color"], lw=2)
        (first, last), (left, right) = one["interval"], axis.get_xlim()
        for edge, mark, goes_on in ((left, "<", first < left), (right, ">", last > right)):
            if goes_on:
                axis.plot(edge, place, mark, color=style["color"], ms=5, clip_on=False)
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
    """Writes the table, the figure and the pages."""
    for page in PAGES:
        write_text(page, filled(page.read_text(encoding="utf-8")))
    compared = [(question, compare(question)) for question in QUESTIONS]
    write_text(DOCS / "results" / "summary.md", to_markdown(compared))
    save_figure(draw(compared), DOCS / "images" / "results")


if __name__ == "__main__":
    main()
