"""What is computed once of a data set's molecules or images, and kept."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from qlatent_tf.datasets.dataset import ImageDataset, MoleculeDataset
from qlatent_tf.storage.array_cache import cached_arrays

_PART = 4096


def reference_arrays(
    dataset: MoleculeDataset | ImageDataset,
    kind: str,
    version: str,
    make: Callable[[Any], Mapping[str, np.ndarray]],
    smiles: Collection[str] | None = None,
) -> dict[str, np.ndarray]:
    """Returns arrays that describe the real samples of a data set, from the cache if there.

    Args:
      dataset: MoleculeDataset or ImageDataset.
      kind: str. What the arrays are, a word for the file's name.
      version: str. Whatever decides them besides the samples, such as a library's version or the
        hash of a network.
      make: callable. `make(samples)` computes them of the distinct SMILES, sorted, or of all
        images of `source`.
      smiles: collection of str. The distinct SMILES to take instead of the data set's.

    Raises:
      ValueError: if there are no samples to compare with.
    """
    smiles = getattr(dataset, "smiles", None) if smiles is None else smiles
    samples = dataset.source if smiles is None else sorted(smiles)
    if not len(samples):
        raise ValueError(f"The data set {dataset.name!r} has no samples to compare with.")
    key = f"{kind}/{version}/{_hash_of(samples)}"
    return cached_arrays("metrics", f"{kind}-{dataset.name}", key, lambda: make(samples))


def _hash_of(samples) -> str:
    if isinstance(samples, list):
        return hashlib.sha256("\n".join(samples).encode()).hexdigest()
    digest = hashlib.sha256(str(samples.shape).encode())
    # In parts: the images may lie on disk, and be more than memory holds.
    for start in range(0, len(samples), _PART):
        digest.update(np.ascontiguousarray(samples[start : start + _PART]).data)
    return digest.hexdigest()
