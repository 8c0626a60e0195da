"""Molecules as small labelled graphs, and back.

A graph is an atom code for each of its nodes, nine in most data sets, and a bond code for each pair
of nodes. Hydrogens are not nodes; formal charges, stereochemistry and isotopes are not part of a
graph. The codes are those of `qlatent_tf.datasets.molecules.elements`, in all data sets the same.

Reference:
  N. De Cao and T. Kipf, "MolGAN: An implicit generative model for small molecular graphs",
  arXiv:1805.11973.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from rdkit import Chem, rdBase

from qlatent_tf.datasets.molecules.elements import (
    ATOMIC_NUMBERS,
    ATOMS,
    BONDS,
    ELEMENTS,
    MAX_ATOMS,
    check_elements,
    check_max_atoms,
    in_words,
)
from qlatent_tf.datasets.molecules.hydrogens import sanitised

_ATOM_CODES = {number: code for code, number in enumerate(ATOMIC_NUMBERS) if number}
_CHARGED = Chem.MolFromSmarts("[!+0]")
_OTHER_BOND = Chem.MolFromSmarts("*!-!=!#!:*")
_AROMATIC = BONDS.index("aromatic")
_BOND_TYPES = (
    None,
    Chem.BondType.SINGLE,
    Chem.BondType.DOUBLE,
    Chem.BondType.TRIPLE,
    Chem.BondType.AROMATIC,
)
# RDKit's bond orders 0, 1, 1.5, 2, 3, doubled, to bond codes.
_BOND_CODES = np.array([0, -1, 1, 4, 2, -1, 3], dtype=np.int8)


class GraphError(ValueError):
    """A molecule that has no graph.

    Attributes:
      reason: str. A short label that can be counted.
      by_options: bool. Whether more atoms or other elements would be the remedy.
    """

    def __init__(self, reason: str, by_options: bool = False):
        super().__init__(f"The molecule has no graph: {reason}.")
        self.reason = reason
        self.by_options = by_options


def parse_smiles(text: str) -> Chem.Mol | None:
    """Returns the molecule of a SMILES, without the numbers of atom maps; None if it is none."""
    # Of other characters RDKit reads what stands before them.
    molecule = Chem.MolFromSmiles(text) if text.isascii() else None
    return without_maps(molecule) if molecule is not None and ":" in text else molecule


def list_of_smiles(smiles: Iterable, name: str) -> list:
    """Returns SMILES as a list.

    Raises:
      ValueError: if they are a single text, no list, or a table, of which a list has the headings.
    """
    if isinstance(smiles, str):
        raise ValueError(f"{name} are SMILES in a list; received the string {smiles!r}.")
    if hasattr(smiles, "columns") or isinstance(smiles, Mapping):
        raise ValueError(f"{name} are SMILES in a list; received a table: pass a column of it.")
    if isinstance(smiles, bytes) or not isinstance(smiles, Iterable):
        raise ValueError(f"{name} are SMILES in a list; received {smiles!r}.")
    return list(smiles)


def without_maps(molecule: Chem.Mol) -> Chem.Mol:
    """Returns the molecule; the numbers of atom maps, which would tell it from itself, are gone."""
    mapped = [atom for atom in molecule.GetAtoms() if atom.GetAtomMapNum()]
    for atom in mapped:
        atom.SetAtomMapNum(0)
    if mapped:  # They made stereocentres of atoms whose neighbours are alike.
        Chem.AssignStereochemistry(molecule, cleanIt=True, force=True)
    return molecule


def molecule_to_graph(
    molecule: Chem.Mol, max_atoms: int = MAX_ATOMS, elements: Sequence[str] = ELEMENTS
) -> tuple[np.ndarray, np.ndarray]:
    """Encodes a molecule as atom and bond codes.

    Args:
      molecule: rdkit.Chem.Mol. Sanitised, without explicit hydrogen atoms.
      max_atoms: int. The places of the graph, k, from 1 to 100.
      elements: sequence of str. The symbols of those that are taken, among C, N, O, F, S, Cl, Br,
        P, I, B, Si and Se. They do not change what an element's code is.

    Returns:
      Atom codes, int8 of shape `(k,)`, and symmetric bond codes, int8 of shape `(k, k)`.

    Raises:
      GraphError: if the molecule has no atom, more than k, another element, a formal charge, an
        unpaired electron, a hydrogen, or a bond of another kind.
      ValueError: if it is none, as RDKit returns for a SMILES that it does not read, or an option
        is not legal.
    """
    max_atoms, elements = check_max_atoms(max_atoms), check_elements(elements)
    if not isinstance(molecule, Chem.Mol):
        raise ValueError(
            f"A graph is of a molecule of RDKit; received {molecule!r}. RDKit returns None for a "
            "SMILES that it does not read."
        )
    return encoded_graph(molecule, max_atoms, elements)


def encoded_graph(
    molecule: Chem.Mol, max_atoms: int, elements: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Returns what `molecule_to_graph` does; its options are checked, once for many molecules."""
    size = molecule.GetNumAtoms()
    if not size:
        raise GraphError("no atoms, as of an empty entry")
    if any(atom.GetAtomicNum() == 1 for atom in molecule.GetAtoms()):
        raise GraphError("hydrogens as atoms of their own, such as deuterium")
    if size > max_atoms:
        raise GraphError(f"more than {max_atoms} heavy atoms", by_options=True)
    atoms = np.zeros(max_atoms, dtype=np.int8)
    for node, atom in enumerate(molecule.GetAtoms()):
        code = _ATOM_CODES.get(atom.GetAtomicNum())
        if code is None or ATOMS[code] not in elements:
            reason = f"an element besides {in_words(elements)}"
            raise GraphError(reason, by_options=code is not None)
        if atom.GetNumRadicalElectrons():
            raise GraphError("an unpaired electron")
        atoms[node] = code
    if molecule.HasSubstructMatch(_CHARGED):
        raise GraphError("a formal charge")
    if molecule.HasSubstructMatch(_OTHER_BOND):
        raise GraphError("a bond of another kind")
    doubled_orders = 2 * Chem.GetAdjacencyMatrix(molecule, useBO=True)
    bonds = np.zeros((max_atoms, max_atoms), dtype=np.int8)
    bonds[:size, :size] = _BOND_CODES[doubled_orders.astype(np.int8)]
    return atoms, bonds


def graph_to_molecule(atoms: np.ndarray, bonds: np.ndarray) -> Chem.Mol | None:
    """Decodes a graph into a molecule whose valences hold.

    A PAD node without bonds is no atom; a PAD node with bonds becomes the wildcard ``*``.
    Hydrogens follow from the valences, as everywhere in chemistry. An aromatic nitrogen may or
    may not carry one (pyrrole, pyridine): hydrogens are placed on as few of them as make the
    bonds marked aromatic so (and no others, if that can be), and of several such placements the
    one whose SMILES comes first in the alphabet is taken, so that the numbering of the nodes
    never decides. Where aromatic rings are not joined by aromatic bonds, each system of them is
    decided by itself, as if one atom alone hung on each of its atoms. Where no placement does, the
    molecule with alternating bonds is taken, if there is one.

    Args:
      atoms: int array, shape `(k,)`. Atom codes.
      bonds: int array, shape `(k, k)`. Bond codes; the upper triangle is read.

    Returns:
      rdkit.Chem.Mol, sanitised, or None where no molecule has this graph.
    """
    with rdBase.BlockLogs():
        return decode(atoms, bonds)[0]


def graphs_to_molecules(
    samples: dict[str, np.ndarray], *, plain: bool = False
) -> list[Chem.Mol | None]:
    """Returns the molecule of each graph, None where no molecule has that graph.

    Args:
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`.
      plain: bool. As for `graphs_to_smiles`.

    Returns:
      list of rdkit.Chem.Mol, sanitised, or None.

    Raises:
      ValueError: if the samples are no graphs of molecules.
    """
    with rdBase.BlockLogs():
        return [decode(*graph)[plain] for graph in zip(*check_graphs(samples), strict=True)]


def graphs_to_smiles(samples: dict[str, np.ndarray], *, plain: bool = False) -> list[str | None]:
    """Returns the canonical SMILES of each graph, None where no molecule has that graph.

    SMILES are those of RDKit after one more reading, so that each is known to parse. They may
    hold ``*`` (a bonded PAD) and ``.`` (several fragments).

    Args:
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`.
      plain: bool. Whether RDKit's sanitisation alone decides, as in MolGAN's own code, which
        refuses the graph of pyrrole. By default hydrogens are placed on aromatic nitrogens where
        that makes a molecule, see `graph_to_molecule`.

    Raises:
      ValueError: if the samples are no graphs of molecules.

    Example:
      >>> graphs_to_smiles({"atoms": atoms, "bonds": bonds})
      ['CCO', None, 'c1cc[nH]c1']
    """
    return decoded_smiles(samples)[plain]


def decoded_smiles(
    samples: dict[str, np.ndarray],
) -> tuple[list[str | None], list[str | None]]:
    """Returns what `graphs_to_smiles` does by default, and what it does if `plain`, in one pass."""
    atoms, bonds = check_graphs(samples)
    # A generator repeats itself: each distinct graph is decoded once.
    rows = np.concatenate([atoms, bonds.reshape(len(bonds), atoms.shape[1] ** 2)], axis=1)
    keys = np.ascontiguousarray(rows).view(f"V{rows.shape[1]}")[:, 0]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    with rdBase.BlockLogs():
        distinct = [tuple(map(_parsed_smiles, decode(atoms[row], bonds[row]))) for row in first]
    return (
        [distinct[index][0] for index in inverse],
        [distinct[index][1] for index in inverse],
    )


def canonical_smiles(molecule: Chem.Mol) -> str:
    """Returns the canonical SMILES of a molecule's graph, which has no stereochemistry."""
    # Not to look for stereochemistry is faster.
    return Chem.MolToSmiles(molecule, isomericSmiles=False)


def check_graphs(samples: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Returns atom and bond codes as int8 arrays, of shapes `(n, k)` and `(n, k, k)`, k from 1.

    Raises:
      ValueError: if the shapes do not fit each other or a code is unknown.
    """
    try:
        atoms, bonds = np.asarray(samples["atoms"]), np.asarray(samples["bonds"])
    except (KeyError, IndexError, TypeError) as error:
        received = sorted(samples) if hasattr(samples, "keys") else type(samples).__name__
        raise ValueError(
            f"Molecules are a dict of 'atoms' (n, k) and 'bonds' (n, k, k); received {received}."
        ) from error
    if atoms.ndim != 2 or not atoms.shape[1] or bonds.shape != (*atoms.shape, atoms.shape[1]):
        raise ValueError(
            "Molecules have atoms of shape (n, k) and bonds of shape (n, k, k), k the places for "
            f"atoms; received {atoms.shape} and {bonds.shape}."
        )
    for name, codes, labels in (("atoms", atoms, ATOMS), ("bonds", bonds, BONDS)):
        if not np.issubdtype(codes.dtype, np.integer):
            raise ValueError(f"{name} are whole numbers; received dtype {codes.dtype}.")
        if codes.size and not 0 <= codes.min() <= codes.max() < len(labels):
            raise ValueError(
                f"{name} are codes from 0 to {len(labels) - 1}; received {codes.min()} to "
                f"{codes.max()}."
            )
    return atoms.astype(np.int8), bonds.astype(np.int8)


def _parsed_smiles(molecule: Chem.Mol | None) -> str | None:
    if molecule is None:
        return None
    parsed = Chem.MolFromSmiles(canonical_smiles(molecule))
    return None if parsed is None else canonical_smiles(parsed)


def decode(atoms: np.ndarray, bonds: np.ndarray) -> tuple[Chem.Mol | None, Chem.Mol | None]:
    """Returns the molecule with hydrogens placed where needed, and that of RDKit alone."""
    bonds = np.where(_upper_triangle(len(atoms)), bonds, 0)
    bonded = bonds.any(axis=0) | bonds.any(axis=1)
    molecule = Chem.RWMol()
    index_of = {}
    for node in np.flatnonzero((atoms != 0) | bonded).tolist():
        index_of[node] = molecule.AddAtom(Chem.Atom(ATOMIC_NUMBERS[atoms[node]]))
    lefts, rights = bonds.nonzero()
    kinds = bonds[lefts, rights].tolist()
    for left, right, kind in zip(lefts.tolist(), rights.tolist(), kinds, strict=True):
        molecule.AddBond(index_of[left], index_of[right], _BOND_TYPES[kind])
    if not index_of:
        return None, None
    return sanitised(molecule, aromatic_bonds=kinds.count(_AROMATIC))


@functools.cache
def _upper_triangle(size: int) -> np.ndarray:
    return np.triu(np.ones((size, size), dtype=bool), 1)
