"""Training a classifier of images: how it begins, how it goes on, and the preset it leaves."""

import csv
import json
import re
import types

import keras
import numpy as np
import pytest
from qlatent_tf.tools import train_classifier as tool

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.metrics.images.classifier import load_classifier

pytestmark = pytest.mark.usefixtures("eager_steps")
CHANGES = {"dataset": "toy", "widths": [4, 8], "epochs": 3, "batch_size": 10, "shift": 1}


def toy(**changes):
    """Images of noise, whose class is the channel that is brighter."""
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    images = rng.integers(0, 100, (90, 8, 8, 3))
    images[np.arange(90), :, :, labels] += 100
    images = images.astype(np.uint8)
    fields = {
        "name": "toy",
        "source": images[:60],
        "labels": labels[:60],
        "test": images[60:],
        "test_labels": labels[60:],
        "class_names": ("red", "green", "blue"),
        "bands": ("red", "green", "blue"),
        "metrics": (),
        "provenance": {"made": [1, 2]},
        "render": None,
    }
    return ImageDataset(**{**fields, **changes})


OPTIONS = tool.with_sizes(tool.checked_options(CHANGES), toy())


def epochs(folder):
    with open(folder / "history.csv", newline="") as file:
        return [int(row["epoch"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that was interrupted in its second epoch and taken up again."""
    folder = tmp_path_factory.mktemp("run")

    def stop(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.callbacks.TensorBoard, "on_epoch_begin", stop)
        with pytest.raises(KeyboardInterrupt):
            tool.train(OPTIONS, toy(), folder)
    assert epochs(folder) == [0]
    return folder, *tool.train(OPTIONS, toy(), folder)


def test_an_interrupted_run_is_taken_up_at_the_last_whole_epoch(run):
    folder, classifier, step = run
    assert epochs(folder) == [0, 1, 2]
    # The optimizer's count, which the learning rate follows, goes on too.
    assert step == 18
    again, step = tool.train(OPTIONS, toy(), folder)
    assert step == 18 and epochs(folder) == [0, 1, 2]
    for one, other in zip(again.get_weights(), classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_backup_that_was_cut_short_is_passed_over_for_the_one_before(run, tmp_path):
    folder, _, _ = run
    for file in folder.rglob("*"):
        if file.is_file() and ".tfevents" not in file.name:
            (tmp_path / file.relative_to(folder)).parent.mkdir(exist_ok=True)
            (tmp_path / file.relative_to(folder)).write_bytes(file.read_bytes())
    weights = tmp_path / "backup" / "latest.weights.h5"
    weights.write_bytes(weights.read_bytes()[:1000])
    _, step = tool.train(OPTIONS, toy(), tmp_path)
    assert step == 18 and epochs(tmp_path) == [0, 1, 2, 2]


def test_another_run_in_the_directory_is_refused(run):
    with pytest.raises(ValueError, match="holds a run of other options or data.*: seed: 0 -> 5[.]"):
        tool.train({**OPTIONS, "seed": 5}, toy(), run[0])
    with pytest.raises(ValueError, match="holds a run of other options or data"):
        tool.train(OPTIONS, toy(provenance={"made": [3]}), run[0])


def test_the_preset_of_another_is_not_written_over(tmp_path):
    (tmp_path / "config.json").write_text('{"preset_version": 1, "config": {"epochs": 2}}')
    (tmp_path / "history.csv").write_text("of the preset")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(ValueError, match="config.json is no run's of this tool"):
        tool.train(OPTIONS, toy(), tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_diverging_loss_ends_the_run_and_leaves_no_backup(tmp_path):
    options = {**OPTIONS, "learning_rate": 1e30}
    with pytest.raises(FloatingPointError, match="loss of epoch [12] is nan"):
        tool.train(options, toy(), tmp_path)
    weights = list(tmp_path.glob("backup/latest.weights.h5"))
    assert len(weights) == len(epochs(tmp_path))


def test_a_preset_holds_the_classifier(run, tmp_path, capsys, monkeypatch):
    _, classifier, step = run
    directory = tmp_path / "toy_classifier"
    scores = tool.publish(directory, classifier, OPTIONS, toy(), step)
    loaded, description = load_classifier(directory)
    assert description["config"] == OPTIONS and description["provenance"]["step"] == 18
    data = toy()
    logits = loaded.predict(data.test, verbose=0)
    np.testing.assert_array_equal(logits, classifier.predict(data.test, verbose=0))
    assert scores == json.loads((directory / "metrics.json").read_text())["metrics"]
    right = logits.argmax(axis=1) == data.test_labels
    accuracy = scores["accuracy_toy_test@30"]
    assert accuracy["mean"] == pytest.approx(right.mean()) and right.mean() > 0.9
    assert accuracy["standard_error"] == pytest.approx(right.std() / np.sqrt(30))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = shares[np.arange(30), data.test_labels] / shares.sum(axis=1)
    mean = scores["cross_entropy_toy_test@30"]["mean"]
    assert mean == pytest.approx(-np.log(shares).mean(), rel=1e-4)
    # The command on the card trains the same.
    card = (directory / "README.md").read_text()
    (command,) = re.findall("qlatent-tf train_classifier (.*)$", card, re.MULTILINE)
    monkeypatch.setattr(tool, "check_dataset", lambda name: None)  # No data set has its name.
    assert tool.main([*command.split(), "--dry-run"]) == 0
    assert tool.with_sizes(json.loads(capsys.readouterr().out), data) == OPTIONS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs is a whole number from 1; received epochs=0"),
        ({"momentum": 1}, "momentum is a decimal number from 0 to below 1; received momentum=1"),
        ({"shift": -1}, "shift is a whole number from 0"),
        ({"dataset": ""}, "the name of a data set"),
        ({"widths": []}, r"received widths=\[\]"),
        ({"widths": 4}, "received widths=4"),
        ({"seed": 0.5}, "received seed=0.5"),
        ({"surprise": 1}, "Unknown option 'surprise'.* Legal: .*widths"),
        ({"epoch": 1}, "Did you mean epochs"),
    ],
)
def test_options_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        tool.checked_options(changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": None}, "'toy' has no training or no test images with labels"),
        ({"test": None, "test_labels": None}, "no training or no test images"),
        ({"source": np.zeros((60, 8, 9, 3), np.uint8)}, r"are square.* shape \(8, 9, 3\)"),
    ],
)
def test_data_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        tool.with_sizes(tool.checked_options({}), toy(**changes))
    with pytest.raises(ValueError, match="no training or no test images with labels"):
        tool.with_sizes({}, types.SimpleNamespace(name="numbers"))


def test_sizes_are_the_data_sets():
    sizes = {"image_size": 8, "channels": 3, "classes": 3}
    assert tool.with_sizes({"seed": 1}, toy()) == {"seed": 1, **sizes}
    assert tool.with_sizes(tool.checked_options(sizes), toy())["classes"] == 3
    with pytest.raises(ValueError, match="'classes': 2.* 3 classes"):
        tool.with_sizes(tool.checked_options({"classes": 2}), toy())
