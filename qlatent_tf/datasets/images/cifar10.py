"""CIFAR-10: 60,000 photographs of ten kinds of things, 32 pixels wide.

Reference:
  A. Krizhevsky, "Learning multiple layers of features from tiny images", University of Toronto
  (2009).
"""

import os
from pathlib import Path

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.datasets.images import cifar_archives
from qlatent_tf.datasets.images import npz_files as image_files
from qlatent_tf.datasets.images.arrays import PARTS, check_splits, image_dataset
from qlatent_tf.datasets.images.keras_images import find_or_download

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
FILE_NAME = "cifar10.npz"
# A folder is found by its first batch.
_NAMES = [
    FILE_NAME,
    *cifar_archives.ARCHIVES,
    *(
        f"{folder}/{cifar_archives.BATCHES[0]}{suffix}"
        for folder, suffix in cifar_archives.FOLDERS.items()
    ),
    # The caller's own folder may be that of the batches.
    *(cifar_archives.BATCHES[0] + suffix for suffix in cifar_archives.FOLDERS.values()),
]


def cifar10(
    *,
    classes: list | str | int | None = None,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> ImageDataset:
    """The photographs of CIFAR-10: 50,000 to train on and 10,000 held out, as uint8.

    Looked for in `data_dir`, in $QLATENT_DATA_DIR and in the cache folder, as ``cifar10.npz`` (with
    `x_train`, `y_train`, `x_test`, `y_test`), as one of the official archives
    ``cifar-10-binary.tar.gz`` and ``cifar-10-python.tar.gz``, or as what they unpack to; else
    downloaded by `keras.datasets`.

    Args:
      classes: list of str or int. The classes to keep, by name or number. Default: all ten.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show progress bars.

    Raises:
      FileNotFoundError: if the images are nowhere and cannot be downloaded; the message says what
        to do.
      ValueError: if what is found is damaged or is not CIFAR-10.
    """
    arrays, provenance, where = find_or_download(
        "cifar10",
        _NAMES,
        lambda path: _read(path, progress),
        f"{FILE_NAME}, {', '.join(cifar_archives.ARCHIVES)}, or one of these unpacked (from "
        "https://www.cs.toronto.edu/~kriz/cifar.html)",
        data_dir,
    )
    return image_dataset(
        "cifar10",
        _check(arrays, where),
        class_names=CLASSES,
        classes=classes,
        provenance=provenance,
        metrics=("classifier_scores",),
    )


def _read(path: Path, progress: bool) -> tuple[dict, dict]:
    if path.name == FILE_NAME:
        arrays, digest = image_files.load_npz(path, PARTS, progress)
    elif path.name in cifar_archives.ARCHIVES:
        arrays, digest = cifar_archives.load_archive(path, progress)
    else:
        # Not resolved itself: where batches are links, they lead anywhere.
        suffix, path = path.suffix, path.parent.resolve()
        arrays, digest = cifar_archives.load_folder(path, suffix, progress)
    return arrays, {"file": path.name, "sha256": digest}


def _check(arrays, where: str) -> dict:
    """Returns the arrays if they can be CIFAR-10: the counts, the shape, the labels."""
    batch = cifar_archives.BATCH_IMAGES
    return check_splits(
        arrays, where, {"train": 5 * batch, "test": batch}, cifar_archives.SHAPE, len(CLASSES)
    )
