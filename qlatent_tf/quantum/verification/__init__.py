"""What recorded shots are."""

__all__ = []
