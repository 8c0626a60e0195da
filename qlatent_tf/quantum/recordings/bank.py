"""Sample banks: directories of shards made once and drawn from often."""

import dataclasses
import functools
import hashlib
import io
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from absl import logging

import qlatent_tf
from qlatent_tf.checks import check_count
from qlatent_tf.quantum.memory import readable_bytes
from qlatent_tf.quantum.recordings import bank_metadata
from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.storage import files, npy_files
from qlatent_tf.storage.locks import sole_use
from qlatent_tf.text.differences import differences, format_differences

_UNITARY = "unitary.npy"
_LOCK = ".lock"
_CHUNK_SECONDS = 1.0
_FIRST_CHUNK_ROWS = 256
_LAST_CHUNK_ROWS = 1 << 18
# A process may have some hundred files open, and each map keeps its own.
_MOST_MAPPED = 128


class Sampler(Protocol):
    """What a bank is made from: sample i depends on the seed and on i alone."""

    def sample(self, num_samples: int, seed: int, *, start: int = 0) -> np.ndarray:
        """Returns the samples start to start + num_samples - 1, uint8 (num_samples, modes)."""
        ...


@dataclasses.dataclass(frozen=True)
class Piece:
    """Consecutive rows of one shard, and the sampler's seed."""

    start: int
    rows: int
    seed: int


# Takes pieces as it needs them; yields each, in any order, with its samples and the seconds they
# took.
Draw = Callable[[Iterator[Piece]], Iterator[tuple[Piece, np.ndarray, float]]]


class SampleBank(sample_rows.StackedRows):
    """The rows of a finished bank; the shards that were read last are memory-mapped.

    Attributes:
      metadata: dict. The seed, the sampler's settings, the version that made the bank.
      unitary: complex array of shape (modes, modes), or (tiles, modes, modes); or None.
    """

    def __init__(self, parts, metadata: dict, unitary: np.ndarray | None):
        super().__init__(parts)
        self.metadata = metadata
        self.unitary = unitary


class _Shard(sample_rows.Rows):
    """The rows of a shard, whose file `opened` maps when they are read."""

    def __init__(self, path: Path, shape: tuple[int, int], opened: Callable[[Path], np.ndarray]):
        super().__init__(*shape, np.uint8)
        self._path, self._opened = path, opened

    def _take(self, indices):
        return self._opened(self._path)[indices]

    def __reduce__(self):
        # A map is pickled and copied as the rows that it holds, and so is this.
        return np.array, (self[:],)


def write_bank(
    folder: str | os.PathLike,
    sampler: Sampler,
    *,
    num_samples: int,
    modes: int,
    seed: int,
    description: dict[str, Any],
    unitary: np.ndarray | None = None,
    shard_size: int = 25_000,
    progress: Callable[[int, bool], None] | None = None,
    draw: Draw | None = None,
) -> None:
    """Makes a bank, or what is missing of one that was interrupted.

    Each shard appears whole or not at all, and its hash is noted after it; one that no longer
    has its hash is made again. Since a sample depends on its index and the seed alone, an
    interrupted bank ends as an uninterrupted one.

    Args:
      folder: path. The bank's directory, made if missing.
      sampler: Sampler.
      num_samples: int. Rows in all.
      modes: int. Columns.
      seed: int, from 0 and below 2**63. The sampler's seed.
      description: dict. What the sampler is, as JSON values; a bank that was begun with another
        description is not continued.
      unitary: complex array, one matrix or several. Kept beside the rows.
      shard_size: int. Rows in a shard; so many at most are lost with a killed process.
      progress: callable. Told, again and again, the number of rows that were just finished, and
        whether they were found rather than made.
      draw: callable. Lets others draw the pieces, several at a time; None for `sampler`, here.

    Raises:
      ValueError: if a number is not legal, `description` is no JSON, or `folder` holds something
        else or a bank begun differently: the message lists the differences.
      InUseError: if another process is writing it.
    """
    num_samples = check_count(num_samples, "num_samples", least=1)
    shard_size = check_count(shard_size, "shard_size", least=1)
    modes = check_count(modes, "modes", least=1)
    seed = check_count(seed, "seed")
    if seed >= 2**63:  # what metadata.json can hold
        raise ValueError(f"A bank's seed is below 2**63; received {seed}.")
    folder = Path(folder)
    metadata = {
        "format": bank_metadata.FORMAT,
        "format_version": bank_metadata.FORMAT_VERSION,
        "package_version": qlatent_tf.__version__,
        "num_samples": num_samples,
        "modes": modes,
        "shard_size": shard_size,
        "seed": seed,
        "unitary_sha256": None if unitary is None else npy_sha256(unitary),
        "sampler": description,
    }
    if not isinstance(description, dict):
        raise ValueError(f"description is a dict of JSON values; received {description!r}.")
    try:
        metadata = json.loads(json.dumps(metadata, allow_nan=False))  # as it will be read again
    except (TypeError, ValueError) as error:
        raise ValueError(f"description is a dict of JSON values: {error}.") from error
    check_folder(folder)
    with sole_use(folder / _LOCK, f"writing the bank {folder}"):
        shards = _begin(folder, metadata, unitary)
        progress = progress or (lambda rows, found: None)
        missing = _missing(metadata, shards, progress)
        if draw is None:
            made = _make(folder, missing, sampler, seed, progress)
        else:
            made = _gather(folder, missing, draw, seed, progress)
        for name in made:
            shards[name] = files.sha256_of(folder / name)
            files.write_json(
                folder / bank_metadata.NAME, {**metadata, "shards": dict(sorted(shards.items()))}
            )


def open_bank(folder: str | os.PathLike) -> SampleBank:
    """Opens a finished bank, and compares every file with its hash.

    Raises:
      FileNotFoundError: if there is no bank, or a shard is missing.
      ValueError: if the bank is unfinished or from a newer version, or a file is corrupt; the
        message names it.
    """
    folder = Path(folder)
    metadata = bank_metadata.read_metadata(folder)
    shards, size = metadata["shards"], metadata["shard_size"]
    wanted = -(-metadata["num_samples"] // size)
    if len(shards) < wanted:
        raise ValueError(
            f"The bank {folder} is unfinished: it has {len(shards)} of {wanted} shards. The "
            "command that began it continues it."
        )
    unitary, parts = None, []
    opened = functools.lru_cache(_MOST_MAPPED)(npy_files.open_npy)
    if metadata["unitary_sha256"] is not None:
        _check_file(folder / _UNITARY, metadata["unitary_sha256"])
        unitary = np.array(npy_files.open_npy(folder / _UNITARY))
    for number in range(wanted):
        # Absolute, for it may be opened again after the process has changed its directory.
        path = folder.absolute() / bank_metadata.shard_name(number)
        _check_file(path, shards.get(path.name))
        part = opened(path)
        rows = min(size, metadata["num_samples"] - number * size)
        if part.shape != (rows, metadata["modes"]) or part.dtype != np.uint8:
            raise ValueError(
                f"{path} has shape {part.shape} and type {part.dtype}; {bank_metadata.NAME} says "
                f"{(rows, metadata['modes'])} and uint8."
            )
        parts.append(_Shard(path, part.shape, opened))
    return SampleBank(parts, metadata, unitary)


def _begin(folder, metadata, unitary) -> dict[str, str]:
    """Writes all but shards; returns the hashes of those that are there."""
    shards = _resume(folder, metadata)
    made = len(shards) * metadata["shard_size"]
    check_disk(folder, (metadata["num_samples"] - made) * metadata["modes"])
    # First, for a folder with other files and without it is no bank that could be continued.
    files.write_json(
        folder / bank_metadata.NAME, {**metadata, "shards": dict(sorted(shards.items()))}
    )
    if unitary is not None:
        with files.atomic_path(folder / _UNITARY) as temporary:
            np.save(temporary, unitary)
    return shards


def _missing(metadata, shards, progress) -> dict[int, tuple[str, tuple[int, int]]]:
    """Returns the names and shapes of shards to be made, by their first rows."""
    num_samples, size = metadata["num_samples"], metadata["shard_size"]
    missing = {}
    for number, start in enumerate(range(0, num_samples, size)):
        name = bank_metadata.shard_name(number)
        shape = (min(size, num_samples - start), metadata["modes"])
        if name in shards:
            progress(shape[0], True)
        else:
            missing[start] = name, shape
    return missing


def _make(folder, missing, sampler, seed, progress) -> Iterator[str]:
    """Writes shards one by one and yields their names."""
    chunk_rows = _FIRST_CHUNK_ROWS
    for start, (name, shape) in missing.items():
        with files.atomic_path(folder / name) as temporary:
            chunk_rows = _write_shard(temporary, sampler, start, shape, seed, chunk_rows, progress)
        yield name


def _gather(folder, missing, draw, seed, progress) -> Iterator[str]:
    """Writes shards as their pieces come, and yields their names."""
    chunk_rows = _FIRST_CHUNK_ROWS

    def pieces():
        for start, (_, shape) in missing.items():
            row = start
            while row < start + shape[0]:
                rows = min(chunk_rows, start + shape[0] - row)
                yield Piece(row, rows, seed)
                row += rows

    begun: dict[int, np.ndarray] = {}
    left = {start: shape[0] for start, (_, shape) in missing.items()}
    for piece, chunk, seconds in draw(pieces()):
        start = max(first for first in left if first <= piece.start)
        name, shape = missing[start]
        _check_chunk(chunk, (piece.rows, shape[1]))
        row = piece.start - start
        begun.setdefault(start, np.empty(shape, np.uint8))[row : row + piece.rows] = chunk
        left[start] -= piece.rows
        progress(piece.rows, False)
        chunk_rows = _next_rows(chunk_rows, piece.rows, seconds)
        if not left[start]:
            del left[start]
            with files.atomic_path(folder / name) as temporary:
                np.save(temporary, begun.pop(start))
            yield name


def check_folder(folder: Path) -> None:
    """Refuses a path where no bank can be begun or resumed.

    Raises:
      ValueError: if there is something else than a bank, or nothing.
    """
    if folder.is_dir() and all(path.name == _LOCK for path in folder.iterdir()):
        return
    if folder.exists() and not bank_metadata.is_bank(folder):
        raise ValueError(f"{folder} is neither empty nor a sample bank; choose another folder.")


def check_disk(folder: Path, num_bytes: int) -> None:
    """Refuses a bank for which the disk has no room; its folder, or the one around it, is there.

    Raises:
      ValueError: with both sizes.
    """
    free = shutil.disk_usage(folder if folder.is_dir() else folder.parent).free
    if num_bytes > free:
        raise ValueError(
            f"The bank {folder} takes {readable_bytes(num_bytes)} more; the disk has "
            f"{readable_bytes(free)} free."
        )


def _resume(folder: Path, metadata: dict) -> dict[str, str]:
    """Returns the hashes of the shards that are already there and whole."""
    check_folder(folder)
    if not bank_metadata.is_bank(folder):
        return {}
    begun = bank_metadata.read_metadata(folder)
    shards = begun.pop("shards")
    found = differences(begun, metadata, nested=True)
    if found:
        raise ValueError(
            f"{folder} holds a bank begun with other settings (there -> now): "
            f"{format_differences(found)}. Its samples stay as they are: choose another directory, "
            "or delete this one."
        )
    for leftover in folder.glob(".shard-*"):
        leftover.unlink()
    kept = {}
    for name, sha256 in shards.items():
        if not (folder / name).is_file():
            continue
        if files.sha256_of(folder / name) == sha256:
            kept[name] = sha256
        else:
            logging.warning("%s is corrupt and will be made again.", folder / name)
    return kept


def _write_shard(path, sampler, start, shape, seed, chunk_rows, progress) -> int:
    """Fills a shard; returns the number of rows that take about a second."""
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    # Written, not mapped: where the disk is full, a map of a file with holes kills the process.
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        row = 0
        while row < shape[0]:
            began = time.monotonic()
            rows = min(chunk_rows, shape[0] - row)
            chunk = sampler.sample(rows, seed, start=start + row)
            _check_chunk(chunk, (rows, shape[1]))
            file.write(chunk.tobytes())
            row += rows
            progress(rows, False)
            chunk_rows = _next_rows(chunk_rows, rows, time.monotonic() - began)
    return chunk_rows


def _next_rows(chunk_rows: int, rows: int, seconds: float) -> int:
    """Returns how many rows a chunk has after one of so many took a time: about a second's."""
    if seconds < _CHUNK_SECONDS / 2 and rows == chunk_rows:
        return min(2 * chunk_rows, _LAST_CHUNK_ROWS)
    return chunk_rows


def _check_chunk(chunk: np.ndarray, shape: tuple[int, int]) -> None:
    if chunk.dtype != np.uint8 or chunk.shape != shape:
        raise ValueError(
            f"The sampler returned {chunk.dtype} of shape {chunk.shape}; a bank takes uint8 of "
            f"shape {shape}."
        )


def _check_file(path: Path, sha256: str | None) -> None:
    if not path.is_file():
        raise FileNotFoundError(f"The bank {path.parent} has lost its file {path.name}.")
    if files.sha256_of(path) != sha256:
        raise ValueError(
            f"{path} is corrupt: its SHA-256 is not the one in {bank_metadata.NAME}. The command "
            "that made the bank makes it again."
        )


def npy_sha256(values: np.ndarray) -> str:
    """Returns the SHA-256 of the .npy file of an array."""
    buffer = io.BytesIO()
    np.save(buffer, values)
    return hashlib.sha256(buffer.getvalue()).hexdigest()
