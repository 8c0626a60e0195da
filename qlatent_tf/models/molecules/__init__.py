"""MolGAN."""

__all__ = []
