"""Layers of molecular graphs."""

__all__ = []
