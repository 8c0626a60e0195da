"""Images that are in a file, or else come from Keras, which downloads and keeps them."""

import hashlib
import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.datasets.images.arrays import PARTS, check_splits, image_dataset
from qlatent_tf.datasets.images.cifar_archives import ARCHIVES
from qlatent_tf.datasets.images.npz_files import load_npz
from qlatent_tf.startup.backend import keras_home
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


def load_images(
    name: str,
    names: Sequence[str],
    read: Callable[[Path], tuple[dict[str, np.ndarray], dict]],
    advice: str,
    *,
    counts: Mapping[str, int],
    shape: tuple[int, ...],
    class_names: Sequence[str],
    classes: Sequence[str | int] | str | int | None,
    data_dir: str | os.PathLike | None,
    metrics: Sequence[str] = (),
) -> ImageDataset:
    """Returns a known data set from the first file there is, or else from Keras.

    Args:
      name: str. The data set, by the name of its module in `keras.datasets`.
      names: sequence of str. Files to look for, in `data_dir`, $QLATENT_DATA_DIR and the cache.
      read: callable. `read(path)` returns the arrays and the provenance of one of them.
      advice: str. What to put into a folder where nothing is found.
      counts: mapping. How many images ``train`` and ``test`` have.
      shape: tuple of int. `(height, width, bands)`.
      class_names: sequence of str.
      classes: the classes to keep; see `class_numbers`.
      data_dir: path. The caller's own folder.
      metrics: sequence of str. The registered metrics that score such images.

    Raises:
      FileNotFoundError: if there is neither; the message says what to do.
      ValueError: if what is found is damaged or another data set.
    """
    path = files.find_data_file(list(names), data_dir)
    if path is not None:
        arrays, provenance = read(path)
    else:
        try:
            arrays, provenance = _load_keras_images(name)
        except FileNotFoundError as error:
            advice = f"{error} Put {advice} into a folder"
            raise files.not_found(name, data_dir, advice) from error
    arrays = check_splits(arrays, str(path or provenance["file"]), shape, len(class_names), counts)
    return image_dataset(
        name,
        arrays,
        class_names=class_names,
        classes=classes,
        provenance=provenance,
        metrics=metrics,
    )


def read_npz(path: Path, progress: bool) -> tuple[dict[str, np.ndarray], dict]:
    """Returns `x_train`, `y_train`, `x_test` and `y_test` of a file, and their provenance."""
    arrays, digest = load_npz(path, PARTS, progress)
    return arrays, {"file": path.name, "sha256": digest}


def _load_keras_images(name: str) -> tuple[dict[str, np.ndarray], dict]:
    """Returns the arrays of a data set of `keras.datasets` as Keras does, and their provenance."""
    kept, url, digest = _KEPT[name]
    kept = keras_home() / "datasets" / kept
    try:
        if not kept.exists() or digest not in (None, files.sha256_of(kept)):
            # Keras waits without an end where a network is closed.
            check_reachable(url)
        logging.info("Loading keras.datasets.%s.", name)
        train, test = importlib.import_module(f"keras.datasets.{name}").load_data()
    # Keras reports a failed download by a bare Exception.
    except Exception as error:
        if files.is_full_disk(error):
            raise
        damaged = f" Remove {kept} if it is damaged." if kept.exists() else ""
        raise FileNotFoundError(f"keras.datasets.{name} cannot be had: {error}{damaged}") from error
    digest = hashlib.sha256()
    for array in (*train, *test):
        digest.update(np.ascontiguousarray(array))
    arrays = dict(zip(PARTS, (*train, *test), strict=True))
    return arrays, {"file": f"keras.datasets.{name}", "sha256": digest.hexdigest()}
