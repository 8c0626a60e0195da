"""Recorded rows as a TensorFlow Probability distribution: hardware shots, a sample bank."""

from typing import Any

import numpy as np
import tensorflow as tf

from qlatent_tf.checks import check_flag, check_real
from qlatent_tf.latents.vector_distribution import VectorDistribution
from qlatent_tf.quantum import random_streams
from qlatent_tf.quantum.recordings import rows as sample_rows


class RecordedSamples(VectorDistribution):
    """The empirical distribution of recorded rows: each draw is one of them, all equally likely.

    Draw i under a seed is the row whose index is a hash of (seed, i), so draws are independent,
    with replacement, and the same for every batch split. Rows are read when they are drawn.

    Args:
      rows: array-like of shape (shots, modes), as `open_samples` returns.
      columns: sequence of int. The modes to keep, in this order. Default: all.
      center: bool. Whether the mean of all rows is subtracted.
      source: str. What `repr` calls the rows.
      projection: array, shape (columns, width). What the kept columns are multiplied by. Default:
        nothing.
      dtype: float dtype of the draws.

    Raises:
      ValueError: if the rows are no photon numbers, a column is out of range or named twice, or the
        projection does not fit.

    Example:
      >>> latent = RecordedSamples(open_samples("bank"))
      >>> latent.sample(500, seed=(0, 1)).shape
      TensorShape([500, 16])
    """

    def __init__(
        self,
        rows,
        columns=None,
        center=True,
        source="rows",
        projection=None,
        dtype=tf.float32,
        name="RecordedSamples",
    ):
        parameters = dict(locals())
        if not isinstance(rows, sample_rows.Rows):  # Those were checked when they were opened.
            rows = np.asanyarray(rows)  # of a file, stays there
            sample_rows.check_rows(rows, source)
        self._rows = rows
        self._columns = check_columns(columns, rows.shape[1], source)
        self._center = check_flag(center, "center")
        self._source = source
        self._row_mean = sample_rows.row_mean(rows)[self._columns]
        self._row_covariance = None  # a second pass over all rows, made when it is asked for
        width = len(self._columns)
        if projection is not None:
            projection = check_real(projection, "projection")
            if projection.ndim != 2 or len(projection) != width:
                raise ValueError(
                    f"projection has a row for each of the {width} columns; received shape "
                    f"{projection.shape}."
                )
            width = projection.shape[1]
        self._projection = projection
        super().__init__(width, dtype, parameters, name)

    def __repr__(self) -> str:
        projected = "" if self._projection is None else f", projected to {self._width}"
        return (
            f"RecordedSamples(source={self._source!r}, shots={len(self._rows)}, "
            f"modes={len(self._columns)}{projected}, center={self._center})"
        )

    def _sample_n(self, n, seed=None):
        return self._sample_in_numpy(self._draw, n, seed, "RecordedSamples")

    def _draw(self, n: int, seed: int) -> np.ndarray:
        uniform = random_streams.uniforms(seed, "rows", n, 1)[:, 0]
        chosen = np.asarray(self._rows[(uniform * len(self._rows)).astype(np.int64)])
        draws = chosen[:, self._columns].astype(np.float64)
        if self._center:
            draws -= self._row_mean
        return draws if self._projection is None else draws @ self._projection

    def _mean(self):
        mean = np.zeros_like(self._row_mean) if self._center else self._row_mean
        projected = mean if self._projection is None else mean @ self._projection
        return tf.constant(projected, self.dtype)

    def _covariance(self):
        if self._row_covariance is None:
            self._row_covariance = sample_rows.row_covariance(self._rows)
        covariance = self._row_covariance[np.ix_(self._columns, self._columns)]
        if self._projection is not None:
            covariance = self._projection.T @ covariance @ self._projection
        return tf.constant(covariance, self.dtype)


def check_columns(columns, modes: int, source: str = "The file") -> np.ndarray:
    """Returns the modes that `columns` names, a number or a list, all by default.

    Raises:
      ValueError: if one is out of range or named twice.
    """
    listed: Any = modes if columns is None else columns
    try:
        # A number that is too large is not counted up to.
        if type(listed) is int or isinstance(listed, np.integer):
            named = range(min(int(listed), modes + 1))
        else:
            named = list(listed)
        # A mask is none of the ways.
        flags = [isinstance(column, (bool, np.bool_)) for column in named]
        chosen = [] if any(flags) else [int(one) if int(one) == one else -1 for one in named]
    except (TypeError, ValueError):
        chosen = []
    if not chosen or len(set(chosen)) < len(chosen) or not 0 <= min(chosen) <= max(chosen) < modes:
        raise ValueError(
            f"{source} has {modes} modes: modes and columns are a number from 1 to {modes}, and "
            f"columns may list different modes from 0 to {modes - 1}; received {columns!r}."
        )
    return np.array(chosen)
