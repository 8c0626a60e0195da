"""How alike molecules are: internal diversity, and nearest neighbours.

References:
  D. Rogers and M. Hahn, "Extended-connectivity fingerprints", Journal of Chemical Information and
  Modeling 50 (2010).
  M. Benhenda, "ChemGAN challenge for drug discovery: can AI reproduce natural chemical
  diversity?", arXiv:1708.08227.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from rdkit import DataStructs
from rdkit.Chem import rdFingerprintGenerator

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.datasets.molecules.graphs import graphs_to_smiles
from qlatent_tf.metrics.molecules.counts import distinct_valid, parsed_molecules
from qlatent_tf.scores import Score, measured
from qlatent_tf.text.progress import progress_bar

RADIUS = 2
BITS = 2048


def molecule_diversity(dataset: MoleculeDataset, samples, *, progress: bool = False) -> list[Score]:
    """Returns how unlike each other the distinct valid molecules are.

        internal_diversity = 1 - mean of T(a, b) over all pairs of distinct molecules a, b

    T is the Tanimoto similarity of Morgan fingerprints of radius 2 and 2048 bits. Valid is meant
    strictly: one fragment, no wildcard. A molecule is not paired with itself, so that the number
    of molecules does not enter.

    Args:
      dataset: MoleculeDataset. Unused: this is a property of the generated molecules alone.
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`.
      progress: bool. Whether to show a progress bar.

    Returns:
      ``internal_diversity``, from 0 to 1. NaN for less than two distinct valid molecules.
    """
    del dataset
    smiles = graphs_to_smiles(samples)
    diversity = mean_dissimilarity(distinct_valid(smiles), progress)
    return measured({"internal_diversity": diversity}, num_samples=len(smiles))


def mean_dissimilarity(smiles: Sequence[str], progress: bool = False) -> float:
    """Returns 1 minus the mean Tanimoto similarity of all pairs, NaN without a pair.

    Args:
      smiles: sequence of str. Distinct SMILES that parse.
      progress: bool. Whether to show a progress bar.
    """
    prints: Any = fingerprints(smiles)
    pairs = len(prints) * (len(prints) - 1) / 2
    rows = range(1, len(prints))
    bar = progress_bar(rows, desc="Internal diversity", shown=progress)
    # RDKit's annotations know fingerprints that count alone.
    similarity: Any = DataStructs.BulkTanimotoSimilarity
    total = sum(math.fsum(similarity(prints[row], prints[:row])) for row in bar)
    return 1 - total / pairs if pairs else math.nan


def nearest(
    smiles: Sequence[str], known: Sequence[str], *, count: int = 1, progress: bool = False
) -> list[list[tuple[str, float]]]:
    """Finds the known molecules that are most like each of some molecules.

    Args:
      smiles: sequence of str. SMILES that parse.
      known: sequence of str. SMILES that parse, `count` at least.
      count: int. How many to find; of equally near ones, the first of `known` come first.
      progress: bool. Whether to show a progress bar.

    Returns:
      For each of `smiles`, the nearest known SMILES with the Tanimoto similarities of their
      Morgan fingerprints, of radius 2 and 2048 bits, the most similar first.
    """
    if not 1 <= count <= len(known):
        raise ValueError(f"There are {len(known)} known molecules; received count {count}.")
    prints = fingerprints(known, progress=progress)
    found = []
    for fingerprint in fingerprints(smiles):
        similarities = np.array(DataStructs.BulkTanimotoSimilarity(fingerprint, prints))
        places = np.argsort(-similarities, kind="stable")[:count]
        found.append([(known[place], float(similarities[place])) for place in places])
    return found


def fingerprints(
    smiles: Sequence[str], *, progress: bool = False
) -> list[DataStructs.ExplicitBitVect]:
    """Returns the Morgan fingerprints of SMILES that parse."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)
    return [
        generator.GetFingerprint(molecule)
        for molecule in parsed_molecules(smiles, "Fingerprints", progress)
    ]
