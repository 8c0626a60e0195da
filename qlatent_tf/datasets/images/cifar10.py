"""CIFAR-10: 60,000 photographs of ten kinds of things, 32 pixels wide.

Reference:
  A. Krizhevsky, "Learning multiple layers of features from tiny images", University of Toronto
  (2009).
"""

import os
from pathlib import Path

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.datasets.images import cifar_archives
from qlatent_tf.datasets.images.arrays import shape_of
from qlatent_tf.datasets.images.keras_images import load_images, read_npz

CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
FILE_NAME = "cifar10.npz"
# A folder is found by its first batch; the caller's own folder may be that of the batches.
_NAMES = [
    *(FILE_NAME, *cifar_archives.ARCHIVES),
    *(
        folder + cifar_archives.BATCHES[0] + suffix
        for parent, suffix in cifar_archives.FOLDERS.items()
        for folder in (f"{parent}/", "")
    ),
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

    def read(path: Path):
        if path.name == FILE_NAME:
            return read_npz(path, progress)
        if path.name in cifar_archives.ARCHIVES:
            arrays, digest = cifar_archives.load_archive(path, progress)
        else:
            # Not resolved itself: where batches are links, they lead anywhere.
            suffix, path = path.suffix, path.parent.resolve()
            arrays, digest = cifar_archives.load_folder(path, suffix, progress)
        return arrays, {"file": path.name, "sha256": digest}

    batch = cifar_archives.BATCH_IMAGES
    return load_images(
        "cifar10",
        _NAMES,
        read,
        f"{FILE_NAME}, {', '.join(cifar_archives.ARCHIVES)}, or one of these unpacked (from "
        "https://www.cs.toronto.edu/~kriz/cifar.html)",
        counts={"train": 5 * batch, "test": batch},
        shape=cifar_archives.SHAPE,
        class_names=CLASSES,
        classes=classes,
        data_dir=data_dir,
        metrics=("classifier_scores",),
    )


cifar10.shape_of = shape_of(cifar_archives.SHAPE)
