"""NumPy's files: a header is held against the size of its file before memory is taken.

`np.load` believes headers, and reads the arrays of a ``.npz`` file whole, where stored ones can be
mapped; hence two functions of our own that open arrays. Nothing is ever unpickled.
"""

import contextlib
import errno
import math
import os
import zipfile
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

_SUFFIX = ".npy"
# NumPy's own limit.
_LONGEST_HEADER = 10_000
# What the system says of itself, not of a file's bytes.
_NOT_DAMAGE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE)
# How many bytes can be unpacked from one.
_MOST_PACKED = {
    zipfile.ZIP_DEFLATED: 1 << 11,
    zipfile.ZIP_LZMA: 1 << 14,
    zipfile.ZIP_BZIP2: 1 << 21,
}


class Header(NamedTuple):
    """What a file says of an array.

    Attributes:
      name: str. What the array is called in error messages.
      shape: tuple of int.
      dtype: dtype.
      order: str. ``"C"``, or ``"F"`` in Fortran's order.
      start: int. Bytes before its numbers.
      size: int. Bytes with them.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    order: str
    start: int
    size: int


def open_npy(path: str | os.PathLike) -> np.ndarray:
    """Maps a ``.npy`` file into memory, read-only.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if it is truncated, no array, or an array of Python objects.
    """
    with _named(path, ".npy"), open(path, "rb") as file:
        return _mapped(path, 0, _header(file, os.fstat(file.fileno()).st_size, str(path)))


def open_npz(path: str | os.PathLike, key: str | None = None) -> np.ndarray:
    """Opens one array of a ``.npz`` file: mapped into memory, read-only, unless it is compressed.

    Args:
      path: path. The file.
      key: str. The array's name. Not needed if the file holds one array.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file or the array is bad, or `key` is needed or unknown; the message lists
        the keys.
    """
    members = npz_members(path)
    if key is None and len(members) == 1:
        (key,) = members
    if key not in members:
        received = "no key" if key is None else f"the key {key!r}"
        legal = ", ".join(sorted(members)) or "none, for it holds no arrays"
        raise ValueError(
            f"Received {received} for {path}; legal: {legal}. Choose an array by key=NAME; for a "
            "latent, by --set latent_options.key=NAME; inspect_samples has --key NAME."
        )
    if members[key].compress_type != zipfile.ZIP_STORED:
        array = read_npz(path, key)
        array.flags.writeable = False
        return array
    header = npz_header(path, key)
    with open(path, "rb") as file:
        # A member begins after its local header of 30 bytes and two strings.
        file.seek(members[key].header_offset + 26)
        strings = sum(int.from_bytes(file.read(2), "little") for _ in range(2))
        with _named(path, ".npz"):
            return _mapped(path, members[key].header_offset + 30 + strings, header)


def npz_members(path: str | os.PathLike) -> dict[str, zipfile.ZipInfo]:
    """Returns the entries of the arrays of a ``.npz`` file, by their names.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if it is no such file, or cut off.
    """
    with _named(path, ".npz"), zipfile.ZipFile(path) as archive:
        return {
            member.filename.removesuffix(_SUFFIX): member
            for member in archive.infolist()
            if member.filename.endswith(_SUFFIX)
        }


def npz_header(path: str | os.PathLike, key: str) -> Header:
    """Returns what a ``.npz`` file says of one of its arrays; reads no array.

    Raises:
      ValueError: if it is damaged.
    """
    with _member(path, key) as (_, header):
        return header


def read_npz(
    path: str | os.PathLike, key: str, count: Callable[[int], object] = lambda size: None
) -> np.ndarray:
    """Reads one array of a ``.npz`` file, and verifies its checksum.

    Args:
      path: path. The file.
      key: str. The array's name.
      count: callable. Told the number of bytes that were just read, again and again.

    Raises:
      ValueError: if it is damaged, or an array of Python objects.
    """
    with _member(path, key) as (file, header):
        _check(header)
        file.seek(0)
        array = np.lib.format.read_array(_Pieces(file, count))
        file.read(1)  # The checksum is compared at the end.
        return array


class _Pieces:
    """A file that is read in small pieces: Python unpacks all of what it reads at once.

    Args:
      file: binary file.
      count: callable. Told the number of bytes of each piece.
    """

    _SIZE = 1 << 12

    def __init__(self, file: BinaryIO, count: Callable[[int], object]):
        self._file, self._count = file, count

    def read(self, size: int) -> bytes:
        pieces = []
        while size and (piece := self._file.read(min(size, self._SIZE))):
            pieces.append(piece)
            size -= len(piece)
            self._count(len(piece))
        return b"".join(pieces)


@contextlib.contextmanager
def _member(path: str | os.PathLike, key: str) -> Iterator[tuple[BinaryIO, Header]]:
    with _named(path, ".npz"), zipfile.ZipFile(path) as archive:
        member = archive.getinfo(key + _SUFFIX)
        packed = min(member.compress_size, os.path.getsize(path))
        if member.file_size > packed * _MOST_PACKED.get(member.compress_type, 1):
            raise ValueError(
                f"{path}[{key!r}] announces {member.file_size} bytes, packed into {packed}"
            )
        with archive.open(member) as file:
            yield file, _header(file, member.file_size, f"{path}[{key!r}]")


@contextlib.contextmanager
def _named(path: str | os.PathLike, kind: str) -> Iterator[None]:
    """Names the file in what is raised for its damage."""
    try:
        yield
    except MemoryError as error:
        raise ValueError(f"{path} is larger than memory: {error}.") from error
    # Zip archives, decompressors and the parser of headers meet damage in many ways.
    except Exception as error:
        if isinstance(error, ValueError | OSError) and str(path) in str(error):
            raise
        if isinstance(error, OSError) and error.errno in _NOT_DAMAGE:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise ValueError(f"{path} is not a whole {kind} file: {error}.") from error


def _header(file: BinaryIO, size: int, name: str) -> Header:
    """Reads the header of an array in a file, or a member of one, of `size` bytes."""
    try:
        version = np.lib.format.read_magic(file)
        length = file.read({(1, 0): 2, (2, 0): 4}.get(version, 0))
        if int.from_bytes(length, "little") > _LONGEST_HEADER:
            raise ValueError(f"it announces a header of {int.from_bytes(length, 'little')} bytes")
        file.seek(file.tell() - len(length))
        if version == (1, 0):
            shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, is_fortran, dtype = np.lib.format.read_array_header_2_0(file)
        else:
            raise ValueError(f"version {version} holds no plain numbers")
        if not all(type(length) is int and length >= 0 for length in shape):
            raise ValueError(f"it announces the shape {shape}")
    except Exception as error:
        raise ValueError(f"{name} is not a whole .npy file: {error}.") from error
    return Header(name, shape, dtype, "F" if is_fortran else "C", file.tell(), size)


def _check(header: Header) -> None:
    """Refuses what cannot be read, before memory is taken for it."""
    if header.dtype.hasobject:
        raise ValueError(
            f"{header.name} holds pickled Python objects, which are not read: reading them can "
            "run code. Save plain numbers."
        )
    if not header.dtype.itemsize:
        raise ValueError(f"{header.name} holds no numbers, but {header.dtype}, of no bytes.")
    row_bytes = math.prod(header.shape[1:]) * header.dtype.itemsize
    present = header.size - header.start
    if math.prod(header.shape) * header.dtype.itemsize < present:
        raise ValueError(
            f"{header.name} has {present} bytes after its header, which announces the shape "
            f"{header.shape} of {header.dtype}: it holds more than one array, or is damaged."
        )
    if math.prod(header.shape[:1]) * row_bytes > present:
        raise ValueError(
            f"{header.name} is truncated: its header announces the shape {header.shape} of "
            f"{header.dtype}, but row {present // max(row_bytes, 1)} (counted from 0) is not whole."
        )


def _mapped(path: str | os.PathLike, offset: int, header: Header) -> np.ndarray:
    _check(header)
    if 0 in header.shape:
        return np.zeros(header.shape, header.dtype)
    return np.memmap(path, header.dtype, "r", offset + header.start, header.shape, header.order)
