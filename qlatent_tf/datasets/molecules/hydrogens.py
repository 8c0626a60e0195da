"""Makes molecules of atoms and bonds: sanitises them, and places hydrogens on aromatic nitrogens.

Whether an aromatic nitrogen carries a hydrogen (pyrrole) or not (pyridine) is not in a graph. Each
system of rings is tried by itself, and no system more than a few hundred times: the time that a
graph takes grows with its size, not with the number of ways to place hydrogens on all of it.
"""

import itertools
from collections.abc import Iterable, Iterator

from rdkit import Chem

from qlatent_tf.datasets.molecules.elements import MAX_ATOMS

_NITROGEN = 7
_FINE = Chem.SanitizeFlags.SANITIZE_NONE
# Isocyanuric acid has three; no molecule of QM9 has more. Of larger ones, uric acid has four.
_LEAST_PLACED_HYDROGENS = 3
_ATOMS_A_HYDROGEN = 3
# Ways to place hydrogens that are tried in a system. All on eight nitrogens are 255.
_MOST_PLACEMENTS = 256
# Ways to put the best ones of several systems together, which are as good as each other.
_MOST_COMBINED = 64


def sanitised(molecule: Chem.RWMol, aromatic_bonds: int) -> tuple[Chem.Mol | None, Chem.Mol | None]:
    """Returns the molecule with hydrogens placed where needed, and that of RDKit alone.

    Args:
      molecule: rdkit.Chem.RWMol. Atoms and bonds, not sanitised.
      aromatic_bonds: int. How many of the bonds are aromatic.

    Returns:
      Two of rdkit.Chem.Mol, sanitised, or None where there is none.
    """
    as_it_stands = Chem.Mol(molecule)
    failure = Chem.SanitizeMol(as_it_stands, catchErrors=True)
    if failure not in (_FINE, Chem.SanitizeFlags.SANITIZE_KEKULIZE):
        return None, None
    plain = as_it_stands if failure == _FINE else None
    if failure == _FINE and (not aromatic_bonds or _count_aromatic(as_it_stands) >= aromatic_bonds):
        return plain, plain
    Chem.FastFindRings(molecule)
    if not all(bond.IsInRing() for bond in molecule.GetBonds() if bond.GetIsAromatic()):
        return plain, plain
    systems = [one for one in _aromatic_systems(molecule) if _nitrogens(molecule, one)]
    # Of nine atoms, to which published scores belong, all are tried together.
    if len(systems) > 1 and molecule.GetNumAtoms() > MAX_ATOMS:
        placements = _combined([_of_system(molecule, system) for system in systems])
    else:
        placements = _placements(
            _nitrogens(molecule, set().union(*systems)), molecule.GetNumAtoms()
        )
    found = _best(molecule, placements, aromatic_bonds)
    return (found[0][2] if found else plain), plain


def _count_aromatic(molecule: Chem.Mol) -> int:
    return sum(bond.GetIsAromatic() for bond in molecule.GetBonds())


def _nitrogens(molecule: Chem.Mol, system: Iterable[int]) -> list[int]:
    """Returns the atoms of a system that may carry a hydrogen."""
    atoms = map(molecule.GetAtomWithIdx, sorted(system))
    return [
        atom.GetIdx()
        for atom in atoms
        if atom.GetAtomicNum() == _NITROGEN and atom.GetDegree() == 2
    ]


def _aromatic_systems(molecule: Chem.Mol) -> list[set[int]]:
    """Returns the sets of atoms that aromatic bonds join."""
    systems: list[set[int]] = []
    for bond in molecule.GetBonds():
        if bond.GetIsAromatic():
            ends = {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()}
            touched = [one for one in systems if one & ends]
            systems = [one for one in systems if not one & ends]
            systems.append(ends.union(*touched))
    return systems


def _placements(nitrogens: list[int], atoms: int) -> Iterator[list[tuple[int, ...]]]:
    """Yields the ways to place one hydrogen, two, and so on, as far as all can be tried."""
    most = max(_LEAST_PLACED_HYDROGENS, atoms // _ATOMS_A_HYDROGEN)
    tried = 0
    for count in range(1, min(len(nitrogens), most) + 1):
        ways = list(itertools.islice(itertools.combinations(nitrogens, count), _MOST_PLACEMENTS))
        tried += len(ways)
        # Of some of a count, the numbering of the nodes would decide.
        if tried > _MOST_PLACEMENTS or len(ways) == _MOST_PLACEMENTS:
            return
        yield ways


def _best(
    molecule: Chem.Mol, placements: Iterable[list[tuple[int, ...]]], aromatic_bonds: int
) -> list[tuple[tuple[int, str], tuple[int, ...], Chem.Mol]]:
    """Returns the placements of fewest hydrogens that keep the aromatic bonds, the best first.

    Each comes with what it is ordered by, excess aromatic bonds and SMILES, and its molecule.
    """
    for ways in placements:
        found = []
        for placement in ways:
            attempt = Chem.Mol(molecule)
            for index in placement:
                attempt.GetAtomWithIdx(index).SetNumExplicitHs(1)
            if Chem.SanitizeMol(attempt, catchErrors=True) == _FINE:
                excess = _count_aromatic(attempt) - aromatic_bonds
                if excess >= 0:
                    smiles = Chem.MolToSmiles(attempt, isomericSmiles=False)
                    found.append(((excess, smiles), placement, attempt))
        if found:
            return sorted(found, key=lambda one: one[0])
    return []


def _of_system(molecule: Chem.Mol, system: set[int]) -> list[tuple[int, ...]]:
    """Returns the best placements on a system of rings alone, those that tie; none if none is.

    What hangs on its atoms stays, as one atom each, for its bonds decide what an atom may be.
    """
    alone, index_of, aromatic_bonds = Chem.RWMol(), {}, 0
    for bond in molecule.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if not system & set(ends):
            continue
        for end in ends:
            if end not in index_of:
                number = molecule.GetAtomWithIdx(end).GetAtomicNum()
                index_of[end] = alone.AddAtom(Chem.Atom(number))
        alone.AddBond(*(index_of[end] for end in ends), bond.GetBondType())
        aromatic_bonds += bond.GetIsAromatic()
    nitrogens = [index_of[atom] for atom in _nitrogens(molecule, system)]
    ways = itertools.chain([[()]], _placements(nitrogens, alone.GetNumAtoms()))
    found = _best(alone, ways, aromatic_bonds)
    given = {inner: outer for outer, inner in index_of.items()}
    return [
        tuple(given[index] for index in placement)
        for order, placement, _ in found
        if order == found[0][0]
    ]


def _combined(options: list[list[tuple[int, ...]]]) -> Iterator[list[tuple[int, ...]]]:
    """Yields the ways to place the hydrogens of several systems at once."""
    products = itertools.islice(itertools.product(*options), _MOST_COMBINED)
    yield [tuple(itertools.chain(*ways)) for ways in products]
