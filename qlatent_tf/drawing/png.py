"""Pictures of samples, whatever kind the samples are."""

import tensorflow as tf

from qlatent_tf.storage.files import atomic_path


def write_picture(path, picture) -> None:
    """Writes a PNG file, atomically.

    Args:
      path: path. The file.
      picture: uint8 array, ``(height, width, 3)``.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(encode_picture(picture))


def encode_picture(picture) -> bytes:
    """Returns what a PNG file of a picture, uint8 ``(height, width, 3)``, holds."""
    return tf.io.encode_png(picture).numpy()
