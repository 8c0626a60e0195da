"""Reads arrays of ``.npz`` files; those that take long to decompress are decompressed once."""

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tqdm

from qlatent_tf.storage import array_cache, files, npy_files

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
    size = sum(member.file_size for member in wanted)
    slow = sum(member.file_size for member in wanted if member.compress_type not in _QUICK)
    if slow < _FEW_BYTES:
        return _read(path, names, size, progress), digest
    key = f"{digest}/{','.join(names)}"
    arrays = cached_images(path.name, key, names, lambda: _read(path, names, size, progress))
    return arrays, digest


def cached_images(
    label: str, key: str, names: Sequence[str], make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Returns the arrays that `make` makes, from the cache folder if they are there.

    Args:
      label: str. The name of the file that they are made from.
      key: str. What they are made from, and how.
      names: sequence of str. What the arrays are called.
      make: callable. `make()` returns them.
    """

    def check(arrays):
        if set(arrays) != set(names):
            raise ValueError(f"it holds {', '.join(sorted(arrays))}")

    key = f"{key}/{_VERSION}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    stem = label.partition(".")[0]
    path = files.cache_dir() / "images" / f"{stem}-{digest[:16]}.npz"
    return array_cache.cached_arrays(path, key, make, check)


def _read(path: Path, names: Sequence[str], size: int, progress: bool) -> dict[str, np.ndarray]:
    with tqdm.tqdm(
        total=size,
        desc=f"Reading {path.name}",
        unit="B",
        unit_scale=True,
        disable=not progress,
        leave=False,
    ) as bar:
        return {name: npy_files.read_npz(path, name, bar.update) for name in names}
