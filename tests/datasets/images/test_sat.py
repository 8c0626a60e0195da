import importlib
import logging

import h5py
import numpy as np
import pytest
import scipy.io
from damage import FUZZ, assert_read_or_refused, damaged
from hypothesis import given
from hypothesis import strategies as st

from qlatent_tf.datasets.images import mapped as mapped_images
from qlatent_tf.registry import datasets

CLASSES = {"sat4": 4, "sat6": 6}
sat = importlib.import_module("qlatent_tf.datasets.images.sat")
COUNTS = {"train": 25, "test": 9}


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.delenv("QLATENT_DATA_DIR", raising=False)
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(mapped_images, "BLOCK", 4)
    (tmp_path / "own").mkdir()
    return tmp_path


def _arrays(name):
    random = np.random.default_rng(0)
    arrays = {}
    for split, count in COUNTS.items():
        arrays[f"{split}_x"] = random.integers(0, 256, (count, 28, 28, 4), np.uint8)
        arrays[f"{split}_y"] = random.permutation(np.arange(count) % CLASSES[name])
    return arrays


def _matlab(name, arrays):
    """The arrays with MATLAB's axes, labels one-hot."""
    found = {}
    for split in COUNTS:
        found[f"{split}_x"] = np.moveaxis(arrays[f"{split}_x"], 0, -1)
        found[f"{split}_y"] = np.eye(CLASSES[name])[arrays[f"{split}_y"]].T
    return found


def _write_v5(folder, name, arrays):
    path = folder / f"sat-{name[3:]}-full.mat"
    scipy.io.savemat(path, {**_matlab(name, arrays), "annotations": "classes"}, do_compression=True)


def _write_v73(folder, name, arrays):
    with h5py.File(folder / f"sat-{name[3:]}-full.mat", "w", userblock_size=512) as file:
        for key, array in _matlab(name, arrays).items():
            file.create_dataset(key, data=array.T, chunks=True)


def _write_csv(folder, name, arrays):
    for split, count in COUNTS.items():
        rows = arrays[f"{split}_x"].reshape(count, -1)
        np.savetxt(folder / f"X_{split}_{name}.csv", rows, "%d", ",")
        labels = np.eye(CLASSES[name])[arrays[f"{split}_y"]]
        np.savetxt(folder / f"y_{split}_{name}.csv", labels, "%d", ",")


_FORMATS = pytest.mark.parametrize("write", [_write_v5, _write_v73, _write_csv])


def _load(folders, name="sat4", **options):
    return datasets.build(name, data_dir=folders / "own", progress=False, **options)


@_FORMATS
@pytest.mark.parametrize("name", ["sat4", "sat6"])
def test_every_format_gives_the_same(folders, name, write, caplog):
    arrays = _arrays(name)
    write(folders / "own", name, arrays)
    with caplog.at_level(logging.WARNING, logger="absl"):
        dataset = _load(folders, name)
    assert "25 images to train on and 9 held out; the official" in caplog.text
    assert isinstance(dataset.source, np.memmap) and isinstance(dataset.test, np.memmap)
    np.testing.assert_array_equal(dataset.source, arrays["train_x"])
    np.testing.assert_array_equal(dataset.labels, arrays["train_y"])
    np.testing.assert_array_equal(dataset.test, arrays["test_x"])
    np.testing.assert_array_equal(dataset.test_labels, arrays["test_y"])
    assert dataset.name == name and len(dataset.class_names) == CLASSES[name]
    assert dataset.class_names[dataset.labels[0]] and dataset.provenance["images"] == 25
    again = _load(folders, name)
    assert again.provenance == dataset.provenance
    assert len(list((folders / "cache" / "images").glob("*.npy"))) == 2


@_FORMATS
def test_classes_and_bands_are_chosen_while_reading(folders, write):
    arrays = _arrays("sat4")
    write(folders / "own", "sat4", arrays)
    dataset = _load(folders, bands=3, classes=["trees", "none"])
    for split, images in (("train", dataset.source), ("test", dataset.test)):
        chosen = np.isin(arrays[f"{split}_y"], [1, 3])
        np.testing.assert_array_equal(images, arrays[f"{split}_x"][chosen][..., :3])
    assert isinstance(dataset.source, np.memmap) and set(dataset.labels) == {1, 3}
    assert dataset.provenance["classes"] == ["trees", "none"]
    assert dataset.bands == ("red", "green", "blue")
    assert len(_load(folders, bands=None).bands) == 4


def _write_blanks(folder, name, arrays):
    """As tables with blank lines, which are no rows."""
    _write_csv(folder, name, arrays)
    for table in folder.glob("X_*.csv"):
        lines = table.read_text().splitlines()
        table.write_text("\n".join(["", *lines[:3], " ", "", *lines[3:]]) + "\n\n")


@pytest.mark.parametrize("write", [_write_v5, _write_v73, _write_csv, _write_blanks])
def test_an_interrupted_conversion_is_gone_on_with(folders, write, monkeypatch):
    arrays = _arrays("sat4")
    write(folders / "own", "sat4", arrays)
    fsync, calls = mapped_images.os.fsync, []

    def interrupt(file):
        fsync(file)
        calls.append(file)
        if len(calls) == 4:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(mapped_images.os, "fsync", interrupt)
        _load(folders, classes=[0, 2])
    dataset = _load(folders, classes=[0, 2])
    chosen = np.isin(arrays["train_y"], [0, 2])
    np.testing.assert_array_equal(dataset.source, arrays["train_x"][chosen])


def test_a_changed_file_is_read_anew(folders):
    arrays = _arrays("sat4")
    _write_csv(folders / "own", "sat4", arrays)
    _load(folders)
    arrays["train_x"] = arrays["train_x"][::-1]
    _write_csv(folders / "own", "sat4", {**arrays, "train_x": 255 - arrays["train_x"] // 2})
    np.testing.assert_array_equal(_load(folders).source, 255 - arrays["train_x"] // 2)


def test_whole_numbers_of_any_type_are_pixels(folders):
    arrays = _arrays("sat4")
    _write_v5(folders / "own", "sat4", {**arrays, "train_x": arrays["train_x"].astype(float)})
    np.testing.assert_array_equal(_load(folders).source, arrays["train_x"])
    assert _load(folders).source.dtype == np.uint8


@_FORMATS
def test_a_cut_file_is_refused(folders, write):
    write(folders / "own", "sat4", _arrays("sat4"))
    path = max((folders / "own").iterdir(), key=lambda path: path.stat().st_size)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=path.name):
        _load(folders)
    assert not list((folders / "cache").rglob("*train*.npy"))


def test_a_byte_order_mark_is_passed_over(folders):
    arrays = _arrays("sat4")
    _write_csv(folders / "own", "sat4", arrays)
    for path in (folders / "own").glob("*.csv"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    np.testing.assert_array_equal(_load(folders).source, arrays["train_x"])


def test_a_table_cut_between_lines_is_refused(folders):
    _write_csv(folders / "own", "sat4", _arrays("sat4"))
    path = folders / "own" / "X_train_sat4.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-3]))
    with pytest.raises(ValueError, match="has 22 images; 25 were expected"):
        _load(folders)


@pytest.mark.parametrize(
    "table, old, new, message",
    [
        ("X_test_sat4.csv", ",", ",256,", "could not convert string '256' to uint8"),
        (
            "X_test_sat4.csv",
            ",",
            ",7,",
            "row 1 .from 0. has 3,136 entries, and rows before it 3,137",
        ),
        ("y_train_sat4.csv", "1", "0", "a single one of them 1"),
        ("y_train_sat4.csv", ",", "", r"have the shape \(25, 3\)|and rows before it 3"),
    ],
)
def test_tables_of_something_else_are_refused(folders, table, old, new, message):
    _write_csv(folders / "own", "sat4", _arrays("sat4"))
    path = folders / "own" / table
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        _load(folders)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda arrays: {**arrays, "train_x": arrays["train_x"] / 255.0}, "values from 0.0 to 1.0"),
        (
            lambda arrays: {**arrays, "train_x": arrays["train_x"] // 255},
            "sat4?.*: the block .* no value above 1",
        ),
        (lambda arrays: {**arrays, "train_x": arrays["train_x"][:, :27]}, "it has to be"),
        (
            lambda arrays: {**arrays, "train_y": arrays["train_y"][:20]},
            "with 20 labels it has to be",
        ),
    ],
)
def test_matlab_files_of_something_else_are_refused(folders, change, message):
    _write_v5(folders / "own", "sat4", change(_arrays("sat4")))
    with pytest.raises(ValueError, match=message):
        _load(folders)


def test_what_is_missing_is_said(folders):
    with pytest.raises(FileNotFoundError, match="Put sat-6-full.mat, or X_train_sat6.csv"):
        _load(folders, "sat6")
    _write_csv(folders / "own", "sat4", _arrays("sat4"))
    (folders / "own" / "y_test_sat4.csv").unlink()
    with pytest.raises(ValueError, match="lacks y_test_sat4.csv"):
        _load(folders)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"bands": 5}, "from 1 to 4"),
        ({"classes": ["water"]}, r"Known: barren land \(0\), trees"),
    ],
)
def test_options_out_of_range_are_refused(folders, options, message):
    with pytest.raises(ValueError, match=message):
        _load(folders, **options)


@pytest.mark.parametrize(
    "line, reason",
    [
        ("1,300,2", "reads '1,300,2': .*300.* in column 2"),
        ("1,x,2", "reads '1,x,2': .*'x'.* in column 2"),
        ("1,2", "has 2 entries, and rows before it 3"),
    ],
)
def test_a_row_that_is_wrong_is_named_by_its_place_in_the_table(tmp_path, line, reason):
    table = tmp_path / "X_train_sat4.csv"
    table.write_text("1,2,3\n" * 1500 + line + "\n" + "1,2,3\n" * 5)
    with pytest.raises(ValueError, match=rf"255: row 1,500 \(from 0\) {reason}\.$"):
        list(sat._rows(table, 0))
    with pytest.raises(ValueError, match=r"row 1,500 \(from 0\)"):
        list(sat._rows(table, 1100))


@FUZZ
@given(st.one_of(damaged(b"0,255,7\n1,2,3\n"), st.text("0123456789,.-+e \n").map(str.encode)))
def test_any_table_is_read_or_refused_by_its_name(tmp_path, content):
    def read(path):
        for rows in sat._rows(path, 0):
            assert rows.dtype == np.uint8 and rows.ndim == 2

    assert_read_or_refused(read, tmp_path / "X_train_sat4.csv", content)
