"""The GANs of the zoo."""
