"""NumPy's own files, mapped into memory instead of read, and never unpickled."""

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

_NOT_NPY = "is not a whole .npy file"


def open_npy(path: str | os.PathLike) -> np.ndarray:
    """Maps a .npy file of samples into memory.

    Args:
      path: path. An array of shape (shots, modes) or (shots, 1, modes).

    Returns:
      Read-only memory map of shape (shots, modes).

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file is no array of numbers of such a shape, or is truncated.
    """
    path = Path(path)
    with open(path, "rb") as file:
        shape, fortran_order, dtype = _read_header(file, str(path))
        offset = file.tell()
    return _map(path, str(path), offset, shape, fortran_order, dtype, path.stat().st_size - offset)


def open_npz(path: str | os.PathLike, key: str | None = None) -> np.ndarray:
    """Opens one array of samples in a .npz file.

    An array stored without compression is mapped into memory; a compressed one is read.

    Args:
      path: path. The file.
      key: str. The array's name. Not needed if the file holds one array.

    Returns:
      Read-only array of shape (shots, modes).

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the file is bad, or `key` is needed or unknown; the message lists the keys.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            key = _choose_key(archive, path, key)
            name = f"{path}[{key!r}]"
            member = archive.getinfo(f"{key}.npy")
            with archive.open(member) as file:
                shape, fortran_order, dtype = _read_header(file, name)
                header_bytes = file.tell()
                shape = _check_layout(shape, dtype, name)
                if member.compress_type != zipfile.ZIP_STORED:
                    return _read(file, name, shape, fortran_order, dtype)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{path} is not a whole .npz file: {error}.") from error
    start = _member_start(path, member)
    return _map(
        path,
        name,
        start + header_bytes,
        shape,
        fortran_order,
        dtype,
        member.file_size - header_bytes,
    )


def read_array(path: str | os.PathLike) -> np.ndarray:
    """Reads a small .npy file of any shape, such as a matrix beside the samples.

    Raises:
      ValueError: if the file is truncated, no array, or an array of Python objects.
    """
    try:
        return np.lib.format.open_memmap(path, mode="r").copy()
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} {_NOT_NPY}: {error}.") from error


def _read_header(file, name: str):
    try:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            header = np.lib.format.read_array_header_1_0(file)
        elif version == (2, 0):
            header = np.lib.format.read_array_header_2_0(file)
        else:
            raise ValueError(f"version {version} holds no plain numbers")
    except (ValueError, EOFError) as error:
        raise ValueError(f"{name} {_NOT_NPY}: {error}.") from error
    if header[2].hasobject:
        raise ValueError(
            f"{name} holds pickled Python objects, which are not read: reading them can run "
            "code. Save photon numbers as an array of integers."
        )
    return header


def _check_layout(shape: tuple[int, ...], dtype: np.dtype, name: str) -> tuple[int, int]:
    if dtype.kind not in "buif":
        raise ValueError(f"{name} holds values of type {dtype}; photon numbers are integers.")
    if len(shape) == 3 and shape[1] == 1:
        shape = (shape[0], shape[2])
    if len(shape) != 2 or 0 in shape:
        raise ValueError(
            f"{name} has shape {shape}; legal: (shots, modes) or (shots, 1, modes), from 1."
        )
    return shape


def _refuse_truncated(name: str, shape, dtype: np.dtype, present: int) -> None:
    row_bytes = shape[1] * dtype.itemsize
    if present < shape[0] * row_bytes:
        raise ValueError(
            f"{name} is truncated: its header announces {shape[0]} rows, but row "
            f"{present // row_bytes} (counted from 0) is not whole."
        )


def _map(path, name, offset, shape, fortran_order, dtype, present) -> np.ndarray:
    shape = _check_layout(shape, dtype, name)
    _refuse_truncated(name, shape, dtype, present)
    return np.memmap(
        path,
        dtype=dtype,
        mode="r",
        offset=offset,
        shape=shape,
        order="F" if fortran_order else "C",
    )


def _read(file, name, shape, fortran_order, dtype) -> np.ndarray:
    values = bytearray()
    while block := file.read(1 << 20):
        values += block
    _refuse_truncated(name, shape, dtype, len(values))
    array = np.frombuffer(values, dtype, count=shape[0] * shape[1])
    array.flags.writeable = False
    return array.reshape(shape, order="F" if fortran_order else "C")


def _choose_key(archive: zipfile.ZipFile, path: Path, key: str | None) -> str:
    keys = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    if not keys:
        raise ValueError(f"{path} holds no arrays.")
    if key is None and len(keys) == 1:
        return keys[0]
    if key not in keys:
        received = "no key" if key is None else f"the key {key!r}"
        raise ValueError(f"Received {received} for {path}; legal: {', '.join(sorted(keys))}.")
    return key


def _member_start(path: Path, member: zipfile.ZipInfo) -> int:
    """Returns where a member's bytes begin: after its local header of 30 bytes and two strings."""
    with open(path, "rb") as file:
        file.seek(member.header_offset)
        header = file.read(30)
    name_bytes = int.from_bytes(header[26:28], "little")
    extra_bytes = int.from_bytes(header[28:30], "little")
    return member.header_offset + 30 + name_bytes + extra_bytes
