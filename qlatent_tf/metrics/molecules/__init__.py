"""Scores of molecules."""

__all__ = []
