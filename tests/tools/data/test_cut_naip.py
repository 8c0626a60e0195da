import importlib
import re

import numpy as np
import pytest
from PIL import Image
from qlatent_tf.tools.data import cut_naip as tool

naip28 = importlib.import_module("qlatent_tf.datasets.images.naip28")
YEARS = (2009, 2015)
# What makes a TIFF file a GeoTIFF file: the size of a pixel in metres, and where the first one is.
GEOGRAPHY = {33550: (5.0, 5.0, 0.0), 33922: (0.0, 0.0, 0.0, 536640.0, 5279790.0, 0.0)}


def _photograph(year, rows=2, columns=3):
    shape = (28 * rows + 5, 28 * columns + 9, 4)
    return np.random.default_rng(year).integers(0, 256, shape, np.uint8)


@pytest.fixture
def folder(tmp_path):
    for year in YEARS:
        image = Image.fromarray(_photograph(year), "RGBA")
        name = f"m_4709963_se_14_1_{year}0818.tif"
        image.save(tmp_path / name, tiffinfo=GEOGRAPHY, compression="tiff_lzw")
    return tmp_path


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(tool, "YEARS", YEARS)
    monkeypatch.setattr(tool, "GRID", (2, 3))
    monkeypatch.setattr(tool, "TRAINED_COLUMNS", 2)
    monkeypatch.setattr(tool, "SMALL", {"train": 3, "test": 1})


@pytest.mark.usefixtures("small")
def test_each_patch_lies_where_the_file_says(folder, capsys):
    assert tool.main([str(folder), "--out", str(folder / "naip28.npz")]) == 0
    assert "8 + 4 patches ->" in (printed := capsys.readouterr().out) and tool.SHA256 in printed
    with np.load(folder / "naip28.npz") as arrays:
        for split, columns in (("train", {0, 1}), ("test", {2})):
            places = set()
            for patch, year, (row, column) in zip(
                *(arrays[f"{part}_{split}"] for part in ("x", "year", "tile")), strict=True
            ):
                there = _photograph(year)[28 * row :, 28 * column :][:28, :28]
                np.testing.assert_array_equal(patch, there)
                places.add((int(year), int(row), int(column)))
            assert places == {(year, row, at) for year in YEARS for row in (0, 1) for at in columns}
    dataset = naip28.naip28(data_dir=folder, progress=False)
    assert dataset.source.shape == (8, 28, 28, 4) and len(dataset.test_labels) == 4
    assert tool.main([str(folder), "--small", "--out", str(folder / "small.npz")]) == 0
    with np.load(folder / "small.npz") as small:
        np.testing.assert_array_equal(small["x_train"], dataset.source[:3])
        np.testing.assert_array_equal(small["x_test"], dataset.test[:1])


@pytest.mark.usefixtures("small")
def test_the_file_has_the_name_that_was_asked_for_whatever_those_of_photographs(folder):
    # The years count, not the order of the names before them.
    first = folder / "m_4709963_se_14_1_20090818.tif"
    first.rename(first.with_name("n_4709963_se_14_1_20090818.tif"))
    assert tool.main([str(folder), "--out", str(folder / "out" / "patches")]) == 0
    assert [path.name for path in (folder / "out").iterdir()] == ["patches"]
    with np.load(folder / "out" / "patches") as arrays:
        assert len(arrays["x_train"]) == 8


@pytest.mark.usefixtures("small")
def test_a_second_photograph_of_a_year_is_refused(folder, capsys):
    first = folder / "m_4709963_se_14_1_20150818.tif"
    first.with_name("m_4709963_se_14_1_20150901.tif").write_bytes(first.read_bytes())
    assert tool.main([str(folder), "--out", str(folder / "naip28.npz")]) == 1
    assert "several photographs of 2015" in capsys.readouterr().err


def test_the_shipped_patches_are_in_the_order_and_of_the_classes_that_the_tool_gives():
    place = np.random.default_rng(0).permutation(10 * 25 * 33)
    year, row, column = np.unravel_index(place, (10, *tool.GRID))
    with np.load(naip28.SMALL_FILE) as shipped:
        for split, chosen in (("train", column < 26), ("test", column >= 26)):
            count = tool.SMALL[split]
            assert shipped[f"x_{split}"].shape == (count, 28, 28, 4)
            tiles = np.stack([row, column], axis=1)[chosen][:count]
            np.testing.assert_array_equal(shipped[f"tile_{split}"], tiles)
            years = np.array(tool.YEARS)[year[chosen][:count]]
            np.testing.assert_array_equal(shipped[f"year_{split}"], years)
            labels = tool.pseudo_labels(shipped[f"x_{split}"])
            np.testing.assert_array_equal(shipped[f"pseudo_y_{split}"], labels)


@pytest.mark.parametrize(
    "red, green, infrared, label",
    [(100, 90, 100, 0), (100, 90, 190, 1), (100, 90, 150, 2), (90, 100, 60, 3), (0, 0, 0, 0)],
)
def test_classes_are_thresholds_on_two_indices(red, green, infrared, label):
    patch = np.full((1, 28, 28, 4), (red, green, 50, infrared), np.uint8)
    assert tool.pseudo_labels(patch).tolist() == [label]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "change, message",
    [
        (lambda path: path.unlink(), r"of \[2015\]; expected is one of each of 2009, 2015"),
        (lambda path: path.write_bytes(path.read_bytes()[:900]), "no whole TIFF file"),
        (lambda path: path.write_text("no photograph"), "no whole TIFF file"),
        (lambda path: Image.new("RGB", (90, 60)).save(path), "expected are four bands"),
        (lambda path: Image.new("RGBA", (60, 90)).save(path), "3 x 2 patches; expected are 2 x 3"),
    ],
)
def test_other_photographs_are_refused(folder, change, message, capsys):
    change(folder / "m_4709963_se_14_1_20090818.tif")
    assert tool.main([str(folder), "--out", str(folder / "out.npz")]) == 1
    assert re.search(message, capsys.readouterr().err)
    assert not (folder / "out.npz").exists()
