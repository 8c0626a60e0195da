"""Scaffolds and functional groups of the generated molecules.

Reference:
  G. W. Bemis and M. A. Murcko, "The properties of known drugs. 1. Molecular frameworks", Journal
  of Medicinal Chemistry 39 (1996).
"""

import functools
import hashlib
import math
from collections.abc import Sequence

import numpy as np
import rdkit
from rdkit import Chem
from rdkit.Chem.Scaffolds import MurckoScaffold

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.datasets.molecules.graphs import graphs_to_smiles
from qlatent_tf.metrics.molecules.counts import distinct_valid, parsed_molecules
from qlatent_tf.metrics.reference_cache import reference_arrays
from qlatent_tf.scores import Score, measured

# The groups that molecules of C, N, O and F have, as SMARTS; those of other elements are none.
GROUPS = {
    "alcohol": "[CX4][OX2H]",
    "ether": "[#6;!$(C=O)][OX2;H0][#6;!$(C=O)]",
    "aldehyde": "[#6][CX3H1]=O",
    "ketone": "[#6][CX3](=O)[#6]",
    "carboxylic_acid": "[CX3](=O)[OX2H]",
    "ester": "[CX3](=O)[OX2H0][#6]",
    "amide": "[CX3](=O)[NX3]",
    # All of whose neighbours are saturated carbon.
    "amine": "[NX3;$(N[CX4]);!$(N[!$([CX4]);!#1])]",
    "imine": "[CX3]=[NX2]",
    "nitrile": "[CX2]#[NX1]",
    "alkene": "[CX3]=[CX3]",
    "alkyne": "[CX2]#[CX2]",
    "aromatic_ring": "a",
    "ring_of_3": "[r3]",
    "ring_of_4": "[r4]",
    "fluorine": "F",
}


def molecule_substructures(
    dataset: MoleculeDataset, samples, *, progress: bool = False
) -> list[Score]:
    """Counts the scaffolds and the functional groups of the distinct valid molecules.

    A scaffold is what Bemis and Murcko call so: the rings and what links them. A molecule without
    rings has none. Valid is meant strictly: one fragment, no wildcard.

        group_gap = 1 / G sum_g |share of molecules with group g - the same share of the data set|

    Those of the data set are found once (half a minute for QM9) and kept in the cache folder.

    Args:
      dataset: MoleculeDataset.
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`.
      progress: bool. Whether to show progress bars.

    Returns:
      ``scaffold_count``, the distinct scaffolds; ``new_scaffold_count``, those that the data set
      lacks; ``<group>_count`` for each of `GROUPS`, the distinct molecules that have it;
      ``group_gap``, NaN if no molecule is valid.
    """
    smiles = graphs_to_smiles(samples)
    scaffolds, groups = _substructures(distinct_valid(smiles), progress, "Substructures")
    reference = _reference_substructures(dataset, progress)
    known = set(reference["scaffolds"].tolist())
    shares = reference["group_counts"] / len(dataset.smiles)
    gap = np.abs(groups.mean(axis=0) - shares).mean() if len(groups) else math.nan
    alone = {"num_samples": len(smiles)}
    beside = {**alone, "reference": dataset.name, "reference_size": len(dataset.smiles)}
    counts = zip(GROUPS, groups.sum(axis=0), strict=True)
    return [
        *measured({"scaffold_count": len(scaffolds)}, **alone),
        *measured({"new_scaffold_count": len(scaffolds - known)}, **beside),
        *measured({f"{name}_count": count for name, count in counts}, **alone),
        *measured({"group_gap": gap}, **beside),
    ]


def scaffold(molecule: Chem.Mol) -> str:
    """Returns the canonical SMILES of a molecule's scaffold, empty without rings."""
    return MurckoScaffold.MurckoScaffoldSmiles(mol=molecule)


def groups_of(molecule: Chem.Mol) -> list[bool]:
    """Returns whether a molecule has each of `GROUPS`."""
    return [molecule.HasSubstructMatch(pattern) for pattern in _patterns()]


@functools.cache
def _patterns() -> list[Chem.Mol]:
    return [Chem.MolFromSmarts(pattern) for pattern in GROUPS.values()]


def _substructures(
    smiles: Sequence[str], progress: bool, label: str
) -> tuple[set[str], np.ndarray]:
    """Returns the distinct scaffolds, and which molecule has which group, of shape `(n, G)`."""
    scaffolds, groups = set(), np.zeros((len(smiles), len(GROUPS)), dtype=bool)
    for row, molecule in enumerate(parsed_molecules(smiles, label, progress)):
        groups[row] = groups_of(molecule)
        scaffolds.add(scaffold(molecule))
    return scaffolds - {""}, groups


def _reference_substructures(dataset: MoleculeDataset, progress: bool) -> dict[str, np.ndarray]:
    def make(smiles):
        scaffolds, groups = _substructures(smiles, progress, f"Substructures of {dataset.name}")
        return {
            "scaffolds": np.array(sorted(scaffolds), dtype=str),
            "group_counts": groups.sum(axis=0),
        }

    patterns = hashlib.sha256("\n".join(GROUPS.values()).encode()).hexdigest()
    version = f"{rdkit.__version__}/{patterns}"
    return reference_arrays(dataset, "substructures", version, make)
