"""The published experiments and our studies."""

__all__ = []
