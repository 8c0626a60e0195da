"""Cards of presets, and scores that are computed again."""

__all__ = []
