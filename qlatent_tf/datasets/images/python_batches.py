"""Unpickles the batches of the python version of CIFAR-10, whose hashes are verified before.

An unpickler calls what a file names: this one knows no names but those that arrays of NumPy need.
"""

import io
import pickle
from typing import Any

import numpy as np

_LEGAL = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _LEGAL:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_batch(content: bytes) -> dict[bytes, Any]:
    """Returns the dict that a batch holds.

    Args:
      content: bytes. A whole file.

    Returns:
      dict. Keys are bytes; values are lists, numbers, bytes, and, as `data`, an array of uint8.

    Raises:
      ValueError: if the file is damaged, or holds anything else.
    """
    try:
        # Strings of Python 2 are bytes.
        batch = _Unpickler(io.BytesIO(content), encoding="bytes").load()
    # A damaged pickle ends in any exception.
    except Exception as error:
        raise ValueError(f"this is no batch of CIFAR-10 ({error})") from error
    data = batch.get(b"data") if isinstance(batch, dict) else None
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8:
        raise ValueError("this is no batch of CIFAR-10, which has an array of uint8")
    return batch
