"""Pictures of molecules."""

from collections.abc import Sequence

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import Draw

from qlatent_tf.datasets.molecules import graphs as molecule_graphs
from qlatent_tf.drawing.images import MAX_DRAWN, columns_of

CELL = (200, 160)
_FONT = 12
_LARGEST = 16  # of a single atom, which RDKit would draw larger where no bond sets the scale
_LETTERS = 30  # of that size, in the width of a cell


def draw_molecules(samples: dict[str, np.ndarray], columns: int | None = None) -> np.ndarray:
    """Draws the first molecules of a batch in a grid, each above its SMILES.

    A graph that is no molecule leaves its cell empty but for the word "invalid", and what scores
    count as not strictly valid, fragments and wildcards, says so: the picture shows their share.

    Args:
      samples: dict. `atoms`, int of shape `(n, k)`, and `bonds`, int of shape `(n, k, k)`. At
        most 64 are drawn.
      columns: int, from 1. By default as many as rows, or one more or less.

    Returns:
      uint8 array, shape `(160 * rows, 200 * columns, 3)`.

    Raises:
      ValueError: if the samples are no graphs of molecules or there are none, or `columns` is no
        number from 1.
    """
    atoms, bonds = molecule_graphs.check_graphs(samples)
    molecules = [
        molecule_graphs.graph_to_molecule(*graph)
        for graph in zip(atoms[:MAX_DRAWN], bonds[:MAX_DRAWN], strict=True)
    ]
    return _draw(molecules, [_legend(molecule) for molecule in molecules], columns)


def draw_smiles(
    smiles: Sequence[str], legends: Sequence[str], columns: int | None = None
) -> np.ndarray:
    """Draws molecules in a grid, each above a legend.

    Args:
      smiles: sequence of str. SMILES that parse.
      legends: sequence of str. As many.
      columns: int. By default as many as rows, or one more or less.

    Returns:
      uint8 array, shape `(160 * rows, 200 * columns, 3)`.
    """
    return _draw([Chem.MolFromSmiles(text) for text in smiles], list(legends), columns)


def _legend(molecule: Chem.Mol | None) -> str:
    smiles = molecule_graphs.canonical_smiles(molecule) if molecule else ""
    reasons = [word for sign, word in (("*", "wildcard"), (".", "fragments")) if sign in smiles]
    return f"invalid, {' and '.join(reasons)}" if reasons else smiles


def _draw(molecules: list[Chem.Mol | None], legends: list[str], columns: int | None) -> np.ndarray:
    if not molecules:
        raise ValueError("There is no molecule to draw; received 0 samples.")
    options = Draw.MolDrawOptions()
    options.legendFontSize = _FONT
    options.maxFontSize = _LARGEST
    options.flagCloseContactsDist = 0  # No red marks where atoms are drawn near to each other.
    # RDKit shrinks a legend that is too long: all have one size if none is.
    legends = [text if len(text) <= _LETTERS else f"{text[: _LETTERS - 3]}..." for text in legends]
    with rdBase.BlockLogs():
        picture = Draw.MolsToGridImage(
            [molecule or _word("invalid") for molecule in molecules],
            molsPerRow=columns_of(columns, len(molecules)),
            subImgSize=CELL,
            legends=legends,
            returnPNG=False,
            drawOptions=options,
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
