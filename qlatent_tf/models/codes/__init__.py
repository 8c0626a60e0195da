"""GANs over codes of images, and the autoencoder that makes them."""

__all__ = []
