"""Arrays that are made once and kept in a file."""

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.storage import files, npy_files

# Bytes of a file's name, which a file system may limit to 255 with all that is added to it.
_LONGEST_STEM = 100
# What `numpy.savez` and the cache call something else.
_TAKEN = re.compile("_*(file|key|allow_pickle)")


def cache_path(folder: str, stem: str, key: str, suffix: str = ".npz") -> Path:
    """Returns the file in the cache folder for what is made from `key`."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    # It may be a user's name of data, longer than a file's may be.
    stem = re.sub(r"[^\w.-]+", "-", stem).encode()[:_LONGEST_STEM].decode(errors="ignore")
    return files.cache_dir() / folder / f"{stem}-{digest[:16]}{suffix}"


def cached_arrays(
    folder: str,
    stem: str,
    key: str,
    make: Callable[[], Mapping[str, np.ndarray]],
    check: Callable[[Mapping[str, np.ndarray]], None] = lambda arrays: None,
) -> dict[str, np.ndarray]:
    """Returns arrays from the cache; makes and writes them if they are absent or damaged.

    Args:
      folder: str. The folder in the cache.
      stem: str. What the file's name begins with.
      key: str. What the arrays are made from, and how.
      make: callable. `make()` returns the arrays, by name.
      check: callable. `check(arrays)` raises ValueError or KeyError for arrays that are not
        what `make` returns.
    """
    path = cache_path(folder, stem, key)
    arrays = _read(path, key, check)
    if arrays is None:
        arrays = dict(make())
        try:
            with files.atomic_path(path) as temporary:
                stored = {_stored_as(name): array for name, array in arrays.items()}
                np.savez(temporary, **stored, key=key)
        except OSError as error:
            logging.warning("%s cannot be written (%s): the next run makes it.", path, error)
    return arrays


def _read(path: Path, key: str, check) -> dict[str, np.ndarray] | None:
    if not path.exists():
        return None
    try:
        arrays = {name: npy_files.read_npz(path, name) for name in npy_files.npz_members(path)}
        if str(arrays.pop("key")) != key:
            raise ValueError("it was made from something else")
        arrays = {_name_of(stored): array for stored, array in arrays.items()}
        check(arrays)
    except (OSError, ValueError, KeyError) as error:
        logging.warning("%s is damaged (%s) and will be made again.", path, error)
        return None
    return arrays


def _stored_as(name: str) -> str:
    return f"_{name}" if _TAKEN.fullmatch(name) else name


def _name_of(stored: str) -> str:
    return stored.removeprefix("_") if _TAKEN.fullmatch(stored) else stored
