"""Files of recorded shots."""

__all__ = []
