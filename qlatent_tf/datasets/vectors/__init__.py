"""Data sets of vectors."""

__all__ = []
