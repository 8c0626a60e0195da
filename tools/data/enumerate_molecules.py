#!/usr/bin/env python3
"""Enumerates all small molecules of C, N, O and F that fixed rules accept.

This is how the data set `small_molecules` was made. Molecules are grown atom by atom: each new atom
is bonded, in every way the valences allow, to one or more atoms of a smaller molecule. Two tables
of this file, tools/data/enumerate_molecules.py, hold the rules. What NEVER_GROWN refuses is never
part of a larger molecule that it accepts, so nothing is grown from it, and no accepted molecule is
missed. REFUSED judges finished molecules. All molecules are neutral, with closed shells, at most
two rings and no fewer carbons than other atoms; stereochemistry does not count.

examples:
  qlatent-tf enumerate_molecules --out small_molecules.smi.gz
  qlatent-tf enumerate_molecules --max-atoms 5 --out tiny.smi.gz
"""

import functools
import gzip
import itertools
import operator
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from qlatent_tf.tools.arguments import Parser
from qlatent_tf.tools.command_line import run_tool
from rdkit import Chem

from qlatent_tf.storage.files import atomic_path, sha256_of
from qlatent_tf.text.progress import progress_bar

VALENCES = {"C": 4, "N": 3, "O": 2, "F": 1}
MAX_RINGS = 2

# Patterns of the molecule with alternating bonds, refused together with all that contains them.
NEVER_GROWN = {
    "fluorine on anything but carbon": "F~[!#6]",
    "peroxide": "O~O",
    "cumulated double bonds": "*=*=*",
    "triple bond in a ring": "*@#*",
    "double bond in or at a ring of three": "*=[r3]",
    "double bond in a ring of four": "*1=*~*~*1",
    "rings of three that share an atom": "*12(~*~*1)~*~*2",
    "rings of three that share a bond": "*12~*~*1~*2",
}
# Patterns of the molecule as RDKit reads it, aromatic rings found.
REFUSED = {
    "hydrazine, hydroxylamine": "[NX3]-[NX3,OX2]",
    "azo or nitroso group": "N=[N,O]",
    "three nitrogens or oxygens in a row, but for aromatic rings": "[N,O]~[N,O]~[N,O]",
    "neighbours in an aromatic ring that both give two electrons": "[nX3,o]:[nX3,o]",
    "enol, imidic acid": "[OX2H]C=[C,N]",
    "enamine with hydrogen on nitrogen": "[NX3;!H0]C=C",
    "imine with hydrogen on nitrogen, but for amidines and imidates": "[NX2H;!$(N=C[N,O])]=[#6]",
    "imine of formaldehyde": "[CH2]=N",
    "imine with a double bond beside its nitrogen": "C=NC=[C,O]",
    "hemiacetal, aminal": "[OX2H,NX3;!H0][CX4][#7,#8]",
    "fluorine on a saturated carbon, but for CF3": "F[CX4;!$(C(F)(F)F)]",
    "fluorine beside nitrogen or oxygen": "F[CX4][#7,#8]",
    "fluorine at a double bond": "FC=*",
    "carbonic or carbamic acid": "[OX2H]C(=O)[#7,#8]",
    "fluorine, oxygen or nitrogen at a triple bond, but for cyanamides": "[F,#7,#8]C#C",
    "cyanate, cyanogen fluoride": "[F,#8]C#N",
    "neighbouring triple bonds": "*#C-C#*",
    "double bond at a bridgehead": "[x3,x4;!a]=*",
    "ring of three or four fused to another ring": "[r3,r4;x3]",
    "ring fused to an aromatic one, or across it": "[a;x3]",
}


def grow(parents: Iterable[str]) -> Iterator[str]:
    """Yields the SMILES of every molecule with one atom more, some of them repeatedly.

    Args:
      parents: iterable of str. SMILES of molecules of one size.
    """
    for smiles in parents:
        parent = Chem.MolFromSmiles(smiles)
        Chem.Kekulize(parent, clearAromaticFlags=True)
        free = [atom.GetTotalNumHs() for atom in parent.GetAtoms()]
        for atom in parent.GetAtoms():
            # Hydrogens are counted again once the new bonds are there.
            atom.SetNumExplicitHs(0)
            atom.SetNoImplicit(False)
        rings = parent.GetNumBonds() - parent.GetNumAtoms() + 1
        for element, valence in VALENCES.items():
            for count in range(1, min(valence, MAX_RINGS - rings + 1) + 1):
                for neighbours in itertools.combinations(range(len(free)), count):
                    room = [free[neighbour] for neighbour in neighbours]
                    for orders in _bond_orders(count, valence):
                        if all(map(operator.le, orders, room)):
                            yield _bonded(parent, element, neighbours, orders)


@functools.cache
def _bond_orders(count: int, valence: int) -> list[tuple[int, ...]]:
    """Returns the orders that `count` bonds of one atom can have."""
    return [
        orders for orders in itertools.product((1, 2, 3), repeat=count) if sum(orders) <= valence
    ]


_BOND_TYPES = {1: Chem.BondType.SINGLE, 2: Chem.BondType.DOUBLE, 3: Chem.BondType.TRIPLE}


def _bonded(parent: Chem.Mol, element: str, neighbours, orders) -> str:
    child = Chem.RWMol(parent)
    new = child.AddAtom(Chem.Atom(element))
    for neighbour, order in zip(neighbours, orders, strict=True):
        child.AddBond(neighbour, new, _BOND_TYPES[order])
    Chem.SanitizeMol(child)
    return Chem.MolToSmiles(child)


def is_grown(smiles: str) -> bool:
    """Tells whether larger molecules are grown from this one."""
    molecule = Chem.MolFromSmiles(smiles)
    Chem.Kekulize(molecule, clearAromaticFlags=True)
    return not _matches(molecule, NEVER_GROWN)


def is_accepted(smiles: str) -> bool:
    """Tells whether a molecule that has been grown belongs to the set."""
    molecule = Chem.MolFromSmiles(smiles)
    carbons = sum(atom.GetAtomicNum() == 6 for atom in molecule.GetAtoms())
    if 2 * carbons < molecule.GetNumAtoms():
        return False
    return not _matches(molecule, REFUSED)


def _matches(molecule: Chem.Mol, rules: dict[str, str]) -> bool:
    return any(molecule.HasSubstructMatch(_pattern(smarts)) for smarts in rules.values())


_pattern = functools.cache(Chem.MolFromSmarts)


def enumerate_molecules(max_atoms: int, progress: bool = False) -> list[str]:
    """Returns the canonical SMILES of the accepted molecules, by size, then by alphabet.

    Args:
      max_atoms: int. The largest number of atoms, hydrogens not counted.
      progress: bool. Whether to show a progress bar for each size.

    Raises:
      ValueError: if `max_atoms` is less than 1.
    """
    if max_atoms < 1:
        raise ValueError(f"max_atoms is a whole number from 1; received {max_atoms}.")
    accepted = []
    grown = sorted(filter(is_grown, VALENCES))
    for size in range(1, max_atoms + 1):
        accepted += filter(is_accepted, grown)
        if size < max_atoms:
            bar = progress_bar(grown, desc=f"{size + 1} atoms", shown=progress)
            grown = sorted(filter(is_grown, set(grow(bar))))
    return accepted


def write_smiles(path: Path, smiles: list[str]) -> None:
    """Writes one SMILES a line, packed for a name in .gz; the same SMILES give the same bytes."""
    text = "".join(f"{line}\n" for line in smiles).encode()
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        if path.suffix == ".gz":
            # Neither a time nor a name goes into the file.
            with gzip.GzipFile("", "wb", compresslevel=9, fileobj=file, mtime=0) as packed:
                packed.write(text)
        else:
            file.write(text)


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("enumerate_molecules", __doc__)
    arguments.add_argument(
        "--max-atoms",
        type=int,
        default=7,
        metavar="N",
        help="largest number of atoms besides hydrogen (default: 7, which takes a minute)",
    )
    arguments.add_argument(
        "--out", type=Path, required=True, metavar="FILE.smi.gz", help="the file to write"
    )
    arguments.add_argument("--quiet", action="store_true", help="show no progress bar")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_enumerate, parser().parse_args(argv))


def _enumerate(options):
    smiles = enumerate_molecules(options.max_atoms, progress=not options.quiet)
    write_smiles(options.out, smiles)
    print(f"{len(smiles)} molecules -> {options.out}, SHA-256 {sha256_of(options.out)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
