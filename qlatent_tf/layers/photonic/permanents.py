"""Permanents of a batch of small matrices, by sums that XLA compiles, with their gradient.

The batch is the last axis, so that sums run along it. Each sum over subsets is one gather of
whole rows; see `subsets`. There is no alternating sum as in Glynn's formula: terms cancel only as
those of the permanent itself do, in single precision too.
"""

import numpy as np
import tensorflow as tf

from qlatent_tf.layers.photonic.subsets import members, without


def add_row(row, smaller, photons: int, size: int):
    """Returns the permanents of one row more, for all subsets of `size` columns.

    Args:
      row: tensor, shape `[photons, batch]`. The entries of the new row.
      smaller: tensor, shape `[C(photons, size - 1), batch]`. Without the row.
      photons: int. The number of columns.
      size: int.

    Returns:
      Tensor, shape `[C(photons, size), batch]`.
    """
    columns, rest = members(photons, size)
    return tf.reduce_sum(tf.gather(row, columns) * tf.gather(smaller, rest), axis=0)


@tf.custom_gradient
def permanents(matrices):
    """Returns permanents, and how large their rounding errors are.

    Args:
      matrices: real or complex tensor, shape `[n, n, batch]`, n at least 1.

    Returns:
      Tensor `[batch]`, and a real one: the root of the summed squares of the terms of the last
      expansion, times the precision of the dtype. Gradients flow through the first alone.
    """
    rows = tf.unstack(matrices)
    photons = len(rows)
    below = _expansions(rows)
    columns, places = members(photons, photons)
    terms = tf.gather(rows[-1], columns[:, 0]) * tf.gather(below[-1], places[:, 0])
    squares = tf.math.real(terms * tf.math.conj(terms))
    rounding = np.finfo(squares.dtype.as_numpy_dtype).eps * tf.sqrt(tf.reduce_sum(squares, axis=0))

    def gradient(upstream, _):
        # The minor without row k and column c: rows above on S, those below on the complement.
        above = _expansions(rows[::-1])
        minors = [
            sum_over_subsets(below[k], above[photons - 1 - k], photons, k) for k in range(photons)
        ]
        return upstream * tf.math.conj(tf.stack(minors))

    return (tf.reduce_sum(terms, axis=0), rounding), gradient


def sum_over_subsets(below, above, photons, size):
    """Returns the sum over S, for each column, of `below` at S times `above` at what is left."""
    first, rest = without(photons, size)
    return tf.reduce_sum(tf.gather(below, first) * tf.gather(above, rest), axis=1)


def _expansions(rows):
    """The permanents of the first 0, 1, ..., n - 1 rows, for all subsets of columns."""
    photons = len(rows)
    found = [tf.ones_like(rows[0][:1])]
    for size in range(1, photons):
        found.append(add_row(rows[size - 1], found[-1], photons, size))
    return found
