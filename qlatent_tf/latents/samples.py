"""The latent that draws from a file: hardware shots, a sample bank, anything with rows."""

import functools
import os

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from qlatent_tf import registry
from qlatent_tf.latents.vector_distribution import VectorDistribution
from qlatent_tf.quantum import random_streams, sample_rows
from qlatent_tf.quantum.sample_files import open_samples


class RecordedSamples(VectorDistribution):
    """The empirical law of recorded rows: each draw is one of them, all equally likely.

    Draw i under a seed is the row whose index is a hash of (seed, i), so draws are independent,
    with replacement, and the same for every batch split. Rows are read when they are drawn.

    Args:
      rows: array-like of shape (shots, modes), as `open_samples` returns.
      columns: sequence of int. The modes to keep, in this order. Default: all.
      center: bool. Whether the mean of all rows is subtracted.
      source: str. What `repr` calls the rows.
      dtype: float dtype of the draws.

    Raises:
      ValueError: if a column is out of range or named twice.

    Example:
      >>> latent = RecordedSamples(open_samples("bank"))
      >>> latent.sample(500, seed=(0, 1)).shape
      TensorShape([500, 16])
    """

    def __init__(
        self, rows, columns=None, center=True, source="rows", dtype=tf.float32,
        name="RecordedSamples",
    ):
        parameters = dict(locals())
        self._rows = rows
        self._columns = _check_columns(columns, rows.shape[1])
        self._center = bool(center)
        self._source = source
        self._row_mean = sample_rows.row_mean(rows)[self._columns]
        super().__init__(len(self._columns), dtype, parameters, name)

    def __repr__(self) -> str:
        return (
            f"RecordedSamples(source={self._source!r}, shots={len(self._rows)}, "
            f"modes={len(self._columns)}, center={self._center})"
        )

    def _sample_n(self, n, seed=None):
        seed = tfp.random.sanitize_seed(seed, salt="RecordedSamples")
        draws = tf.numpy_function(self._draw, [n, seed], self.dtype, stateful=False)
        draws.set_shape([tf.get_static_value(n), len(self._columns)])
        return draws

    def _draw(self, n, seed) -> np.ndarray:
        words = np.asarray(seed).astype(np.uint32).tolist()
        uniform = random_streams.uniforms(words[0] << 32 | words[1], "rows", int(n), 1)[:, 0]
        chosen = np.asarray(self._rows[(uniform * len(self._rows)).astype(np.int64)])
        draws = chosen[:, self._columns].astype(np.float64)
        if self._center:
            draws -= self._row_mean
        return draws.astype(self.dtype.as_numpy_dtype)

    def _mean(self):
        mean = np.zeros_like(self._row_mean) if self._center else self._row_mean
        return tf.constant(mean, self.dtype)

    def _variance(self):
        return tf.constant(np.diag(self._row_covariance), self.dtype)

    def _stddev(self):
        return tf.constant(np.sqrt(np.diag(self._row_covariance)), self.dtype)

    def _covariance(self):
        return tf.constant(self._row_covariance, self.dtype)

    @functools.cached_property
    def _row_covariance(self) -> np.ndarray:
        return sample_rows.row_covariance(self._rows)[np.ix_(self._columns, self._columns)]


@registry.latents.register("samples")
def samples(
    file: str | os.PathLike,
    key: str | None = None,
    file_format: str | None = None,
    columns: int | list[int] | None = None,
    modes: int | None = None,
    center: bool = True,
) -> RecordedSamples:
    """Draws from recorded samples: a bank, a hardware file, any format of `open_samples`.

    A bank stands for the live sampler that made it: the same law, drawn with replacement.

    Args:
      file: path. A file or directory that `open_samples` reads.
      key: str. The array in a .npz file.
      file_format: str. Needed only for raw Jiuzhang files.
      columns: int or list of int. The modes that make the latent: the first `columns`, or those
        listed. A latent narrower than the device is thus a marginal of its law: the photons in
        the other modes are ignored, and what is kept is still measured data.
      modes: int. The same as a number in `columns`: the width, as it is called elsewhere.
      center: bool. Whether the mean of all rows is subtracted.

    Returns:
      RecordedSamples with events of shape (modes,) or (columns,).

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file is bad or narrower than asked for.
    """
    if columns is not None and modes is not None:
        raise ValueError(
            f"Give columns or modes, not both; received columns={columns!r}, modes={modes!r}."
        )
    columns = modes if columns is None else columns
    rows = open_samples(file, key=key, file_format=file_format)
    source = str(file) if key is None else f"{file}[{key}]"
    return RecordedSamples(rows, columns=columns, center=center, source=source)


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
