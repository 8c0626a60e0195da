"""Gaussian boson sampling and the classical light that imitates it."""

__all__ = []
