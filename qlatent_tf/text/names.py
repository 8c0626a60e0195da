"""Names and numbers: which are legal, and which name is nearly one of those."""

import difflib
import math
import numbers
from collections.abc import Iterable
from typing import Any


class UnknownNameError(ValueError):
    """A name is not one of those that are known; tools say by which option it was given.

    Args:
      message: str.
      unknown: str. The name.
    """

    def __init__(self, message: str, unknown: str = ""):
        super().__init__(message)
        self.unknown = unknown


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns the sentence of an error message that suggests the nearest known name, if any is.

    Example:
      >>> "Unknown latent 'bosson'." + did_you_mean("bosson", ["boson", "photonic"])
      "Unknown latent 'bosson'. Did you mean boson?"
    """
    by_case = {one.casefold(): one for one in known}
    name = name.casefold()
    near = difflib.get_close_matches(name, list(by_case), n=3)
    # Of two that are as near, the one of the same letters: --modle is --model, not --modes.
    near.sort(key=lambda one: sorted(one) != sorted(name))
    return f" Did you mean {by_case[near[0]]}?" if near else ""


def check_choice(name: str, value, legal: Iterable) -> Any:
    """Returns a value that is one of a few.

    Raises:
      ValueError: naming the value and the legal ones.
    """
    known = tuple(legal)
    if value not in known:
        raise ValueError(f"{name} is one of {', '.join(map(str, known))}; received {value!r}.")
    return value


def check_number(name: str, value, least: float, most: float = math.inf) -> None:
    """Refuses what is no finite number from `least` to `most`.

    Raises:
      ValueError: naming the value and the legal ones.
    """
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not (is_number and least <= value <= most and is_finite(value)):
        legal = f"at least {least:g}" if most == math.inf else f"in [{least:g}, {most:g}]"
        raise ValueError(f"{name} is {legal}; received {value!r}.")


def is_finite(value) -> bool:
    """Returns whether a number is finite as a float, which whole numbers may be too large for."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
