import types

import numpy as np
import pytest
from absl import logging

from qlatent_tf.registry import metrics
from qlatent_tf.runs.evaluation import evaluate, evaluate_real, mean_scores
from qlatent_tf.scores import measured


class Dice:
    """A model whose sample of seed s is full of s."""

    def sample(self, num_samples, seed):
        return np.full((num_samples, 1), seed, float)


@pytest.fixture
def dataset(monkeypatch):
    known = {
        "average": lambda dataset, samples, progress: {"average@5": samples.mean()},
        "undefined": lambda dataset, samples, progress: {
            "rest@5": float("nan") if samples.mean() else 1.0,
            "none@5": float("nan"),
        },
    }
    monkeypatch.setattr(metrics, "_builders", {**metrics._builders, **known})
    return types.SimpleNamespace(name="dice", evaluation_metrics=("average", "undefined"))


def test_means_come_with_their_standard_error_over_seeds(dataset):
    report = evaluate(Dice(), dataset, num_samples=5, seeds=(0, 2, 4))
    assert (report["dataset"], report["num_samples"], report["seeds"]) == ("dice", 5, [0, 2, 4])
    score = report["metrics"]["average@5"]
    assert score["mean"] == 2 and score["values"] == [0, 2, 4]
    # The standard deviation of 0, 2, 4 is 2.
    assert score["standard_error"] == pytest.approx(2 / np.sqrt(3))


def test_one_seed_has_no_error(dataset):
    score = evaluate(Dice(), dataset, num_samples=5)["metrics"]["average@5"]
    assert score["standard_error"] is None


def test_what_is_undefined_is_null_and_left_out_of_means(dataset):
    report = evaluate(Dice(), dataset, num_samples=5, seeds=(0, 1))
    assert report["metrics"]["rest@5"] == {
        "mean": 1.0,
        "standard_error": None,
        "values": [1.0, None],
    }
    assert report["metrics"]["none@5"]["mean"] is None
    assert set(mean_scores(report)) == {"average@5", "rest@5"}


def test_metrics_can_be_named(dataset):
    report = evaluate(Dice(), dataset, num_samples=5, metric_names=("average",))
    assert set(report["metrics"]) == {"average@5"}
    with pytest.raises(ValueError, match="Unknown metric"):
        evaluate(Dice(), dataset, num_samples=5, metric_names=("nothing",))


def test_records_and_names_of_ones_own_stand_side_by_side(dataset):
    class Judged(Dice):
        def own_scores(self, dataset, num_samples, seed):
            return measured({"own": seed}, reference=dataset.name, reference_size=num_samples)

    report = evaluate(Judged(), dataset, num_samples=5, seeds=(1, 3), metric_names=("average",))
    assert list(report["metrics"]) == ["average@5", "own_dice_5"]
    assert report["metrics"]["own_dice_5"]["values"] == [1.0, 3.0]


def test_without_metrics_nothing_is_sampled(dataset):
    dataset.evaluation_metrics = ()
    report = evaluate(types.SimpleNamespace(sample=pytest.fail), dataset, seeds=(0, 1))
    assert report["metrics"] == {} and report["seeds"] == [0, 1]
    assert mean_scores(report) == {}


def test_scores_that_differ_between_seeds_are_refused(dataset, monkeypatch):
    found = iter([{"a@5": 1.0}, {"a@5": 1.0, "b@5": 2.0}])
    changing = {"changing": lambda dataset, samples: next(found)}
    monkeypatch.setattr(metrics, "_builders", {**metrics._builders, **changing})
    with pytest.raises(ValueError, match="those of seed 1 differ in b@5"):
        evaluate(Dice(), dataset, num_samples=5, seeds=np.arange(2), metric_names=["changing"])


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ((), r"needs seeds, each another one; received \[\]"),
        ((0, 1, 0), r"each another one; received \[0, 1, 0\]"),
        (3, "such as .0, 1, 2.; received 3"),
        ((1.5,), "a sampling seed is an integer; received 1.5"),
        ((-1,), "a sampling seed is at least 0"),
    ],
)
def test_seeds_that_are_none_are_refused(dataset, seeds, message):
    with pytest.raises(ValueError, match=message):
        evaluate(Dice(), dataset, seeds=seeds)
    assert evaluate(Dice(), dataset, seeds=(seed for seed in (4, 5)))["seeds"] == [4, 5]


@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        ("mlp_boson_quantum", "dice", "model is a trained one, .* received str 'mlp_boson"),
        (Dice(), "dice", "dataset is one, such as load_dataset .* received str 'dice'"),
        (Dice(), np.zeros((3, 2)), "dataset is one, .* received ndarray"),
    ],
)
def test_what_is_no_model_or_no_data_is_refused(model, data, message):
    with pytest.raises(ValueError, match=message):
        evaluate(model, data)


def test_a_score_is_not_called_as_the_histories_first_column(dataset, monkeypatch):
    own = {"own": lambda dataset, samples: {"step": 1.5}}
    monkeypatch.setattr(metrics, "_builders", {**metrics._builders, **own})
    with pytest.raises(ValueError, match="returns a score 'step'"):
        evaluate(Dice(), dataset, num_samples=5, metric_names=["own"])


def test_held_out_samples_are_scored_as_if_generated(dataset):
    dataset.test = np.arange(4.0)[:, None]
    report = evaluate_real(dataset, num_samples=10)
    assert (report["num_samples"], report["seeds"]) == (4, [0])
    assert report["metrics"]["average@5"]["mean"] == 1.5


def test_some_held_out_samples_are_drawn_each_once(dataset, monkeypatch):
    seen = []

    def keep(dataset, samples, progress):
        seen.extend(samples.flat)
        return {"kept@3": 1.0}

    monkeypatch.setitem(metrics._builders, "keep", keep)
    dataset.test = np.arange(4.0)[:, None]
    evaluate_real(dataset, num_samples=3, metric_names=("keep",))
    assert len(set(seen)) == 3 and set(seen) <= {0, 1, 2, 3}


@pytest.mark.parametrize("has", [True, False])
def test_without_held_out_samples_there_is_nothing_real_to_score(dataset, has):
    if has:
        dataset.test = None
    with pytest.raises(ValueError, match="'dice' has no held-out samples"):
        evaluate_real(dataset)


@pytest.mark.parametrize("count", [0, True, 50.5, "50"], ids=repr)
def test_a_number_of_samples_is_a_whole_one(dataset, count):
    with pytest.raises(ValueError, match="num_samples is"):
        evaluate(Dice(), dataset, num_samples=count)


def test_a_warning_of_a_score_is_said_for_one_seed(dataset, monkeypatch, caplog):
    def few(dataset, samples, progress):
        for name in ("one", "other"):
            logging.warning("%s of %d molecules says little", name, int(samples.mean()))
        for number in range(2):
            logging.warning("lacks %s", [int(samples.mean()), number])
        return {"few@5": 1.0}

    monkeypatch.setitem(metrics._builders, "few", few)
    for _ in range(2):
        with caplog.at_level("WARNING", logger="absl"):
            evaluate(Dice(), dataset, num_samples=5, seeds=(3, 4), metric_names=["few"])
    said = [record.getMessage() for record in caplog.records]
    expected = [f"{name} of 3 molecules says little" for name in ("one", "other")]
    assert said == 2 * [*expected, "lacks [3, 0]", "lacks [3, 1]", "lacks [4, 0]", "lacks [4, 1]"]
