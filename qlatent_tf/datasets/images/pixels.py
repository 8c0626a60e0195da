"""Reads one image file: its pixels as they are seen, of 8 bits in red, green and blue or grey."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

# Grey, coloured, of a palette, with or without transparency, as Pillow calls them.
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")


class _IllegalImageError(ValueError):
    """A whole file of what is no image here."""


def read_pixels(path: Path, size: tuple[int, int] | None, grey: bool) -> np.ndarray:
    """Returns the pixels of an image, turned as its camera was held, transparent ones white.

    Args:
      path: path.
      size: (int, int). Height and width to which it is resized. Default: it stays as it is.
      grey: bool. Whether it becomes grey.

    Returns:
      uint8 array, shape `(height, width)`, or `(height, width, 3)` if it is not grey.

    Raises:
      ValueError: if the file is damaged, holds several images, or pixels of another kind.
    """
    with _opened(path) as image:
        image = _opaque(ImageOps.exif_transpose(image)).convert("L" if grey else "RGB")
        return np.array(image if size is None else image.resize(size[::-1]))


def size_of(path: Path) -> tuple[int, int]:
    """Returns height and width of an image as it is seen.

    Raises:
      ValueError: as `read_pixels`.
    """
    with _opened(path) as image:
        width, height = ImageOps.exif_transpose(image).size
        return height, width


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            _check(path, image)
            yield image
    except _IllegalImageError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is no whole image file: {error}.") from error


def _check(path, image):
    # Transparency of TIFF files may have been multiplied into their colours.
    if image.mode not in _MODES or (image.format == "TIFF" and image.mode == "RGBA"):
        raise _IllegalImageError(
            f"{path} holds pixels of the kind {image.mode}; legal are 8 bits in red, green and "
            "blue or grey. Convert it, such as by Pillow's image.convert('RGB'), or give an array "
            "of uint8 in a .npy or .npz file."
        )
    count = _count_images(image)
    if count > 1:
        raise _IllegalImageError(
            f"{path} holds {count} images, of which one alone would be read: save each in a file "
            "of its own, or all in a .npy file."
        )


def _count_images(image) -> int:
    """Returns how many images a file holds, previews of another size and those of cameras apart."""
    if image.format == "MPO" or getattr(image, "n_frames", 1) == 1:
        return 1
    sizes = []
    for frame in range(image.n_frames):
        image.seek(frame)
        sizes.append(image.size)
    image.seek(0)
    return sizes.count(sizes[0])


def _opaque(image: Image.Image) -> Image.Image:
    """Returns the image on white: the colours of transparent pixels are not what is seen."""
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
