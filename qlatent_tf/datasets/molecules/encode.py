"""Encodes a file of molecules once, and keeps the graphs."""

import collections
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import rdkit
from absl import logging
from rdkit import Chem, rdBase
from rdkit.Chem.rdMolDescriptors import CalcMolFormula

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.datasets.molecules import files as molecule_files
from qlatent_tf.datasets.molecules import graphs as molecule_graphs
from qlatent_tf.datasets.molecules import pictures as molecule_pictures
from qlatent_tf.storage import files
from qlatent_tf.storage.array_cache import cached_arrays
from qlatent_tf.storage.progress import progress_bar

# To be raised when the same file would give other graphs or SMILES than before.
ENCODER_VERSION = 1
# The others compare with the whole data set, of which they have to compute something first.
METRICS = ("molecules", "molecule_properties")
EVALUATION_METRICS = (
    *METRICS,
    "molecule_property_distances",
    "molecule_diversity",
    "molecule_substructures",
    "fcd",
)


def load_molecules(name: str, path: Path, progress: bool = True) -> MoleculeDataset:
    """Returns the molecules of a file as a data set.

    The graphs are kept in the cache folder under the hash of the file, so that a second call
    takes a moment. A damaged copy there is made again.

    Args:
      name: str. The name of the data set.
      path: path. A file that `read_molecules` reads.
      progress: bool. Whether to show a progress bar while encoding.

    Raises:
      ValueError: if no molecule of the file has a graph.
    """
    path = Path(path)
    source_hash = files.sha256_of(path)
    # SMILES are canonical within one version of RDKit alone.
    key = f"{source_hash}/{ENCODER_VERSION}/{rdkit.__version__}"
    arrays = cached_arrays(
        "molecules",
        name,
        key,
        make=lambda: _arrays(encode(molecule_files.read_molecules(path), progress, path.name)),
        check=_check,
    )
    return MoleculeDataset(
        name=name,
        source={part: arrays[part] for part in ("atoms", "bonds")},
        metrics=METRICS,
        evaluation_metrics=EVALUATION_METRICS,
        provenance={"file": path.name, "sha256": source_hash, **json.loads(str(arrays["counts"]))},
        render=molecule_pictures.draw_molecules,
        smiles=frozenset(arrays["smiles"].tolist()),
    )


def encode(
    molecules: Iterable[Chem.Mol | None], progress: bool = False, label: str = "molecules"
) -> tuple[dict[str, np.ndarray], np.ndarray, dict]:
    """Encodes molecules, leaving out and counting those that their graph does not give back.

    A molecule is kept if decoding its graph gives its atoms, its bonds and its number of
    hydrogens. Where those hydrogens sit on an aromatic ring is not in the graph: the molecules
    whose decoded tautomer is another are kept and counted.

    Args:
      molecules: iterable of rdkit.Chem.Mol, None for one that could not be read.
      progress: bool. Whether to show a progress bar.
      label: str. What the progress bar is about.

    Returns:
      The graphs, ``{"atoms": int8 (n, 9), "bonds": int8 (n, 9, 9)}``; the canonical SMILES of
      each, str array of shape `(n,)`; and the counts, a dict of JSON values.

    Raises:
      ValueError: if no molecule is kept.
    """
    atoms, bonds, smiles = [], [], []
    refused = collections.Counter()
    moved = 0
    with (
        rdBase.BlockLogs(),
        progress_bar(molecules, desc=f"Encoding {label}", unit=" molecules", shown=progress) as bar,
    ):
        for molecule in bar:
            try:
                graph, decoded, is_moved = _encode_one(molecule)
            except molecule_graphs.GraphError as error:
                refused[error.reason] += 1
                continue
            atoms.append(graph[0])
            bonds.append(graph[1])
            smiles.append(decoded)
            moved += is_moved
    counts = {
        "molecules_read": len(atoms) + sum(refused.values()),
        "molecules": len(atoms),
        "distinct_molecules": len(set(smiles)),
        "refused": dict(sorted(refused.items())),
        "other_tautomer_when_decoded": moved,
    }
    if not atoms:
        raise ValueError(f"None of the molecules of {label} has a graph: {counts['refused']}.")
    logging.info(
        "%s: %d molecules, %d of them distinct.",
        label,
        counts["molecules"],
        counts["distinct_molecules"],
    )
    if refused:
        logging.warning(
            "%s: %d of %d molecules do not fit the graphs and are left out: %s.",
            label,
            sum(refused.values()),
            counts["molecules_read"],
            ", ".join(f"{count} with {reason}" for reason, count in sorted(refused.items())),
        )
    return {"atoms": np.stack(atoms), "bonds": np.stack(bonds)}, np.array(smiles), counts


def _encode_one(molecule: Chem.Mol | None) -> tuple[tuple[np.ndarray, np.ndarray], str, bool]:
    """Returns the graph, its canonical SMILES, and whether that is another tautomer's."""
    if molecule is None:
        raise molecule_graphs.GraphError("a file entry that RDKit refuses")
    graph = molecule_graphs.molecule_to_graph(molecule)
    given = molecule_graphs.canonical_smiles(molecule)
    if "." in given:
        raise molecule_graphs.GraphError("several fragments")
    decoded = molecule_graphs.graph_to_molecule(*graph)
    smiles = decoded and molecule_graphs.canonical_smiles(decoded)
    if smiles == given:
        return graph, smiles, False
    if (
        decoded is None
        or CalcMolFormula(decoded) != CalcMolFormula(molecule)
        or not np.array_equal(molecule_graphs.molecule_to_graph(decoded)[1], graph[1])
    ):
        raise molecule_graphs.GraphError("a structure that the graph does not give back")
    return graph, smiles, True


def _arrays(encoded) -> dict[str, np.ndarray]:
    graphs, smiles, counts = encoded
    return {**graphs, "smiles": smiles, "counts": np.array(json.dumps(counts))}


def _check(arrays) -> None:
    """Raises ValueError if the arrays do not fit each other."""
    atoms, _ = molecule_graphs.check_graphs(arrays)
    counts = json.loads(str(arrays["counts"]))
    if arrays["smiles"].shape != (len(atoms),) or counts["molecules"] != len(atoms):
        raise ValueError("its parts do not fit each other")
