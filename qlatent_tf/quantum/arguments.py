"""Checks of what enters the samplers.

Each takes what a caller gave, and returns it as the samplers want it. A bad value is a ValueError
that says what was received and what is legal.
"""

import math
import operator
import os

import numpy as np

from qlatent_tf.quantum.circuits import circuit_matrix
from qlatent_tf.quantum.memory import check_memory

UNITARY_TOLERANCE = 1e-8
SINGLE_PRECISION_TOLERANCE = 1e-5
MAX_PHOTONS = 255  # occupations are stored as uint8
MAX_COUNT = 2**31 - 1  # totals over modes stay within int64
MAX_SAMPLE_NUMBER = 2**63 - 1
DETECTORS = ("number", "threshold")


def as_array(values, legal: str) -> np.ndarray:
    """Returns an array; refuses lists of several lengths by a sentence of what is legal."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{legal}; received {values!r}: {error}") from None


def digits(text: str) -> int:
    """Returns the whole number of a text; int() takes 1_0, +1 and other scripts' digits, too.

    Raises:
      ValueError: if it holds anything else.
    """
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"A whole number from 0 has digits alone; received {text!r}.")
    return int(text)


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
    state = _as_counts(array, "An input state")
    if state.sum() > MAX_PHOTONS:
        raise ValueError(f"At most {MAX_PHOTONS} photons can be counted; received {state.sum()}.")
    return state


def check_outcomes(outcomes, modes: int) -> np.ndarray:
    """Returns a batch of outcomes, int64, shape `[batch, modes]`."""
    legal = f"Outcomes of a {modes}-mode device have shape (batch, {modes})"
    array = as_array(outcomes, legal)
    if array.ndim != 2 or array.shape[1] != modes:
        raise ValueError(f"{legal}; received shape {array.shape}.")
    return _as_counts(array, "An outcome")


def check_seed(seed) -> int:
    """Returns a seed modulo 2**64."""
    return check_count(seed, "A seed", least=-math.inf) % 2**64


def check_count(value, name: str, least: float = 0) -> int:
    """Returns an integer that is at least `least`."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        count = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} is an integer; received {value!r}.") from None
    if count < least:
        raise ValueError(f"{name} is at least {least}; received {count}.")
    return count


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
    counts = _as_counts(array, "photons_per_sample")
    if counts.size and counts.max() > photons:
        raise ValueError(
            f"photons_per_sample is at most the {photons} photons that may be sent; "
            f"received {counts.max()}."
        )
    return counts


def check_probability(value, name: str) -> float:
    """Returns a number from 0 to 1."""
    array = as_array(value, f"{name} is a number from 0 to 1")
    if array.shape != () or array.dtype.kind not in "iuf" or not 0.0 <= array <= 1.0:
        raise ValueError(f"{name} is a number from 0 to 1; received {value!r}.")
    return float(array)


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


def check_distribution(probabilities, outcomes: int) -> np.ndarray:
    """Returns the probabilities of so many outcomes, float64, not negative and of sum 1.

    Both may be so up to rounding, 1e-9 and 1e-6, and are so in what is returned, up to 1e-9.
    """
    legal = f"{outcomes} outcomes have as many probabilities"
    given = as_array(probabilities, legal)
    if given.shape != (outcomes,) or given.dtype.kind not in "iuf":
        raise ValueError(f"{legal}; received {given.dtype} of the shape {given.shape}.")
    probabilities = given.astype(np.float64)
    total, least = probabilities.sum(), probabilities.min(initial=0.0)
    if not (least >= -1e-9 and abs(total - 1) <= 1e-6):
        raise ValueError(
            f"Probabilities are not negative and sum to 1; received a sum of {total:.6g}, the "
            f"least {least:.3g}."
        )
    if least < 0 or abs(total - 1) > 1e-9:
        probabilities = np.maximum(probabilities, 0)
        probabilities /= probabilities.sum()
    return probabilities


def check_flag(value, name: str) -> bool:
    """Returns True or False, NumPy's too, but not the text "no", which counts as true."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} is True or False; received {value!r}.")
    return bool(value)


def check_path(value, name: str):
    """Returns a path, as text or otherwise."""
    if not isinstance(value, (str, os.PathLike)):
        raise ValueError(f"{name} is named by a path; received {value!r}.")
    return value


def check_real(values, name: str) -> np.ndarray:
    """Returns a float64 copy of an array of finite real numbers."""
    array = as_array(values, f"{name} holds finite real numbers")
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise ValueError(f"{name} holds finite real numbers; received {values!r}.")
    return np.array(array, np.float64)


def _as_counts(array: np.ndarray, owner: str) -> np.ndarray:
    """Converts to int64 and refuses what is not a non-negative whole number, naming where."""
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{owner} holds non-negative integers; received dtype {array.dtype}.")
    bad = ~((array >= 0) & (array <= MAX_COUNT))
    if array.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            bad |= array % 1 != 0
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"{owner} holds non-negative integers up to {MAX_COUNT}; received {array[where]} at "
            f"index {where[0] if len(where) == 1 else where}."
        )
    return array.astype(np.int64)
