"""What every score means: how it is computed, its range, and which direction is better.

The records are in glossary.csv beside this file. `qlatent-tf list_models --metrics` prints them,
docs/metrics.md shows them, and the tables of experiments take their headings from them.
"""

import csv
import dataclasses
import fnmatch
import functools
import math
import re
from collections.abc import Iterable
from pathlib import Path

from qlatent_tf.scores import Score
from qlatent_tf.text.markdown import markdown_table

# What the formulas of a section have in common.
NOTES = {
    "Vectors of whole numbers": "x is a generated vector, round(x) the nearest outcome, p the "
    "exact distribution of the data and q that of n rounded samples. A floor is the score of n "
    "samples of the data themselves: a model at the floor is indistinguishable from the data by "
    "this score. Read the gap only where its floor is small; elsewhere a poor model can lie below "
    "it.",
    "Points in the plane": "A blob's region is its ellipse of three standard deviations; there are "
    "K blobs.",
    "Molecules": "A strictly valid molecule is one fragment without wildcards (`*`). Scores that "
    "begin with `parsed_` count every SMILES that parses instead, as published tables do. How a "
    "graph is decoded matters: by default hydrogens are placed on aromatic nitrogens where that "
    "makes a molecule of the graph (pyrrole). Scores that begin with `plain_` use only RDKit, "
    "which refuses 6 % of the graphs of QM9. "
    "Properties and distances are of distinct strictly valid molecules, `fcd` of all distinct ones "
    "that parse. Functional groups are "
    "patterns (`GROUPS` of qlatent_tf/metrics/molecules/substructures.py): "
    "phenol is no `alcohol` and aniline no `amine`, an oxime is an `imine`, and `aromatic_ring` is "
    "any aromatic atom.",
    "Images": "A network judges them, and its name follows the score's. Compare only scores by the "
    "same network. y are its classes; distances compare its features of generated images with "
    "those of training images.",
    "Precision and recall": "The metrics are `vector_neighbours` for vectors, "
    "`molecule_neighbours` for molecules by the features of ChemNet, and `classifier_neighbours` "
    "and `inception_neighbours` for images by the features of these networks. A model that "
    "generates codes of images is scored by the features of its encoder. The ball of a "
    "sample reaches to its fifth nearest neighbour among the samples of the same kind, real or "
    "generated (k = 5, as Naeem et al. choose; Kynkäänniemi et al. take 3). A sample at its edge "
    "lies in it. As many real samples are compared as generated ones, at most 10,000, for the "
    "smaller of two samples has larger balls. Of molecules those are compared that parse, repeated "
    "ones as often as they are (`chemnet_512`; scores that end with `chemnet` counted each once, "
    "so that few molecules had large balls, and hardly saw collapse). Samples unlike the data "
    "lower precision and density; data that the generator leaves out lower recall and coverage. "
    "Where most data equal five others, as counts of few modes do, the scores are not defined.",
    "Codes of images": "Models that generate codes of an autoencoder score themselves; D is their "
    "critic.",
    "Classifiers": "Of the networks that judge images, on labelled test images.",
}
_BOUNDS = re.compile(r"from (\d+)|(\d+) to (\d+\.?\d*)?")
# Distances of equal distributions come out a little below 0.
_ROUNDING = 0.01
# A section whose metrics its notes name.
_NAMED_ABOVE = "Precision and recall"
# How scores are computed, between the page's introduction and its sections.
_SCORING = """
## How to score

    qlatent-tf evaluate molgan_boson_qm9 --num-samples 10000 --json
    qlatent-tf evaluate mlp_boson_quantum --metrics discreteness total_number
    qlatent-tf evaluate --real --dataset cifar10 --metrics classifier_scores

`evaluate` scores a preset or a run by every metric of its data. During training, only the fast ones
run. `--real` scores held-out real samples as if a model had made them. `--save` writes the scores
into the preset and its card, beside those of other metrics; `--replace` puts them in their place.

By default, `pair_correlation` and `vector_neighbours` score your vectors. Your images have no
default metrics: name `classifier_scores`, or `inception_scores` where its weights are available.
`train` and `reproduce` take names by `--set metrics=pair_correlation,my_file:my_metric`. Before the
first step, they try each metric that you name on a few samples. [Extending](extending.md#a-metric)
shows how to write one, and [Scores of images](image_metrics.md) which networks judge images.
"""
# The scores that say most, where there is room for a few.
KEY_SCORES = (
    "fcd",
    "valid_share",
    "unique_share",
    "frechet_inception_distance",
    "classifier_frechet_distance",
    "classifier_score",
    "classifier_kernel_distance",
    "encoder_frechet_256",
    "code_frechet",
    "reconstruction_psnr",
    "reconstruction_mse",
    "integer_distance",
    "right_total_share",
    "outcome_tv",
    "interpolation_rate",
    "mode_coverage",
    "accuracy",
    "cross_entropy",
)


@dataclasses.dataclass(frozen=True)
class Entry:
    """A score, explained.

    Attributes:
      section: str. What it is a score of.
      metric: str. The registered metrics that return it, with spaces between; empty for a model's
        own.
      name: str. As `Score.metric` has it; ``*`` stands for a word.
      title: str. What tables call it.
      better: str. ``higher``, ``lower``, or empty where neither is better.
      range: str. Between which values it lies.
      formula: str. How it is computed.
    """

    section: str
    metric: str
    name: str
    title: str
    better: str
    range: str
    formula: str


@functools.cache
def entries() -> tuple[Entry, ...]:
    """Returns all scores that are explained."""
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return tuple(Entry(**row) for row in csv.DictReader(file))


@functools.cache
def explain(metric: str) -> Entry | None:
    """Returns what is said of a score, by its `Score.metric`; None of one of your own.

    Example:
      >>> explain("fcd").better
      'lower'
    """
    matching = [entry for entry in entries() if fnmatch.fnmatchcase(metric, entry.name)]
    # A score's own name before the pattern of a family.
    return min(matching, key=lambda entry: entry.name != metric, default=None)


def is_possible(score: Score) -> bool:
    """Whether a score's mean lies in its range, as far as the glossary tells that in numbers."""
    entry = explain(score.metric)
    bounds = _BOUNDS.match(entry.range) if entry else None
    if bounds is None or not math.isfinite(score.mean):
        return True
    least, most = bounds[1] or bounds[2], bounds[3] or math.inf
    return float(least) - _ROUNDING <= score.mean <= float(most) + _ROUNDING


def title(metric: str) -> str:
    """Returns what a score is called in words; its name, if it is one of your own."""
    entry = explain(metric)
    return entry.title if entry else metric


def key_scores(
    scores: Iterable[Score], count: int = 2, names: Iterable[str] = KEY_SCORES
) -> list[Score]:
    """Returns the few scores that tell most; of two networks, the first.

    Scores that the glossary lacks, of a user's own metrics, come first. They leave the others at
    least one place; these follow in the order of names.
    """
    known: dict[str, Score] = {}
    for score in scores:
        known.setdefault(score.metric, score)
    own = [score for name, score in known.items() if explain(name) is None]
    others = [known[name] for name in names if name in known]
    return [*own[: count - bool(others)], *others][:count]


def to_markdown() -> str:
    """Returns the page of the documentation."""
    lines = [
        "# Metrics",
        "",
        "What the scores mean: in `evaluate`, on cards, in the tables of experiments and in "
        "TensorBoard. This page is made by `docs/scripts/metrics_page.py` from "
        "`qlatent_tf/glossary.csv`; `qlatent-tf list_models --metrics` prints the same.",
        "",
        "A score's key in JSON holds all that it depends on: `fcd_qm9_129925@10000` is `fcd` "
        "of 10,000 generated samples, compared with 129,925 molecules of `qm9`. Compare only "
        "scores with the same key: most depend on the number n of samples.",
        *_SCORING.rstrip().splitlines(),
    ]
    for section, notes in NOTES.items():
        rows = [
            [f"`{one.name}`", one.title, one.better or "-", one.range, one.formula, _metric(one)]
            for one in entries()
            if one.section == section
        ]
        heads = ("score", "in words", "better", "range", "how it is computed", "metric")
        if section == _NAMED_ABOVE:
            rows, heads = [row[:-1] for row in rows], heads[:-1]
        lines += ["", f"## {section}", "", notes, "", *markdown_table(heads, rows, len(heads))]
    return "\n".join([*lines, ""])


def _metric(entry):
    names = [f"`{name}`" for name in entry.metric.split()]
    return ", ".join(names) or "the model's own"
