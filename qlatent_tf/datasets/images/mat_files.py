"""Streams large arrays out of MATLAB files, in blocks along their last axis.

`scipy.io.loadmat` holds a whole array in memory, twice while it unpacks; the arrays read here have
more than a gigabyte. Files of version 5 are read as they come, packed or not; those of version 7.3
are HDF5.

Reference:
  The MathWorks, "MAT-file format" (version 5).
"""

import contextlib
import dataclasses
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np
import scipy.io

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_READ = 1 << 18


@dataclasses.dataclass(frozen=True)
class StoredArray:
    """An array of a MATLAB file, not read yet.

    Attributes:
      shape: tuple of int. As MATLAB has it.
      blocks: callable. `blocks(start, size)` yields arrays of shape `(n, *reversed(shape[:-1]))`:
        the slices along the last axis from `start` on, at most `size` of them at a time, each with
        its axes in reverse order, as they lie in the file.
    """

    shape: tuple[int, ...]
    blocks: Callable[[int, int], Iterator[np.ndarray]]


def stored_array(path: Path, name: str) -> StoredArray:
    """Returns a large array of a file.

    Raises:
      ValueError: if the file is damaged, or has no such array of numbers.
    """
    if h5py.is_hdf5(path):
        with _opened_hdf5(path) as file:
            shape = _hdf5_array(path, file, name).shape[::-1]
        return StoredArray(shape, lambda start, size: _hdf5_blocks(path, name, start, size))
    with _damage_of(path), open(path, "rb") as file:
        shape, _, _ = _find(path, file, name)
    return StoredArray(shape, lambda start, size: _blocks(path, name, start, size))


def small_array(path: Path, name: str) -> np.ndarray:
    """Returns an array of a file whole, with the axes that MATLAB gives it.

    Raises:
      ValueError: if the file is damaged, or has no such array.
    """
    if h5py.is_hdf5(path):
        with _opened_hdf5(path) as file:
            return np.asarray(_hdf5_array(path, file, name)).T
    try:
        arrays = scipy.io.loadmat(path, variable_names=[name])
    # SciPy's reader meets damage in many ways.
    except Exception as error:
        raise ValueError(f"{path} is damaged, or no MATLAB file: {error}.") from error
    if name not in arrays:
        raise ValueError(f"{path} has no array {name}.")
    return arrays[name]


def _opened_hdf5(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"{path} is damaged: {error}.") from error


def _hdf5_array(path: Path, file: h5py.File, name: str) -> h5py.Dataset:
    if not isinstance(file.get(name), h5py.Dataset):
        raise ValueError(f"{path} has no array {name}; it has {', '.join(sorted(file))}.")
    return file[name]


def _hdf5_blocks(path: Path, name: str, start: int, size: int) -> Iterator[np.ndarray]:
    with _opened_hdf5(path) as file:
        array = _hdf5_array(path, file, name)
        for first in range(start, len(array), size):
            try:
                yield array[first : first + size]
            except OSError as error:
                raise ValueError(f"{path} is damaged: {name}: {error}.") from error


def _blocks(path: Path, name: str, start: int, size: int) -> Iterator[np.ndarray]:
    with open(path, "rb") as file:
        with _damage_of(path):
            shape, dtype, element = _find(path, file, name)
            each = int(np.prod(shape[:-1])) * dtype.itemsize
            element.skip(start * each)
        for first in range(start, shape[-1], size):
            count = min(size, shape[-1] - first)
            with _damage_of(path):
                content = element.read(count * each)
            yield np.frombuffer(content, dtype).reshape(count, *shape[-2::-1])
        with _damage_of(path):
            element.finish()


@contextlib.contextmanager
def _damage_of(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, struct.error, zlib.error) as error:
        raise ValueError(f"{path} is damaged or cut off, or no MATLAB file: {error}.") from error


def _find(path: Path, file: BinaryIO, name: str) -> tuple[tuple[int, ...], np.dtype, "_Element"]:
    """Returns an array's shape, its data type as stored, and the element, at its first number."""
    header = file.read(_HEADER)
    order = {b"IM": "<", b"MI": ">"}.get(header[126:])
    if order is None:
        raise ValueError(f"{path} is no MATLAB file of version 5 or 7.3, or cut off.")
    found = []
    while tag := file.read(8):
        kind, size = struct.unpack(f"{order}II", tag)
        end = file.tell() + size
        element = _Element(file, size, kind == _COMPRESSED)
        if kind == _COMPRESSED:
            kind, _ = struct.unpack(f"{order}II", element.read(8))
        if kind == _MATRIX:
            shape, known, dtype = _array_header(element.read, order)
            found.append(known)
            if known == name:
                if dtype is None:
                    raise ValueError(f"{path}: {name} is no array of numbers.")
                return shape, dtype, element
        file.seek(end)
    raise ValueError(f"{path} has no array {name}; it has {', '.join(found) or 'none'}.")


def _array_header(
    read: Callable[[int], bytes], order: str
) -> tuple[tuple[int, ...], str, np.dtype | None]:
    """Reads up to the first number of an array."""
    _part(read, order)  # The class in MATLAB: how numbers are stored is said with them.
    _, dimensions = _part(read, order)
    shape = struct.unpack(f"{order}{len(dimensions) // 4}i", dimensions)
    _, name = _part(read, order)
    kind, _ = struct.unpack(f"{order}II", read(8))
    dtype = np.dtype(order + _NUMBERS[kind]) if kind in _NUMBERS else None
    return shape, name.decode("latin-1"), dtype


def _part(read: Callable[[int], bytes], order: str) -> tuple[int, bytes]:
    """Reads one data element: its type and its content."""
    tag = read(8)
    kind, size = struct.unpack(f"{order}II", tag)
    if kind >> 16:  # A small element: type and size share the first word, the content is there.
        return kind & 0xFFFF, tag[4 : 4 + (kind >> 16)]
    content = read(size)
    read(-size % 8)
    return kind, content


class _Element:
    """The content of a data element, read from its start on and unpacked if need be.

    Args:
      file: binary file, at the first byte of the content.
      size: int. Bytes in the file.
      packed: bool. Whether they are packed by zlib.
    """

    def __init__(self, file: BinaryIO, size: int, packed: bool):
        self._file = file
        self._left = size
        self._unpack = zlib.decompressobj() if packed else None

    def read(self, count: int) -> bytes:
        """Returns the next `count` bytes.

        Raises:
          EOFError: if there are fewer.
        """
        parts = []
        while count:
            part = self._some(count)
            if not part:
                raise EOFError(f"{count} bytes more were expected")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def skip(self, count: int) -> None:
        """Passes over `count` bytes."""
        while count:
            count -= len(self.read(min(count, _READ)))

    def finish(self) -> None:
        """Reads to the end, where the checksum of what is packed stands."""
        while self._some(_READ):
            pass

    def _some(self, most: int) -> bytes:
        """Returns at most so many bytes, none at the end."""
        if self._unpack is None:
            part = self._file.read(min(self._left, most))
            self._left -= len(part)
            return part
        while not self._unpack.eof:
            packed = self._unpack.unconsumed_tail
            if not packed:
                packed = self._file.read(min(self._left, _READ))
                self._left -= len(packed)
            part = self._unpack.decompress(packed, most)
            if part:
                return part
            if not packed and not self._unpack.eof:
                raise EOFError("packed data end early")
        return b""
