"""Platforms that send photons through circuits for us: devices, and simulators of others."""

__all__ = []
