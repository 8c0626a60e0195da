import argparse
import importlib

import numpy as np
import pytest
from harness import needs_file
from qlatent_tf.tools.asked_data import with_fallback_dataset

from qlatent_tf.config import Config
from qlatent_tf.registry import datasets

module = importlib.import_module("qlatent_tf.datasets.images.naip28")
RANDOM = np.random.default_rng(0)
ARRAYS = {
    "x_train": RANDOM.integers(0, 256, (12, 28, 28, 4), np.uint8),
    "pseudo_y_train": np.arange(12, dtype=np.uint8) % 4,
    "x_test": RANDOM.integers(0, 256, (5, 28, 28, 4), np.uint8),
    "pseudo_y_test": np.arange(5, dtype=np.uint8) % 4,
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("QLATENT_DATA_DIR", raising=False)
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def test_patches(folder):
    np.savez(folder / "naip28.npz", **ARRAYS, year_train=np.arange(12))
    dataset = datasets.build("naip28", data_dir=folder, progress=False)
    np.testing.assert_array_equal(dataset.source, ARRAYS["x_train"])
    np.testing.assert_array_equal(dataset.labels, ARRAYS["pseudo_y_train"])
    np.testing.assert_array_equal(dataset.test, ARRAYS["x_test"])
    assert dataset.name == "naip28" and dataset.bands[3] == "near infrared"
    three = datasets.build("naip28", data_dir=folder, bands=3, classes=[1], progress=False)
    np.testing.assert_array_equal(three.source, ARRAYS["x_train"][1::4, ..., :3])
    assert three.provenance["classes"] == ["green by index"]


def test_what_is_missing_or_another_is_an_error(folder):
    with pytest.raises(FileNotFoundError, match="naip28.npz is in none of the folders"):
        datasets.build("naip28", data_dir=folder)
    np.savez(folder / "naip28.npz", **{**ARRAYS, "x_test": ARRAYS["x_test"][..., :3]})
    with pytest.raises(ValueError, match=r"x_test of .* has to be \(5, 28, 28, 4\)"):
        datasets.build("naip28", data_dir=folder, progress=False)


def test_the_shipped_patches():
    dataset = datasets.build("naip28_small", progress=False)
    assert dataset.source.shape == (1100, 28, 28, 4) and dataset.test.shape == (250, 28, 28, 4)
    assert dataset.name == "naip28_small" and dataset.bands[3] == "near infrared"
    assert module.SMALL_FILE.stat().st_size < 4_000_000
    chosen = datasets.build("naip28_small", bands=3, classes="green by index", progress=False)
    np.testing.assert_array_equal(chosen.source, dataset.source[dataset.labels == 1][..., :3])
    # Vegetation is bright and water dark in near infrared.
    index = _vegetation_index(dataset.source)
    assert index[dataset.labels == 1].min() > 0.29 and index[dataset.labels == 0].max() < 0.11
    assert dataset.source[dataset.labels == 3][..., 3].mean() < 90


def test_another_file_in_the_place_of_the_shipped_one_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SMALL_FILE", tmp_path / "naip28_small.npz")
    with pytest.raises(FileNotFoundError, match="install qlatent_tf again"):
        datasets.build("naip28_small")
    np.savez(module.SMALL_FILE, **ARRAYS)
    with pytest.raises(ValueError, match="that of this version's file"):
        datasets.build("naip28_small")


@pytest.mark.parametrize("name", ["sat4", "sat6", "naip28"])
def test_the_shipped_patches_replace_what_cannot_be_had(name, folder, capsys):
    config = Config(
        model="mlp",
        latent="gaussian",
        dataset=name,
        steps=1,
        batch_size=8,
        dataset_options={"bands": 3},
    )
    arguments = argparse.Namespace(dataset=None, data_dir=None, quiet=True)
    changed, loaded = with_fallback_dataset(config, arguments)
    assert f"INSTEAD OF '{name}'" in capsys.readouterr().err
    assert changed.dataset == loaded.name == "naip28_small"
    assert changed.dataset_options["bands"] == 3 and loaded.source.shape == (1100, 28, 28, 3)
    with pytest.raises(FileNotFoundError):
        with_fallback_dataset(config, argparse.Namespace(dataset=name, data_dir=None, quiet=True))
    if name != "naip28":  # Whose classes the shipped patches have.
        trees = config.override(**{"dataset_options.classes": ["trees"]})
        with pytest.raises(FileNotFoundError):
            with_fallback_dataset(trees, arguments)


def test_the_drawn_tiles_of_earlier_versions_are_named(folder):
    with pytest.raises(ValueError, match="no data set 'land_cover_tiles' any more.*naip28_small"):
        datasets.build("land_cover_tiles", progress=False)


@needs_file(module.FILE_NAME)
def test_real_patches():
    dataset = datasets.build("naip28", progress=False)
    assert dataset.source.shape == (6500, 28, 28, 4) and dataset.test.shape == (1750, 28, 28, 4)
    # What the names of the pseudo classes say.
    index = _vegetation_index(dataset.source)
    assert index[dataset.labels == 0].max() < 0.15 < index[dataset.labels == 1].min()
    assert index[dataset.labels == 2].min() > 0.09 and index[dataset.labels == 2].max() < 0.31


def _vegetation_index(images):
    red, infrared = images[..., 0].astype(float), images[..., 3].astype(float)
    return ((infrared - red) / (infrared + red + 1)).mean(axis=(1, 2))
