"""Arrays that are made once and kept in a file."""

import hashlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.storage import files, npy_files


def cache_path(folder: str, stem: str, key: str, suffix: str = ".npz") -> Path:
    """Returns the file in the cache folder for what is made from `key`."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    stem = re.sub(r"[^\w.-]+", "-", stem)  # It may be a user's name of data.
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
                np.savez(temporary, **arrays, key=key)
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
        check(arrays)
    except (OSError, ValueError, KeyError) as error:
        logging.warning("%s is damaged (%s) and will be made again.", path, error)
        return None
    return arrays
