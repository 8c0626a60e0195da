"""GANs whose latent space is a quantum device."""

__version__ = "0.1.0"
