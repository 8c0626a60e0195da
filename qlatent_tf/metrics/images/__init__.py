"""Scores of images."""

__all__ = []
