"""Names that are nearly one of those that are known."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Returns the sentence of an error message that suggests the nearest known name, if any is.

    Example:
      >>> "Unknown latent 'bosson'." + did_you_mean("bosson", ["boson", "photonic"])
      "Unknown latent 'bosson'. Did you mean boson?"
    """
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {near[0]}?" if near else ""
