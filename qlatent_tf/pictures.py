"""Pictures of samples, whatever kind the samples are."""

import numpy as np
import tensorflow as tf

from qlatent_tf.datasets.image_pictures import draw_images
from qlatent_tf.files import atomic_path


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


def render(samples) -> np.ndarray:
    """Draws samples by what they are: molecules or images in a grid, vectors as a map of entries.

    Of many the first `MAX_DRAWN` are drawn.

    Args:
      samples: in data space: ``{"atoms": (n, atoms), "bonds": (n, atoms, atoms)}``,
        ``(n, width)``, or uint8 ``(n, height, width, bands)``.

    Returns:
      np.ndarray, uint8 ``(height, width, 3)``.

    Raises:
      ValueError: if the samples are none of these.
    """
    if isinstance(samples, dict) and set(samples) == {"atoms", "bonds"}:
        # Imported here, for other samples need no RDKit.
        from qlatent_tf.datasets.molecule_pictures import draw_molecules

        return draw_molecules(samples)
    if not isinstance(samples, dict) and np.ndim(samples) == 2:
        from qlatent_tf.datasets.vector_pictures import draw_vectors

        return draw_vectors(samples)
    if not isinstance(samples, dict) and np.ndim(samples) == 4:
        return draw_images(samples)
    shapes = tf.nest.map_structure(np.shape, samples)
    raise ValueError(f"There is no picture for samples of shape {shapes}.")
