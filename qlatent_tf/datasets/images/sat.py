"""SAT-4 and SAT-6: aerial patches of 28 x 28 pixels in red, green, blue and near infrared.

The official files hold up to half a million images: ``sat-4-full.mat`` and ``sat-6-full.mat``,
MATLAB files with `train_x`, `train_y`, `test_x` and `test_y`, or the same as text, one image a line
(``X_train_sat4.csv``, ``y_train_sat4.csv`` and so on). They are read once, a thousand images at a
time, into files in the cache that are mapped into memory.

Reference:
  S. Basu, S. Ganguly, S. Mukhopadhyay, R. DiBiano, M. Karki and R. Nemani, "DeepSat: a learning
  framework for satellite imagery", ACM SIGSPATIAL (2015).
"""

import contextlib
import dataclasses
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.datasets.images import mapped
from qlatent_tf.datasets.images.arrays import (
    check_images,
    class_numbers,
    image_dataset,
    kept_bands,
    shape_of,
)
from qlatent_tf.datasets.images.npz_files import cached_images
from qlatent_tf.storage import files
from qlatent_tf.storage.array_cache import cache_path

CLASSES = {
    "sat4": ("barren land", "trees", "grassland", "none"),
    "sat6": ("building", "barren land", "trees", "grassland", "road", "water"),
}
# Images to train on, and held out.
COUNTS = {"sat4": [400_000, 100_000], "sat6": [324_000, 81_000]}
SHAPE = (28, 28, 4)
SPLITS = ("train", "test")
# To be raised when the same file would give other images than before.
_VERSION = 1


def sat4(
    *,
    bands: int = 4,
    classes: list | str | int | None = None,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> ImageDataset:
    """The patches of SAT-4, uint8: 400,000 to train on and 100,000 held out.

    Looked for in `data_dir`, in $QLATENT_DATA_DIR and in the cache folder as ``sat-4-full.mat``
    or ``X_train_sat4.csv`` with its three companions, and converted once into files of the cache
    that stay on disk.

    Args:
      bands: int, from 1 to 4. How many to keep; 3 leaves near infrared out.
      classes: list of str or int. The classes to keep, by name or number. Default: all.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show progress bars.

    Raises:
      FileNotFoundError: if the files are nowhere; a script cannot download them.
      ValueError: if they are damaged or others, or an option is out of range.
      OSError: if the disk is full; the next call resumes the conversion.
    """
    return _load("sat4", bands, classes, data_dir, progress)


def sat6(
    *,
    bands: int = 4,
    classes: list | str | int | None = None,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> ImageDataset:
    """The patches of SAT-6, uint8: 324,000 to train on and 81,000 held out.

    Its files, ``sat-6-full.mat`` or ``X_train_sat6.csv`` and its companions, are found and
    converted as those of `sat4` are, whose arguments and errors it has.
    """
    return _load("sat6", bands, classes, data_dir, progress)


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


sat4.shape_of = sat6.shape_of = shape_of(SHAPE)


def _load(name: str, bands: int, classes, data_dir, progress: bool) -> ImageDataset:
    class_names = CLASSES[name]
    numbers = class_numbers(classes, class_names)
    bands = kept_bands(bands, SHAPE[-1])
    archive, table = f"sat-{name[3:]}-full.mat", f"X_train_{name}.csv"
    path = files.require_data_file(
        [archive, table],
        data_dir,
        "A script cannot download from the address of the authors, "
        f"https://csc.lsu.edu/~saikat/deepsat/. Put {archive}, or {table} with y_train, X_test and "
        "y_test beside it, into one",
    )
    stored = _stored_mat(path) if path.name == archive else _stored_csv(path, name)
    # What tells these files from others, and from themselves after a change: to read them for it
    # would take as long as the conversion.
    stats = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in stored.paths]
    stamp = f"{stats}/{_VERSION}"
    labels = cached_images(
        name,
        f"{stamp}/labels",
        lambda: {split: _numbers(stored, split, len(class_names)) for split in SPLITS},
    )
    found = [len(labels[split]) for split in SPLITS]
    if found != COUNTS[name]:
        message = "%s has %d images to train on and %d held out; the official %s has %d and %d."
        logging.warning(message, path, *found, name, *COUNTS[name])
    arrays, digests = {}, []
    for split in SPLITS:
        every = np.arange(len(labels[split]))
        chosen = every if numbers is None else every[np.isin(labels[split], numbers)]
        if not len(chosen):
            raise ValueError(f"{path} has no images of the classes {classes!r} in {split!r}.")
        images, digest = mapped.mapped_images(
            cache_path("images", f"{name}-{split}", f"{stamp}/{split}/{numbers}/{bands}", ".npy"),
            (len(chosen), *SHAPE[:-1], bands),
            lambda start, split=split, chosen=chosen: _selected(
                stored.blocks, str(stored.paths[0]), split, chosen, start, bands
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
    from qlatent_tf.datasets.images import mat_files

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
        for block in mat_files.stored_array(path, f"{split}_x").blocks(start, mapped.BLOCK):
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
    """Yields the rows of a table of whole numbers from 0 to 255, from a row on.

    Blank lines are no rows.
    """
    # A byte order mark is no number.
    with open(table, encoding="utf-8-sig") as file:
        try:
            written = filter(str.strip, file)
            for _ in itertools.islice(written, start):
                pass
            row, width = start, None
            while lines := list(itertools.islice(written, mapped.BLOCK)):
                rows = _numbers_of(lines, row, width)
                row, width = row + len(lines), rows.shape[1]
                yield rows
        except ValueError as error:
            raise ValueError(
                f"{table} is damaged or no table of whole numbers from 0 to 255: "
                f"{str(error).rstrip('.')}."
            ) from error


def _numbers_of(lines: list[str], first: int, width: int | None) -> np.ndarray:
    """Returns the rows of a table from number `first` on; an error names the row.

    They have as many entries as rows before them, `width`, if there are some.
    """
    with contextlib.suppress(ValueError):
        rows = _loadtxt(lines)
        if width in (None, rows.shape[1]):
            return rows
    # NumPy would name a row of these lines, not of the table, and not always from 0.
    for number, line in enumerate(lines, start=first):
        try:
            found = _loadtxt([line]).shape[1]
        except ValueError as error:
            reason = str(error).replace(" at row 0,", " in")
            raise ValueError(
                f"row {number:,} (from 0) reads {line.strip()[:40]!r}: {reason}"
            ) from error
        if found != (width := width or found):
            raise ValueError(
                f"row {number:,} (from 0) has {found:,} entries, and rows before it {width:,}"
            )
    return _loadtxt(lines)


def _loadtxt(lines: list[str]) -> np.ndarray:
    return np.loadtxt(lines, np.uint8, delimiter=",", comments=None, ndmin=2)


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


def _selected(blocks, name: str, split: str, chosen: np.ndarray, start: int, bands: int):
    """Yields the chosen images from number `start` of them on, with the first bands."""
    first = position = int(chosen[start])
    for block in blocks(split, first):
        if position == first:
            check_images(block, f"{name}: the block of images from number {first}")
        inside = chosen[
            np.searchsorted(chosen, position) : np.searchsorted(chosen, position + len(block))
        ]
        yield block[inside - position][..., :bands]
        position += len(block)
