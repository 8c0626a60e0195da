"""The latent that draws from a file: hardware shots, a sample bank, anything with rows."""

import functools
import os

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from qlatent_tf.latents.vector_distribution import VectorDistribution
from qlatent_tf.quantum import random_streams
from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.recordings.open_samples import open_samples
from qlatent_tf.quantum.unitaries import random_directions


class RecordedSamples(VectorDistribution):
    """The empirical law of recorded rows: each draw is one of them, all equally likely.

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
      ValueError: if a column is out of range or named twice, or the projection does not fit.

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
        self._rows = rows
        self._columns = _check_columns(columns, rows.shape[1])
        self._center = bool(center)
        self._source = source
        self._row_mean = sample_rows.row_mean(rows)[self._columns]
        self._projection = None if projection is None else np.array(projection, np.float64)
        width = len(self._columns)
        if projection is not None:
            if self._projection.ndim != 2 or len(self._projection) != width:
                raise ValueError(
                    f"projection has a row for each of the {width} columns; received shape "
                    f"{self._projection.shape}."
                )
            width = self._projection.shape[1]
        super().__init__(width, dtype, parameters, name)

    def __repr__(self) -> str:
        projected = "" if self._projection is None else f", projected to {self._width}"
        return (
            f"RecordedSamples(source={self._source!r}, shots={len(self._rows)}, "
            f"modes={len(self._columns)}{projected}, center={self._center})"
        )

    def _sample_n(self, n, seed=None):
        seed = tfp.random.sanitize_seed(seed, salt="RecordedSamples")
        draws = tf.numpy_function(self._draw, [n, seed], self.dtype, stateful=False)
        draws.set_shape([tf.get_static_value(n), self._width])
        return draws

    def _draw(self, n, seed) -> np.ndarray:
        words = np.asarray(seed).astype(np.uint32).tolist()
        uniform = random_streams.uniforms(words[0] << 32 | words[1], "rows", int(n), 1)[:, 0]
        chosen = np.asarray(self._rows[(uniform * len(self._rows)).astype(np.int64)])
        draws = chosen[:, self._columns].astype(np.float64)
        if self._center:
            draws -= self._row_mean
        if self._projection is not None:
            draws = draws @ self._projection
        return draws.astype(self.dtype.as_numpy_dtype)

    def _mean(self):
        mean = np.zeros_like(self._row_mean) if self._center else self._row_mean
        projected = mean if self._projection is None else mean @ self._projection
        return tf.constant(projected, self.dtype)

    def _variance(self):
        return tf.constant(np.diag(self._row_covariance), self.dtype)

    def _stddev(self):
        return tf.constant(np.sqrt(np.diag(self._row_covariance)), self.dtype)

    def _covariance(self):
        return tf.constant(self._row_covariance, self.dtype)

    @functools.cached_property
    def _row_covariance(self) -> np.ndarray:
        covariance = sample_rows.row_covariance(self._rows)[np.ix_(self._columns, self._columns)]
        if self._projection is None:
            return covariance
        return self._projection.T @ covariance @ self._projection


def samples(
    file: str | os.PathLike,
    key: str | None = None,
    file_format: str | None = None,
    columns: int | list[int] | None = None,
    modes: int | None = None,
    center: bool = True,
    projection: int | None = None,
    projection_seed: int = 0,
) -> RecordedSamples:
    """Draws from recorded samples: a bank, a hardware file, any format of `open_samples`.

    A bank stands for the live sampler that made it: the same law, drawn with replacement.

    A device that is wider than the latent has to be is cut to it in one of two ways. `columns`
    keeps whole numbers and the law of some modes, and loses what the others know. `projection`
    takes sums of all modes, along random directions at right angles, fixed by a seed: what is left
    of each mode is a real number, and interference between any of them is still felt. A generator
    that begins with a dense layer makes such sums itself, so this only limits which.

    Args:
      file: path. A file or directory that `open_samples` reads.
      key: str. The array in a .npz file.
      file_format: str. Needed only for raw Jiuzhang files.
      columns: int or list of int, in place of `modes`. The modes that make the latent: the first
        `columns`, or those listed. A latent narrower than the device is thus a marginal of its
        law: the photons in the other modes are ignored, and what is kept is still measured data.
      modes: int. The same as a number in `columns`: the width, as it is called elsewhere. None,
        with no `columns` either, for all that are recorded.
      center: bool. Whether the mean of all rows is subtracted.
      projection: int. The number of directions that the modes, or those chosen, are projected to.
      projection_seed: int, from 0 to 2**32 - 1. Chooses the directions.

    Returns:
      RecordedSamples with events of shape (modes,), (columns,) or (projection,).

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file is bad or narrower than asked for.
    """
    if columns is not None and modes is not None:
        raise ValueError(
            f"Give columns or modes, not both; received columns={columns!r}, modes={modes!r}. "
            "Where a configuration has modes, modes=null leaves them out."
        )
    columns = modes if columns is None else columns
    rows = open_samples(file, key=key, file_format=file_format)
    source = str(file) if key is None else f"{file}[{key}]"
    directions = None
    if projection is not None:
        width = len(_check_columns(columns, rows.shape[1]))
        if projection == width < rows.shape[1]:
            raise ValueError(
                f"A projection of {width} of the {rows.shape[1]} recorded modes to {projection} "
                "directions leaves out the others and only turns these. For sums of all modes give "
                "neither columns nor modes: where a configuration has modes, modes=null."
            )
        directions = random_directions(width, projection, projection_seed)
    return RecordedSamples(
        rows, columns=columns, center=center, source=source, projection=directions
    )


def _check_columns(columns, modes: int) -> np.ndarray:
    chosen = range(modes) if columns is None else columns
    if isinstance(chosen, int) and not isinstance(chosen, bool):
        chosen = range(chosen)
    try:
        chosen = [int(column) if int(column) == column else -1 for column in chosen]
    except (TypeError, ValueError):
        chosen = []
    if not chosen or len(set(chosen)) < len(chosen) or not 0 <= min(chosen) <= max(chosen) < modes:
        raise ValueError(
            f"columns is a number of modes from 1 to {modes}, or a list of different modes from "
            f"0 to {modes - 1}; received {columns!r}."
        )
    return np.array(chosen)
