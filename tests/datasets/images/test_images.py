import zipfile

import numpy as np
import pytest
from harness import tiny_config

from qlatent_tf.registry import datasets
from qlatent_tf.resolve import image_shape

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (12, 5, 7, 4), np.uint8)
TEST = RANDOM.integers(0, 256, (3, 5, 7, 4), np.uint8)
LABELS = np.arange(12) % 4


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.delenv("QLATENT_DATA_DIR", raising=False)
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _load(file, **options):
    return datasets.build("images", file=str(file), progress=False, **options)


def test_the_usual_names_need_no_options(folders):
    other = np.array([{}])  # Of no concern, and never unpickled.
    np.savez("some.npz", x_train=IMAGES, y_train=LABELS, x_test=TEST, y_test=[3, 0, 1], other=other)
    dataset = _load("some.npz")
    np.testing.assert_array_equal(dataset.source, IMAGES)
    np.testing.assert_array_equal(dataset.test, TEST)
    np.testing.assert_array_equal(dataset.test_labels, [3, 0, 1])
    assert dataset.class_names == ("0", "1", "2", "3")
    assert dataset.provenance["arrays"] == ["x_train", "y_train", "x_test", "y_test"]
    assert dataset.provenance["file"] == "some.npz" and dataset.provenance["images"] == 12
    assert dataset.bands[3] == "near infrared"


def test_named_arrays(folders):
    (folders / "data").mkdir()
    np.savez_compressed(folders / "data" / "x.npz", a=IMAGES, b=TEST, c=LABELS)
    dataset = _load(
        "x.npz",
        data_dir=folders / "data",
        key="a",
        labels_key="c",
        test_key="b",
        class_names=["north", "east", "south", "west"],
        classes=["east", "west"],
        bands=3,
    )
    np.testing.assert_array_equal(dataset.source, IMAGES[LABELS % 2 == 1][..., :3])
    assert dataset.provenance["classes"] == ["east", "west"]
    assert dataset.test is None  # Of which classes these images are, nothing says.
    whole = _load("x.npz", data_dir=folders / "data", key="a", test_key="b", bands=3)
    np.testing.assert_array_equal(whole.test, TEST[..., :3])
    assert whole.test_labels is None


def test_the_only_images_of_a_file(folders):
    np.savez("x.npz", pictures=IMAGES[..., 0], weights=np.ones((12, 5, 7)))
    assert _load("x.npz").source.shape == (12, 5, 7, 1)


def test_a_npy_file_stays_on_disk(folders):
    np.save("x.npy", IMAGES)
    dataset = _load("x.npy")
    assert isinstance(dataset.source, np.memmap) and dataset.labels is None
    np.testing.assert_array_equal(dataset.source, IMAGES)


@pytest.mark.parametrize(
    "arrays, options, message",
    [
        (
            {"a": IMAGES, "b": TEST},
            {},
            r"name it by the option key. It holds a \(uint8 in \(12, 5, 7",
        ),
        ({"a": IMAGES / 255.0}, {}, r"It holds a \(float64"),
        ({"a": IMAGES / 255.0}, {"key": "a"}, "a of .*x.npz holds float64, values from 0.0 to 1.0"),
        ({"a": IMAGES}, {"key": "b"}, "lacks b; it holds a"),
        ({"a": IMAGES, "b": TEST[:, :4]}, {"key": "a", "test_key": "b"}, "it has to be"),
        ({"a": IMAGES, "b": LABELS[:5]}, {"key": "a", "labels_key": "b"}, "each of the 12 images"),
        (
            {"a": IMAGES, "b": LABELS},
            {"key": "a", "labels_key": "b", "class_names": ["one"]},
            "legal are 0 to 0",
        ),
        ({"a": IMAGES, "b": LABELS}, {"key": "a", "test_labels_key": "b"}, "name them by test_key"),
        ({"a": IMAGES}, {"key": "a", "test_key": "a"}, "received 'a' as x_train, 'a' as x_test"),
        ({"x_train": IMAGES}, {"test_key": "x_train"}, "name different arrays; received 'x_train'"),
        (
            {"a": IMAGES, "b": TEST, "c": LABELS},
            {"key": "a", "labels_key": "c", "test_key": "b", "test_labels_key": "c"},
            "received .* 'c' as y_train, 'b' as x_test, 'c' as y_test",
        ),
        ({"a": IMAGES}, {"key": "a", "bands": 5}, "from 1 to 4"),
        ({"a": IMAGES}, {"key": "a", "classes": "0"}, "no labels to choose"),
        ({"a": IMAGES.astype(object)}, {"key": "a"}, "holds pickled Python objects"),
    ],
)
def test_what_does_not_fit_is_refused(folders, arrays, options, message):
    np.savez("x.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        _load("x.npz", **options)


@pytest.mark.parametrize(
    "file, error, message",
    [
        ("none.npz", FileNotFoundError, "none.npz is in none of the folders"),
        ("x.png", ValueError, "received 'x.png'"),
        ("cut.npz", ValueError, "cut.npz is not a whole .npz file"),
        ("cut.npy", ValueError, "cut.npy is truncated: .* row 9 "),
        ("text.npz", ValueError, "text.npz is not a whole .npz file"),
    ],
)
def test_files_that_cannot_be_read(folders, file, error, message):
    (folders / "text.npz").write_text("no images")
    (folders / "x.png").write_text("no images")
    for name, save in (("cut.npz", np.savez), ("cut.npy", np.save)):
        save(name, IMAGES)
        (folders / name).write_bytes((folders / name).read_bytes()[:-300])
    with pytest.raises(error, match=message):
        _load(file)


def test_a_file_is_needed():
    with pytest.raises(ValueError, match="file"):
        datasets.build("images")


def test_a_damaged_member_is_named(folders):
    with zipfile.ZipFile("x.npz", "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY and so on")
    with pytest.raises(ValueError, match=r"x.npz\['a'\] is not a whole .npy file"):
        _load("x.npz")


def test_labels_that_are_not_read_are_told_of(folders, caplog):
    images = np.full((5, 4, 4), 9, np.uint8)
    np.savez(folders / "some.npz", pictures=images, kinds=np.arange(5), year=np.arange(3))
    assert _load("some.npz").labels is None
    assert "kinds (int64 in (5,)), perhaps labels, is not read; labels_key=kinds" in caplog.text
    assert "year" not in caplog.text
    caplog.clear()
    assert _load("some.npz", key="pictures", labels_key="kinds").labels.tolist() == [0, 1, 2, 3, 4]
    assert not caplog.text


def test_a_npy_file_has_no_names(folders):
    np.save("x.npy", IMAGES)
    with pytest.raises(ValueError, match="it has no arrays with names"):
        _load("x.npy", key="a")


def test_options_of_other_kinds_of_files_are_refused_before_anything_is_read(folders, monkeypatch):
    np.savez("x.npz", a=IMAGES)
    np.save("x.npy", IMAGES)
    (folders / "photos").mkdir()
    for reader in ("read_folder", "load_npz", "npy_files.open_npy", "files.sha256_of"):
        monkeypatch.setattr(f"qlatent_tf.datasets.images.images.{reader}", None)
    for file, options, message in (
        ("x.npz", {"size": 8}, "size and grey are for a folder"),
        ("x.npy", {"grey": True}, "size and grey are for a folder"),
        ("x.npy", {"grey": ""}, "grey is True or False; received ''"),
        ("x.npy", {"test_key": "a"}, "it has no arrays with names"),
        ("photos", {"key": "a"}, "it has no arrays with names"),
    ):
        with pytest.raises(ValueError, match=message):
            _load(file, **options)


@pytest.mark.parametrize("name", ["X.NPY", "X.NPZ"])
def test_endings_may_have_large_letters(folders, name):
    with open(name, "wb") as file:
        np.save(file, IMAGES) if name == "X.NPY" else np.savez(file, IMAGES)
    np.testing.assert_array_equal(_load(name).source, IMAGES)
    config = tiny_config(dataset="images", dataset_options={"file": name})
    assert image_shape(config) == IMAGES.shape[1:]
