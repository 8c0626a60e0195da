"""Codes of images, from a file: what a study trains on that leaves the images behind."""

import os

import numpy as np

from qlatent_tf.checks import check_count
from qlatent_tf.datasets.dataset import Dataset
from qlatent_tf.datasets.images.npz_files import load_npz
from qlatent_tf.storage import files, npy_files

FILE_NAME = "codes.npz"


def codes(
    file: str | os.PathLike = FILE_NAME,
    components: int | None = None,
    data_dir: str | os.PathLike | None = None,
) -> Dataset:
    """Vectors in [-1, 1], such as the codes that an encoder made of images.

    Args:
      file: path. A ``.npz`` file with the array ``codes``, float of shape `(count, code)`: a path,
        or a name in `data_dir`, in $QLATENT_DATA_DIR or in the cache folder.
      components: int. How many of the leading entries of each code are kept. Default: all.
      data_dir: path. The caller's own folder.

    Raises:
      FileNotFoundError: if the file is nowhere.
      ValueError: if it holds no codes, or fewer components.
    """
    from qlatent_tf.drawing.vectors import draw_vectors

    if components is not None:
        components = check_count(components, "components", least=1)
    path = files.named_file(file, data_dir)
    arrays, digest = load_npz(path, ["codes"], progress=False)
    values = arrays["codes"]
    legal = f"{path}: codes are numbers from -1 to 1 in the shape (count, code)"
    if values.dtype.kind not in "iuf" or values.ndim != 2 or not values.size:
        raise ValueError(f"{legal}; received the shape {values.shape} of {values.dtype}.")
    if not -1 <= values.min() <= values.max() <= 1:  # Of a NaN, neither is true.
        bad = int((~np.isfinite(values)).sum())
        found = f"values from {values.min()} to {values.max()}"
        raise ValueError(f"{legal}; received {f'{bad:,} that are not finite' if bad else found}.")
    most = values.shape[1]
    components = most if components is None else components
    if components > most:
        raise ValueError(f"{path} has codes of {most}; received components={components}.")
    return Dataset(
        name="codes",
        source=np.ascontiguousarray(values[:, :components], np.float32),
        metrics=(),
        provenance={
            "file": path.name,
            "sha256": digest,
            "codes": len(values),
            "components": components,
        },
        render=draw_vectors,
    )


def _width(options) -> int | None:
    """The width of a sample, as far as it is known before the data are loaded."""
    if options["components"] is not None:
        return options["components"]
    try:
        path = files.named_file(options["file"], None)
        _, width = npy_files.npz_header(path, "codes").shape
    except (OSError, ValueError):
        return None  # Who loads the data says what is wrong.
    return width


# See `qlatent_tf.resolve`.
codes.width_of = _width


def principal_codes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns codes turned to their principal axes, and the share of the variance along each.

    The mean is taken away, and one factor brings the largest entry to 1: what follows from
    distances and angles between codes stays as it was.

    Args:
      values: float array, shape `(count, code)`.

    Returns:
      float32 array of shape `(count, axes)`, and a float array of shape `(axes,)`. There are as
      many axes as entries of a code, or as codes if these are fewer.

    Raises:
      ValueError: if all codes are the same.
    """
    centred = np.asarray(values, dtype=np.float64) - np.mean(values, axis=0, dtype=np.float64)
    if not np.ptp(values, axis=0).any():
        raise ValueError(f"{len(centred)} codes are all the same: they have no axes.")
    _, spread, axes = np.linalg.svd(centred, full_matrices=False)
    # An axis has no direction of its own: its largest entry is made positive.
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    turned = centred @ (axes * signs[:, np.newaxis]).T
    shares = spread**2 / np.sum(spread**2)
    return np.clip(turned / np.abs(turned).max(), -1, 1).astype(np.float32), shares
