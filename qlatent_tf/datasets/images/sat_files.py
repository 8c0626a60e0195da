"""Reads SAT-4 and SAT-6 from their official files, too large to be held in memory.

The files hold up to half a million images: ``sat-4-full.mat`` and ``sat-6-full.mat``, MATLAB files
with `train_x`, `train_y`, `test_x` and `test_y`, or the same as text, one image a line
(``X_train_sat4.csv``, ``y_train_sat4.csv`` and so on). They are read once, a thousand images at a
time, into files in the cache that are mapped into memory.
"""

import dataclasses
import hashlib
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.datasets.images import mapped as mapped_images
from qlatent_tf.datasets.images import mat_files
from qlatent_tf.datasets.images import npz_files as image_files
from qlatent_tf.datasets.images.arrays import check_images, class_numbers, image_dataset, kept_bands
from qlatent_tf.storage import files

SHAPE = (28, 28, 4)
SPLITS = ("train", "test")
# To be raised when the same file would give other images than before.
_VERSION = 1


@dataclasses.dataclass(frozen=True)
class _Stored:
    """Where images and labels are, and how they are read.

    Attributes:
      paths: tuple of paths. All the files.
      one_hot: callable. `one_hot(split)` returns labels, an array of shape `(count, classes)`.
      blocks: callable. `blocks(split, start)` yields images from number `start` on.
    """

    paths: tuple[Path, ...]
    one_hot: Callable[[str], np.ndarray]
    blocks: Callable[[str, int], Iterator[np.ndarray]]


def load_sat(
    name: str,
    class_names: Sequence[str],
    official_counts: Sequence[int],
    *,
    bands: int,
    classes: Sequence[str | int] | str | int | None,
    data_dir: str | os.PathLike | None,
    progress: bool,
) -> ImageDataset:
    """Returns SAT-4 or SAT-6 with its images mapped from the cache.

    Args:
      name: str. ``sat4`` or ``sat6``.
      class_names: sequence of str. In the order of the files.
      official_counts: sequence of int. Images to train on, and held out.
      bands: int. How many bands to keep, the first ones.
      classes: the classes to keep; see `class_numbers`.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show progress bars.

    Raises:
      FileNotFoundError: if the files are nowhere; the message says what to do.
      ValueError: if a file is damaged or another, or an option is out of range.
      OSError: if the disk is full; what has been converted is gone on with next time.
    """
    numbers = class_numbers(classes, class_names)
    bands = kept_bands(bands, SHAPE[-1])
    archive, table = f"sat-{name[3:]}-full.mat", f"X_train_{name}.csv"
    path = files.find_data_file([archive, table], data_dir)
    if path is None:
        folders = ", ".join(map(str, files.data_folders(data_dir)))
        raise FileNotFoundError(
            f"{name} is in none of the folders {folders}. Put {archive}, or {table} with y_train, "
            f"X_test and y_test beside it, into one and name it with --data-dir or "
            f"${files.DATA_DIR_VARIABLE}; the address of the authors is "
            "https://csc.lsu.edu/~saikat/deepsat/, and a script cannot download from there."
        )
    stored = _stored_mat(path) if path.name == archive else _stored_csv(path, name)
    stamp = _stamp(stored.paths)
    labels = image_files.cached_images(
        name,
        f"{stamp}/labels",
        SPLITS,
        lambda: {split: _numbers(stored, split, len(class_names)) for split in SPLITS},
    )
    found = [len(labels[split]) for split in SPLITS]
    if found != list(official_counts):
        logging.warning(
            "%s has %d images to train on and %d held out; the official %s has %d and %d.",
            path,
            *found,
            name,
            *official_counts,
        )
    arrays, digests = {}, []
    for split in SPLITS:
        chosen = _chosen(labels[split], numbers)
        if not len(chosen):
            raise ValueError(f"{path} has no images of the classes {classes!r} in {split!r}.")
        images, digest = mapped_images.mapped_images(
            _cache_path(f"{name}-{split}", f"{stamp}/{split}/{numbers}/{bands}"),
            (len(chosen), *SHAPE[:-1], bands),
            lambda start, split=split, chosen=chosen: _selected(
                stored.blocks, split, chosen, start, bands
            ),
            f"{path.name} ({split})",
            progress,
        )
        arrays[f"x_{split}"], arrays[f"y_{split}"] = images, labels[split][chosen]
        digests.append(digest)
    dataset = image_dataset(
        name,
        arrays,
        class_names=class_names,
        classes=None,
        provenance={"file": path.name, "sha256": digests[0], "test_sha256": digests[1]},
    )
    if numbers is None:
        return dataset
    names = [class_names[number] for number in numbers]
    return dataclasses.replace(dataset, provenance={**dataset.provenance, "classes": names})


def _stored_mat(path: Path) -> _Stored:
    def one_hot(split):
        labels = mat_files.small_array(path, f"{split}_y").T
        shape = mat_files.stored_array(path, f"{split}_x").shape
        if shape != (*SHAPE, len(labels)):
            raise ValueError(
                f"{path}: {split}_x has the shape {shape}; with {len(labels)} labels it has to be "
                f"{(*SHAPE, len(labels))}."
            )
        return labels

    def blocks(split, start):
        for block in mat_files.stored_array(path, f"{split}_x").blocks(start, mapped_images.BLOCK):
            # The file has rows innermost, then columns, then bands.
            yield _pixels(block.transpose(0, 3, 2, 1), f"{split}_x of {path}")

    return _Stored((path,), one_hot, blocks)


def _stored_csv(path: Path, name: str) -> _Stored:
    tables = {
        (part, split): path.with_name(f"{part}_{split}_{name}.csv")
        for part in ("X", "y")
        for split in SPLITS
    }
    lacking = [table.name for table in tables.values() if not table.is_file()]
    if lacking:
        raise ValueError(f"{path.parent} has {path.name}, but lacks {', '.join(lacking)}.")

    def one_hot(split):
        rows = list(_rows(tables["y", split], 0))
        return np.concatenate(rows) if rows else np.zeros((0, 0))

    def blocks(split, start):
        table = tables["X", split]
        for rows in _rows(table, start):
            if rows.shape[1] != np.prod(SHAPE):
                raise ValueError(
                    f"{table} has {rows.shape[1]} values a line; an image has {np.prod(SHAPE)}."
                )
            yield rows.reshape(-1, *SHAPE)

    return _Stored(tuple(tables.values()), one_hot, blocks)


def _rows(table: Path, start: int) -> Iterator[np.ndarray]:
    """Yields the lines of a table of whole numbers from 0 to 255, from a line on."""
    with open(table, encoding="ascii") as file:
        try:
            for _ in itertools.islice(file, start):
                pass
            line = start
            while lines := list(itertools.islice(file, mapped_images.BLOCK)):
                yield np.loadtxt(lines, np.uint8, delimiter=",", comments=None, ndmin=2)
                line += len(lines)
        except ValueError as error:
            raise ValueError(
                f"{table} is damaged or no table of whole numbers from 0 to 255, somewhere after "
                f"line {line}: {error}."
            ) from error


def _pixels(block: np.ndarray, where: str) -> np.ndarray:
    """Returns a block as uint8; MATLAB may have stored whole numbers in any type."""
    if block.dtype == np.uint8:
        return block
    whole = np.rint(block)
    if not (
        np.isfinite(block).all()
        and (whole == block).all()
        and whole.min() >= 0
        and whole.max() <= 255
    ):
        raise ValueError(
            f"{where} holds {block.dtype}, values from {block.min()} to {block.max()}; pixels are "
            "whole numbers from 0 to 255."
        )
    return whole.astype(np.uint8)


def _numbers(stored: _Stored, split: str, classes: int) -> np.ndarray:
    """Returns labels as numbers, of rows that each have one 1 and else zeros."""
    rows = np.asarray(stored.one_hot(split))
    if (
        rows.ndim != 2
        or rows.shape[1] != classes
        or not len(rows)
        or not (np.isin(rows, (0, 1)).all() and (rows.sum(axis=1) == 1).all())
    ):
        raise ValueError(
            f"The labels to {split} of {stored.paths[0]} have the shape {rows.shape}; they are "
            f"rows of {classes} numbers, a single one of them 1 and the others 0."
        )
    return rows.argmax(axis=1).astype(np.int64)


def _chosen(labels: np.ndarray, numbers: list[int] | None) -> np.ndarray:
    """Returns which images are kept."""
    return np.arange(len(labels)) if numbers is None else np.flatnonzero(np.isin(labels, numbers))


def _selected(blocks, split: str, chosen: np.ndarray, start: int, bands: int):
    """Yields the chosen images from number `start` of them on, with the first bands."""
    first = position = int(chosen[start])
    for block in blocks(split, first):
        if position == first:
            check_images(block, f"the block of images from number {first}")
        inside = chosen[
            np.searchsorted(chosen, position) : np.searchsorted(chosen, position + len(block))
        ]
        yield block[inside - position][..., :bands]
        position += len(block)


def _stamp(paths: Sequence[Path]) -> str:
    """Returns what tells these files from others, and from themselves after a change.

    Their content is not read for it: that would take as long as the conversion.
    """
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return f"{stats}/{_VERSION}"


def _cache_path(stem: str, key: str) -> Path:
    digest = hashlib.sha256(key.encode()).hexdigest()
    return files.cache_dir() / "images" / f"{stem}-{digest[:16]}.npy"
