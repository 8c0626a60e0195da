"""Calibrations of real Gaussian boson samplers, read from one file."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from qlatent_tf.quantum.gaussian.light import check_squeezing, check_transfer
from qlatent_tf.storage import npy_files
from qlatent_tf.storage.files import find_data_file, user_path
from qlatent_tf.text.names import did_you_mean

_TRANSFER, _SQUEEZING, _MEANS, _TOTALS = "_T", "_r", "_mean_counts", "_total_dist"
_SUM_TOLERANCE = 1e-6
# Turns light squeezed by -r and r into two-mode squeezed light.
_PAIRING = np.array([[1.0, 1.0], [-1.0, 1.0]]) / np.sqrt(2.0)


class Calibration(NamedTuple):
    """What is known of a device, and what it was measured to do.

    Attributes:
      name: str. Of the device, in its file.
      transfer: complex array, shape `[modes, inputs]`.
      squeezing: float64 array, shape `[inputs]`.
      mean_counts: float64 array, shape `[modes]`. The measured mean of each mode; or None.
      total_distribution: float64 array. The measured share of shots with 0, 1, ... counts; or None.
    """

    name: str
    transfer: np.ndarray
    squeezing: np.ndarray
    mean_counts: np.ndarray | None
    total_distribution: np.ndarray | None


def read_calibration(device: str | os.PathLike) -> Calibration:
    """Reads the calibration of one device.

    A file is a `.npz` archive. For each device NAME it holds `NAME_T`, the transfer matrix, and
    `NAME_r`, the squeezing of its inputs; `NAME_mean_counts` and `NAME_total_dist` are what was
    measured. A rectangular matrix may have its modes in rows or in columns: the squeezing tells. A
    square one has them in rows.

    Sources of photon pairs are written as neighbouring inputs with the squeezing -r and r, all of
    them: two-mode squeezed light. The beam splitter that makes it of two squeezed modes is then put
    into `transfer`.

    Args:
      device: str. `FILE:NAME`. A file that is not there is looked for in $QLATENT_DATA_DIR and in
        the cache folder.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file is damaged, holds no such device, or an array does not fit.
    """
    path, name = find_calibration(device)
    arrays = npy_files.npz_members(path)
    names = list_names(arrays)
    if name not in names:
        raise ValueError(
            f"{path} holds no device {name!r}.{did_you_mean(name, names)} Legal: "
            f"{', '.join(names) or 'none, for it holds no calibration'}."
        )
    read = {
        suffix: np.asarray(npy_files.open_npz(path, name + suffix))
        for suffix in (_TRANSFER, _SQUEEZING, _MEANS, _TOTALS)
        if name + suffix in arrays
    }
    try:
        return _checked(name, read)
    except ValueError as error:
        raise ValueError(f"{path}, device {name}: {error}") from error


def find_calibration(device: str | os.PathLike) -> tuple[Path, str]:
    """Returns the file and the name of a device that `read_calibration` reads, and its errors."""
    file, _, name = str(device).rpartition(":")
    if not file:
        raise ValueError(
            f"A device is named as FILE:NAME, such as gbs_hardware_calibration.npz:borealis16; "
            f"received {str(device)!r}."
        )
    path = user_path(file)
    if not path.is_file():
        found = None if path.is_absolute() else find_data_file([file])
        if found is None:
            raise FileNotFoundError(f"There is no file of calibrations {path}.")
        path = found
    return path, name


def list_names(arrays) -> list[str]:
    """Returns the devices among the arrays of a file, sorted."""
    names = (array.removesuffix(_TRANSFER) for array in arrays if array.endswith(_TRANSFER))
    return sorted(name for name in names if name + _SQUEEZING in arrays)


def _checked(name: str, read: dict[str, np.ndarray]) -> Calibration:
    squeezing, transfer = read[_SQUEEZING], read[_TRANSFER]
    if squeezing.ndim != 1:
        raise ValueError(f"The squeezing has one axis; received shape {squeezing.shape}.")
    if transfer.ndim == 2 and transfer.shape[1] != len(squeezing) == len(transfer):
        transfer = transfer.T
    transfer = check_transfer(transfer)
    modes, inputs = transfer.shape
    if len(squeezing) != inputs:
        raise ValueError(
            f"A transfer matrix of shape {transfer.shape} takes the squeezing of as many inputs as "
            f"it has rows or columns; received {len(squeezing)}."
        )
    squeezing = check_squeezing(squeezing, inputs)
    if inputs % 2 == 0 and squeezing.all() and (squeezing[::2] == -squeezing[1::2]).all():
        transfer = transfer @ np.kron(np.eye(inputs // 2), _PAIRING)
    means, totals = _measured(read.get(_MEANS)), _measured(read.get(_TOTALS))
    if means is not None and means.shape != (modes,):
        raise ValueError(f"{modes} modes have as many means; received shape {means.shape}.")
    if totals is not None and (totals.ndim != 1 or not abs(totals.sum() - 1) <= _SUM_TOLERANCE):
        raise ValueError(
            f"The distribution of totals has one axis and the sum 1; received shape {totals.shape} "
            f"and the sum {totals.sum()}."
        )
    return Calibration(name, transfer, squeezing, means, totals)


def _measured(array: np.ndarray | None) -> np.ndarray | None:
    if array is None:
        return None
    if array.dtype.kind not in "iuf" or not (np.isfinite(array) & (array >= 0)).all():
        raise ValueError(
            f"Measured means and shares are finite numbers from 0; received others: {array.dtype}."
        )
    return array.astype(np.float64)
