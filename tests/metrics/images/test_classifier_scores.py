"""The metric of the classifier's preset, on a preset made here, and on the one that is shipped."""

import math
import types

import numpy as np
import pytest
from harness import needs_file, scored

from qlatent_tf.datasets.images import cifar_archives
from qlatent_tf.metrics.images import classifier_scores
from qlatent_tf.metrics.images.classifier import build_classifier, load_classifier
from qlatent_tf.metrics.images.classifier_scores import classifier_network
from qlatent_tf.registry import datasets
from qlatent_tf.scores import read_scores
from qlatent_tf.storage.preset_files import CLASSIFIER, list_presets
from qlatent_tf.storage.preset_writer import write_preset

SIZES = {"image_size": 8, "channels": 3, "classes": 3, "widths": [4, 8]}


@pytest.fixture
def preset(tmp_path, monkeypatch):
    model = build_classifier(**SIZES)
    directory = write_preset(tmp_path / "small_classifier", CLASSIFIER, SIZES, model.save_weights)
    monkeypatch.setattr(classifier_scores, "PRESET", str(directory))
    return directory, model


def _images(count, size=8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3)).astype(np.uint8)


def test_the_network_is_the_presets(preset):
    directory, model = preset
    network = classifier_network(str(directory))
    images = _images(20)
    [(features, logits)] = network.activations(images)
    expected = model.predict(images, verbose=0)
    # In another order, the same for features and logits.
    order = np.argsort(logits[:, 0])
    np.testing.assert_allclose(logits[order], expected[np.argsort(expected[:, 0])], atol=1e-5)
    weights, bias = model.get_layer("logits").get_weights()
    np.testing.assert_allclose(features @ weights + bias, logits, atol=1e-5)
    assert network.name == "small_classifier" and features.shape == (20, 8)


def test_figures_are_named_by_the_classifier(preset):
    dataset = types.SimpleNamespace(name="noise", source=_images(40))
    figures = scored("classifier_scores", dataset, _images(30, seed=1))
    assert list(figures) == [
        "classifier_score_small_classifier@30",
        "classifier_score_deviation_small_classifier@30",
        "classifier_frechet_distance_small_classifier_noise_40@30",
        "classifier_kernel_distance_small_classifier_noise_40@30",
    ]
    assert all(map(math.isfinite, figures.values()))
    assert {score.network for score in read_scores(figures, "noise")} == {"small_classifier"}


def test_a_missing_classifier_is_named(monkeypatch, empty_folder):
    monkeypatch.setattr(classifier_scores, "PRESET", "nothing")
    with pytest.raises(FileNotFoundError, match="No preset 'nothing'"):
        scored("classifier_scores", None, None)


@pytest.mark.parametrize("name", list_presets("classifier"))
def test_a_shipped_classifier_takes_images_of_its_size(name):
    network = classifier_network(name)
    size, _, bands = network.image_shape
    images = np.zeros((2, size, size, bands), np.uint8)
    [(features, logits)] = network.activations(images)
    assert features.shape == (2, network.width) and np.isfinite(logits).all()
    with pytest.raises(ValueError, match=f"The network {name} takes"):
        list(network.activations(images[:, 1:]))


@needs_file("cifar10.npz", *cifar_archives.ARCHIVES, *cifar_archives.FOLDERS)
def test_the_shipped_classifier_is_as_good_as_its_card_says():
    classifier, _ = load_classifier("cifar_classifier")
    dataset = datasets.build("cifar10", progress=False)
    chosen = np.random.default_rng(0).permutation(10_000)[:1000]
    logits = classifier.predict(dataset.test[chosen], verbose=0)
    accuracy = np.mean(logits.argmax(axis=1) == dataset.test_labels[chosen])
    # Four standard errors of 1,000 images.
    assert abs(accuracy - 0.868) < 0.043
