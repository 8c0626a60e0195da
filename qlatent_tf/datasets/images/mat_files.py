"""Streams large arrays out of MATLAB files, in blocks along their last axis.

Those of version 7.3 are HDF5. Those of version 5 are read here, for `scipy.io.loadmat` holds an
array whole, and one flipped bit in the tag of an array ends the process (SciPy 1.17).

Reference:
  The MathWorks, "MAT-file format" (version 5).
"""

import contextlib
import dataclasses
import io
import math
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import h5py
import numpy as np

from qlatent_tf.storage.hdf5_files import check_data_set

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_TYPES = ["i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8", "i8", "u8"]
_NUMBERS = dict(zip((1, 2, 3, 4, 5, 6, 7, 9, 12, 13), _TYPES, strict=True))
# Classes of arrays of numbers: not cells, structures, objects, characters or sparse arrays.
_PLAIN, _COMPLEX = range(6, 16), 0x800
_READ = 1 << 18
# More than zlib can pack into a byte.
_MOST_PACKED = 1 << 11
_CHUNK_BYTES = 1 << 28


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
    with _opened(path, name) as (shape, _):
        pass

    def blocks(start: int, size: int) -> Iterator[np.ndarray]:
        with _opened(path, name) as (shape, read):
            for first in range(start, shape[-1], size):
                yield read(first, min(size, shape[-1] - first))

    return StoredArray(shape, blocks)


def small_array(path: Path, name: str) -> np.ndarray:
    """Returns an array of a file whole, with the axes that MATLAB gives it.

    Raises:
      ValueError: if the file is damaged, or has no such array of numbers.
    """
    array = stored_array(path, name)
    (block,) = array.blocks(0, array.shape[-1])
    return block.T


_Opened = tuple[tuple[int, ...], Callable[[int, int], np.ndarray]]


@contextlib.contextmanager
def _opened(path: Path, name: str) -> Iterator[_Opened]:
    """Yields the shape of an array, and what reads `count` slices from number `first` on."""
    try:
        with (_hdf5_array if h5py.is_hdf5(path) else _array)(path, name) as opened:
            yield opened
    # HDF5 meets damage in many ways.
    except Exception as error:
        if isinstance(error, ValueError) and str(path) in str(error):
            raise
        raise ValueError(f"{path} is damaged or cut off, or no MATLAB file: {error}.") from error


@contextlib.contextmanager
def _hdf5_array(path: Path, name: str) -> Iterator[_Opened]:
    with h5py.File(path, "r") as file:
        if not isinstance(link := file.get(name, getlink=True), h5py.HardLink):
            what = f"no array {name}" if link is None else f"a link for {name}, not an array"
            raise ValueError(f"{path} has {what}; it has {', '.join(map(str, file))}.")
        array = file[name]
        if not isinstance(array, h5py.Dataset) or array.dtype.kind not in "biuf":
            raise ValueError(f"{path}: {name} is no array of numbers.")
        check_data_set(array, str(path))
        stored = array.id.get_storage_size()
        if not 0 < array.nbytes <= _MOST_PACKED * stored or not array.ndim:
            raise EOFError(f"{name} of shape {array.shape[::-1]} has {stored} bytes")
        if array.chunks and math.prod(array.chunks) * array.dtype.itemsize > _CHUNK_BYTES:
            raise ValueError(f"{path}: {name} is in chunks of {array.chunks}, too large to read.")
        yield array.shape[::-1], lambda first, count: array[first : first + count]


@contextlib.contextmanager
def _array(path: Path, name: str) -> Iterator[_Opened]:
    with open(path, "rb") as file:
        shape, dtype, numbers = _find(path, file, name)
        if numbers is file:
            array = np.memmap(file, dtype, "r", file.tell(), shape[::-1])
            yield shape, lambda first, count: array[first : first + count]
            return
        each = math.prod(shape[:-1]) * dtype.itemsize
        position = 0

        def read(first, count):
            nonlocal position
            while position < first:  # What is packed is read in its order.
                _exactly(numbers, each)
                position += 1
            position += count
            content = _exactly(numbers, count * each)
            while position == shape[-1] and numbers.read(_READ):
                pass  # To the end, where the checksum stands.
            return np.frombuffer(content, dtype).reshape(count, *shape[-2::-1])

        yield shape, read


def _find(path: Path, file: BinaryIO, name: str) -> tuple[tuple[int, ...], np.dtype, BinaryIO]:
    """Returns an array's shape, its data type as stored, and a file at its first number."""
    order = {b"IM": "<", b"MI": ">"}.get(file.read(_HEADER)[126:])
    if order is None:
        raise ValueError(f"{path} is no MATLAB file of version 5 or 7.3, or cut off.")
    found = []
    while tag := file.read(8):
        kind, size = struct.unpack(f"{order}II", tag)
        end = file.tell() + size
        part, room = file, size
        if kind == _COMPRESSED:
            part, room = io.BufferedReader(_Unpacked(file, size), _READ), size * _MOST_PACKED
            kind, _ = struct.unpack(f"{order}II", _exactly(part, 8))
        if kind == _MATRIX:
            # The class in MATLAB; how numbers are stored is said with them.
            flags = int.from_bytes(_element(part, order)[:4], "little" if order == "<" else "big")
            dimensions = _element(part, order)
            shape = struct.unpack(f"{order}{len(dimensions) // 4}i", dimensions)
            found.append(_element(part, order).decode("latin-1"))
            if found[-1] == name:
                kind, length = struct.unpack(f"{order}II", _exactly(part, 8))
                if kind not in _NUMBERS or flags & 0xFF not in _PLAIN or flags & _COMPLEX:
                    raise ValueError(f"{path}: {name} is no array of plain real numbers.")
                dtype = np.dtype(order + _NUMBERS[kind])
                expected = math.prod(shape) * dtype.itemsize
                if length != expected or length > room or min(shape, default=0) < 1:
                    raise EOFError(f"{name} of shape {shape} has {length} bytes in {size}")
                if end > os.fstat(file.fileno()).st_size:
                    raise EOFError(f"{name} ends at byte {end}, beyond the file")
                return shape, dtype, part
        file.seek(end)
    raise ValueError(f"{path} has no array {name}; it has {', '.join(found) or 'none'}.")


def _element(file: BinaryIO, order: str) -> bytes:
    """Returns the content of one small data element."""
    tag = _exactly(file, 8)
    kind, size = struct.unpack(f"{order}II", tag)
    if kind >> 16:  # Type and size share the first word, and the content is the second.
        return tag[4 : 4 + (kind >> 16)]
    if size > _READ:
        raise EOFError(f"a part of {size} bytes before the numbers")
    return _exactly(file, size + -size % 8)[:size]


def _exactly(file: BinaryIO, count: int) -> bytes:
    content = file.read(count)
    if len(content) < count:
        raise EOFError(f"{count} bytes were expected, {len(content)} are there")
    return content


class _Unpacked(io.RawIOBase):
    """What the next `size` bytes of a file unpack to."""

    def __init__(self, file: BinaryIO, size: int):
        self._file, self._left, self._unpack = file, size, zlib.decompressobj()

    def readable(self):
        return True

    def readinto(self, buffer):
        while not self._unpack.eof:
            packed = self._unpack.unconsumed_tail
            if not packed:
                packed = self._file.read(min(self._left, _READ))
                self._left -= len(packed)
            part = self._unpack.decompress(packed, len(buffer))
            if part:
                buffer[: len(part)] = part
                return len(part)
            if not packed and not self._unpack.eof:
                raise EOFError("packed data end early")
        return 0
