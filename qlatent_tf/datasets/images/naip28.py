"""Aerial patches of 28 x 28 pixels in red, green, blue and near infrared, from NAIP imagery.

NAIP photographs farmland of the United States and is in the public domain. The patches have the
shape and bands of SAT-4 and are not SAT-4: they show one place in North Dakota in ten years, 5 m a
pixel, and their classes are thresholds on indices, not what an expert saw.
"""

import os
from pathlib import Path

from qlatent_tf.datasets.dataset import ImageDataset
from qlatent_tf.datasets.images.arrays import PARTS, check_splits, image_dataset, shape_of
from qlatent_tf.datasets.images.npz_files import load_npz
from qlatent_tf.storage import files

FILE_NAME = "naip28.npz"
SMALL_FILE = Path(__file__).with_name("naip28_small.npz")
SMALL_SHA256 = "693449bd221370b785728c1e260806ced41874de2473cd80b2d34143e2469835"
SHAPE = (28, 28, 4)
_NAMES = {part: part.replace("y_", "pseudo_y_") for part in PARTS}
# Our words for the pseudo labels that `tools/data/cut_naip.py` assigns: the vegetation index
# is below 0.1, from 0.3, between the two; the rest, most of it water, has a positive water index.
CLASSES = ("bare by index", "green by index", "between by index", "the rest")


def naip28(
    *,
    bands: int = 4,
    classes: list | str | int | None = None,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> ImageDataset:
    """Aerial patches of NAIP, uint8: 6,500 to train on and 1,750 held out, of another area.

    The file ``naip28.npz`` is looked for in `data_dir`, in $QLATENT_DATA_DIR and in the cache
    folder. ``qlatent-tf cut_naip`` makes it from public GeoTIFF files.

    Args:
      bands: int, from 1 to 4. How many to keep; 3 leaves near infrared out.
      classes: list of str or int. The pseudo classes to keep, by name or number. Default: all.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show progress bars.

    Raises:
      FileNotFoundError: if the file is nowhere.
      ValueError: if it is damaged or another.
    """
    advice = f"Put {FILE_NAME}, which `qlatent-tf cut_naip` makes, into one"
    path = files.require_data_file([FILE_NAME], data_dir, advice)
    return _load("naip28", path, bands, classes, progress)


def naip28_small(
    *,
    bands: int = 4,
    classes: list | str | int | None = None,
    progress: bool = True,
) -> ImageDataset:
    """The first patches of `naip28`, uint8: 1,100 to train on and 250 held out.

    Args:
      bands: int, from 1 to 4. How many to keep; 3 leaves near infrared out.
      classes: list of str or int. The pseudo classes to keep, by name or number. Default: all.
      progress: bool. Whether to show a progress bar.

    Raises:
      FileNotFoundError: if the installation lacks the file.
      ValueError: if the file is not the one that belongs to this version, or an option is out of
        range.
    """
    files.check_shipped(SMALL_FILE, SMALL_SHA256)
    return _load("naip28_small", SMALL_FILE, bands, classes, progress)


naip28.shape_of = naip28_small.shape_of = shape_of(SHAPE)


def _load(name: str, path: Path, bands: int, classes, progress: bool) -> ImageDataset:
    found, digest = load_npz(path, list(_NAMES.values()), progress)
    arrays = {part: found[name] for part, name in _NAMES.items()}
    arrays = check_splits(arrays, str(path), SHAPE, len(CLASSES), names=_NAMES)
    return image_dataset(
        name,
        arrays,
        class_names=CLASSES,
        classes=classes,
        bands=bands,
        provenance={"file": path.name, "sha256": digest},
    )
