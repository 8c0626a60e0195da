"""Data sets of images, and the readers of their files."""

__all__ = []
