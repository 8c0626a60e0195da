"""Precision, recall, density and coverage of molecules; see `qlatent_tf.metrics.neighbours`."""

import numpy as np

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.datasets.molecules.graphs import graphs_to_smiles
from qlatent_tf.metrics.molecules import chemnet
from qlatent_tf.metrics.neighbours import MOST, neighbour_scores
from qlatent_tf.metrics.reference_cache import reference_arrays
from qlatent_tf.scores import Score
from qlatent_tf.seeds import some_rows


def molecule_neighbours(
    dataset: MoleculeDataset, samples, *, progress: bool = False
) -> list[Score]:
    """Compares distinct molecules by ChemNet's activations; see `precision_and_recall`.

    Args:
      dataset: MoleculeDataset. At most 10,000 of its distinct molecules are compared, whose
        activations are kept in the cache folder.
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`. The
        distinct SMILES that parse are compared, as by `fcd`.
      progress: bool. Whether to show progress bars.

    Returns:
      ``precision``, ``recall``, ``density`` and ``coverage``; NaN for too few molecules.

    Raises:
      FileNotFoundError: if the package `fcd`, which holds ChemNet's weights, is not installed.
    """
    smiles = graphs_to_smiles(samples)
    distinct = chemnet.readable(sorted({text for text in smiles if text}))
    distinct = np.array(distinct, dtype=object)
    distinct = some_rows(distinct, MOST).tolist()

    def make(known):
        known = chemnet.readable(known)
        kept = some_rows(np.array(known, dtype=object), MOST).tolist()
        return {"rows": chemnet.activations(kept, progress=progress, label="ChemNet")}

    version = f"2/{min(len(dataset.smiles), MOST)}/{chemnet.WEIGHTS_SHA256}"
    rows = reference_arrays(dataset, "chemnet_rows", version, make)["rows"]
    generated = np.zeros((0, chemnet.WIDTH), np.float32)
    if distinct:
        generated = chemnet.activations(distinct, progress=progress)
    return neighbour_scores(dataset, rows, generated, len(smiles), "chemnet")
