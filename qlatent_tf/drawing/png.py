"""Pictures as PNG files."""

import numpy as np
import tensorflow as tf

from qlatent_tf.storage.files import atomic_path


def write_picture(path, picture) -> None:
    """Writes a PNG file, atomically.

    Args:
      path: path. The file.
      picture: uint8 array, ``(height, width, 3)``.

    Raises:
      ValueError: if it is another array.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(encode_picture(picture))


def encode_picture(picture) -> bytes:
    """Returns what a PNG file of a picture, uint8 ``(height, width, 3)``, holds."""
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or not picture.size or picture.shape[2] != 3:
        raise ValueError(
            "A picture is a uint8 array of shape (height, width, 3); received "
            f"{picture.dtype} of shape {picture.shape}."
        )
    return tf.io.encode_png(picture).numpy()
