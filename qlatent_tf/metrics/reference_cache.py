"""What is computed once of a data set's molecules or images, and kept."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from qlatent_tf.datasets.dataset import ImageDataset, MoleculeDataset
from qlatent_tf.storage.array_cache import cached_arrays

_PART = 4096


def reference_arrays(
    dataset: MoleculeDataset,
    kind: str,
    version: str,
    make: Callable[[Sequence[str]], Mapping[str, np.ndarray]],
    check: Callable[[Mapping[str, np.ndarray]], None],
) -> dict[str, np.ndarray]:
    """Returns arrays that describe the distinct molecules of a data set, from the cache if there.

    Args:
      dataset: MoleculeDataset.
      kind: str. What the arrays are, a word for the file's name.
      version: str. Whatever decides them besides the molecules, such as a library's version.
      make: callable. `make(smiles)` computes them of the distinct SMILES, sorted.
      check: callable. `check(arrays)` raises ValueError or KeyError for others than these.
    """
    smiles = sorted(dataset.smiles)
    if not smiles:
        raise ValueError(f"The data set {dataset.name!r} has no molecules to compare with.")
    molecules = hashlib.sha256("\n".join(smiles).encode()).hexdigest()
    return _kept(dataset.name, kind, f"{version}/{molecules}", lambda: make(smiles), check)


def image_reference_arrays(
    dataset: ImageDataset,
    kind: str,
    version: str,
    make: Callable[[np.ndarray], Mapping[str, np.ndarray]],
    check: Callable[[Mapping[str, np.ndarray]], None],
) -> dict[str, np.ndarray]:
    """Returns arrays that describe the images of a data set, from the cache if there.

    Args:
      dataset: ImageDataset.
      kind: str. What the arrays are, a word for the file's name.
      version: str. Whatever decides them besides the images, such as the hash of a network.
      make: callable. `make(images)` computes them of all of `source`.
      check: callable. `check(arrays)` raises ValueError or KeyError for others than these.
    """
    images = dataset.source
    digest = hashlib.sha256(str(images.shape).encode())
    # In parts: the images may lie on disk, and be more than memory holds.
    for start in range(0, len(images), _PART):
        digest.update(np.ascontiguousarray(images[start : start + _PART]))
    return _kept(dataset.name, kind, f"{version}/{digest.hexdigest()}", lambda: make(images), check)


def _kept(name, kind, version, make, check):
    return cached_arrays("metrics", f"{kind}-{name}", f"{kind}/{version}", make, check)
