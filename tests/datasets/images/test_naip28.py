import os

import numpy as np
import pytest

from qlatent_tf.registry import datasets

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
    with pytest.raises(ValueError, match=r"images in \(28, 28, 3\), not \(28, 28, 4\)"):
        datasets.build("naip28", data_dir=folder, progress=False)


@pytest.mark.skipif("QLATENT_DATA_DIR" not in os.environ, reason="needs the real files")
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
