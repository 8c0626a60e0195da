"""Aerial patches of 28 x 28 pixels in red, green, blue and near infrared, from NAIP imagery.

A stand-in of SAT-4's shape and bands, and nothing more: one place in ten years, 5 m a pixel. Its
classes are thresholds on a vegetation index, not what an expert saw.
"""

import os

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.datasets.images.arrays import check_images, check_labels, image_dataset
from qlatent_tf.datasets.images.npz_files import load_npz
from qlatent_tf.storage import files

FILE_NAME = "naip28.npz"
SHAPE = (28, 28, 4)
# Our words for the file's pseudo labels: the mean of (near infrared - red) / (near infrared + red)
# is below 0.1, above 0.3, between the two; and what is left, water most of it.
CLASSES = ("bare by index", "green by index", "between by index", "the rest")


def naip28(
    *,
    bands: int = 4,
    classes: list | str | int | None = None,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> ImageDataset:
    """Aerial patches of NAIP, uint8, those of ``naip28.npz``.

    The file is looked for in `data_dir`, in $QLATENT_DATA_DIR and in the cache folder; it is not
    to be downloaded.

    Args:
      bands: int. 4, or 3 to leave near infrared out.
      classes: list of str or int. The pseudo classes to keep, by name or number. Default: all.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show progress bars.

    Raises:
      FileNotFoundError: if the file is nowhere.
      ValueError: if it is damaged or another.
    """
    path = files.find_data_file([FILE_NAME], data_dir)
    if path is None:
        folders = ", ".join(map(str, files.data_folders(data_dir)))
        raise FileNotFoundError(
            f"{FILE_NAME} is in none of the folders {folders}. Put it into one, and name the "
            f"folder with --data-dir or ${files.DATA_DIR_VARIABLE}."
        )
    names = ("x_train", "pseudo_y_train", "x_test", "pseudo_y_test")
    found, digest = load_npz(path, names, progress)
    arrays = {}
    for split in ("train", "test"):
        images = check_images(found[f"x_{split}"], f"x_{split} of {path}")
        if images.shape[1:] != SHAPE:
            raise ValueError(f"x_{split} of {path} has images in {images.shape[1:]}, not {SHAPE}.")
        arrays[f"x_{split}"] = images
        arrays[f"y_{split}"] = check_labels(
            found[f"pseudo_y_{split}"], len(images), len(CLASSES), f"pseudo_y_{split} of {path}"
        )
    return image_dataset(
        "naip28",
        arrays,
        class_names=CLASSES,
        classes=classes,
        bands=bands,
        provenance={"file": path.name, "sha256": digest},
    )
