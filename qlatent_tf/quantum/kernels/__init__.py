"""Permanents, minors and Gray codes, compiled by Numba."""

__all__ = []
