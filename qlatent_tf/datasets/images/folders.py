"""Reads the image files in a folder, with their classes and those that are held out."""

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.checks import check_count, check_flag
from qlatent_tf.datasets.images.pixels import SUFFIXES, read_pixels, size_of
from qlatent_tf.quantum.memory import check_memory
from qlatent_tf.text.progress import progress_bar

SPLITS = ("train", "test")
# Folders that beside one of images to train on hold others, not those of a class.
_NOT_TO_TRAIN_ON = {"test", "val", "valid", "validation"}
_NAMED = 3  # Files that a message names.


@dataclasses.dataclass(frozen=True)
class _File:
    """An image: the split, its class, None where there are none, and the path."""

    split: str
    label: str | None
    path: Path


def read_folder(
    folder: Path,
    size: tuple[int, int] | int | None = None,
    grey: bool = False,
    progress: bool = False,
) -> tuple[dict[str, np.ndarray], list[str] | None]:
    """Returns the images in a folder, and their classes, those of its subfolders.

    Where the subfolders are ``train`` and ``test``, images of ``test`` are held out; each of the
    two holds images, or folders of classes. Images are turned as their EXIF orientation says, and
    transparent ones stand on white. A warning names what is left out: files that are no images,
    and folders that hold none.

    Args:
      folder: path.
      size: (int, int) or int. Height and width to which images are resized. Default: images have
        one size already.
      grey: bool. Whether images become grey. Default: red, green and blue.
      progress: bool. Whether to show a progress bar.

    Returns:
      `x_train`, uint8 of shape `(n, height, width)` or `(n, height, width, 3)`, and where there are
      classes `y_train`, int64 of shape `(n,)`, `x_test` and `y_test` likewise where images are held
      out; and the names of the classes, or None.

    Raises:
      NotADirectoryError: if there is no such folder.
      ValueError: if it holds no images, or folders for training and others than those two; if a
        file is damaged, sizes differ, the size is none, or the images do not fit into memory.
    """
    files, others = _images(folder)
    _tell_of(others)
    shape = _shape(files, size, grey)
    classes = sorted({file.label for file in files if file.label is not None})
    numbers = {label: number for number, label in enumerate(classes)}
    arrays: dict[str, np.ndarray] = {}
    for split in SPLITS:
        some = [file for file in files if file.split == split]
        if some:
            shown = progress_bar(some, shown=progress, desc=f"images of {folder}", unit="image")
            arrays[f"x_{split}"] = _read(shown, len(some), shape, size, grey)
            if classes:
                arrays[f"y_{split}"] = np.array([numbers[file.label] for file in some])
    held = f", {len(arrays['x_test'])} of them held out" if "x_test" in arrays else ""
    logging.info("%s holds %d images of %d x %d pixels%s.", folder, len(files), *shape[:2], held)
    return (arrays, classes) if classes else (arrays, None)


def shape_of_folder(folder: Path, size=None, grey: bool = False) -> tuple[int, int, int]:
    """Returns the shape of an image, height, width and bands, by the first one in a folder.

    Raises:
      NotADirectoryError: if there is no such folder.
      ValueError: as `read_folder`.
    """
    files, _ = _images(folder)
    shape = _shape(files, size, grey)
    return (*shape, 1) if grey else shape


def _images(folder: Path) -> tuple[list[_File], list[Path]]:
    """The images of a folder, those to train on first, and what else lies beside them.

    Raises:
      NotADirectoryError, ValueError: unless there are images, all with classes or all without.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder of images.")
    parts = {path.name: path for path in _folders(folder) if _holds_images(path)}
    if parts.keys() != set(SPLITS) or _files(folder):
        _refuse_other_splits(folder, parts)
        parts = {SPLITS[0]: folder}
    files = [file for split in SPLITS if split in parts for file in _labelled(parts[split], split)]
    if not files:
        raise ValueError(f"{folder} holds no images; legal endings are {', '.join(SUFFIXES)}.")
    if len({file.label is None for file in files}) > 1:
        raise ValueError(
            f"Of {folder}/train and {folder}/test one holds images and one folders of images: "
            "both hold their classes as folders, or neither."
        )
    read = {folder, *parts.values(), *(file.path.parent for file in files)}
    known = read | {file.path for file in files}
    return files, [path for place in read for path in _shown(place) if path not in known]


def _refuse_other_splits(folder: Path, names: Iterable[str]) -> None:
    lower = {name.lower() for name in names}
    if "train" in lower and lower & _NOT_TO_TRAIN_ON:
        raise ValueError(
            f"{folder} has the folders {', '.join(names)}. Images to train on are in a folder "
            "called train, and held-out ones in one called test, in small letters. No other images "
            "lie beside these two. Rename the folders, and take others away."
        )


def _labelled(folder: Path, split: str) -> list[_File]:
    """The images of a folder, or of the folders of classes in it."""
    classes = [path.name for path in _folders(folder) if _files(path)]
    _refuse_deeper(folder)
    if classes and _files(folder):
        raise ValueError(
            f"{folder} holds images beside folders of images, {', '.join(classes)}: put all images "
            "into folders, whose names are their classes, or none."
        )
    return [
        _File(split, label, path)
        for label in classes or [None]
        for path in _files(folder / label if label else folder)
    ]


def _tell_of(others: list[Path]) -> None:
    if others:
        # Folders first: each may have been meant as a class.
        others = sorted(others, key=lambda path: (not path.is_dir(), path))
        named = ", ".join(
            f"{path} (a folder without images)" if path.is_dir() else str(path)
            for path in others[:_NAMED]
        )
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        logging.warning("Left out, because they are no images: %s%s.", named, more)


def _shape(files: list[_File], size, grey: bool) -> tuple:
    """The shape of an image's array; refuses more than fits into memory."""
    height, width = size_of(files[0].path) if size is None else _sides(size)
    shape = (height, width) if check_flag(grey, "grey") else (height, width, 3)
    what = f"{len(files):,} images of {height} x {width} pixels"
    check_memory(len(files) * int(np.prod(shape, dtype=object)), what)
    return shape


def _sides(size) -> tuple[int, int]:
    sides = size if isinstance(size, (list, tuple)) else (size, size)
    if len(sides) != 2:
        raise ValueError(f"size is one number, or height and width; received {size!r}.")
    height, width = (check_count(side, "size", least=1) for side in sides)
    return height, width


def _read(files: Iterable[_File], count: int, shape, size, grey: bool) -> np.ndarray:
    images = np.empty((count, *shape), np.uint8)
    sides = None if size is None else shape[:2]
    for row, file in enumerate(files):
        pixels = read_pixels(file.path, sides, grey)
        if pixels.shape != shape:
            raise ValueError(
                f"{file.path} has the size {pixels.shape[:2]}, the images before it {shape[:2]}: "
                "give the size that all are to have, such as size=32."
            )
        images[row] = pixels
    return images


def _files(folder: Path) -> list[Path]:
    return [path for path in _shown(folder) if path.suffix.lower() in SUFFIXES and path.is_file()]


def _folders(folder: Path) -> list[Path]:
    return [path for path in _shown(folder) if path.is_dir()]


def _holds_images(folder: Path) -> bool:
    return bool(_files(folder)) or any(True for _ in _with_images(folder))


def _with_images(folder: Path, follow: bool = True) -> Iterator[Path]:
    """Yields the folders in a folder that hold images.

    A link is followed, but not those behind it, for they may lead back.
    """
    for path in _folders(folder):
        linked = path.is_symlink()
        if follow or not linked:
            if _files(path):
                yield path
            yield from _with_images(path, follow and not linked)


def _shown(folder: Path) -> list[Path]:
    """What lies in a folder, sorted, but for what systems hide or add: previews and the like."""
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith(".") and path.name not in ("__MACOSX", "Thumbs.db")
    )


def _refuse_deeper(folder: Path) -> None:
    """Refuses images that would be left out: of folders within the folders of classes."""
    for part in _folders(folder):
        for inner in _with_images(part):
            raise ValueError(
                f"{inner} holds images: a class is one folder in {folder}, without folders in it. "
                f"Put its images into {part}, or name {part} itself."
            )
