"""One configuration for each model: how it is trained."""

__all__ = []
