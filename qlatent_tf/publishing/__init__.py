"""Presets of runs, their cards, and scores that are computed again."""

__all__ = []
