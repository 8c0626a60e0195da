"""In which entries two records differ, and how that is told."""

from collections.abc import Mapping
from typing import Any

Differences = dict[str, tuple[Any, Any]]


def differences(mine: Mapping, theirs: Mapping, *, nested: bool = False) -> Differences:
    """Returns the entries in which two records differ, each with both values.

    Args:
      mine: mapping. An entry that it lacks is None.
      theirs: mapping. The same.
      nested: bool. Whether to look into mappings, whose entries get dotted names.

    Example:
      >>> differences({"steps": 10, "seed": 0}, {"steps": 11, "seed": 0})
      {'steps': (10, 11)}
    """
    found = {}
    for name in {**mine, **theirs}:
        first, second = mine.get(name), theirs.get(name)
        if nested and isinstance(first, Mapping) and isinstance(second, Mapping):
            inner = differences(first, second, nested=True)
            found.update({f"{name}.{entry}": values for entry, values in inner.items()})
        elif first != second:
            found[name] = first, second
    return found


def format_differences(found: Differences) -> str:
    """Returns ``name: mine -> theirs; ...``, for the message of an error.

    Of options that differ, those are named that do.

    Example:
      >>> format_differences({"steps": (10, 11), "latent": ("boson", "gaussian")})
      "steps: 10 -> 11; latent: 'boson' -> 'gaussian'"
    """
    sides = ({name: pair[side] for name, pair in found.items()} for side in (0, 1))
    entries = differences(*sides, nested=True).items()
    return "; ".join(f"{name}: {mine!r} -> {theirs!r}" for name, (mine, theirs) in entries)
