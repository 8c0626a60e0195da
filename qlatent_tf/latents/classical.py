"""The usual latents: Gaussian noise and random bits."""

from typing import TYPE_CHECKING

from qlatent_tf.checks import check_count, check_flag

if TYPE_CHECKING:
    from tensorflow_probability.python.distributions import Distribution

    from qlatent_tf.latents.random_bits import RandomBits


def gaussian(modes: int = 16, tiles: int = 1) -> "Distribution":
    """Independent standard normal numbers.

    Args:
      modes: int. The width of one circuit of the boson latent it is compared with.
      tiles: int. How many such circuits; the width is `modes * tiles`.

    Returns:
      tfd.Distribution, event shape `[modes * tiles]`.

    Raises:
      ValueError: if an option is out of range.
    """
    import tensorflow as tf

    from qlatent_tf.latents.vector_distribution import DiagonalNormal

    width = _width(modes, tiles)
    return DiagonalNormal(tf.zeros(width), tf.ones(width), name="Gaussian")


def bernoulli(modes: int = 16, tiles: int = 1, center: bool = True) -> "RandomBits":
    """Independent fair bits, at -1/2 and 1/2 if centred.

    Args:
      modes: int. The width of one circuit of the boson latent it is compared with.
      tiles: int. How many such circuits; the width is `modes * tiles`.
      center: bool. Whether the mean is moved to 0.

    Returns:
      RandomBits, event shape `[modes * tiles]`.

    Raises:
      ValueError: if an option is out of range.
    """
    from qlatent_tf.latents.random_bits import RandomBits

    loc = -0.5 if check_flag(center, "center") else 0.0
    return RandomBits(_width(modes, tiles), loc=loc, name="Bernoulli")


def _width(modes: int, tiles: int) -> int:
    return check_count(modes, "modes", least=1) * check_count(tiles, "tiles", least=1)
