"""Scores of vectors."""

__all__ = []
