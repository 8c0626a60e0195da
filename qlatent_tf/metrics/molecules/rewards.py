"""Properties of molecules as rewards of training: from 0 to 1, which is best.

A graph that is no single whole molecule (see `molecules`) is worth 0. The ranges of `logp` and `sa`
are those of MolGAN's public code.

Reference:
  N. De Cao and T. Kipf, "MolGAN: An implicit generative model for small molecular graphs",
  arXiv:1805.11973.
"""

import hashlib

import numpy as np
import rdkit
from absl import logging

from qlatent_tf.datasets.molecules.elements import MAX_ATOMS
from qlatent_tf.datasets.molecules.encode import ENCODER_VERSION
from qlatent_tf.datasets.molecules.graphs import check_graphs, graphs_to_smiles
from qlatent_tf.metrics.molecules.counts import distinct_valid, is_whole
from qlatent_tf.metrics.molecules.properties import PROPERTIES, property_table
from qlatent_tf.storage.array_cache import cached_arrays

# The values of the property that are worth 0 and 1.
LOGP_RANGE = (-2.12178879609, 6.0429063424)
SA_RANGE = (5.0, 1.5)


def qed(samples, *, keep: bool = False, progress: bool = False) -> np.ndarray:
    """Rewards drug-likeness: QED as it is.

    Args:
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`.
      keep: bool. Whether these are a data set's, whose rewards are worth keeping in the cache.
      progress: bool. Whether to show a progress bar.

    Returns:
      float array, shape `(n,)`.
    """
    return _worth(samples, "qed", (0.0, 1.0), keep, progress)


def logp(samples, *, keep: bool = False, progress: bool = False) -> np.ndarray:
    """Rewards solubility in octanol: logP from -2.12 (0) to 6.04 (1); arguments as `qed`."""
    return _worth(samples, "logp", LOGP_RANGE, keep, progress)


def sa(samples, *, keep: bool = False, progress: bool = False) -> np.ndarray:
    """Rewards easy synthesis: the accessibility score from 5 (0) to 1.5 (1); arguments as `qed`."""
    return _worth(samples, "sa", SA_RANGE, keep, progress)


def valid(samples, *, keep: bool = False, progress: bool = False) -> np.ndarray:
    """Rewards validity: 1 for a single whole molecule, 0 for others; arguments as `qed`."""
    del progress  # The graphs are decoded in one pass.

    def make(atoms, bonds):
        if keep:
            logging.info("Looking which of %d graphs are molecules, which is kept.", len(atoms))
        smiles = graphs_to_smiles({"atoms": atoms, "bonds": bonds})
        return np.array([is_whole(text) for text in smiles], "float32")

    return _of_graphs(samples, "graph_validity", make, keep)


def graph_properties(samples, *, keep: bool = False, progress: bool = False) -> np.ndarray:
    """Returns the properties of each graph.

    Args:
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`.
      keep: bool. Whether to keep the result in the cache folder, and to look for it there.
      progress: bool. Whether to show a progress bar.

    Returns:
      float array, shape `(n, 3)`; the columns are `PROPERTIES`. NaN in the rows of graphs that are
      no single whole molecule.
    """

    def make(atoms, bonds):
        if keep:
            logging.info("Computing the properties of %d graphs, which are kept.", len(atoms))
        smiles = graphs_to_smiles({"atoms": atoms, "bonds": bonds})
        distinct = distinct_valid(smiles)
        rows = property_table(distinct, progress=progress, label="Rewards of the data")
        found: dict[str | None, np.ndarray] = dict(zip(distinct, rows, strict=True))
        none = np.full(len(PROPERTIES), np.nan)
        table = [found.get(text, none) for text in smiles]
        return np.array(table).reshape(len(atoms), len(PROPERTIES))

    return _of_graphs(samples, "graph_properties", make, keep)


def _of_graphs(samples, name, make, keep):
    """Returns what `make` returns of graphs; of those of a data set it is kept in the cache."""
    atoms, bonds = check_graphs(samples)
    if not keep:
        return make(atoms, bonds)
    # Nothing more of graphs of nine places, whose results are kept already.
    places = b"" if atoms.shape[1] == MAX_ATOMS else f"{atoms.shape}".encode()
    graphs = hashlib.sha256(places + atoms.tobytes() + bonds.tobytes()).hexdigest()
    key = f"{name.replace('_', ' ')}/{ENCODER_VERSION}/{rdkit.__version__}/{graphs}"
    part = name.partition("_")[2]
    return cached_arrays("metrics", name, key, lambda: {part: make(atoms, bonds)})[part]


def _worth(samples, name, bounds, keep, progress):
    low, high = bounds
    values = graph_properties(samples, keep=keep, progress=progress)[:, PROPERTIES.index(name)]
    return np.nan_to_num(np.clip((values - low) / (high - low), 0.0, 1.0), nan=0.0)
