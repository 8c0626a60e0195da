import importlib
import sys
import types

import numpy as np
import pytest

from qlatent_tf.datasets.images import keras_images
from qlatent_tf.registry import datasets

mnist = importlib.import_module("qlatent_tf.datasets.images.mnist")


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.delenv("QLATENT_DATA_DIR", raising=False)
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(mnist, "COUNTS", {"train": 20, "test": 10})
    monkeypatch.setattr(keras_images, "check_reachable", lambda url: None)
    return tmp_path


@pytest.fixture
def arrays():
    random = np.random.default_rng(0)
    return {
        "x_train": random.integers(0, 256, (20, 28, 28), np.uint8),
        "y_train": np.arange(20, dtype=np.uint8) % 10,
        "x_test": random.integers(0, 256, (10, 28, 28), np.uint8),
        "y_test": np.arange(10, dtype=np.uint8),
    }


@pytest.mark.parametrize("name, third", [("mnist", "3"), ("fashion_mnist", "dress")])
def test_from_a_file_and_from_keras(folders, arrays, name, third, monkeypatch):
    module = types.SimpleNamespace(
        load_data=lambda: (
            (arrays["x_train"], arrays["y_train"]),
            (arrays["x_test"], arrays["y_test"]),
        )
    )
    monkeypatch.setitem(sys.modules, f"keras.datasets.{name}", module)
    downloaded = datasets.build(name, data_dir=folders, progress=False)
    np.savez(folders / f"{name}.npz", **arrays)
    read = datasets.build(name, data_dir=folders, progress=False)
    for dataset, file in ((downloaded, f"keras.datasets.{name}"), (read, f"{name}.npz")):
        assert dataset.name == name and dataset.provenance["file"] == file
        np.testing.assert_array_equal(dataset.source[..., 0], arrays["x_train"])
        np.testing.assert_array_equal(dataset.labels, arrays["y_train"])
        np.testing.assert_array_equal(dataset.test_labels, arrays["y_test"])
        assert dataset.source.shape == (20, 28, 28, 1) and dataset.bands == ("grey",)
        assert dataset.class_names[3] == third
    chosen = datasets.build(name, classes=[3, third], data_dir=folders, progress=False)
    assert chosen.labels.tolist() == [3, 3]


def test_a_number_means_a_digit(folders, arrays):
    np.savez(folders / "mnist.npz", **arrays)
    for classes in (7, "7", [7]):
        dataset = datasets.build("mnist", classes=classes, data_dir=folders, progress=False)
        assert dataset.labels.tolist() == [7, 7] and dataset.provenance["classes"] == ["7"]


def test_another_file_of_that_name_is_refused(folders, arrays):
    np.savez(folders / "mnist.npz", **{**arrays, "x_train": arrays["x_train"][:, 2:-2, 2:-2]})
    with pytest.raises(ValueError, match=r"mnist.npz has the shape \(20, 24, 24, 1\)"):
        datasets.build("mnist", data_dir=folders, progress=False)


def test_a_damaged_copy_of_keras_is_named(folders, monkeypatch):
    def cut():
        raise EOFError("Compressed file ended before the end-of-stream marker was reached")

    module = types.SimpleNamespace(load_data=cut)
    monkeypatch.setitem(sys.modules, "keras.datasets.fashion_mnist", module)
    kept = folders / "keras" / "datasets" / "fashion-mnist"
    kept.mkdir(parents=True)
    (kept / "t10k-images-idx3-ubyte.gz").touch()
    with pytest.raises(FileNotFoundError, match="ended before.*Remove .*t10k-images.*fashion"):
        datasets.build("fashion_mnist", data_dir=folders)
