"""QM9: 133,885 small organic molecules.

Reference:
  R. Ramakrishnan, P. O. Dral, M. Rupp and O. A. von Lilienfeld, "Quantum chemistry structures
  and properties of 134 kilo molecules", Scientific Data 1, 140022 (2014).
"""

import os

from absl import logging

from qlatent_tf.datasets.dataset import MoleculeDataset
from qlatent_tf.datasets.molecules.held_out import check_share
from qlatent_tf.storage import files
from qlatent_tf.storage.download import RemoteFile, download

# Size and hash as in TensorFlow Datasets (tensorflow_datasets/datasets/qm9/checksums.tsv).
OFFICIAL = RemoteFile(
    url="https://ndownloader.figshare.com/files/3195389",
    name="dsgdb9nsd.xyz.tar.bz2",
    size=86_144_227,
    sha256="3a63848ac80691bdb8d41834b575afad345b9300d7a2db0c38adb7f6eaa8360c",
)
MOLECULES = 133_885
FILE_NAMES = (
    "qm9.smi.gz",
    "qm9.smi",
    "qm9.csv",
    "qm9.csv.gz",
    "gdb9.sdf",
    "gdb9.sdf.gz",
    "gdb9.tar.gz",
    OFFICIAL.name,
)


def qm9(
    *,
    test_share: float = 0.0,
    data_dir: str | os.PathLike | None = None,
    progress: bool = True,
) -> MoleculeDataset:
    """The molecules of QM9 as graphs of at most nine atoms.

    The file is looked for in `data_dir`, in $QLATENT_DATA_DIR and in the cache folder. If it is in
    none of them, graphs that the cache folder holds of an earlier use are taken, else the file is
    downloaded to the cache folder. The molecules with formal charges (1,845) are left out: a graph
    has no charges.

    Args:
      test_share: float from 0 to below 1. What share of the distinct molecules is held out, for
        `evaluate --real`; the papers train on all.
      data_dir: path. The caller's own folder.
      progress: bool. Whether to show progress bars.

    Raises:
      FileNotFoundError: if the file is nowhere and cannot be downloaded; the message says what
        to do.
      ValueError: if the file is damaged, or the share is out of range.
    """
    from qlatent_tf.datasets.molecules.encode import load_encoded, load_molecules

    check_share(test_share)
    path = files.find_data_file(list(FILE_NAMES), data_dir)
    dataset = load_encoded("qm9", test_share) if path is None else None
    if path is None and dataset is None:
        path = files.cache_dir() / OFFICIAL.name
        try:
            download(OFFICIAL, path, progress=progress)
        except OSError as error:
            if files.is_full_disk(error):
                raise
            raise files.not_found(
                "QM9",
                data_dir,
                f"The download failed: {error} Put one of {', '.join(FILE_NAMES)}, from "
                f"{OFFICIAL.url}, into a folder",
            ) from error
    dataset = dataset or load_molecules("qm9", path, progress, test_share=test_share)
    if (read := dataset.provenance["molecules_read"]) != MOLECULES:
        logging.warning(
            "%s holds %d molecules; QM9 has %d. Scores on it do not compare with scores on QM9.",
            path or dataset.provenance["file"],
            read,
            MOLECULES,
        )
    return dataset
