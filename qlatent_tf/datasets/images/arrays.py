"""Arrays of images and labels: what is legal, which classes are chosen, what becomes a data set."""

import collections
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

import numpy as np
from absl import logging

from qlatent_tf.checks import check_count
from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.drawing.images import draw_images

_BANDS = {
    1: ("grey",),
    3: ("red", "green", "blue"),
    4: ("red", "green", "blue", "near infrared"),
}
_MOST_CLASSES = 10_000
_SMALLEST = 8  # Pixels: fewer rows are rather images than the rows of one.
PARTS = ("x_train", "y_train", "x_test", "y_test")

# Of finished runs whose images are scored by these while training.
_MORE = {("classifier_scores",): ("classifier_neighbours",)}


def image_dataset(
    name: str,
    arrays: Mapping[str, np.ndarray | None],
    *,
    class_names: Sequence[str],
    classes: Sequence[str | int] | str | int | None,
    provenance: dict,
    bands: int | None = None,
    metrics: Sequence[str] = (),
) -> ImageDataset:
    """Returns a data set of checked arrays, with the images of the chosen classes.

    Args:
      name: str. The data set's name.
      arrays: mapping. `x_train` and `y_train`, `x_test` and `y_test`, as `check_images` and
        `check_labels` return them; None or left out where there are none.
      class_names: sequence of str. Empty without labels.
      classes: see `class_numbers`. Test images of which none are of these, or not known to be,
        are left out with a warning.
      provenance: dict. Where the arrays come from; the counts are added.
      bands: int. How many bands to keep, the first ones. Default: all.
      metrics: sequence of str. The registered metrics that score such images. Finished runs are
        scored by Inception, too, where its weights are at hand.

    Raises:
      ValueError: if classes are chosen that are unknown, or of which there are no images, two have
        one name, or more bands are asked for than there are.
    """
    twice = [one for one, count in collections.Counter(class_names).items() if count > 1]
    if twice:
        raise ValueError(f"{name}: classes have a name each; received {twice[0]!r} twice.")
    images, labels, test, test_labels = (arrays.get(part) for part in PARTS)
    if kept_bands(bands, images.shape[-1]) != images.shape[-1]:
        images = np.ascontiguousarray(images[..., :bands])
        test = None if test is None else np.ascontiguousarray(test[..., :bands])
    numbers = class_numbers(classes, class_names if labels is not None else ())
    if numbers is not None:
        images, labels = _chosen(images, labels, numbers)
        if not len(images):
            raise ValueError(f"{name} has no images of the classes {classes!r}.")
        if test is not None and test_labels is not None:
            test, test_labels = _chosen(test, test_labels, numbers)
        if test is not None and (test_labels is None or not len(test)):
            reason = "have no labels" if test_labels is None else "hold none of these classes"
            logging.warning("%s's test images %s: none are held out.", name, reason)
            test = test_labels = None
    return ImageDataset(
        name=name,
        source=images,
        metrics=tuple(metrics),
        evaluation_metrics=(*metrics, *_MORE.get(tuple(metrics), ()), "local_inception_scores"),
        provenance={
            **provenance,
            "images": len(images),
            "test_images": 0 if test is None else len(test),
            "shape": list(images.shape[1:]),
            "classes": None if numbers is None else [class_names[number] for number in numbers],
        },
        render=draw_images,
        bands=_BANDS.get(images.shape[-1])
        or tuple(f"band {band + 1}" for band in range(images.shape[-1])),
        labels=labels,
        class_names=tuple(class_names) if labels is not None else (),
        test=test,
        test_labels=test_labels,
    )


def shape_of(shape: tuple[int, int, int]) -> Callable[[dict], tuple]:
    """Returns what tells the shape of a data set's images, of its options; see `resolve`."""
    return lambda options: (*shape[:-1], options.get("bands", shape[-1]))


def kept_bands(bands: int | None, present: int) -> int:
    """Returns how many bands are kept of those that are present.

    Raises:
      ValueError: if it is none of them, or more.
    """
    if bands is None:
        return present
    bands = check_count(bands, "bands", least=1)
    if bands > present:
        raise ValueError(f"bands is from 1 to {present}; received {bands}.")
    return bands


def class_numbers(
    classes: Sequence[str | int] | str | int | None, class_names: Sequence[str]
) -> list[int] | None:
    """Returns the numbers of the chosen classes, sorted, or None if all are meant.

    Args:
      classes: sequence of str or int. Names or numbers of classes; one alone, or several in one
        string with commas between; None for all. Where names are numbers, a text is a name and an
        int a number.
      class_names: sequence of str. What there is.

    Raises:
      ValueError: if a class is unknown or none is chosen; the message lists the known ones.
    """
    if classes is None:
        return None
    if isinstance(classes, str):
        classes = [part.strip() for part in classes.split(",")]
    else:
        classes = list(classes) if np.iterable(classes) else [classes]
    if not class_names:
        raise ValueError(f"These images have no labels to choose the classes {classes!r} by.")
    numbers = {str(number): number for number in range(len(class_names))}
    # A text is a name first, for names may be numbers too.
    names = {**numbers, **{name: number for number, name in enumerate(class_names)}}
    found = [(names if isinstance(one, str) else numbers).get(str(one)) for one in classes]
    unknown = [chosen for chosen, number in zip(classes, found, strict=True) if number is None]
    if unknown or not classes or any(isinstance(chosen, bool) for chosen in classes):
        raise ValueError(
            f"Unknown classes {unknown or classes!r}. Known: "
            f"{', '.join(f'{name} ({number})' for number, name in enumerate(class_names))}."
        )
    return sorted(set(found))


def check_images(images: np.ndarray, where: str) -> np.ndarray:
    """Returns images as `(n, height, width, bands)`; `(n, height, width)` gets one band.

    Args:
      images: array. What is hoped to be images.
      where: str. What the array is called in error messages.

    Raises:
      ValueError: if the array is not uint8, has another number of axes, is one image, is empty, or
        has no value above 1.
    """
    images = np.asanyarray(images)
    if images.dtype != np.uint8:
        low, high = (
            (images.min(), images.max())
            if images.size and images.dtype.kind in "biuf"
            else ("none", "none")
        )
        raise ValueError(
            f"{where} holds {images.dtype}, values from {low} to {high}. Images are uint8 with "
            "values from 0 to 255: scale, round and cast them (NumPy: array.astype('uint8'))."
        )
    # Grey images are rarely three or four pixels wide, and one image always is of so many bands.
    if images.ndim == 3 and images.shape[2] in (3, 4) and min(images.shape[:2]) >= _SMALLEST:
        raise ValueError(
            f"{where} has the shape {images.shape}, which is that of one image. Several have the "
            "shape (count, height, width, bands), grey ones also (count, height, width)."
        )
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or not images.size:
        raise ValueError(
            f"{where} has the shape {images.shape}. Images have the shape (count, height, width, "
            "bands), each at least 1."
        )
    if images.shape[1] in _BANDS and images.shape[3] not in _BANDS and images.shape[2] > 4:
        raise ValueError(
            f"{where} has the shape {images.shape}, which has the bands first. Images have them "
            "last, (count, height, width, bands): NumPy's array.transpose(0, 2, 3, 1)."
        )
    if images.max() <= 1:
        raise ValueError(
            f"{where} has no value above 1. Images have values from 0 to 255: were these scaled "
            "to 1 before they were cast?"
        )
    return images


def check_splits(
    arrays: Mapping[str, np.ndarray],
    where: str,
    shape: tuple[int, ...] | None = None,
    classes: int | None = None,
    counts: Mapping[str, int] | None = None,
    names: Mapping[str, str] | None = None,
) -> dict[str, np.ndarray]:
    """Returns the arrays of a data set, checked: the images, their number and the labels.

    Args:
      arrays: mapping. `x_train`, and `y_train`, `x_test` and `y_test` where they are there.
      where: str. What the arrays are of, in error messages.
      shape: tuple of int. `(height, width, bands)`. Default: that of the first images.
      classes: int. Labels are numbers below it. Default: any from 0.
      counts: mapping. How many images ``train`` and ``test`` have. Default: any.
      names: mapping. What arrays are called in the file, where it is not as here.

    Raises:
      ValueError: if an array is not as it has to be.
    """
    checked = {}
    for split in ("train", "test"):
        images, labels = f"x_{split}", f"y_{split}"
        named = {part: f"{(names or {}).get(part, part)} of {where}" for part in (images, labels)}
        if images in arrays:
            checked[images] = check_images(arrays[images], named[images])
            count = counts[split] if counts else len(checked[images])
            shape = shape or checked[images].shape[1:]
            if checked[images].shape != (count, *shape):
                raise ValueError(
                    f"{named[images]} has the shape {checked[images].shape}; it has to be "
                    f"{(count, *shape)}."
                )
        if labels in arrays:
            if images not in arrays:
                raise ValueError(f"{named[labels]} are given without {named[images]}.")
            checked[labels] = check_labels(arrays[labels], count, classes, named[labels])
    return checked


def check_labels(labels: np.ndarray, count: int, classes: int | None, where: str) -> np.ndarray:
    """Returns labels as int64 of shape `(count,)`; `(count, 1)` is taken too.

    Args:
      labels: array. What is hoped to be labels.
      count: int. The number of images.
      classes: int. Labels are numbers below it. Default: any from 0.
      where: str. What the array is called in error messages.

    Raises:
      ValueError: if the array is none of whole numbers, of another length, or out of range.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape not in ((count,), (count, 1)):
        raise ValueError(
            f"{where} holds {labels.dtype} in the shape {labels.shape}. Labels are whole numbers, "
            f"one for each of the {count} images."
        )
    labels = labels.reshape(count).astype(np.int64)
    if count and (labels.min() < 0 or (classes is not None and labels.max() >= classes)):
        raise ValueError(
            f"{where} holds labels from {labels.min()} to {labels.max()}; legal are 0 to "
            f"{'any' if classes is None else classes - 1}."
        )
    return labels


def check_class_names(class_names: Iterable[str] | None, where: str) -> list[str] | None:
    """Returns the names of classes as a list, or None if there are none.

    Raises:
      ValueError: if they are no list of texts.
    """
    if class_names is None:
        return None
    is_list = np.iterable(class_names) and not isinstance(class_names, (str, Mapping, Set))
    listed = list(class_names) if is_list else []
    if not (is_list and all(isinstance(one, str) for one in listed)):
        raise ValueError(f"{where}: class_names is a list of texts; received {class_names!r}.")
    return listed


def names_of_classes(
    class_names: list[str] | None, arrays: Mapping[str, np.ndarray], where: str
) -> list[str]:
    """Returns what labels mean: the names of classes that are given, else the labels themselves.

    Args:
      class_names: list of str, or None. What `check_class_names` returns.
      arrays: mapping. What `check_splits` returns.
      where: str. What the arrays are of, in error messages.

    Raises:
      ValueError: if there are names but no labels of the images to train on, or no names and very
        large labels.
    """
    if class_names and PARTS[1] not in arrays:
        raise ValueError(
            f"{where}: class_names says what the labels of the images to train on mean. These "
            f"images have no labels; received class_names={class_names!r}."
        )
    if class_names is not None:
        return class_names
    largest = max((arrays[part].max() for part in PARTS[1::2] if part in arrays), default=-1)
    if largest >= _MOST_CLASSES:
        raise ValueError(
            f"Labels go up to {largest}; legal without names of the classes are 0 to "
            f"{_MOST_CLASSES - 1}."
        )
    return [str(number) for number in range(largest + 1)]


def sha256_of_arrays(arrays: Iterable[np.ndarray]) -> str:
    """Returns the SHA-256 of arrays' types, shapes and values."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def _chosen(images, labels, numbers):
    rows = np.flatnonzero(np.isin(labels, numbers))
    return images[rows], labels[rows]
