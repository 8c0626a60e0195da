"""Images that are in a file, or else come from Keras, which downloads and keeps them."""

import hashlib
import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.datasets.images.cifar_archives import ARCHIVES
from qlatent_tf.storage import files
from qlatent_tf.storage.download import check_reachable

_KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
# Name of the Keras module: what Keras keeps once it has it, where it downloads that from, and the
# SHA-256 without which it downloads it again, where it knows one.
_KEPT = {
    "cifar10": (
        "cifar-10-batches-py-target_archive",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
        ARCHIVES["cifar-10-python.tar.gz"],
    ),
    "fashion_mnist": (
        "fashion-mnist/t10k-images-idx3-ubyte.gz",
        f"{_KERAS_URL}t10k-images-idx3-ubyte.gz",
        None,
    ),
    "mnist": (
        "mnist.npz",
        f"{_KERAS_URL}mnist.npz",
        "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    ),
}


def find_or_download(
    name: str,
    names: Sequence[str],
    read: Callable[[Path], tuple[dict[str, np.ndarray], dict]],
    advice: str,
    data_dir: str | os.PathLike | None,
) -> tuple[dict[str, np.ndarray], dict, str]:
    """Returns the arrays of a data set from the first file there is, or else from Keras.

    Args:
      name: str. The data set, by the name of its module in `keras.datasets`.
      names: sequence of str. Files to look for, in `data_dir`, $QLATENT_DATA_DIR and the cache.
      read: callable. `read(path)` returns the arrays and the provenance of one of them.
      advice: str. What to put into a folder where nothing is found.
      data_dir: path. The caller's own folder.

    Returns:
      The arrays, the provenance, and what the arrays are of, for error messages.

    Raises:
      FileNotFoundError: if there is neither; the message says what to do.
    """
    path = files.find_data_file(list(names), data_dir)
    if path is not None:
        return *read(path), str(path)
    try:
        arrays, provenance = _load_keras_images(name)
    except FileNotFoundError as error:
        folders = ", ".join(map(str, files.data_folders(data_dir)))
        raise FileNotFoundError(
            f"{name} is in none of the folders {folders}. {error} Put {advice} into a folder and "
            f"name the folder with --data-dir or ${files.DATA_DIR_VARIABLE}."
        ) from error
    return arrays, provenance, provenance["file"]


def _load_keras_images(name: str) -> tuple[dict[str, np.ndarray], dict]:
    """Returns the arrays of a data set of `keras.datasets`, downloaded by Keras if need be.

    Args:
      name: str. The module of `keras.datasets`.

    Returns:
      `x_train`, `y_train`, `x_test`, `y_test`, as Keras returns them, and the provenance.

    Raises:
      FileNotFoundError: if Keras has no copy and cannot download one.
      OSError: if the disk is full.
    """
    kept, url, digest = _KEPT[name]
    kept = keras_home() / "datasets" / kept
    try:
        if not kept.exists() or digest not in (None, files.sha256_of(kept)):
            # Keras waits without an end where a network is closed.
            check_reachable(url)
        logging.info("Loading keras.datasets.%s.", name)
        module = importlib.import_module(f"keras.datasets.{name}")
        (x_train, y_train), (x_test, y_test) = module.load_data()
    # Keras reports a failed download by a bare Exception.
    except Exception as error:
        if files.is_full_disk(error):
            raise
        damaged = f" Remove {kept} if it is damaged." if kept.exists() else ""
        raise FileNotFoundError(f"keras.datasets.{name} cannot be had: {error}{damaged}") from error
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    digest = hashlib.sha256()
    for array in arrays.values():
        digest.update(np.ascontiguousarray(array))
    return arrays, {"file": f"keras.datasets.{name}", "sha256": digest.hexdigest()}


def keras_home() -> Path:
    """Returns the folder in which Keras keeps what it downloads."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
