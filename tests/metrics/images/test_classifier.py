"""The classifier whose features score images: its network, its training, its preset."""

import json
import re
import shutil
import types

import numpy as np
import pytest
import tensorflow as tf
from qlatent_tf.tools import train_classifier as tool

from qlatent_tf import zoo
from qlatent_tf.metrics.images.classifier import ClassifierConfig, build_classifier, load_classifier
from qlatent_tf.publishing.classifier_card import publish_classifier, scores_on_test
from qlatent_tf.runs import callbacks
from qlatent_tf.runs.classifier_training import augment, train_classifier, training_batches
from qlatent_tf.storage.locks import InUseError, sole_use
from qlatent_tf.storage.preset_files import WEIGHTS, list_presets, read_description

CONFIG = ClassifierConfig(
    dataset="toy",
    image_size=8,
    classes=3,
    widths=(4, 8),
    epochs=3,
    batch_size=10,
    shift=1,
)


def _images(count, seed):
    """Images of noise, whose class is the channel that is brighter."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = rng.integers(0, 100, (count, 8, 8, 3))
    images[np.arange(count), :, :, labels] += 100
    return images.astype(np.uint8), labels


@pytest.fixture
def dataset():
    return _dataset()


def _dataset():
    (source, labels), (test, test_labels) = _images(60, 0), _images(30, 1)
    return types.SimpleNamespace(
        name="toy",
        source=source,
        labels=labels,
        test=test,
        test_labels=test_labels,
        class_names=("red", "green", "blue"),
        provenance={"made": [1, 2]},
    )


def test_the_network_of_cifar10():
    model = build_classifier(ClassifierConfig())
    convolutions = 9 * (3 * 40 + 3 * 40 * 40 - 40 * 40 + 40 * 80 + 2 * 80 * 80 + 80 * 160)
    normalizations = 4 * (3 * 40 + 3 * 80 + 160)
    assert model.count_params() == convolutions + normalizations + 161 * 10
    assert model.get_layer("features").output.shape == (None, 160)
    assert model.output.shape == (None, 10)


def test_the_seed_decides_the_first_weights():
    first, same = build_classifier(CONFIG), build_classifier(CONFIG)
    other = build_classifier(ClassifierConfig(**{**CONFIG.to_json(), "seed": 1}))
    for weights in zip(first.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(*weights)
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs is a whole number from 1; received 0"),
        ({"widths": []}, "widths has one entry at least"),
        ({"widths": 4}, "widths is a list of whole numbers; received 4"),
        ({"widths": [4, 0]}, "entry of widths is a whole number from 1"),
        ({"image_size": 30}, "image_size is a multiple of 4; received 30"),
        ({"shift": 8}, "shift is below the image_size 8; received 8"),
        ({"learning_rate": float("nan")}, "learning_rate is a finite number"),
        ({"surprise": 1}, "has the keys .*surprise"),
    ],
)
def test_configurations_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        ClassifierConfig.from_json({**CONFIG.to_json(), **changes})


def test_images_are_moved_and_mirrored_and_nothing_else():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (200, 6, 5, 2)).astype(np.uint8)
    moved = augment(images, 1, tf.constant([1, 2], tf.int32)).numpy()
    assert moved.dtype == np.uint8 and moved.shape == images.shape
    seen = set()
    for before, after in zip(images, moved, strict=True):
        padded = np.pad(before, ((1, 1), (1, 1), (0, 0)), mode="reflect")
        matches = [
            (row, column, flip)
            for row in range(3)
            for column in range(3)
            for flip in (1, -1)
            if np.array_equal(padded[row : row + 6, column : column + 5][:, ::flip], after)
        ]
        assert len(matches) == 1
        seen.update(matches)
    # Each of the 18 is missed by 200 images with probability 18 (17/18)^200 = 2e-4.
    assert len(seen) == 18


def test_images_that_are_not_moved_are_still_mirrored():
    images = np.random.default_rng(0).integers(0, 256, (100, 3, 4, 1)).astype(np.uint8)
    after = augment(images, 0, tf.constant([1, 2], tf.int32)).numpy()
    mirrored = (after == images[:, :, ::-1]).all(axis=(1, 2, 3))
    same = (after == images).all(axis=(1, 2, 3))
    assert np.array_equal(mirrored, ~same)
    # Five standard errors of the mean of 100 fair bits.
    assert abs(mirrored.mean() - 0.5) < 0.25


def test_batches_are_functions_of_the_step(dataset):
    whole = list(training_batches(CONFIG, dataset.source, dataset.labels).take(7))
    rest = list(training_batches(CONFIG, dataset.source, dataset.labels, 5).take(2))
    for one, other in zip(whole[5:], rest, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
    # An epoch of 6 batches holds each image once: 20 of each class.
    labels = np.concatenate([batch[1] for batch in whole[:6]])
    np.testing.assert_array_equal(np.bincount(labels), [20, 20, 20])


def test_an_interrupted_run_ends_as_if_it_had_not_been(dataset, tmp_path, monkeypatch):
    whole = train_classifier(CONFIG, tmp_path / "whole", dataset=dataset, progress=False)
    assert whole.step == 18

    class Stop(callbacks.FiniteLosses):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.step == 9:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(callbacks, "FiniteLosses", Stop)
        with pytest.raises(KeyboardInterrupt):
            train_classifier(CONFIG, tmp_path / "broken", dataset=dataset, progress=False)
    resumed = train_classifier(CONFIG, tmp_path / "broken", dataset=dataset, progress=False)
    assert resumed.step == 18
    for weights in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(*weights)
    histories = [
        json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("whole", "broken")
    ]
    assert [row["epoch"] for row in histories[1]] == [1, 2, 3]
    assert histories[0][-1]["accuracy"] == histories[1][-1]["accuracy"]
    again = train_classifier(CONFIG, tmp_path / "broken", dataset=dataset, progress=False)
    np.testing.assert_array_equal(again.get_weights()[0], whole.get_weights()[0])


def test_a_run_that_another_process_trains_is_refused(dataset, tmp_path):
    with sole_use(tmp_path / ".lock", "at it"), pytest.raises(InUseError, match="training in "):
        train_classifier(CONFIG, tmp_path, dataset=dataset, progress=False)
    assert not list(tmp_path.iterdir())


def test_another_run_in_the_directory_is_refused(dataset, tmp_path):
    train_classifier(CONFIG, tmp_path, dataset=dataset, progress=False)
    other = ClassifierConfig(**{**CONFIG.to_json(), "seed": 5})
    dataset.provenance = {"made": [3]}
    with pytest.raises(ValueError, match=r"seed: 0 -> 5; made: \[1, 2\] -> \[3\]"):
        train_classifier(other, tmp_path, dataset=dataset)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": None}, "no training images with labels"),
        ({"test": np.zeros((30, 9, 9, 3), np.uint8)}, r"test images .* shape \(9, 9, 3\)"),
        ({"source": np.zeros((60, 8, 8, 3), np.float32)}, "type float32"),
        ({"test_labels": np.full(30, 3)}, "labels from 3 to 3; 3 classes are labelled 0 to 2"),
        ({"test_labels": np.zeros(29, int)}, "30 test images .* have 29 labels"),
    ],
)
def test_data_that_do_not_fit_are_refused(dataset, tmp_path, changes, message):
    for name, value in changes.items():
        setattr(dataset, name, value)
    with pytest.raises(ValueError, match=message):
        train_classifier(CONFIG, tmp_path / "run", dataset=dataset)
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    run = tmp_path_factory.mktemp("run")
    directory = tmp_path_factory.mktemp("models") / "toy_classifier"
    model = train_classifier(CONFIG, run, dataset=_dataset(), progress=False)
    return directory, model, publish_classifier(model, CONFIG, run, _dataset(), directory)


@pytest.fixture
def preset(published, tmp_path):
    """A copy of the preset, the model saved in it and its scores."""
    directory, model, scores = published
    return shutil.copytree(directory, tmp_path / "models" / directory.name), model, scores


def test_a_preset_holds_the_classifier(preset, dataset):
    directory, model, scores = preset
    loaded, description = load_classifier(directory)
    assert description["config"] == CONFIG
    assert description["provenance"]["step"] == 18
    logits = model.predict(dataset.test, verbose=0)
    np.testing.assert_array_equal(loaded.predict(dataset.test, verbose=0), logits)
    accuracy = np.mean(logits.argmax(axis=1) == dataset.test_labels)
    assert scores["metrics"]["accuracy_toy_test@30"]["mean"] == accuracy == 1
    reference = tf.keras.losses.sparse_categorical_crossentropy(
        dataset.test_labels, logits, from_logits=True
    )
    mean = scores["metrics"]["cross_entropy_toy_test@30"]["mean"]
    assert mean == pytest.approx(float(np.mean(reference)), rel=1e-4)
    assert scores == json.loads((directory / "metrics.json").read_text())
    assert "| green | 1.000 |" in (directory / "README.md").read_text()


def test_the_command_on_the_card_trains_the_same_classifier(preset, capsys):
    card = (preset[0] / "README.md").read_text()
    (command,) = re.findall("^tools/train_classifier.py (.*)$", card, re.MULTILINE)
    assert tool.main([*command.split(), "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out) == CONFIG.to_json()


def test_class_accuracies(dataset):
    def predict(images, **options):
        return np.eye(3)[np.zeros(len(images), int)]

    scores = scores_on_test(types.SimpleNamespace(predict=predict), dataset)
    assert scores["class_accuracy"] == {"red": 1, "green": 0, "blue": 0}
    accuracy = scores["metrics"]["accuracy_toy_test@30"]
    assert accuracy["mean"] == pytest.approx(1 / 3)
    assert accuracy["standard_error"] == pytest.approx(np.sqrt(2 / 9 / 30))


def test_a_classifier_is_no_gan(preset, monkeypatch, empty_folder):
    directory, _, _ = preset
    with pytest.raises(ValueError, match="of the kind 'classifier', where one of the kind 'gan'"):
        zoo.from_preset(directory)
    with pytest.raises(ValueError, match="of the kind 'gan', where one of the kind 'classifier'"):
        load_classifier(zoo.list_presets()[0])
    monkeypatch.setattr("qlatent_tf.storage.preset_files.presets_folder", lambda: directory.parent)
    assert list_presets() == []
    assert list_presets("classifier") == list_presets(None) == ["toy_classifier"]


def test_a_damaged_preset_is_refused(preset):
    directory, _, _ = preset
    with open(directory / WEIGHTS, "ab") as file:
        file.write(b"x")
    with pytest.raises(ValueError, match="damaged"):
        load_classifier(directory)
    description = read_description(directory)
    description["config"]["widths"] = "wide"
    (directory / "config.json").write_text(json.dumps(description))
    with pytest.raises(ValueError, match="toy_classifier: .*list of whole numbers"):
        load_classifier(directory)
