"""One door to samples on disk, whoever wrote them."""

import os
from pathlib import Path

from absl import logging

from qlatent_tf.checks import check_path
from qlatent_tf.quantum.recordings import bank as sample_bank
from qlatent_tf.quantum.recordings import bank_metadata, jiuzhang
from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.recordings import text as text_samples
from qlatent_tf.storage import npy_files
from qlatent_tf.storage.files import check_regular, user_path

_READERS = {
    "npy": npy_files.open_npy,
    "npz": npy_files.open_npz,
    "csv": text_samples.read_csv,
    "json": text_samples.read_count_json,
    "borealis": npy_files.open_npy,
    "bank": sample_bank.open_bank,
    "jiuzhang2": jiuzhang.Jiuzhang2Rows,
    "jiuzhang3": jiuzhang.Jiuzhang3Rows,
}
FILE_FORMATS = tuple(_READERS)


def open_samples(
    path: str | os.PathLike, *, key: str | None = None, file_format: str | None = None
):
    """Opens photon-number samples; what can stay on disk does.

    ==========  ===================================================================
    npy         (shots, modes) or (shots, 1, modes), memory-mapped
    npz         as npy; mapped unless compressed; `key` chooses among several arrays
    csv         a line a shot, commas, spaces, tabs or semicolons between modes; ``.txt``, too
    json        a dictionary of counts: ``{"0,1,0,2": 17}``, ``"|0,1,0,2>"``, ``"0101"``
    borealis    a directory with samples.npy, as the experiment's authors publish it
    bank        a directory of `write_bank` or ``qlatent-tf sample_latent``; hashes are verified
    jiuzhang2   raw file of Jiuzhang 2.0, 0 or 1 in each of 144 modes
    jiuzhang3   raw file of Jiuzhang 3.0, 0 to 8 in each of 144 modes
    ==========  ===================================================================

    Every value is checked once, in blocks; types that cannot hold a bad value are not read.

    Args:
      path: path. A file or directory.
      key: str. The array in a .npz file.
      file_format: str. One of the formats above. Default: by the suffix or the directory's
        files; the raw Jiuzhang files bear no mark and must be named.

    Returns:
      Array-like of shape (shots, modes), indexed by rows: a slice, an index or a list of them.

    Raises:
      FileNotFoundError: if there is no such path.
      ValueError: if the format is unknown or the file bad; the message names the first bad row.

    Example:
      >>> samples = open_samples("hardware.npz", key="shots")
      >>> samples[:1000].mean(axis=0)
    """
    path = user_path(check_path(path, "The file of samples"))
    if not path.exists():
        raise FileNotFoundError(f"There is no {path} to read samples from.")
    if not path.is_dir():
        check_regular(path)
    if file_format is None:
        file_format = _recognise(path)
    if file_format not in FILE_FORMATS:
        raise ValueError(f"Unknown file_format {file_format!r}; legal: {', '.join(FILE_FORMATS)}.")
    if path.is_dir() != (file_format in ("borealis", "bank")):
        kind = "directory" if path.is_dir() else "file"
        raise ValueError(f"{path} is a {kind}; the format {file_format!r} is not.")
    if file_format == "borealis":
        path /= bank_metadata.BOREALIS
    if key is not None and file_format != "npz":
        raise ValueError(f"key={key!r} chooses an array in a .npz file; {path} is {file_format}.")
    rows = npy_files.open_npz(path, key) if key is not None else _READERS[file_format](path)
    rows = sample_rows.without_middle_axis(rows)
    sample_rows.check_rows(rows, str(path))
    shots, modes = rows.shape
    if shots < modes:
        logging.warning(
            "%s: %s shots of %s modes: a row is a shot. If rows are modes, transpose the file.",
            path,
            f"{shots:,}",
            f"{modes:,}",
        )
    return rows


def _recognise(path: Path) -> str:
    if path.is_dir():
        if bank_metadata.is_bank(path):
            return "bank"
        if (path / bank_metadata.BOREALIS).is_file():
            return "borealis"
        raise ValueError(
            f"{path} is neither a sample bank (metadata.json) nor a Borealis directory "
            f"({bank_metadata.BOREALIS})."
        )
    suffix = path.suffix.lower().removeprefix(".")
    if suffix in ("npy", "npz", "csv", "json"):
        return suffix
    if suffix == "txt":
        return "csv"
    raise ValueError(
        f"The suffix of {path} names no format. Name one, inspect_samples --file-format or the "
        f"latent's option file_format: {', '.join(FILE_FORMATS)}."
    )
