"""Precision, recall, density and coverage of molecules; see `qlatent_tf.metrics.neighbours`."""

import numpy as np

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.datasets.molecules.graphs import graphs_to_smiles
from qlatent_tf.metrics.molecules import chemnet
from qlatent_tf.metrics.neighbours import MOST, neighbour_scores
from qlatent_tf.metrics.reference_cache import reference_arrays
from qlatent_tf.scores import Score
from qlatent_tf.seeds import some_rows

# What scores call the judge. Cells from before scores counted repetitions say `chemnet`.
NETWORK = f"chemnet_{chemnet.WIDTH}"


def molecule_neighbours(
    dataset: MoleculeDataset, samples, *, progress: bool = False
) -> list[Score]:
    """Compares molecules, repeated ones as often as they are, by ChemNet's activations.

    See `precision_and_recall`. Were each molecule counted once, the few of a collapsed generator
    would lie far apart, and their large balls would hold most of the data.

    Args:
      dataset: MoleculeDataset. Of its distinct molecules as many are compared as samples parse,
        and at most 10,000. Their activations are kept in the cache folder.
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`. At most
        10,000 of those that parse are compared.
      progress: bool. Whether to show progress bars.

    Returns:
      ``precision``, ``recall``, ``density`` and ``coverage``; NaN for too few molecules.

    Raises:
      FileNotFoundError: if the package `fcd`, which holds ChemNet's weights, is not installed.
    """
    smiles = graphs_to_smiles(samples)
    parsed = chemnet.readable([text for text in smiles if text])
    parsed = some_rows(np.array(parsed, dtype=object), MOST)

    def make(known):
        known = chemnet.readable(known)
        kept = some_rows(np.array(known, dtype=object), MOST).tolist()
        return {"rows": chemnet.activations(kept, progress=progress, label="ChemNet")}

    version = f"2/{min(len(dataset.smiles), MOST)}/{chemnet.WEIGHTS_SHA256}"
    rows = reference_arrays(dataset, "chemnet_rows", version, make)["rows"]
    distinct, places = np.unique(parsed, return_inverse=True)
    generated = chemnet.activations(distinct.tolist(), progress=progress)[places]
    return neighbour_scores(dataset, rows, generated, len(smiles), NETWORK)
