"""Pictures of molecules."""

import math

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import Draw

from qlatent_tf.datasets import molecule_graphs

MAX_DRAWN = 64
CELL = (200, 160)


def draw_molecules(samples: dict[str, np.ndarray]) -> np.ndarray:
    """Draws the first molecules of a batch in a grid, each above its SMILES.

    A graph that is no molecule leaves its cell empty but for the word "invalid", so that the
    picture shows the share of them.

    Args:
      samples: dict. `atoms`, int of shape `(n, 9)`, and `bonds`, int of shape `(n, 9, 9)`. At
        most 64 are drawn.

    Returns:
      uint8 array, shape `(160 * rows, 200 * columns, 3)`, with as many columns as rows or one
      more row than needed for a square.
    """
    atoms, bonds = molecule_graphs.check_graphs(samples)
    if not len(atoms):
        raise ValueError("There is no molecule to draw; received 0 samples.")
    atoms, bonds = atoms[:MAX_DRAWN], bonds[:MAX_DRAWN]
    molecules = [
        molecule_graphs.graph_to_molecule(*graph) for graph in zip(atoms, bonds, strict=True)
    ]
    legends = [
        molecule_graphs.canonical_smiles(molecule) if molecule else "" for molecule in molecules
    ]
    with rdBase.BlockLogs():
        picture = Draw.MolsToGridImage(
            [molecule or _word("invalid") for molecule in molecules],
            molsPerRow=math.ceil(math.sqrt(len(molecules))),
            subImgSize=CELL,
            legends=legends,
            returnPNG=False,
        )
    return np.asarray(picture.convert("RGB"), dtype=np.uint8)


def _word(text: str) -> Chem.Mol:
    """Returns a single atom that is drawn as a word: RDKit leaves the cell of None all empty."""
    molecule = Chem.RWMol()
    atom = Chem.Atom(0)
    atom.SetProp("atomLabel", text)
    molecule.AddAtom(atom)
    molecule.UpdatePropertyCache()
    return molecule
