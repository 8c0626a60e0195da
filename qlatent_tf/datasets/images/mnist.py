"""MNIST and Fashion-MNIST: 70,000 grey pictures of digits or clothes, 28 pixels wide.

References:
  Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
  recognition", Proceedings of the IEEE 86 (1998).
  H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
  learning algorithms", arXiv 1708.07747 (2017).
"""

import os

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.datasets.images.arrays import PARTS, shape_of
from qlatent_tf.datasets.images.keras_images import load_images, read_npz

DIGITS = tuple("0123456789")
CLOTHES = (
    *("T-shirt/top", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)
COUNTS = {"train": 60_000, "test": 10_000}
SHAPE = (28, 28, 1)


def mnist(
    *,
    classes: list | str | int | None = None,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> ImageDataset:
    """The digits of MNIST: 60,000 to train on and 10,000 held out, uint8 without padding.

    Looked for in `data_dir`, in $QLATENT_DATA_DIR and in the cache folder as ``mnist.npz``, else
    downloaded by `keras.datasets`.

    Args:
      classes: list of int. The digits to keep. Default: all.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show progress bars.

    Raises:
      FileNotFoundError: if the images are nowhere and cannot be downloaded.
      ValueError: if what is found is damaged or is not MNIST.
    """
    return _load("mnist", DIGITS, classes, data_dir, progress)


def fashion_mnist(
    *,
    classes: list | str | int | None = None,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> ImageDataset:
    """The clothes of Fashion-MNIST: 60,000 to train on and 10,000 held out, uint8 without padding.

    Looked for in `data_dir`, in $QLATENT_DATA_DIR and in the cache folder as
    ``fashion_mnist.npz``, else downloaded by `keras.datasets`.

    Args:
      classes: list of str or int. The classes to keep, by name or number. Default: all ten.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show progress bars.

    Raises:
      FileNotFoundError: if the images are nowhere and cannot be downloaded.
      ValueError: if what is found is damaged or is not Fashion-MNIST.
    """
    return _load("fashion_mnist", CLOTHES, classes, data_dir, progress)


mnist.shape_of = fashion_mnist.shape_of = shape_of(SHAPE)


def _load(name: str, class_names, classes, data_dir, progress: bool) -> ImageDataset:
    """Returns MNIST, or what has been made in its form, by its name in `keras.datasets`."""
    file = f"{name}.npz"
    return load_images(
        name,
        [file],
        lambda path: read_npz(path, progress),
        f"{file} (with {', '.join(PARTS)})",
        counts=COUNTS,
        shape=SHAPE,
        class_names=class_names,
        classes=classes,
        data_dir=data_dir,
    )
