"""Classical latents that imitate the boson latent."""

__all__ = []
