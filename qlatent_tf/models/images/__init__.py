"""Residual networks over images."""

__all__ = []
