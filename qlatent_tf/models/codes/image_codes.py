"""Images, the codes that an encoder makes of them, and what a decoder makes of the codes."""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from qlatent_tf.models.codes.coder_networks import FEATURES

_BATCH = 250
_PAIRS = 18
_COLUMNS = 6
# Images on which an autoencoder is scored, at most.
_HELD_OUT = 10_000


def to_unit(images):
    """Returns uint8 images as numbers from 0 to 1."""
    return tf.cast(images, tf.float32) / 255.0


def to_pixels(images):
    """Returns numbers from 0 to 1 as uint8 images."""
    return ops.cast(ops.round(255.0 * ops.clip(images, 0.0, 1.0)), "uint8")


def batch_map(function, rows):
    """Returns what a compiled function makes of all rows, a batch at a time.

    Args:
      function: callable of a tensor ``(batch, ...)``.
      rows: array, ``(count, ...)``, in memory or mapped.

    Returns:
      np.ndarray ``(count, ...)``.
    """
    compiled = tf.function(function, reduce_retracing=True)
    parts = [
        np.asarray(compiled(tf.convert_to_tensor(rows[start : start + _BATCH])))
        for start in range(0, len(rows), _BATCH)
    ]
    return np.concatenate(parts)


def codes_of(encoder, images):
    """Returns the codes of uint8 images, float32 ``(count, code)``."""
    return batch_map(lambda batch: encoder(to_unit(batch)), images)


def features_of(encoder, images):
    """Returns the encoder's dense features of uint8 images, float32 ``(count, width)``."""
    features = keras.Model(encoder.input, encoder.get_layer(FEATURES).output)
    return batch_map(lambda batch: ops.cast(features(to_unit(batch)), "float32"), images)


def rebuilt(encoder, decoder, images):
    """Returns what the decoder makes of the codes of a few uint8 images, as such images."""
    return np.asarray(to_pixels(decoder(encoder(to_unit(images)))))


def reconstruction_scores(encoder, decoder, images, name):
    """Returns the mean squared error of images rebuilt from their codes, pixels from 0 to 1.

    Args:
      encoder, decoder: keras.Model.
      images: uint8 array, ``(count, height, width, bands)``.
      name: str. What the images are, for the figures' names.

    Returns:
      dict. ``reconstruction_mse_<name>_<count>``, and in decibels ``reconstruction_psnr_...``.
    """

    def errors_of(batch):
        real = to_unit(batch)
        return ops.mean(ops.square(decoder(encoder(real)) - real), axis=(1, 2, 3))

    error = float(batch_map(errors_of, images).mean(dtype=np.float64))
    return {
        f"reconstruction_mse_{name}_{len(images)}": error,
        f"reconstruction_psnr_{name}_{len(images)}": -10 * math.log10(error)
        if error > 0
        else math.inf,
    }


def reconstruction_rows(encoder, decoder, images):
    """Returns images in the order of a grid in which each row lies over a row of what is rebuilt.

    Args:
      encoder, decoder: keras.Model.
      images: uint8 array, ``(count, height, width, bands)``, of which the first few are taken.

    Returns:
      uint8 array, ``(2 * taken, ...)``, and the grid's columns.
    """
    taken = np.asarray(images[:_PAIRS])
    columns = min(_COLUMNS, len(taken))
    taken = taken[: len(taken) // columns * columns]
    return alternate(taken, rebuilt(encoder, decoder, taken), columns), columns


def alternate(upper, lower, columns):
    """Returns images in the order of a grid whose rows are taken from two sets in turn.

    Args:
      upper, lower: arrays, ``(rows * columns, ...)``.
      columns: int. Of the grid.
    """
    rows = np.stack([upper, lower])
    rows = rows.reshape(2, -1, columns, *rows.shape[2:]).swapaxes(0, 1)
    return rows.reshape(-1, *rows.shape[3:])


def held_out(dataset):
    """Returns images on which nothing was trained, where there are such, and what to call them.

    Args:
      dataset: ImageDataset.
    """
    if getattr(dataset, "test", None) is not None:
        return some_of(dataset.test, _HELD_OUT), f"{dataset.name}_test"
    return some_of(dataset.source, _HELD_OUT), f"{dataset.name}_train"


def some_of(images, most):
    """Returns images from everywhere in a file, which may be sorted by class.

    Args:
      images: array, ``(count, height, width, bands)``, in memory or mapped.
      most: int. All are returned if there are no more.
    """
    if len(images) <= most:
        return images
    rows = np.random.default_rng(len(images)).choice(len(images), most, replace=False)
    return images[np.sort(rows)]
