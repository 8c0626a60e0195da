"""How wide a classical network must be to match a circuit."""

__all__ = ["IMAGE_DATA"]

# The data set whose images an autoencoder turns into codes, unless another one is named.
IMAGE_DATA = "naip28"
