"""The image set that comes with the package, so that a first run needs no network.

2,400 aerial images of land that does not exist, 28 x 28 pixels in red, green, blue and near
infrared; 2,000 to train on. ``tools/data/draw_land_cover.py`` drew them, and draws them again. Each
has 16 colours at most: the file holds numbers into a palette of the tile's own.
"""

import os
from pathlib import Path

import numpy as np

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.datasets.images.arrays import image_dataset
from qlatent_tf.datasets.images.npz_files import load_npz

FILE = Path(__file__).with_name("land_cover_tiles.npz")
SHA256 = "9426d855b988cf06024e6def26d5679b7c797247a5456a7932714f695005d501"
CLASSES = ("field", "grass", "forest", "bare", "water", "built-up")
TRAINED_ON = 2_000


def land_cover_tiles(
    *,
    bands: int = 4,
    classes: list | str | int | None = None,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> ImageDataset:
    """Drawn aerial images, uint8: 2,000 to train on and 400 held out.

    Args:
      bands: int. 4, or 3 to leave near infrared out.
      classes: list of str or int. The classes to keep, by name or number. Default: all.
      data_dir: path. Unused: the file comes with the package.
      progress: bool. Whether to show a progress bar.

    Raises:
      FileNotFoundError: if the installation lacks the file.
      ValueError: if the file is not the one that belongs to this version, or an option is out of
        range.
    """
    del data_dir
    if not FILE.is_file():
        raise FileNotFoundError(f"This installation lacks {FILE}; install qlatent_tf again.")
    arrays, digest = load_npz(FILE, ("indices", "palettes", "labels"), progress)
    if digest != SHA256:
        raise ValueError(
            f"{FILE} has the SHA-256 {digest}; that of this version's file is {SHA256}. Install "
            "qlatent_tf again, or draw the file again with tools/data/draw_land_cover.py."
        )
    tile = np.arange(len(arrays["indices"]))[:, np.newaxis, np.newaxis]
    images, labels = arrays["palettes"][tile, arrays["indices"]], arrays["labels"].astype(np.int64)
    return image_dataset(
        "land_cover_tiles",
        {
            "x_train": images[:TRAINED_ON],
            "y_train": labels[:TRAINED_ON],
            "x_test": images[TRAINED_ON:],
            "y_test": labels[TRAINED_ON:],
        },
        class_names=CLASSES,
        classes=classes,
        bands=bands,
        provenance={"file": FILE.name, "sha256": digest},
    )
