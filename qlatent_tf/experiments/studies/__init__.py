"""Controlled studies of ours: what the latent does, compared seed by seed."""

__all__ = []
