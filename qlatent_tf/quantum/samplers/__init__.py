"""Boson sampling by three methods, distinguishable photons, the table of all outcomes."""

__all__ = []
