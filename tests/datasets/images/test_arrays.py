import numpy as np
import pytest

from qlatent_tf.datasets.images.arrays import (
    check_images,
    check_labels,
    class_numbers,
    image_dataset,
    names_of_classes,
)

NAMES = ("cat", "dog", "ship")
IMAGES = np.random.default_rng(0).integers(0, 256, (9, 6, 5, 3), np.uint8)
LABELS = np.arange(9) % 3


def _dataset(classes=None, **arrays):
    arrays = {
        "x_train": IMAGES,
        "y_train": LABELS,
        "x_test": IMAGES[:4],
        "y_test": LABELS[:4],
        **arrays,
    }
    return image_dataset(
        "some", arrays, class_names=NAMES, classes=classes, provenance={"file": "some.npz"}
    )


def test_all_classes():
    dataset = _dataset()
    np.testing.assert_array_equal(dataset.source, IMAGES)
    np.testing.assert_array_equal(dataset.labels, LABELS)
    assert dataset.bands == ("red", "green", "blue") and dataset.class_names == NAMES
    assert dataset.provenance == {
        "file": "some.npz",
        "images": 9,
        "test_images": 4,
        "shape": [6, 5, 3],
        "classes": None,
    }
    assert dataset.render(dataset.source).dtype == np.uint8


@pytest.mark.parametrize(
    "classes", [["ship", "cat"], "cat, ship", [0, 2], [2, "cat", "0"], np.array([2, 0]), {0, 2}]
)
def test_chosen_classes_keep_their_numbers(classes):
    dataset = _dataset(classes)
    np.testing.assert_array_equal(dataset.source, IMAGES[LABELS != 1])
    np.testing.assert_array_equal(dataset.labels, [0, 2, 0, 2, 0, 2])
    np.testing.assert_array_equal(dataset.test, IMAGES[[0, 2, 3]])
    np.testing.assert_array_equal(dataset.test_labels, [0, 2, 0])
    assert dataset.class_names == NAMES and dataset.provenance["classes"] == ["cat", "ship"]


@pytest.mark.parametrize("number", [np.int64(1), np.array(1)])
def test_one_class_may_be_a_number_of_numpy(number):
    assert _dataset(number).provenance["classes"] == ["dog"]


@pytest.mark.parametrize("classes", ["cats", [3], [-1], [], "", ["cat", "cow"], True, [1.5]])
def test_unknown_classes_are_refused(classes):
    with pytest.raises(ValueError, match=r"Known: cat \(0\), dog \(1\), ship \(2\)"):
        _dataset(classes)


def test_classes_need_labels_and_images():
    with pytest.raises(ValueError, match="no labels to choose"):
        _dataset("cat", y_train=None, y_test=None)
    with pytest.raises(ValueError, match="no images of the classes"):
        _dataset("ship", y_train=LABELS % 2)


def test_without_labels_or_test_images():
    dataset = _dataset(y_train=None, x_test=None, y_test=None)
    assert dataset.labels is None and dataset.class_names == () and dataset.test is None
    assert dataset.provenance["test_images"] == 0


@pytest.mark.parametrize("labels", [None, np.full(4, 2)])
def test_of_chosen_classes_others_are_not_held_out(labels):
    dataset = _dataset(classes="cat", y_test=labels)
    assert dataset.test is None and dataset.test_labels is None
    assert dataset.provenance["test_images"] == 0
    assert set(dataset.labels) == {0}


def test_bands_are_left_out():
    dataset = image_dataset(
        "some",
        {"x_train": IMAGES, "x_test": IMAGES[:2]},
        class_names=(),
        classes=None,
        provenance={},
        bands=np.int64(1),
    )
    np.testing.assert_array_equal(dataset.source, IMAGES[..., :1])
    assert dataset.test.shape == (2, 6, 5, 1) and dataset.bands == ("grey",)


@pytest.mark.parametrize("bands", [0, 4, True, "3", 2.0])
def test_bands_that_are_not_there_are_refused(bands):
    with pytest.raises(ValueError, match="^bands is (an integer|at least 1|from 1 to 3); received"):
        image_dataset(
            "some", {"x_train": IMAGES}, class_names=(), classes=None, provenance={}, bands=bands
        )


def test_one_class_number():
    assert class_numbers(1, NAMES) == [1] and class_numbers(None, ()) is None


@pytest.mark.parametrize(
    "images, message",
    [
        (IMAGES / 255, r"x holds float64, values from 0\.0 to 1\.0"),
        (IMAGES.astype(np.int64), "holds int64"),
        (np.array(["a"]), "holds <U1, values from none"),
        (np.zeros((0,), float), "values from none"),
        (IMAGES[0, 0], r"the shape \(5, 3\)"),
        (IMAGES[:0], r"the shape \(0, 6, 5, 3\)"),
        (np.ones((9, 6, 5, 3), np.uint8), "no value above 1"),
        (IMAGES.astype(complex), "holds complex128, values from none"),
        (IMAGES.transpose(0, 3, 1, 2)[..., :5].repeat(2, 3), "the bands first.*transpose"),
    ],
)
def test_what_is_no_image_is_refused(images, message):
    with pytest.raises(ValueError, match=message):
        check_images(images, "x")


def test_grey_images_get_a_band():
    assert check_images(IMAGES[..., 0], "x").shape == (9, 6, 5, 1)


def test_a_mapped_array_stays_mapped(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    mapped = check_images(np.load(tmp_path / "images.npy", mmap_mode="r"), "x")
    assert isinstance(mapped, np.memmap)


@pytest.mark.parametrize(
    "labels",
    [
        LABELS / 1.0,
        LABELS[:8],
        LABELS + 1,
        LABELS - 1,
        LABELS.reshape(3, 3),
    ],
)
def test_what_are_no_labels_is_refused(labels):
    with pytest.raises(ValueError, match="^y holds"):
        check_labels(labels, 9, 3, "y")


def test_labels_in_a_column_are_taken():
    labels = check_labels(LABELS[:, None].astype(np.uint8), 9, 3, "y")
    assert labels.shape == (9,) and labels.dtype == np.int64


def test_one_large_label_makes_no_list_of_names():
    with pytest.raises(ValueError, match="Labels go up to 1000000000; legal without names"):
        names_of_classes(None, {"y_train": np.array([0, 10**9])}, "mine")
    assert names_of_classes(None, {"y_test": np.array([0, 2])}, "mine") == ["0", "1", "2"]
    assert names_of_classes(None, {}, "mine") == []


@pytest.mark.parametrize("classes, row", [("1", 0), ("3", 2), (1, 1), (["1", 2], [0, 2]), ("0", 0)])
def test_a_text_is_a_name_first_where_names_are_numbers(classes, row):
    images = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 5, 3), np.uint8)
    dataset = image_dataset(
        "numbers",
        {"x_train": images, "y_train": np.arange(3)},
        class_names=("1", "2", "3"),
        classes=classes,
        provenance={},
    )
    assert dataset.source[:, 0, 0, 0].tolist() == np.atleast_1d(row).tolist()
