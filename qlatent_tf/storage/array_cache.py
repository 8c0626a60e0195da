"""Arrays that are made once and kept in a file."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.storage import files, npy_files


def cached_arrays(
    path: Path,
    key: str,
    make: Callable[[], Mapping[str, np.ndarray]],
    check: Callable[[Mapping[str, np.ndarray]], None] = lambda arrays: None,
) -> dict[str, np.ndarray]:
    """Returns the arrays of a file; makes and writes them if it is absent, damaged or another's.

    Args:
      path: path. A ``.npz`` file, written whole or not at all.
      key: str. What the arrays were made from; a file with another key is not used.
      make: callable. `make()` returns the arrays, by name.
      check: callable. `check(arrays)` raises ValueError or KeyError for arrays that are not
        what `make` returns.
    """
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
