"""The classifier whose features score images: its network, and its preset."""

import json

import keras
import numpy as np
import pytest

from qlatent_tf import zoo
from qlatent_tf.metrics.images.classifier import build_classifier, load_classifier
from qlatent_tf.metrics.molecules.chemnet import chemnet
from qlatent_tf.storage.preset_files import (
    CLASSIFIER,
    WEIGHTS,
    list_presets,
    read_description,
)
from qlatent_tf.storage.preset_writer import write_preset

SIZES = {"image_size": 8, "channels": 3, "classes": 3, "widths": [4, 8]}


def test_the_network_of_cifar10():
    model = build_classifier(32, 3, 10, [40, 80, 160])
    convolutions = 9 * (3 * 40 + 3 * 40 * 40 - 40 * 40 + 40 * 80 + 2 * 80 * 80 + 80 * 160)
    normalizations = 4 * (3 * 40 + 3 * 80 + 160)
    assert model.count_params() == convolutions + normalizations + 161 * 10
    assert model.get_layer("features").output.shape == (None, 160)
    assert model.output.shape == (None, 10)


def test_the_seed_decides_the_first_weights():
    first, same, other = (build_classifier(**SIZES, seed=seed) for seed in (0, 0, 1))
    for weights in zip(first.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(*weights)
    assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])


@pytest.fixture
def other_keras():
    """Keras as some set it for their own models."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    keras.config.set_image_data_format("channels_first")
    yield
    keras.config.set_dtype_policy("float32")
    keras.config.set_image_data_format("channels_last")


@pytest.mark.usefixtures("other_keras")
def test_judges_do_not_depend_on_how_keras_is_set():
    model = build_classifier(**SIZES)
    assert model.get_layer("features").output.dtype == "float32"
    assert model(np.zeros((2, 8, 8, 3), np.uint8)).shape == (2, 3)
    network = chemnet()
    assert network.layers[0].compute_dtype == "float32"
    assert network.output_shape == (None, 512)
    assert keras.config.image_data_format() == "channels_first"


@pytest.fixture
def preset(tmp_path):
    model = build_classifier(**SIZES)
    return write_preset(
        tmp_path / "models" / "toy_classifier", CLASSIFIER, SIZES, model.save_weights
    )


def test_a_classifier_is_no_gan(preset, monkeypatch, empty_folder):
    with pytest.raises(ValueError, match="of the kind 'classifier', where one of the kind 'gan'"):
        zoo.from_preset(preset)
    with pytest.raises(ValueError, match="of the kind 'gan', where one of the kind 'classifier'"):
        load_classifier(zoo.list_presets()[0])
    monkeypatch.setattr("qlatent_tf.storage.preset_files.presets_folder", lambda: preset.parent)
    assert list_presets() == []
    assert list_presets("classifier") == list_presets(None) == ["toy_classifier"]


@pytest.mark.parametrize("changes", [{"widths": "wide"}, {"classes": None}, {"channels": 1}])
def test_a_preset_of_another_network_is_refused(preset, changes):
    description = read_description(preset)
    description["config"].update(changes)
    (preset / "config.json").write_text(json.dumps(description))
    with pytest.raises(ValueError, match="toy_classifier is no classifier of the image_size, "):
        load_classifier(preset)


def test_a_damaged_preset_is_refused(preset):
    with open(preset / WEIGHTS, "ab") as file:
        file.write(b"x")
    with pytest.raises(ValueError, match="damaged"):
        load_classifier(preset)
