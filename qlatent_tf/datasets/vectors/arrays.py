"""Vectors of an array as a data set."""

from collections.abc import Mapping

import numpy as np

from qlatent_tf.datasets.dataset import Dataset
from qlatent_tf.datasets.images.arrays import sha256_of_arrays


def vector_dataset(
    name: str, samples: np.ndarray, *, where: str | None = None, provenance: Mapping | None = None
) -> Dataset:
    """Makes a data set of vectors.

    Args:
      name: str. What scores and records call the data.
      samples: array of numbers, shape `(n, width)`.
      where: str. What messages call it; its name by default.
      provenance: dict. What its record says besides, with a hash; that of the array by default.

    Raises:
      ValueError: if the array holds anything else, or numbers that are not finite.
    """
    from qlatent_tf.drawing.vectors import beside_data

    where = where or name
    with np.errstate(over="ignore"):
        vectors = (
            np.ascontiguousarray(samples, np.float32) if samples.dtype.kind in "biuf" else None
        )
    if vectors is None or not vectors.size:
        raise ValueError(
            f"{where}: vectors are an array of numbers of shape (n, width), n and width at least "
            f"1; received {samples.dtype} of shape {samples.shape}."
        )
    bad = np.argwhere(~np.isfinite(vectors))
    if len(bad):
        row, column = bad[0]
        raise ValueError(
            f"{where}: {len(bad):,} entries are not finite numbers in single precision, the first "
            f"in row {row}, column {column}: {samples[row, column]}."
        )
    record = {"sha256": sha256_of_arrays([samples])} if provenance is None else provenance
    return Dataset(
        name=name,
        source=vectors,
        metrics=("pair_correlation",),
        evaluation_metrics=("pair_correlation", "vector_neighbours"),
        provenance={**record, "samples": len(samples)},
        render=beside_data(vectors),
    )
