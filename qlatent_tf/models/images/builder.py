"""Builds the residual networks."""

from qlatent_tf.checks import check_flag
from qlatent_tf.gan.shapes import check_sizes, latent_width
from qlatent_tf.resolve import image_shape

_BLOCKS = 3
BANDS = (1, 3, 4)


def resnet(
    latent,
    *,
    resolution=32,
    channels=3,
    filters=128,
    blocks=_BLOCKS,
    critic_filters=None,
    flip=False,
    dequantise=True,
    **wgan_options,
):
    """Builds a WGAN-GP of the residual generator and critic of Gulrajani et al.

    With the defaults and a latent of width 128 they have the 1,204,483 and 1,053,825 parameters
    of theirs for CIFAR-10.

    Args:
      latent: tfd.Distribution, event shape ``[latent_size]``.
      resolution: int. Height and width of an image; ``2**blocks`` divides it.
      channels: int. Bands of an image: 1, 3 or 4.
      filters: int. Channels of the generator's hidden layers.
      blocks: int, from 2. Residual blocks of the generator, each of which doubles the resolution.
        The critic halves it in ``blocks - 1`` blocks and keeps it in two more.
      critic_filters: int. Channels of the critic's hidden layers; `filters` by default.
      flip: bool. Whether real images are mirrored, left to right, half of the time.
      dequantise: bool. Whether real images get noise as wide as a grey level.
      **wgan_options: `gradient_penalty_weight`, `critic_steps` and `one_sided_penalty` of
        `WGANGP`.

    Returns:
      ResNet over uint8 images ``(resolution, resolution, channels)``.

    Raises:
      ValueError: if a size is out of range.

    Reference:
      Gulrajani et al., Improved training of Wasserstein GANs, arXiv 1704.00028, appendix F.
    """
    from qlatent_tf.models.images.model import ResNet, image_critic, image_generator

    critic_filters = filters if critic_filters is None else critic_filters
    check_sizes(
        resolution=resolution, filters=filters, blocks=blocks, critic_filters=critic_filters
    )
    flip = check_flag(flip, "flip")
    dequantise = check_flag(dequantise, "dequantise")
    if type(channels) is not int or channels not in BANDS:
        raise ValueError(f"channels, the bands of an image, are 1, 3 or 4; received {channels!r}.")
    if blocks < 2:
        raise ValueError(f"blocks are two or more; received blocks={blocks}.")
    return ResNet(
        latent,
        image_generator(latent_width(latent), resolution, channels, filters, blocks),
        image_critic(resolution, channels, critic_filters, blocks),
        flip=flip,
        dequantise=dequantise,
        **wgan_options,
    )


def _follow_data(config):
    """The sizes of the data's images, where they are known, and blocks that divide them."""
    found, shape = {}, image_shape(config)
    if shape is not None:
        height, width, bands = shape
        found |= {"resolution": height} if height == width else {}
        found |= {"channels": bands} if bands in BANDS else {}
    resolution = config.model_options.get("resolution", found.get("resolution"))
    if type(resolution) is int:
        found["blocks"] = most_blocks(resolution)
    return found


def most_blocks(resolution: int) -> int:
    """Returns the blocks of a generator of such images: three where they divide, else two."""
    return _BLOCKS if resolution % 2**_BLOCKS == 0 else _BLOCKS - 1


resnet.follows = _follow_data
