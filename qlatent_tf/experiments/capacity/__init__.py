"""How wide a classical network must be to match a circuit."""

__all__ = ["IMAGE_DATA", "WINDOW"]

# The data set whose images an autoencoder turns into codes, unless another one is named.
IMAGE_DATA = "naip28"
# The last evaluations of a run, which give its score.
WINDOW = 5
