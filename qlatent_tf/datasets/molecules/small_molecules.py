"""The molecule set that comes with the package, so that a first run needs no network.

All 10,381 structures of at most seven atoms of C, N, O and F that the rules in
``tools/data/enumerate_molecules.py`` accept; that tool made the file, and makes it again. As graphs
they are 10,316 distinct molecules: 65 decode to the tautomer of another.
"""

import os
from pathlib import Path

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.storage import files

FILE = Path(__file__).with_name("small_molecules.smi.gz")
SHA256 = "69944bdc337cc3b240dd0f7d52a07c83b3b8e8fdebc03d4faab670b4e5fb4d10"


def small_molecules(
    *, data_dir: str | os.PathLike | None = None, progress: bool = True
) -> MoleculeDataset:
    """Enumerated molecules of at most seven atoms, as graphs.

    Args:
      data_dir: path. Unused: the file comes with the package.
      progress: bool. Whether to show a progress bar.

    Raises:
      FileNotFoundError: if the installation lacks the file.
      ValueError: if the file is not the one that belongs to this version.
    """
    from qlatent_tf.datasets.molecules.encode import load_molecules

    del data_dir
    if not FILE.is_file():
        raise FileNotFoundError(f"This installation lacks {FILE}; install qlatent_tf again.")
    found = files.sha256_of(FILE)
    if found != SHA256:
        raise ValueError(
            f"{FILE} has the SHA-256 {found}; that of this version's file is {SHA256}. Install "
            "qlatent_tf again, or make the file again with tools/data/enumerate_molecules.py."
        )
    return load_molecules("small_molecules", FILE, progress)
