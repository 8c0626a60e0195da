"""Data sets of molecules, as graphs."""

__all__ = []
