"""The style circuit and its parts."""

__all__ = []
