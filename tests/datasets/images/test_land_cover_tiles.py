import argparse
import importlib

import numpy as np
import pytest
from qlatent_tf.tools.command_line import with_fallback_dataset

from qlatent_tf.config import Config
from qlatent_tf.registry import datasets

module = importlib.import_module("qlatent_tf.datasets.images.land_cover_tiles")


@pytest.fixture(scope="module")
def dataset():
    return datasets.build("land_cover_tiles", progress=False)


def test_tiles(dataset):
    assert dataset.source.shape == (2000, 28, 28, 4) and dataset.source.dtype == np.uint8
    assert dataset.test.shape == (400, 28, 28, 4)
    assert dataset.bands == ("red", "green", "blue", "near infrared")
    assert dataset.provenance["sha256"] == module.SHA256
    # Every sixth tile is of each class, give or take three standard deviations.
    counts = np.bincount(dataset.labels, minlength=6)
    np.testing.assert_allclose(counts, 2000 / 6, atol=3 * np.sqrt(2000 * 5 / 36))


def test_the_file_is_small():
    assert module.FILE.stat().st_size < 1_000_000


def test_no_tile_is_there_twice(dataset):
    tiles = np.concatenate([dataset.source, dataset.test]).reshape(2400, -1)
    assert len(np.unique(tiles, axis=0)) == 2400


def test_vegetation_is_bright_and_water_dark_in_near_infrared(dataset):
    means = dataset.source.astype(float).mean(axis=(1, 2))
    index = (means[:, 3] - means[:, 0]) / (means[:, 3] + means[:, 0])
    of = {name: dataset.labels == number for number, name in enumerate(module.CLASSES)}
    assert index[of["forest"]].min() > 0.3 > index[of["grass"]].max() > 0.2
    assert index[of["grass"]].min() > 0.1 > np.abs(index[of["bare"]]).max()
    # Water need not cover a tile; where it is, near infrared is dark.
    darkest = np.percentile(dataset.source[..., 3], 10, axis=(1, 2))
    assert np.mean(darkest[of["water"]] < 50) > 0.9 > 0.1 > np.mean(darkest[of["grass"]] < 50)


def test_bands_and_classes(dataset):
    chosen = datasets.build("land_cover_tiles", bands=3, classes="water", progress=False)
    np.testing.assert_array_equal(chosen.source, dataset.source[dataset.labels == 4][..., :3])


def test_another_file_in_its_place_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "FILE", tmp_path / "land_cover_tiles.npz")
    with pytest.raises(FileNotFoundError, match="install qlatent_tf again"):
        datasets.build("land_cover_tiles")
    arrays = {"indices": np.zeros((3, 28, 28), np.uint8), "labels": np.zeros(3, np.uint8)}
    np.savez(module.FILE, palettes=np.zeros((3, 16, 4), np.uint8), **arrays)
    with pytest.raises(ValueError, match="that of this version's file"):
        datasets.build("land_cover_tiles")


@pytest.mark.parametrize("name", ["sat4", "sat6", "naip28"])
def test_it_stands_in_loudly_where_no_data_set_is_named(name, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("QLATENT_DATA_DIR", raising=False)
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path))
    config = Config(
        model="mlp",
        latent="gaussian",
        dataset=name,
        steps=1,
        batch_size=8,
        dataset_options={"bands": 3, "classes": ["trees"]},
    )
    arguments = argparse.Namespace(dataset=None, data_dir=None, quiet=True)
    changed, loaded = with_fallback_dataset(config, arguments)
    assert f"INSTEAD OF '{name}'" in capsys.readouterr().err
    assert changed.dataset == loaded.name == "land_cover_tiles"
    assert changed.dataset_options == {"bands": 3} and loaded.source.shape == (2000, 28, 28, 3)
    with pytest.raises(FileNotFoundError):
        with_fallback_dataset(config, argparse.Namespace(dataset=name, data_dir=None, quiet=True))
