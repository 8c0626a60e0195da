"""Reads arrays of ``.npz`` files; those that take long to decompress are decompressed once."""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from qlatent_tf.storage import files, npy_files
from qlatent_tf.storage.array_cache import cached_arrays
from qlatent_tf.text.progress import progress_bar

_QUICK = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FEW_BYTES = 1 << 24
# To be raised when the same file would give other arrays than before.
_VERSION = 1


def load_npz(
    path: Path, names: Sequence[str], progress: bool = True
) -> tuple[dict[str, np.ndarray], str]:
    """Returns arrays of a ``.npz`` file and the file's SHA-256.

    Where they are large and packed by LZMA or bzip2, they are kept in the cache folder as they
    are, under the hash of the file.

    Args:
      path: path. The file.
      names: sequence of str. The arrays wanted.
      progress: bool. Whether to show a progress bar.

    Raises:
      ValueError: if the file is damaged, lacks an array, or holds one of Python objects, which
        are never unpickled.
    """
    members = npy_files.npz_members(path)
    lacking = [name for name in names if name not in members]
    if lacking:
        raise ValueError(
            f"{path} lacks {', '.join(lacking)}; it holds {', '.join(members) or 'no arrays'}."
        )
    digest = files.sha256_of(path)
    wanted = [members[name] for name in names]

    def read():
        size = sum(member.file_size for member in wanted)
        with progress_bar(total=size, desc=f"Reading {path.name}", unit="B", shown=progress) as bar:
            return {name: npy_files.read_npz(path, name, bar.update) for name in names}

    slow = sum(member.file_size for member in wanted if member.compress_type not in _QUICK)
    if slow < _FEW_BYTES:
        return read(), digest
    return cached_images(path.name, f"{digest}/{','.join(names)}", read), digest


def cached_images(
    label: str, key: str, make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Returns the arrays that `make()` makes of a file of this name, from the cache if there."""
    return cached_arrays("images", label.partition(".")[0], f"{key}/{_VERSION}", make)
