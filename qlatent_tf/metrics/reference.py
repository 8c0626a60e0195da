"""What is computed once of a data set's molecules, and kept."""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from qlatent_tf import files
from qlatent_tf.datasets.array_cache import cached_arrays
from qlatent_tf.datasets.dataset import MoleculeDataset


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
    key = f"{kind}/{version}/{molecules}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    path = files.cache_dir() / "metrics" / f"{kind}-{dataset.name}-{digest[:16]}.npz"
    return cached_arrays(path, key, lambda: make(smiles), check)


def compared(figure: str, dataset: MoleculeDataset) -> str:
    """Returns the name of a figure that compares with a data set.

    Example:
      >>> compared("fcd", dataset)
      'fcd_qm9_129925'
    """
    return f"{figure}_{dataset.name}_{len(dataset.smiles)}"
