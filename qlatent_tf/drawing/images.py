"""Pictures of images."""

import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from qlatent_tf.checks import check_count

MAX_DRAWN = 64  # samples of any kind in a grid
_CELL = 96  # pixels that the longer side of an image is enlarged to, as near as whole factors allow
_GAP = 2
_BETWEEN = 16  # pixels between two views of the same images
_WHITE = 255
_FONT = 16
_MARGIN = 96  # pixels for the names of rows


def draw_images(
    images: np.ndarray, columns: int | None = None, rows: Sequence[str] = ()
) -> np.ndarray:
    """Draws the first images of a batch in a grid, each pixel as a square.

    One band is drawn in grey, three as red, green and blue. Of four bands, red, green, blue and
    near infrared, two grids are drawn: the left one as the eye sees it; the right one in the false
    colours of aerial photography, near infrared as red, red as green and green as blue, in which
    vegetation is red. Any other number of bands is drawn as so many grids in grey.

    Args:
      images: uint8 array, shape `(n, height, width, bands)`. At most 64 are drawn.
      columns: int, from 1; no more than images. By default as many as rows, or one more or less.
      rows: sequence of str. What the rows are called, in turn; nothing by default.

    Returns:
      uint8 array, shape `(picture height, picture width, 3)`.

    Raises:
      ValueError: if the images are not such an array or there are none, or `columns` is no number
        from 1.
    """
    images = np.asarray(images)
    if images.ndim != 4 or not images.size or images.dtype != np.uint8:
        raise ValueError(
            "Images are drawn from uint8 in shape (n, height, width, bands), n at least 1; "
            f"received {images.dtype} in {images.shape}."
        )
    images = images[:MAX_DRAWN]
    columns = columns_of(columns, len(images))
    parts = []
    for view in _views(images):
        if parts:
            parts.append(np.full((len(parts[0]), _BETWEEN, 3), _WHITE, np.uint8))
        parts.append(_grid(view, columns))
    if rows:
        count = math.ceil(len(images) / columns)
        parts.insert(0, _names(itertools.islice(itertools.cycle(rows), count), len(parts[0])))
    return np.concatenate(parts, axis=1)


def columns_of(columns: int | None, count: int) -> int:
    """Returns the columns of a grid, as many as it has rows unless a number is given.

    Raises:
      ValueError: if that is not a number from 1.
    """
    if columns is None:
        return math.ceil(math.sqrt(count))
    return min(check_count(columns, "columns", least=1), count)


def _views(images: np.ndarray) -> list[np.ndarray]:
    """Returns what is shown of the images, each of shape `(n, height, width, 3)`."""
    bands = images.shape[-1]
    if bands == 3:
        return [images]
    if bands == 4:
        return [images[..., :3], images[..., [3, 0, 1]]]
    return [np.repeat(images[..., band, np.newaxis], 3, axis=-1) for band in range(bands)]


def _names(words: Iterable[str], height: int) -> np.ndarray:
    """Returns a column of words, each beside the middle of its row of a grid of this height."""
    words = list(words)
    column = Image.new("RGB", (_MARGIN, height), "white")
    for row, word in enumerate(words):
        place = (_MARGIN - 8, (row + 0.5) * height / len(words))
        ImageDraw.Draw(column).text(place, word, fill="black", anchor="rm", font_size=_FONT)
    return np.asarray(column)


def _grid(images: np.ndarray, columns: int) -> np.ndarray:
    factor = max(1, round(_CELL / max(images.shape[1:3])))
    images = images.repeat(factor, axis=1).repeat(factor, axis=2)
    count, height, width, _ = images.shape
    rows = math.ceil(count / columns)
    cells = np.full((rows * columns, height + _GAP, width + _GAP, 3), _WHITE, np.uint8)
    cells[:count, :height, :width] = images
    cells = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    # The gaps at the right and at the bottom are cut off.
    return cells.reshape(rows * (height + _GAP), columns * (width + _GAP), 3)[:-_GAP, :-_GAP]
