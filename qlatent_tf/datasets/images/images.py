"""Any images: a ``.npz`` or ``.npy`` file of uint8 arrays, or a folder of image files."""

import os
from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.checks import check_flag
from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.datasets.images.arrays import (
    PARTS,
    check_class_names,
    check_splits,
    image_dataset,
    kept_bands,
    names_of_classes,
    sha256_of_arrays,
)
from qlatent_tf.datasets.images.folders import read_folder, shape_of_folder
from qlatent_tf.datasets.images.npz_files import load_npz
from qlatent_tf.storage import files, npy_files

_FOLDER = "folder"


def image_file(
    *,
    file: str | os.PathLike,
    key: str | None = None,
    labels_key: str | None = None,
    test_key: str | None = None,
    test_labels_key: str | None = None,
    class_names: list | None = None,
    classes: list | str | int | None = None,
    bands: int | None = None,
    size: list | int | None = None,
    grey: bool = False,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> ImageDataset:
    """The images of a file, uint8 in shape `(N, height, width, bands)` or `(N, height, width)`.

    A folder of image files is taken too, see `from_folder`.

    One band is grey, three are red, green and blue, four have near infrared besides. A ``.npy``
    file is mapped and stays on disk, unless classes or bands are chosen.

    Args:
      file: path. A ``.npz`` or ``.npy`` file, or a folder: a path, or a name in `data_dir`, in
        $QLATENT_DATA_DIR or in the cache folder.
      key: str. The array of images in a ``.npz`` file. Default: where there is an `x_train`, it
        and `y_train`, `x_test` and `y_test` if they are there too; else the only array with images.
      labels_key: str. The array of their labels, whole numbers from 0.
      test_key: str. The array of held-out images.
      test_labels_key: str. The array of their labels.
      class_names: list of str. What the labels mean, only with labels. Default: the numbers.
      classes: list of str or int. The classes to keep, by name or number. Default: all.
      bands: int. How many bands to keep, the first ones. Default: all.
      size: [int, int] or int. Of a folder's images: height and width to which they are resized.
      grey: bool. Of a folder's images: whether they become grey.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show progress bars.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file is damaged, an array is not there, is named twice, or is none of
        images or labels; or if an option does not belong to such a file.
    """
    path = files.named_file(file, data_dir, or_folder=True)
    named = (key, labels_key, test_key, test_labels_key)
    if not all(name is None or (isinstance(name, str) and name) for name in named):
        raise ValueError(f"Arrays are named by texts that are not empty; received {named}.")
    names = check_class_names(class_names, str(path))
    kind = _kind(path)
    if kind != _FOLDER and (size is not None or check_flag(grey, "grey")):
        raise ValueError(
            f"size and grey are for a folder of pictures; images of a file, {path}, stay as they "
            "are."
        )
    if kind != ".npz" and any(named):
        raise ValueError(f"{path} is no .npz file: it has no arrays with names.")
    keys: dict[str, str] = {}
    if kind == _FOLDER:
        arrays, folders = read_folder(path, size, grey, progress)
        digest, names = sha256_of_arrays(arrays.values()), names or folders
    elif kind == ".npy":
        arrays, digest = {"x_train": npy_files.open_npy(path)}, files.sha256_of(path)
        keys = {"x_train": path.name}
    else:
        keys = _keys(path, named)
        if not any(named):
            _tell_of_labels(path, keys)
        found, digest = load_npz(path, list(keys.values()), progress)
        arrays = {part: found[name] for part, name in keys.items()}
    known = None if names is None else len(names)
    named_arrays = {"x_train": "the array"} if kind == ".npy" else keys
    arrays = check_splits(arrays, str(path), classes=known, names=named_arrays)
    return image_dataset(
        "images",
        arrays,
        class_names=names_of_classes(names, arrays, str(path)),
        classes=classes,
        bands=bands,
        provenance={"file": path.name, "sha256": digest, "arrays": list(keys.values())},
    )


def _kind(path: Path) -> str:
    """Returns the ending of a file of images, in small letters, or that it is a folder."""
    kind = _FOLDER if path.is_dir() else path.suffix.lower()
    if kind not in (".npy", ".npz", _FOLDER):
        raise ValueError(f"Images are .npz and .npy files and folders; received {str(path)!r}.")
    return kind


def _shape(options) -> tuple | None:
    """The shape of an image, as far as it is known before the data are loaded."""
    try:
        path = files.named_file(options["file"], None, or_folder=True)
        kind = _kind(path)
        if kind == _FOLDER:
            shape = shape_of_folder(path, options["size"], options["grey"])
        elif kind == ".npy":
            shape = npy_files.open_npy(path).shape[1:]
        else:
            keys = _keys(path, (options["key"], None, None, None))
            shape = npy_files.npz_header(path, keys["x_train"]).shape[1:]
        height, width, bands = (*shape, 1)[:3]
        return height, width, kept_bands(options["bands"], bands)
    except (KeyError, OSError, ValueError):
        return None  # Who loads the data says what is wrong.


image_file.shape_of = _shape


def _tell_of_labels(path: Path, keys: dict[str, str]) -> None:
    """Warns of an array that is not read, though it may hold the labels of the images."""
    count = npy_files.npz_header(path, keys["x_train"]).shape[0]
    for name in npy_files.npz_members(path):
        header = npy_files.npz_header(path, name)
        whole = header.dtype.kind in "iu" and header.shape in ((count,), (count, 1))
        if whole and name not in keys.values():
            logging.warning(
                "%s: %s (%s in %s), perhaps labels, is not read; labels_key=%s reads it.",
                path, name, header.dtype, header.shape, name,
            )  # fmt: skip


def _keys(path: Path, named: tuple[str | None, ...]) -> dict[str, str]:
    """Returns the names of the arrays to be read, under the names they have here."""
    if named[0] is None:
        headers = {name: npy_files.npz_header(path, name) for name in npy_files.npz_members(path)}
        likely = [
            name
            for name, header in headers.items()
            if len(header.shape) in (3, 4) and header.dtype == np.uint8
        ]
        if PARTS[0] in headers:
            usual = [part if part in headers else None for part in PARTS]
            named = tuple(given or part for given, part in zip(named, usual, strict=True))
        elif len(likely) == 1:
            named = (likely[0], *named[1:])
        else:
            held = ", ".join(
                f"{name} ({header.dtype} in {header.shape})" for name, header in headers.items()
            )
            raise ValueError(
                f"{path} does not tell which array holds the images: name it by the option key. "
                f"It holds {held or 'no arrays'}."
            )
    if named[3] and not named[2]:
        raise ValueError("Labels of held-out images need the images: name them by test_key.")
    keys = {part: name for part, name in zip(PARTS, named, strict=True) if name}
    if len(set(keys.values())) < len(keys):
        raise ValueError(
            f"{path}: key, labels_key, test_key and test_labels_key name different arrays; "
            f"received {', '.join(f'{name!r} as {part}' for part, name in keys.items())}."
        )
    return keys
