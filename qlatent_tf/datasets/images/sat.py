"""SAT-4 and SAT-6: aerial patches of 28 x 28 pixels in red, green, blue and near infrared.

Reference:
  S. Basu, S. Ganguly, S. Mukhopadhyay, R. DiBiano, M. Karki and R. Nemani, "DeepSat: a learning
  framework for satellite imagery", ACM SIGSPATIAL (2015).
"""

import os

from qlatent_tf.datasets.dataset import ImageDataset

CLASSES_4 = ("barren land", "trees", "grassland", "none")
COUNTS_4 = (400_000, 100_000)
CLASSES_6 = ("building", "barren land", "trees", "grassland", "road", "water")
COUNTS_6 = (324_000, 81_000)


def sat4(
    *,
    bands: int = 4,
    classes: list | str | int | None = None,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> ImageDataset:
    """The patches of SAT-4, uint8: 400,000 to train on and 100,000 held out.

    Looked for in `data_dir`, in $QLATENT_DATA_DIR and in the cache folder as ``sat-4-full.mat``
    or ``X_train_sat4.csv`` with its three companions, and converted once into files of the cache
    that stay on disk.

    Args:
      bands: int. 4, or 3 to leave near infrared out.
      classes: list of str or int. The classes to keep, by name or number. Default: all.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show progress bars.

    Raises:
      FileNotFoundError: if the files are nowhere; they are not to be downloaded by a script.
      ValueError: if they are damaged or others, or an option is out of range.
    """
    from qlatent_tf.datasets.images.sat_files import load_sat

    return load_sat(
        "sat4",
        CLASSES_4,
        COUNTS_4,
        bands=bands,
        classes=classes,
        data_dir=data_dir,
        progress=progress,
    )


def sat6(
    *,
    bands: int = 4,
    classes: list | str | int | None = None,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> ImageDataset:
    """The patches of SAT-6, uint8: 324,000 to train on and 81,000 held out.

    Looked for in `data_dir`, in $QLATENT_DATA_DIR and in the cache folder as ``sat-6-full.mat``
    or ``X_train_sat6.csv`` with its three companions, and converted once into files of the cache
    that stay on disk.

    Args:
      bands: int. 4, or 3 to leave near infrared out.
      classes: list of str or int. The classes to keep, by name or number. Default: all.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show progress bars.

    Raises:
      FileNotFoundError: if the files are nowhere; they are not to be downloaded by a script.
      ValueError: if they are damaged or others, or an option is out of range.
    """
    from qlatent_tf.datasets.images.sat_files import load_sat

    return load_sat(
        "sat6",
        CLASSES_6,
        COUNTS_6,
        bands=bands,
        classes=classes,
        data_dir=data_dir,
        progress=progress,
    )
