"""The glossary explains every score that is committed, and its page is what it says."""

import json

import pytest
from harness import ROOT

from qlatent_tf import glossary
from qlatent_tf.experiments.grids.finished_cells import cell_history, cell_scores, read_cells
from qlatent_tf.registry import metrics
from qlatent_tf.scores import Score, read_scores


def _committed():
    """The committed scores, of presets and of cells."""
    for file in sorted(ROOT.glob("models/*/metrics.json")):
        evaluation = json.loads(file.read_text())
        for part in (evaluation, evaluation.get("real")):
            yield from read_scores(part["metrics"], part["dataset"]) if part else ()
    for folder in {file.parents[1] for file in ROOT.glob("docs/results/*/cells/*.json")}:
        for cell in read_cells(folder):
            yield from cell_scores(cell).values()
            for _, scores in cell_history(cell):
                yield from scores.values()


def test_every_committed_score_is_explained():
    assert not {score.metric for score in _committed() if glossary.explain(score.metric) is None}


def test_every_registered_metric_returns_scores_that_are_explained():
    explained = {name for entry in glossary.entries() for name in entry.metric.split()}
    assert explained == set(metrics.names())


def test_entries_are_whole():
    for entry in glossary.entries():
        assert entry.section in glossary.NOTES and entry.better in ("higher", "lower", "")
        assert all((entry.name, entry.title, entry.range, entry.formula))
    names = [entry.name for entry in glossary.entries()]
    assert len(names) == len(set(names)) and set(glossary.KEY_SCORES) <= {
        name.replace("*", "256") for name in names
    }


@pytest.mark.parametrize(
    "metric, title",
    [
        ("fcd", "FCD"),
        ("alcohol_count", "molecules with a group"),
        ("plain_parsed_novel_count", "novel, plain"),
        ("code_marginal_js_50", "divergence of marginals"),
        ("my_score", "my_score"),
    ],
)
def test_a_score_is_called_in_words(metric, title):
    assert glossary.title(metric) == title


@pytest.mark.parametrize(
    "metric, values, possible",
    [
        ("recall", (0, 0.3, 1, float("nan")), True),
        ("recall", (-0.1, 1.1), False),
        ("fcd", (0, -1e-9, 1e6), True),
        ("fcd", (-1,), False),
        ("parsed_unique_count", (0, 10_000), True),
        ("classifier_score", (0.5,), False),
        ("classifier_kernel_distance", (-3,), True),
        ("my_score", (-3,), True),
    ],
)
def test_what_a_score_can_be_is_in_its_range(metric, values, possible):
    for value in values:
        assert glossary.is_possible(Score(metric=metric, mean=value)) == possible


def test_key_scores_come_in_their_order():
    scores = [Score(metric=name) for name in ("integer_distance", "mine", "fcd", "valid_share")]
    names = [score.metric for score in glossary.key_scores(scores, count=3)]
    assert names == ["mine", "fcd", "valid_share"]
    judged = [Score(metric="fcd", network=network) for network in "ab"]
    assert glossary.key_scores(judged) == judged[:1]


def test_the_page_is_the_glossary():
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert page == glossary.to_markdown()
