"""How kernels are compiled: without the GIL, and kept on disk where that can be written."""

from collections.abc import Callable
from typing import Any

from absl import logging
from numba import njit
from numba.core.caching import FunctionCache


def kernel(function: Callable | None = None, *, fastmath: bool = False) -> Any:
    """Compiles a function of numbers and arrays with Numba.

    What is compiled is kept in `__pycache__`, or in NUMBA_CACHE_DIR. Where neither can be written,
    a kernel is compiled again in each process, and a warning says so once.

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
    """A cache that a full disk, or one that became read-only, does not stop."""

    def save_overload(self, sig, data):
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _warn_once(error)


def _warn_once(error: Exception) -> None:
    logging.log_first_n(
        logging.WARNING,
        "Compiled kernels cannot be kept, so each process compiles them again (%s). "
        "Let NUMBA_CACHE_DIR name a folder that can be written.",
        1,
        error,
    )
