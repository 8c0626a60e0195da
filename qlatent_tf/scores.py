"""The names of figures."""

from collections.abc import Mapping


def sized(figures: Mapping[str, float], count: int) -> dict[str, float]:
    """Returns the figures with the number of generated samples in their names.

    Example:
      >>> sized({"valid_share": 0.97}, 10_000)
      {'valid_share@10000': 0.97}
    """
    return {f"{name}@{count}": float(value) for name, value in figures.items()}
