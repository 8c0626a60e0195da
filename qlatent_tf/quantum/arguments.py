"""Checks of what enters the samplers.

Each takes what a caller gave, and returns it as the samplers want it. A bad value is a ValueError
that says what was received and what is legal.
"""

import os

import numpy as np

from qlatent_tf.checks import as_array, as_counts, check_count
from qlatent_tf.quantum.circuits import circuit_matrix
from qlatent_tf.quantum.memory import check_memory

UNITARY_TOLERANCE = 1e-8
SINGLE_PRECISION_TOLERANCE = 1e-5
MAX_PHOTONS = 255  # occupations are stored as uint8
MAX_SAMPLE_NUMBER = 2**63 - 1
DETECTORS = ("number", "threshold")


def check_unitary(matrix) -> np.ndarray:
    """Returns a copy of a unitary, C-contiguous complex128, shape `[modes, modes]`.

    A matrix in single precision is rounded, so up to 1e-5 from unitary is legal there (1e-8 in
    double), and the nearest unitary, the factor U of its polar decomposition U P, takes its place.
    A circuit of Perceval or Piquasso stands for its matrix, see `circuit_matrix`.
    """
    if isinstance(matrix, str | os.PathLike):
        raise ValueError(
            f"A unitary is a square matrix or a circuit; received the text {str(matrix)!r}. The "
            "option unitary_file names a file, and load_unitary reads one."
        )
    array = as_array(circuit_matrix(matrix), "A unitary is a square matrix")
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.shape[0] == 0:
        raise ValueError(
            f"A unitary is a square matrix of shape (modes, modes); received shape {array.shape}."
        )
    if array.dtype.kind not in "biufc":
        raise ValueError(f"A unitary holds numbers; received dtype {array.dtype}.")
    unitary = np.array(array, dtype=np.complex128, order="C")
    if not np.isfinite(unitary).all():
        row, column = np.argwhere(~np.isfinite(unitary))[0]
        raise ValueError(
            f"A unitary is finite; received {array[row, column]} at row {row}, column {column}."
        )
    is_single = array.dtype in (np.float32, np.complex64)
    tolerance = SINGLE_PRECISION_TOLERANCE if is_single else UNITARY_TOLERANCE
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = float(np.abs(unitary.conj().T @ unitary - np.eye(len(unitary))).max())
    if not deviation <= tolerance:  # nor where it overflows to NaN
        raise ValueError(
            f"The matrix is not unitary: the largest entry of |U^H U - 1| is {deviation:.3g}, "
            f"legal is at most {tolerance:g} in {array.dtype}. Of a measured or rounded matrix of "
            "amplitudes, whose phases intensities lack, take the nearest unitary, "
            "scipy.linalg.polar(matrix)[0], and name its loss as transmission."
        )
    if not is_single:
        return unitary
    # Imported here, for it takes half a second and few matrices need it.
    from scipy.linalg import polar

    return np.ascontiguousarray(polar(unitary)[0])


def check_input_state(input_state, modes: int) -> np.ndarray:
    """Returns the photons sent into each mode, at most 255 in all, int64, shape `[modes]`."""
    legal = f"The input state of a {modes}-mode unitary has shape ({modes},)"
    array = as_array(input_state, legal)
    if array.shape != (modes,):
        raise ValueError(f"{legal}; received shape {array.shape}.")
    # In a list, NumPy takes True for 1.
    if any(isinstance(count, (bool, np.bool_)) for count in input_state):
        raise ValueError(f"An input state holds non-negative integers; received {input_state!r}.")
    state = as_counts(array, "An input state")
    if state.sum() > MAX_PHOTONS:
        raise ValueError(f"At most {MAX_PHOTONS} photons can be counted; received {state.sum()}.")
    return state


def check_outcomes(outcomes, modes: int) -> np.ndarray:
    """Returns a batch of outcomes, int64, shape `[batch, modes]`."""
    legal = f"Outcomes of a {modes}-mode device have shape (batch, {modes})"
    array = as_array(outcomes, legal)
    if array.ndim != 2 or array.shape[1] != modes:
        raise ValueError(f"{legal}; received shape {array.shape}.")
    return as_counts(array, "An outcome")


def check_sample_range(num_samples, start, row_bytes: int) -> tuple[int, int]:
    """Returns how many samples are drawn and the number of the first, up to 2**63 - 1.

    Rows of `row_bytes` bytes each have to fit into memory.
    """
    num_samples, start = check_count(num_samples, "num_samples"), check_count(start, "start")
    if start + num_samples > MAX_SAMPLE_NUMBER:
        raise ValueError(
            f"Samples are numbered up to 2**63 - 1; received start={start} and {num_samples} "
            "samples."
        )
    check_memory(num_samples * row_bytes, f"{num_samples:,} samples")
    return num_samples, start


def check_photons_per_sample(photons_per_sample, num_samples: int, photons: int) -> np.ndarray:
    """Returns how many of the photons each sample keeps, int64, shape `[num_samples]`."""
    legal = f"photons_per_sample has shape ({num_samples},)"
    array = as_array(photons_per_sample, legal)
    if array.shape != (num_samples,):
        raise ValueError(f"{legal}; received shape {array.shape}.")
    counts = as_counts(array, "photons_per_sample")
    if counts.size and counts.max() > photons:
        raise ValueError(
            f"photons_per_sample is at most the {photons} photons that may be sent; "
            f"received {counts.max()}."
        )
    return counts


def check_transmission(value, modes: int) -> np.ndarray:
    """Returns the transmission of each mode, one number or one a mode, float64 `[modes]`."""
    legal = f"transmission is a number, or a list of {modes}, in a setting such as [0.8, 0.7]"
    array = as_array(value, legal)
    if array.shape not in ((), (modes,)) or array.dtype.kind not in "iuf":
        raise ValueError(f"{legal}; received {value!r}.")
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError(f"transmission holds numbers from 0 to 1; received {value!r}.")
    return np.broadcast_to(array.astype(np.float64), (modes,)).copy()


def check_postselect(value) -> tuple[int, int] | None:
    """Returns the least and the most total that is kept; None keeps all."""
    if value is None:
        return None
    pair = (value, value) if np.ndim(value) == 0 else tuple(value)
    if len(pair) != 2:
        raise ValueError(f"postselect is a total or a pair (least, most); received {value!r}.")
    least, most = (check_count(total, "postselect") for total in pair)
    if least > most:
        raise ValueError(f"postselect is a pair (least, most) in this order; received {value!r}.")
    return least, most
