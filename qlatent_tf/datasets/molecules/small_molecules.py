"""The molecule set that comes with the package, so that a first run needs no network.

All 10,381 structures of at most seven atoms of C, N, O and F that the rules in
`qlatent-tf enumerate_molecules` accept; that tool made the file, and makes it again. As graphs
they are 10,316 distinct molecules: 65 decode to the tautomer of another.
"""

from pathlib import Path

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.datasets.molecules.held_out import check_share
from qlatent_tf.storage import files

FILE = Path(__file__).with_name("small_molecules.smi.gz")
SHA256 = "69944bdc337cc3b240dd0f7d52a07c83b3b8e8fdebc03d4faab670b4e5fb4d10"


def small_molecules(*, test_share: float = 0.0, progress: bool = True) -> MoleculeDataset:
    """Enumerated molecules of at most seven atoms, as graphs.

    Args:
      test_share: float from 0 to below 1. What share of the distinct molecules is held out, for
        `evaluate --real`.
      progress: bool. Whether to show a progress bar.

    Raises:
      FileNotFoundError: if the installation lacks the file.
      ValueError: if the file is not the one that belongs to this version, or the share is out of
        range.
    """
    from qlatent_tf.datasets.molecules.encode import load_molecules

    check_share(test_share)
    files.check_shipped(FILE, SHA256)
    return load_molecules("small_molecules", FILE, progress, test_share=test_share)
