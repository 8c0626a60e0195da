"""Encodes a file of molecules once, and keeps the graphs."""

import collections
import contextlib
import functools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
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
from qlatent_tf.datasets.molecules.elements import (
    ATOMS,
    ELEMENTS,
    LARGEST_MAX_ATOMS,
    MAX_ATOMS,
    check_elements,
    check_max_atoms,
)
from qlatent_tf.datasets.molecules.held_out import held_out
from qlatent_tf.quantum.memory import check_memory
from qlatent_tf.storage import files, npy_files
from qlatent_tf.storage.array_cache import cached_arrays
from qlatent_tf.text.progress import progress_bar

# To be raised when the same file would give other graphs or SMILES than before.
ENCODER_VERSION = 4
_LONGEST_NAME = 60  # characters of a SMILES in a message
_SMILES = ("smiles", "plain_smiles", "file_smiles")
# The others compare with the whole data set, of which they have to compute something first.
METRICS = ("molecules", "molecule_properties")
EVALUATION_METRICS = (
    *METRICS,
    "molecule_property_distances",
    "molecule_diversity",
    "molecule_substructures",
    "fcd",
    "plain_decoding",
    "molecule_neighbours",
)


def load_molecules(
    name: str,
    path: Path,
    progress: bool = True,
    column: str | None = None,
    test_share: float = 0.0,
    max_atoms: int = MAX_ATOMS,
    elements: Sequence[str] = ELEMENTS,
) -> MoleculeDataset:
    """Returns the molecules of a file as a data set.

    The graphs are kept in the cache folder under the hash of the file, so that a second call
    takes a moment. A damaged copy there is made again.

    Args:
      name: str. The name of the data set.
      path: path. A file that `read_molecules` reads.
      progress: bool. Whether to show a progress bar while encoding.
      column: str. The heading of the SMILES in a table, see `read_molecules`.
      test_share: float. What share is held out, see `held_out`.
      max_atoms, elements: as of `molecule_to_graph`.

    Raises:
      ValueError: if no molecule of the file has a graph, or an option is not legal.
    """
    path = Path(path)
    max_atoms, elements = check_max_atoms(max_atoms), check_elements(elements)
    # Refuses other formats before the file is hashed, and reads it when it is encoded.
    molecules = molecule_files.read_molecules(path, column)
    chosen = "" if column is None else f"/column {column}"
    # The options come last, so that a key that ends with the versions is one of the usual graphs.
    key = files.sha256_of(path) + chosen + _versions() + _asked(max_atoms, elements)

    def make():
        graphs, smiles, counts = encode(molecules, progress, path.name, max_atoms, elements)
        return {**graphs, **smiles, "counts": np.array(json.dumps({"file": path.name, **counts}))}

    check = functools.partial(_check, max_atoms=max_atoms, elements=elements)
    arrays = cached_arrays("molecules", name, key, make, check)
    options = {"column": column, "max_atoms": max_atoms, "elements": elements}
    return _dataset(name, key, arrays, path.name, test_share, **options)


def load_encoded(name: str, test_share: float = 0.0) -> MoleculeDataset | None:
    """Returns the data set of this name that the cache folder holds encoded, without its file.

    None if there is none there, or several of different files.
    """
    found = []
    # Names may begin alike.
    for file in (files.cache_dir() / "molecules").glob(f"{name}-{'[0-9a-f]' * 16}.npz"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            found.append(str(npy_files.read_npz(file, "key")))
    keys = [key for key in found if key.endswith(_versions())]
    if len(keys) != 1:
        return None
    try:
        arrays = cached_arrays("molecules", name, keys[0], _no_file, _check)
    except FileNotFoundError:  # It is damaged.
        return None
    return _dataset(name, keys[0], arrays, test_share=test_share)


def _no_file():
    raise FileNotFoundError


def _versions():
    # SMILES are canonical within one version of RDKit alone.
    return f"/{ENCODER_VERSION}/{rdkit.__version__}"


def _asked(max_atoms, elements):
    """What the options add to the key: nothing for the usual ones, as in caches without options."""
    asked = recorded_options(max_atoms, elements)
    return f"/max_atoms {max_atoms}/elements {','.join(elements)}" if asked else ""


def _dataset(
    name,
    key,
    arrays,
    file=None,
    test_share=0.0,
    column=None,
    max_atoms=MAX_ATOMS,
    elements=ELEMENTS,
):
    counts = json.loads(str(arrays["counts"]))
    encoded_file = counts.pop("file")
    provenance = {"file": file or encoded_file, "sha256": key.partition("/")[0]}
    if column is not None:
        provenance["column"] = str(column)
    provenance |= recorded_options(max_atoms, elements)
    return molecule_dataset(name, arrays, arrays, counts, provenance, test_share)


def recorded_options(max_atoms: int, elements: Sequence[str]) -> dict:
    """Returns what a record says of the graphs, of the usual ones nothing, as of old."""
    usual = (max_atoms, tuple(elements)) == (MAX_ATOMS, ELEMENTS)
    return {} if usual else {"max_atoms": max_atoms, "elements": list(elements)}


def molecule_dataset(
    name: str,
    graphs: Mapping[str, np.ndarray],
    smiles: Mapping[str, np.ndarray],
    counts: dict,
    provenance: dict,
    test_share: float = 0.0,
) -> MoleculeDataset:
    """Returns what `encode` returned as a data set; the counts are added to the provenance."""
    out, test = held_out(smiles["smiles"], test_share, name), None
    if test_share:
        test = {part: graphs[part][out] for part in ("atoms", "bonds")}
        graphs = {part: graphs[part][~out] for part in ("atoms", "bonds")}
        smiles = {part: smiles[part][~out] for part in _SMILES}
        counts = {
            **counts,
            "molecules": int(sum(~out)),
            "distinct_molecules": len(set(smiles["smiles"].tolist())),
            "other_tautomer_when_decoded": int(sum(smiles["smiles"] != smiles["file_smiles"])),
            "held_out": int(sum(out)),
            "test_share": test_share,
        }
    return MoleculeDataset(
        name=name,
        source={part: graphs[part] for part in ("atoms", "bonds")},
        test=test,
        metrics=METRICS,
        evaluation_metrics=EVALUATION_METRICS,
        provenance={**provenance, **counts},
        render=molecule_pictures.draw_molecules,
        smiles=frozenset(smiles["smiles"].tolist()),
        plain_smiles=frozenset(smiles["plain_smiles"].tolist()) - {""},
        file_smiles=frozenset(smiles["file_smiles"].tolist()),
    )


def encode(
    molecules: Iterable[Chem.Mol | None],
    progress: bool = False,
    label: str = "molecules",
    max_atoms: int = MAX_ATOMS,
    elements: Sequence[str] = ELEMENTS,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict]:
    """Encodes molecules, leaving out and counting those that their graph does not give back.

    A molecule is kept if decoding its graph gives its atoms, its bonds and its number of
    hydrogens. Where those hydrogens sit on an aromatic ring is not in the graph: the molecules
    whose decoded tautomer is another are kept and counted.

    Args:
      molecules: iterable of rdkit.Chem.Mol, None for one that could not be read.
      progress: bool. Whether to show a progress bar.
      label: str. What the progress bar is about.
      max_atoms, elements: as of `molecule_to_graph`.

    Returns:
      The graphs, ``{"atoms": int8 (n, k), "bonds": int8 (n, k, k)}``; canonical SMILES of each, str
      arrays of shape `(n,)`: ``smiles`` of the graph, ``plain_smiles`` of the graph where RDKit
      alone decodes it, else empty, and ``file_smiles`` of the molecule in the file; and the counts,
      a dict of JSON values.

    Raises:
      ValueError: if no molecule is kept, an option is not legal, or the graphs do not fit into
        memory.
    """
    max_atoms, elements = check_max_atoms(max_atoms), check_elements(elements)
    atoms = np.empty((0, max_atoms), np.int8)
    bonds = np.empty((0, max_atoms, max_atoms), np.int8)
    texts: list[dict[str, str]] = []
    refused, first = collections.Counter(), {}
    beyond = _Beyond(max_atoms, elements)
    with (
        rdBase.BlockLogs(),
        progress_bar(molecules, desc=f"Encoding {label}", unit=" molecules", shown=progress) as bar,
    ):
        for number, molecule in enumerate(bar, start=1):
            try:
                graph, found = _encode_one(molecule, max_atoms, elements)
            except molecule_graphs.GraphError as error:
                refused[error.reason] += 1
                if error.by_options and molecule is not None:
                    beyond.add(molecule)
                first.setdefault(error.reason, (number, molecule))
                continue
            if len(texts) == len(atoms):
                _resize(len(texts) + len(texts) // 8 + 1024, label, atoms, bonds)
            atoms[len(texts)], bonds[len(texts)] = graph
            texts.append(found)
    _resize(len(texts), label, atoms, bonds)
    smiles = {name: np.array([one[name] for one in texts]) for name in _SMILES}
    counts = {
        "molecules_read": len(texts) + sum(refused.values()),
        "molecules": len(texts),
        "distinct_molecules": len(set(smiles["smiles"].tolist())),
        "refused": dict(sorted(refused.items())),
        "other_tautomer_when_decoded": int(sum(smiles["smiles"] != smiles["file_smiles"])),
    }
    reasons = "; ".join(
        f"{count} with {reason} ({_named(*first[reason])} first)"
        for reason, count in sorted(refused.items())
    )
    if not texts:
        raise ValueError(
            f"None of the molecules of {label} has a graph: {reasons or 'there are none'}."
            f"{beyond.hint()}"
        )
    logging.info(
        "%s: %d molecules, %d of them distinct.",
        label,
        counts["molecules"],
        counts["distinct_molecules"],
    )
    if refused:
        logging.warning(
            "%s: %d of %d molecules do not fit the graphs and are left out: %s.%s",
            label,
            sum(refused.values()),
            counts["molecules_read"],
            reasons,
            beyond.hint(),
        )
    return {"atoms": atoms, "bonds": bonds}, smiles, counts


def _resize(rows: int, label: str, *arrays: np.ndarray) -> None:
    """Changes the number of graphs in arrays, in place: a copy would take the memory twice."""
    each = sum(math.prod(array.shape[1:]) for array in arrays)
    check_memory(rows * each, f"The graphs of {rows:,} molecules of {label}")
    for array in arrays:
        array.resize((rows, *array.shape[1:]), refcheck=False)


class _Beyond:
    """What molecules that are left out have beyond the options, which could take them."""

    def __init__(self, max_atoms: int, elements: Sequence[str]):
        self._max_atoms, self._elements = max_atoms, elements
        self._largest, self._others = 0, set()

    def add(self, molecule: Chem.Mol) -> None:
        """Looks at one more."""
        self._largest = max(self._largest, molecule.GetNumAtoms())
        self._others |= {atom.GetSymbol() for atom in molecule.GetAtoms()} - {*self._elements}

    def hint(self) -> str:
        """Returns a sentence on the options, if they are any help."""
        ways = []
        if self._max_atoms < min(self._largest, LARGEST_MAX_ATOMS):
            ways.append(f"max_atoms above {self._max_atoms} (the largest has {self._largest})")
        others = [symbol for symbol in ATOMS[1:] if symbol in self._others]
        if others:
            ways.append(f"elements={','.join([*self._elements, *others])}")
        if not ways:
            return ""
        return f" `molecules` and `from_smiles` have options that take more: {' and '.join(ways)}."


def _named(number: int, molecule: Chem.Mol | None) -> str:
    """Returns what tells an entry of a file: its number, from 1, and its SMILES if it has one."""
    smiles = molecule and molecule_graphs.canonical_smiles(molecule)[:_LONGEST_NAME]
    return f"entry {number:,}, {smiles}," if smiles else f"entry {number:,}"


def _encode_one(
    molecule: Chem.Mol | None, max_atoms: int, elements: Sequence[str]
) -> tuple[tuple[np.ndarray, np.ndarray], dict[str, str]]:
    """Returns the graph, and the SMILES that `_SMILES` names."""
    if molecule is None:
        raise molecule_graphs.GraphError("an entry that RDKit refuses")
    given = molecule_graphs.canonical_smiles(molecule)
    # Before its atoms are looked at: a salt is one for its ions, not for its elements.
    if "." in given:
        raise molecule_graphs.GraphError("several fragments")
    graph = molecule_graphs.encoded_graph(molecule, max_atoms, elements)
    decoded, plain = molecule_graphs.decode(*graph)
    found = {
        "smiles": decoded and molecule_graphs.canonical_smiles(decoded),
        "plain_smiles": molecule_graphs.canonical_smiles(plain) if plain else "",
        "file_smiles": given,
    }
    if found["smiles"] == given:
        return graph, found
    if (
        decoded is None
        or CalcMolFormula(decoded) != CalcMolFormula(molecule)
        or not np.array_equal(
            molecule_graphs.encoded_graph(decoded, max_atoms, elements)[1], graph[1]
        )
    ):
        raise molecule_graphs.GraphError("a structure that the graph does not give back")
    return graph, found


def _check(arrays, max_atoms=MAX_ATOMS, elements=ELEMENTS) -> None:
    """Raises ValueError if the arrays do not fit each other or the options."""
    atoms, _ = molecule_graphs.check_graphs(arrays)
    others = set(np.unique(atoms)) - {0, *map(ATOMS.index, elements)}
    if atoms.shape[1] != max_atoms or others:
        raise ValueError("its graphs are of other options")
    counts = json.loads(str(arrays["counts"]))
    if not isinstance(counts["file"], str):
        raise ValueError("it does not tell its file")
    sizes = {counts["molecules"], *(arrays[name].size for name in _SMILES)}
    if sizes != {len(atoms)}:
        raise ValueError("its parts do not fit each other")
