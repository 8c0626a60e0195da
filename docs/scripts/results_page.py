"""Fills pages with columns of committed tables, and with what the runs of a study cost.

A comment says which table of a file stands behind it, the first or another, and which columns:

    <!-- results/table1_5000/table1.md | latent | seeds | distance to integers -->
    <!-- results/capacity_2000/capacity.md, table 2 | growth | fit -->

Or which scores, by `Score.name`, of which presets:

    <!-- models/ mlp_boson_quantum mlp_gaussian_quantum | integer_distance | recall -->
"""

import re
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from qlatent_tf.experiments.grids.finished_cells import read_cells
from qlatent_tf.experiments.grids.table_files import format_score
from qlatent_tf.glossary import title
from qlatent_tf.scores import by_name, read_scores
from qlatent_tf.storage.files import read_json
from qlatent_tf.storage.preset_files import GAN, METRICS
from qlatent_tf.text.markdown import markdown_table

DOCS = Path(__file__).parents[1]
MODELS = DOCS.parent / "models"
PAGES = (DOCS / "results.md", DOCS / "last_qgan.md")
_TABLE = re.compile(r"(<!-- (results/\S+\.md)(?:, table (\d+))? \| (.+) -->\n\n)(?:\|.*\n)*\n?")
_SCORES = re.compile(r"(<!-- models/ (.+?) \| (.+) -->\n\n)(?:\|.*\n)*\n?")
_COST = re.compile(r"\| \d+ \| \d+ (?=\| \[(\w+)\]\(results/)")


def filled(page: str) -> str:
    """Returns a page whose tables, and numbers and minutes of runs, are those of committed files.

    Raises:
      ValueError: if a table lacks a column that the page names, right of the one named before, or
        a preset a score.
    """
    return _COST.sub(_cost, _SCORES.sub(_scores, _TABLE.sub(_table, page)))


def _table(found):
    comment, path, number, heads = found.groups()
    lines = _columns(path, int(number or 1), heads.split(" | "))
    # Text right behind it would be a row.
    return comment + "".join(f"{line}\n" for line in (*lines, ""))


def _columns(path: str, number: int, heads: Sequence[str]) -> Iterator[str]:
    """Yields the lines of a table of a file, with some of its columns."""
    blocks = (DOCS / path).read_text(encoding="utf-8").split("\n\n")
    table = [block for block in blocks if block.startswith("|")][number - 1]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.splitlines()]
    known, kept = [entry.strip() for entry in rows[0]], [-1]
    for head in heads:
        if head not in known[kept[-1] + 1 :]:
            raise ValueError(f"{path} has the columns {known}, in this order; received {heads}.")
        # Heads repeat: each score has a column of published values.
        kept.append(known.index(head, kept[-1] + 1))
    for row in rows:
        yield "|".join(["", *(row[column] for column in kept[1:]), ""])


def _scores(found):
    comment, presets, asked = found.groups()
    names, rows, heads = asked.split(" | "), [], []
    for preset in presets.split():
        scores = read_json(MODELS / preset / "metrics.json", METRICS[GAN])
        known = by_name(read_scores(scores["metrics"], scores["dataset"]))
        missing = set(names) - known.keys()
        if missing:
            raise ValueError(f"{preset} has no scores {', '.join(sorted(missing))}.")
        kept = [known[name] for name in names]
        heads = ["preset", *(title(score.metric) for score in kept)]
        card = f"[`{preset}`](../models/{preset}/README.md)"
        rows.append([card, *(format_score(score.to_json()) for score in kept)])
    return "\n".join([comment.rstrip("\n"), "", *markdown_table(heads, rows, words=1), "", ""])


def _cost(found):
    minutes = [cell["seconds"] / 60 for cell in read_cells(DOCS / "results" / found[1])]
    return f"| {len(minutes)} | {statistics.median(minutes):.0f} "
