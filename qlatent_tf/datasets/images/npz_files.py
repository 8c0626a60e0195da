"""Reads arrays of ``.npz`` files; those that take long to decompress are decompressed once."""

import hashlib
import lzma
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tqdm
import tqdm.utils

from qlatent_tf.storage import array_cache, files

# What zip archives, decompressors and NumPy's reader raise.
DAMAGE = (
    ValueError,
    EOFError,
    KeyError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
_QUICK = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FEW_BYTES = 1 << 24
_SUFFIX = ".npy"
# To be raised when the same file would give other arrays than before.
_VERSION = 1


def array_names(path: Path) -> list[str]:
    """Returns the names of the arrays of a ``.npz`` file.

    Raises:
      ValueError: if it is no such file, or cut off.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [
                name.removesuffix(_SUFFIX) for name in archive.namelist() if name.endswith(_SUFFIX)
            ]
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path} is damaged, or no .npz file: {error}.") from error


def array_shapes(path: Path) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    """Returns the shape and the data type of each array of a ``.npz`` file; reads no arrays.

    Raises:
      ValueError: if it is no such file, or damaged.
    """
    shapes = {}
    for name in array_names(path):
        try:
            with zipfile.ZipFile(path) as archive, archive.open(name + _SUFFIX) as file:
                version = np.lib.format.read_magic(file)
                read_header = (
                    np.lib.format.read_array_header_1_0
                    if version == (1, 0)
                    else np.lib.format.read_array_header_2_0
                )
                shape, _, dtype = read_header(file)
        except DAMAGE as error:
            raise ValueError(f"{path} cannot be read: {name}: {error}.") from error
        shapes[name] = (shape, dtype)
    return shapes


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
    known = array_names(path)
    lacking = [name for name in names if name not in known]
    if lacking:
        raise ValueError(
            f"{path} lacks {', '.join(lacking)}; it holds {', '.join(known) or 'no arrays'}."
        )
    digest = files.sha256_of(path)
    with zipfile.ZipFile(path) as archive:
        members = [archive.getinfo(name + _SUFFIX) for name in names]
    quick = (
        sum(member.file_size for member in members if member.compress_type not in _QUICK)
        < _FEW_BYTES
    )
    if quick:
        return _read(path, names, progress), digest
    key = f"{digest}/{','.join(names)}"
    arrays = cached_images(path.name, key, names, lambda: _read(path, names, progress))
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


def _read(path: Path, names: Sequence[str], progress: bool) -> dict[str, np.ndarray]:
    arrays = {}
    with (
        zipfile.ZipFile(path) as archive,
        tqdm.tqdm(
            total=sum(archive.getinfo(name + _SUFFIX).file_size for name in names),
            desc=f"Reading {path.name}",
            unit="B",
            unit_scale=True,
            disable=not progress,
            leave=False,
        ) as bar,
    ):
        for name in names:
            try:
                # The checksum of the zip format is verified at the end of each member.
                with archive.open(name + _SUFFIX) as file:
                    arrays[name] = np.lib.format.read_array(
                        tqdm.utils.CallbackIOWrapper(bar.update, file, "read"), allow_pickle=False
                    )
            except DAMAGE as error:
                raise ValueError(f"{path} cannot be read: {name}: {error}.") from error
    return arrays
