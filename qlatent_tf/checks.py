"""Checks of what a caller gave: numbers, arrays, flags, paths.

Each returns it in the form that the code wants. A bad value is a ValueError that says what was
received and what is legal.
"""

import math
import operator
import os

import numpy as np

MAX_COUNT = 2**31 - 1  # totals over modes stay within int64


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


def check_seed(seed) -> int:
    """Returns a seed modulo 2**64."""
    return check_count(seed, "A seed", least=-math.inf) % 2**64


def digits(text: str) -> int:
    """Returns the whole number of a text; int() takes 1_0, +1 and other scripts' digits, too.

    Raises:
      ValueError: if it holds anything else.
    """
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"A whole number from 0 has digits alone; received {text!r}.")
    return int(text)


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


def check_probability(value, name: str) -> float:
    """Returns a number from 0 to 1."""
    array = as_array(value, f"{name} is a number from 0 to 1")
    if array.shape != () or array.dtype.kind not in "iuf" or not 0.0 <= array <= 1.0:
        raise ValueError(f"{name} is a number from 0 to 1; received {value!r}.")
    return float(array)


def as_array(values, legal: str) -> np.ndarray:
    """Returns an array; refuses lists of several lengths by a sentence of what is legal."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{legal}; received {values!r}: {error}") from None


def check_real(values, name: str) -> np.ndarray:
    """Returns a float64 copy of an array of finite real numbers."""
    array = as_array(values, f"{name} holds finite real numbers")
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise ValueError(f"{name} holds finite real numbers; received {values!r}.")
    return np.array(array, np.float64)


def as_counts(array: np.ndarray, owner: str) -> np.ndarray:
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
