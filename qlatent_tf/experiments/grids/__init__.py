"""Grids of runs, their tables and charts."""

__all__ = []
