"""Samples in NumPy's files, mapped into memory where they can be."""

import os

import numpy as np

from qlatent_tf.storage import npy_files


def open_npy(path: str | os.PathLike) -> np.ndarray:
    """Maps a .npy file of samples into memory.

    Args:
      path: path. An array of shape (shots, modes) or (shots, 1, modes).

    Returns:
      Read-only memory map of shape (shots, modes).

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file is no array of numbers of such a shape, or is truncated.
    """
    return _checked(npy_files.open_npy(path), str(path))


def open_npz(path: str | os.PathLike, key: str | None = None) -> np.ndarray:
    """Opens one array of samples in a .npz file.

    An array stored without compression is mapped into memory; a compressed one is read.

    Args:
      path: path. The file.
      key: str. The array's name. Not needed if the file holds one array.

    Returns:
      Read-only array of shape (shots, modes).

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file is bad, or `key` is needed or unknown; the message lists the keys.
    """
    return _checked(npy_files.open_npz(path, key), str(path))


def _checked(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind not in "buif":
        raise ValueError(f"{name} holds values of type {array.dtype}; photon numbers are integers.")
    if array.ndim == 3 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 2 or not array.size:
        raise ValueError(
            f"{name} has shape {array.shape}; legal: (shots, modes) or (shots, 1, modes), from 1."
        )
    array.flags.writeable = False
    return array
