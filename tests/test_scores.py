"""A score's key in JSON is read as it is written, and says all that was measured."""

import json
import math

import pytest
from damage import FUZZ
from harness import ROOT
from hypothesis import given
from hypothesis import strategies as st

from qlatent_tf.scores import Score, by_name, means, measured, read_history, read_scores

_NEIGHBOURS = ("precision", "recall", "density", "coverage")
KEYS = {
    "valid_share@10000": Score(metric="valid_share", num_samples=10_000),
    "fcd_qm9_129925@10000": Score(
        metric="fcd", reference="qm9", reference_size=129_925, num_samples=10_000
    ),
    "code_marginal_js_50_qm9_65@5": Score(
        metric="code_marginal_js_50", reference="qm9", reference_size=65, num_samples=5
    ),
    "reconstruction_mse_qm9_test_1750": Score(
        metric="reconstruction_mse", reference="qm9_test", reference_size=1750
    ),
    "accuracy_qm9_test@10": Score(metric="accuracy", reference="qm9_test", num_samples=10),
    "classifier_score_cifar_classifier@9": Score(
        metric="classifier_score", network="cifar_classifier", num_samples=9
    ),
    "inception_score_deviation_keras_inception_v3@9": Score(
        metric="inception_score_deviation", network="keras_inception_v3", num_samples=9
    ),
    "kernel_inception_distance_tfgan_inception_ab12_rgb_qm9_40@9": Score(
        metric="kernel_inception_distance",
        network="tfgan_inception_ab12_rgb",
        reference="qm9",
        reference_size=40,
        num_samples=9,
    ),
    "precision_of_rings_qm9_40@9": Score(
        metric="precision",
        network="of_rings",
        reference="qm9",
        reference_size=40,
        num_samples=9,
    ),
    # Custom names that only look like others.
    "precision_of_rings": Score(metric="precision_of_rings"),
    "coverage_of_rings@9": Score(metric="coverage_of_rings", num_samples=9),
    "recall_of_rings_qm9_test": Score(metric="recall_of_rings", reference="qm9_test"),
    "distance": Score(metric="distance"),
    "near_qm9": Score(metric="near_qm9"),
    "fcd_qm_129925@10000": Score(metric="fcd_qm_129925", num_samples=10_000),
    "mine@home": Score(metric="mine@home"),
    "mine@007": Score(metric="mine@007"),
}


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_read_as_it_is_written(key):
    score = KEYS[key]
    assert score.key == key
    (read,) = read_scores({key: 0.5}, "qm9")
    fields = ("metric", "network", "reference", "reference_size", "num_samples")
    assert [getattr(read, name) for name in fields] == [getattr(score, name) for name in fields]


@FUZZ
@given(st.text(), st.text(), st.booleans())
def test_whatever_a_metric_of_ones_own_is_called_its_key_is_kept(key, dataset, joined):
    key = f"classifier_score_{key}_{dataset}_{len(key)}@{len(dataset)}" if joined else key
    assert [score.key for score in read_scores({key: 1}, dataset)] == [key]


def test_committed_scores_are_told_apart_by_fields_alone():
    files = [*ROOT.glob("docs/results/*/cells/*.json"), *ROOT.glob("models/*/metrics.json")]
    assert files
    for file in files:
        record = json.loads(file.read_text(encoding="utf-8"))
        evaluation = record.get("evaluation", record)
        name = evaluation["dataset"]
        scores = read_scores(evaluation["metrics"], name)
        assert [score.key for score in scores] == list(evaluation["metrics"])
        for _, found in read_history(record.get("history", ()), name):
            scores += found.values()
        for score in scores:
            assert name not in score.metric and "@" not in score.metric
            assert (score.num_samples or score.reference_size) and score.name in score.key
            # By ChemNet, the classifier or the encoder; counts by nothing.
            judged = score.metric in _NEIGHBOURS and name in ("qm9", "cifar10", "naip28")
            assert (score.network is not None) == (judged or "classifier" in score.metric)


def test_a_score_over_seeds_has_a_mean_and_an_error_of_what_is_defined():
    score = Score(metric="fcd", num_samples=5).over([1.0, math.nan, 3.0, None])
    assert (score.key, score.mean, score.error) == ("fcd@5", 2.0, pytest.approx(1.0))
    assert score.to_json() == {
        "mean": 2.0,
        "standard_error": score.error,
        "values": [1.0, None, 3.0, None],
    }
    assert Score(metric="fcd").over([2]).to_json() == {
        "mean": 2.0,
        "standard_error": None,
        "values": [2.0],
    }
    assert Score(metric="fcd").over([math.inf]).to_json()["mean"] is None


def test_what_json_keeps_of_a_score_is_read_back():
    kept = Score(metric="fcd", reference="qm9", reference_size=8).over([1.0, 2.0])
    assert read_scores({kept.key: kept.to_json()}, "qm9") == [kept]
    (undefined,) = read_scores({"fcd@5": Score(metric="fcd").to_json()}, "qm9")
    assert math.isnan(undefined.mean) and undefined.error is None


def test_scores_of_one_sample_are_found_by_name_or_key():
    scores = measured({"a": 1, "b": 2.0}, num_samples=3, network="net")
    assert means(scores) == {"a_net@3": 1.0, "b_net@3": 2.0}
    assert by_name(scores)["b_net"].metric == "b"
    history = read_history([{"step": 7, "a@3": 1.0}, {"step": 9}], "qm9")
    assert [(step, list(found)) for step, found in history] == [(7, ["a"]), (9, [])]


@pytest.mark.parametrize(
    "network, published",
    [(None, True), ("tfgan_inception_ab12", True), ("keras_inception_v3", False)],
)
def test_of_inceptions_papers_mean_that_of_2015(network, published):
    assert Score(metric="inception_score", network=network).is_as_published == published
