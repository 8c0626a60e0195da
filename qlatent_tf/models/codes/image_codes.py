"""Images, the codes that an encoder makes of them, and what a decoder makes of the codes."""

import math

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from qlatent_tf.gan.compiled import compiled
from qlatent_tf.models.codes.coder_networks import FEATURES
from qlatent_tf.scores import measured
from qlatent_tf.seeds import some_rows

_BATCH = 250
_PAIRS = 18
_COLUMNS = 6
# Images on which an autoencoder is scored, at most.
_HELD_OUT = 10_000


def check_shape(encoder, given):
    """Raises ValueError unless it is the shape, (height, width, bands), that an encoder takes."""
    given, taken = tuple(given), encoder.input_shape[1:]
    if given != taken:
        raise ValueError(
            f"The images have the shape {given}; the autoencoder takes {taken}: give images of "
            "that shape, or train with another model_options.image."
        )


def to_unit(images):
    """Returns uint8 images as numbers from 0 to 1; raises ValueError for others."""
    if tf.as_dtype(images.dtype) != tf.uint8:
        raise ValueError(f"Images are whole numbers, uint8; received {tf.as_dtype(images.dtype)}.")
    return tf.cast(images, tf.float32) / 255.0


def to_pixels(images):
    """Returns numbers from 0 to 1 as uint8 images."""
    return ops.cast(ops.round(255.0 * ops.clip(images, 0.0, 1.0)), "uint8")


def batch_map(function, rows):
    """Returns what a function makes of an array's rows, a batch at a time."""
    parts = [
        np.asarray(function(tf.convert_to_tensor(rows[start : start + _BATCH])))
        for start in range(0, len(rows), _BATCH)
    ]
    return np.concatenate(parts)


def codes_of(encoder, images):
    """Returns the codes of uint8 images, float32 ``(count, code)``; ValueError for others."""
    check_shape(encoder, np.shape(images)[1:])
    codes = compiled(encoder, "codes", lambda: lambda batch: encoder(to_unit(batch)))
    return batch_map(codes, images)


def features_of(encoder, images):
    """Returns the encoder's dense features of uint8 images, ``(count, width)``, as `codes_of`."""
    check_shape(encoder, np.shape(images)[1:])

    def make():
        features = keras.Model(encoder.input, encoder.get_layer(FEATURES).output)
        return lambda batch: ops.cast(features(to_unit(batch)), "float32")

    return batch_map(compiled(encoder, "features", make), images)


def reconstruction_scores(encoder, decoder, images, name):
    """Returns the error of uint8 images, called `name`, rebuilt from their codes; pixels to 1.

    Returns:
      list of Score. ``reconstruction_mse``, and in decibels ``reconstruction_psnr``.
    """

    def errors_of(batch):
        real = to_unit(batch)
        return ops.mean(ops.square(decoder(encoder(real)) - real), axis=(1, 2, 3))

    errors = batch_map(compiled(decoder, f"errors {id(encoder)}", lambda: errors_of), images)
    error = float(errors.mean(dtype=np.float64))
    psnr = -10 * math.log10(error) if error > 0 else math.inf
    return measured(
        {"reconstruction_mse": error, "reconstruction_psnr": psnr},
        reference=name,
        reference_size=len(images),
    )


def reconstruction_rows(encoder, decoder, images):
    """Returns the first few images, each row of the grid over a row of what is rebuilt of them.

    Returns:
      uint8 array, ``(2 * taken, ...)``, and the grid's columns.

    Raises:
      ValueError: if they are not of the encoder's shape.
    """
    check_shape(encoder, np.shape(images)[1:])
    taken = np.asarray(images[:_PAIRS])
    columns = min(_COLUMNS, len(taken))
    taken = taken[: len(taken) // columns * columns]
    rebuilt = np.asarray(to_pixels(decoder(encoder(to_unit(taken)))))
    return alternate(taken, rebuilt, columns), columns


def alternate(upper, lower, columns):
    """Returns images ``(2 * rows * columns, ...)``: the grid's rows are from two sets in turn."""
    rows = np.stack([upper, lower])
    rows = rows.reshape(2, -1, columns, *rows.shape[2:]).swapaxes(0, 1)
    return rows.reshape(-1, *rows.shape[3:])


def held_out(dataset):
    """Returns images on which nothing was trained, where there are such, and what to call them."""
    if getattr(dataset, "test", None) is not None:
        return some_rows(dataset.test, _HELD_OUT), f"{dataset.name}_test"
    return some_rows(dataset.source, _HELD_OUT), f"{dataset.name}_train"
