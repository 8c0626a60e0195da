"""Any molecules: a file of SMILES or structures."""

import os
from collections.abc import Sequence

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.datasets.molecules.elements import ELEMENTS, MAX_ATOMS, graph_sizes
from qlatent_tf.datasets.molecules.held_out import check_share


def molecule_file(
    *,
    file: str | os.PathLike,
    column: str | None = None,
    test_share: float = 0.0,
    max_atoms: int = MAX_ATOMS,
    elements: Sequence[str] | str = ELEMENTS,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> MoleculeDataset:
    """The molecules of a file, as graphs of at most nine atoms of C, N, O and F unless asked.

    Others are left out, and counted by the reason; so are entries that RDKit does not read.
    `molgan` takes its own sizes from `max_atoms` and `elements`.

    Args:
      file: path. A ``.smi``, ``.csv`` or ``.sdf`` file, perhaps compressed: a path, or a name in
        `data_dir`, in $QLATENT_DATA_DIR or in the cache folder.
      column: str. The heading of the SMILES in a ``.csv`` file. Default: "smiles", or the only one
        that ends so.
      test_share: float from 0 to below 1. What share of the distinct molecules is held out, for
        `evaluate --real`; the same ones whatever the order of the file.
      max_atoms: int from 1 to 100. Places for heavy atoms in a graph.
      elements: list of str. Those that are taken, different symbols among C, N, O, F, S, Cl, Br, P,
        I, B, Si and Se; or one text with commas between them.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show a progress bar.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file is damaged, none of its molecules has such a graph, the share leaves
        nothing on one side, or an option is not legal.
    """
    from qlatent_tf.datasets.molecules.encode import load_molecules
    from qlatent_tf.storage.files import named_file

    # What is not legal is said before a file is looked for.
    check_share(test_share)
    graph_sizes({"max_atoms": max_atoms, "elements": elements})
    path = named_file(file, data_dir)
    return load_molecules("molecules", path, progress, column, test_share, max_atoms, elements)


# The sizes of a graph, which a model follows; see `qlatent_tf.resolve`.
molecule_file.graph_of = graph_sizes  # pyright: ignore[reportFunctionMemberAccess]
