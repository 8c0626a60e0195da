"""Fashion-MNIST: 70,000 pictures of clothes, grey, 28 pixels wide.

Reference:
  H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
  learning algorithms", arXiv 1708.07747 (2017).
"""

import os

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.datasets.mnist import load_digits
from qlatent_tf.registry import datasets

CLASSES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


@datasets.register("fashion_mnist")
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
    return load_digits("fashion_mnist", CLASSES, classes, data_dir, progress)
