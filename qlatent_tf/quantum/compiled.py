"""How kernels are compiled: without the GIL, and kept on disk where that can be written."""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from absl import logging
from numba import njit
from numba.core.caching import FunctionCache


def kernel(function: Callable | None = None, *, fastmath: bool = False) -> Any:
    """Compiles a function of numbers and arrays with Numba.

    What is compiled is kept in `__pycache__`, or in NUMBA_CACHE_DIR, until a file of kernels
    changes. Where neither can be written, a kernel is compiled again in each process, and a warning
    says so once.

    Args:
      function: callable. What is compiled; without it, a decorator is returned.
      fastmath: bool. Whether sums may be reordered.
    """
    if function is None:
        return lambda function: kernel(function, fastmath=fastmath)
    compiled: Any = njit(nogil=True, fastmath=fastmath, error_model="numpy")(function)
    if hasattr(compiled, "_cache"):  # not where NUMBA_DISABLE_JIT is set
        try:
            compiled._cache = _Cache(function)
        except (RuntimeError, OSError, KeyError) as error:
            _warn_once(error)
    return compiled


class _Cache(FunctionCache):
    """A cache that a full disk, or one that became read-only, does not stop.

    Numba itself compiles a kernel again when its own file changes. A kernel holds the code of
    others that it calls, so here it does when the file of any of them has changed.
    """

    def __init__(self, function):
        super().__init__(function)
        file = self._cache_file
        # Read as the kernel is imported: its code, too, is that of now.
        file._source_stamp = (file._source_stamp, _sources())

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _warn_once(error)


@functools.cache
def _sources() -> str:
    """Returns the hash of all files of kernels."""
    here, digest = Path(__file__).parent, hashlib.sha256()
    for pattern in ("*.py", "kernels/*.py", "samplers/*.py", "gaussian/*.py"):
        for file in sorted(here.glob(pattern)):
            if file.is_file():  # and no link of an editor's, which leads nowhere
                digest.update(file.read_bytes())
    return digest.hexdigest()


def _warn_once(error: Exception) -> None:
    logging.log_first_n(
        logging.WARNING,
        "Compiled kernels cannot be kept, so each process compiles them again (%s). "
        "Let NUMBA_CACHE_DIR name a folder that can be written.",
        1,
        error,
    )
