"""Directories of the Borealis experiment, as its authors publish them."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.storage import files, npy_files


class BorealisRun(NamedTuple):
    """One Gaussian boson sampling instance.

    Attributes:
      samples: array of shape (shots, modes), on disk. Photon numbers.
      unitary: complex array of shape (modes, modes), or None. The circuit without losses.
      transfer: complex array of shape (modes, modes), or None. The circuit with losses.
      squeezing: array of shape (modes,), or None.
      program: dict. The experiment's settings; empty if not published beside the samples.
    """

    samples: np.ndarray
    unitary: np.ndarray | None
    transfer: np.ndarray | None
    squeezing: np.ndarray | None
    program: dict


def is_borealis(folder: str | os.PathLike) -> bool:
    """Returns whether a directory holds the file by which a Borealis run is known."""
    return (Path(folder) / "samples.npy").is_file()


def open_borealis(folder: str | os.PathLike) -> BorealisRun:
    """Opens samples.npy, (shots, 1, modes), beside U.npy, T.npy, r.npy and program_params.json.

    Only samples.npy must be there.

    Raises:
      FileNotFoundError: if there is no samples.npy.
      ValueError: if a file is bad or does not fit the number of modes.

    Reference: Madsen et al., "Quantum computational advantage with a programmable photonic
      processor", Nature 606, 75 (2022).
    """
    folder = Path(folder)
    samples = sample_rows.without_middle_axis(npy_files.open_npy(folder / "samples.npy"))
    sample_rows.check_rows(samples, str(folder / "samples.npy"))
    modes = samples.shape[1]
    matrices = {}
    for name, shape in (("U", (modes, modes)), ("T", (modes, modes)), ("r", (modes,))):
        path = folder / f"{name}.npy"
        if not path.is_file():
            matrices[name] = None
            continue
        values = np.array(npy_files.open_npy(path))
        if values.shape != shape or values.dtype.kind not in "fc":
            raise ValueError(
                f"{path} has shape {values.shape} and type {values.dtype}; with {modes} modes "
                f"in samples.npy it is a real or complex array of shape {shape}."
            )
        matrices[name] = values
    program_file = folder / "program_params.json"
    program = files.read_json(program_file, dict) if program_file.is_file() else {}
    return BorealisRun(samples, matrices["U"], matrices["T"], matrices["r"], program)
