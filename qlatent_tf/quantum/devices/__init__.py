"""Loss, detectors, post-selection, exact moments and probabilities."""

__all__ = []
