"""Interferometers that learn, and photons drawn behind them in a compiled step."""

__all__ = []
