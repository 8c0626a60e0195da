"""Commands that make the data sets of the package again."""

__all__ = []
