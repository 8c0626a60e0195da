"""Layers of residual networks for images."""

__all__ = []
