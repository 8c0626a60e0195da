"""Any images: a ``.npz`` or ``.npy`` file of uint8 arrays, or a folder of image files."""

import os
from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.datasets.images.arrays import (
    PARTS,
    check_splits,
    image_dataset,
    kept_bands,
    numbered_classes,
    sha256_of_arrays,
)
from qlatent_tf.datasets.images.folders import read_folder, shape_of_folder
from qlatent_tf.datasets.images.npz_files import load_npz
from qlatent_tf.storage import files, npy_files


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
      class_names: list of str. What the labels mean. Default: the numbers.
      classes: list of str or int. The classes to keep, by name or number. Default: all.
      bands: int. How many bands to keep, the first ones. Default: all.
      size: [int, int] or int. Of a folder's images: height and width to which they are resized.
      grey: bool. Of a folder's images: whether they become grey.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show progress bars.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file is damaged, an array is not there, or is none of images or labels.
    """
    path = files.named_file(file, data_dir)
    named = (key, labels_key, test_key, test_labels_key)
    if not all(name is None or (isinstance(name, str) and name) for name in named):
        raise ValueError(f"Arrays are named by texts that are not empty; received {named}.")
    if class_names is not None and not (
        isinstance(class_names, (list, tuple)) and all(isinstance(one, str) for one in class_names)
    ):
        raise ValueError(f"class_names is a list of texts; received {class_names!r}.")
    keys: dict[str, str] = {}
    if path.is_dir():
        arrays, folders = read_folder(path, size, grey, progress)
        digest, class_names = sha256_of_arrays(arrays.values()), class_names or folders
    elif path.suffix == ".npy":
        arrays, digest = {"x_train": npy_files.open_npy(path)}, files.sha256_of(path)
        keys = {"x_train": path.name}
    elif path.suffix == ".npz":
        keys = _keys(path, named)
        if not any(named):
            _tell_of_labels(path, keys)
        found, digest = load_npz(path, list(keys.values()), progress)
        arrays = {part: found[name] for part, name in keys.items()}
    else:
        raise ValueError(f"Images are .npz and .npy files and folders; received {str(file)!r}.")
    if not path.is_dir() and (size is not None or grey):
        raise ValueError(
            f"size and grey are for a folder of pictures; images of a file, {path}, stay as they "
            "are."
        )
    if path.suffix != ".npz" and any(named):
        raise ValueError(f"{path} is no .npz file: it has no arrays with names.")
    known = None if class_names is None else len(class_names)
    named_arrays = {"x_train": "the array"} if path.suffix == ".npy" else keys
    arrays = check_splits(arrays, str(path), classes=known, names=named_arrays)
    return image_dataset(
        "images",
        arrays,
        class_names=numbered_classes(arrays) if class_names is None else class_names,
        classes=classes,
        bands=bands,
        provenance={"file": path.name, "sha256": digest, "arrays": list(keys.values())},
    )


def _shape(options) -> tuple | None:
    """The shape of an image, as far as it is known before the data are loaded."""
    try:
        path = files.named_file(options["file"], None)
        if path.is_dir():
            shape = shape_of_folder(path, options["size"], options["grey"])
        elif path.suffix == ".npy":
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
    return {part: name for part, name in zip(PARTS, named, strict=True) if name}
