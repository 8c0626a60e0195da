"""Images that Keras downloads, checks and keeps: the data sets of `keras.datasets`."""

import errno
import hashlib
import importlib
import os
from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.datasets.download import check_reachable

# Name of the Keras module: what Keras keeps once it has it, and where it downloads that from.
_KEPT = {
    "cifar10": (
        "cifar-10-batches-py-target_archive",
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    ),
}


def load_keras_images(name: str) -> tuple[dict[str, np.ndarray], dict]:
    """Returns the arrays of a data set of `keras.datasets`, downloaded by Keras if need be.

    Args:
      name: str. The module of `keras.datasets`.

    Returns:
      `x_train`, `y_train`, `x_test`, `y_test`, as Keras returns them, and the provenance.

    Raises:
      FileNotFoundError: if Keras has no copy and cannot download one.
      OSError: if the disk is full.
    """
    kept, url = _KEPT[name]
    try:
        if not (_keras_home() / "datasets" / kept).exists():
            # Keras waits without an end where a network is closed.
            check_reachable(url)
        logging.info("Loading keras.datasets.%s.", name)
        module = importlib.import_module(f"keras.datasets.{name}")
        (x_train, y_train), (x_test, y_test) = module.load_data()
    # Keras reports a failed download by a bare Exception.
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise FileNotFoundError(f"keras.datasets.{name} cannot be had: {error}") from error
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    digest = hashlib.sha256()
    for array in arrays.values():
        digest.update(np.ascontiguousarray(array))
    return arrays, {"file": f"keras.datasets.{name}", "sha256": digest.hexdigest()}


def _keras_home() -> Path:
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
