"""Vectors rounded to outcomes, and keys that tell outcomes apart."""

import functools
import hashlib

import numpy as np

# Far outside of what a detector counts, and yet a sum of them fits int64.
_LARGEST = 2**31


def check_vectors(samples, width: int | None = None) -> np.ndarray:
    """Returns vectors as a float64 array.

    Raises:
      ValueError: if their shape is not `(n, width)`, there are none, or they are complex.
    """
    if isinstance(samples, dict):
        raise ValueError(
            "Metrics of vectors score no samples of several parts; received "
            f"{', '.join(samples)}. qlatent-tf list_models --metrics lists those of each kind."
        )
    samples = np.asarray(samples)
    if samples.dtype.kind == "c":
        raise ValueError("Vectors are of real numbers; received complex ones.")
    samples = samples.astype(np.float64, copy=False)
    if samples.ndim != 2 or not samples.size or width not in (None, samples.shape[1]):
        raise ValueError(
            f"Vectors have shape (n, {width or 'width'}), n at least 1; received {samples.shape}."
        )
    return samples


def rounded(samples: np.ndarray) -> np.ndarray:
    """Returns the nearest whole numbers, int64 of the same shape.

    What is not finite or larger than 2^31 becomes that number: an outcome, though none that real
    data have, so that a generator that diverges is scored and does not stop the evaluation.
    """
    limited = np.nan_to_num(samples, nan=_LARGEST, posinf=_LARGEST, neginf=-_LARGEST)
    return np.clip(np.rint(limited), -_LARGEST, _LARGEST).astype(np.int64)


def is_beyond(outcomes: np.ndarray) -> np.ndarray:
    """Returns which rows of `rounded` hold what was not finite or too large, bool `(n,)`."""
    return np.any(np.abs(outcomes) >= _LARGEST, axis=1)


def outcome_keys(outcomes: np.ndarray) -> np.ndarray:
    """Returns a 64-bit key for each row of whole numbers.

        key = sum_i c_i t_i  mod 2^64,   c_i fixed, odd, without pattern

    Two given rows share a key with a probability of about 2^-63, so a million outcomes are told
    apart but for one case in ten million; no row is kept, which keeps the memory small.

    Args:
      outcomes: int array, shape `(n, width)`.

    Returns:
      uint64 array, shape `(n,)`.
    """
    outcomes = np.asarray(outcomes)
    keys = np.zeros(len(outcomes), dtype=np.uint64)
    for mode in range(outcomes.shape[1]):
        # The conversion wraps negative numbers, as arithmetic modulo 2^64 wants it.
        keys += outcomes[:, mode].astype(np.int64).astype(np.uint64) * _factor(mode)
    return keys


@functools.cache
def _factor(mode: int) -> np.uint64:
    digest = hashlib.sha256(f"outcome key, mode {mode}".encode()).digest()
    return np.uint64(int.from_bytes(digest[:8], "little") | 1)
