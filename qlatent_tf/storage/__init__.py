"""Atomic files, locks, downloads and the files of a preset."""

__all__ = []
