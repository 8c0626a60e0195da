"""Any molecules: a file of SMILES or structures."""

import os

from qlatent_tf.datasets.dataset import MoleculeDataset


def molecule_file(
    *,
    file: str | os.PathLike,
    column: str | None = None,
    test_share: float = 0.0,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> MoleculeDataset:
    """The molecules of a file, as graphs of at most nine atoms of C, N, O and F.

    Others are left out, and counted by the reason; so are entries that RDKit does not read.

    Args:
      file: path. A ``.smi``, ``.csv`` or ``.sdf`` file, perhaps compressed: a path, or a name in
        `data_dir`, in $QLATENT_DATA_DIR or in the cache folder.
      column: str. The heading of the SMILES in a ``.csv`` file. Default: "smiles", or the only one
        that ends so.
      test_share: float from 0 to below 1. What share of the distinct molecules is held out, for
        `evaluate --real`; the same ones whatever the order of the file.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show a progress bar.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file is damaged, none of its molecules has such a graph, or the share
        leaves nothing on one side.
    """
    from qlatent_tf.datasets.molecules.encode import load_molecules
    from qlatent_tf.storage.files import named_file

    return load_molecules("molecules", named_file(file, data_dir), progress, column, test_share)
