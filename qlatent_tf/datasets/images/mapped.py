"""Images that are converted once, block by block, into a file that is mapped into memory."""

import errno
import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from absl import logging

from qlatent_tf.storage import files
from qlatent_tf.storage.locks import once_free, sole_use
from qlatent_tf.text.progress import progress_bar

# Images a block: some 3 MB of those that are converted here.
BLOCK = 1024


def mapped_images(
    path: Path,
    shape: tuple[int, ...],
    blocks: Callable[[int], Iterator[np.ndarray]],
    label: str,
    progress: bool = True,
) -> tuple[np.memmap, str]:
    """Returns images from a mapped ``.npy`` file, which is written first if it is not there.

    It is written under another name and gets its own once it is whole, beside a record of its
    SHA-256, which is verified from then on. An interrupted conversion is
    resumed. While another process converts them, this one waits. No more than a block is in memory.

    Args:
      path: path. The file; its name tells what the images are made from.
      shape: tuple of int. `(count, height, width, bands)`.
      blocks: callable. `blocks(start)` yields uint8 arrays of shape `(n, height, width, bands)`,
        n at most `BLOCK`: the images from number `start` on.
      label: str. What is converted, for the progress bar.
      progress: bool. Whether to show one.

    Returns:
      The images, and the file's SHA-256.

    Raises:
      ValueError: if the blocks hold fewer or more images.
      OSError: if the disk is full; what has been converted is kept, and the next call resumes.
    """

    def made():
        with sole_use(path.with_suffix(".lock"), f"converting {label}"):
            # Another process may have written it just before this one had the lock.
            if (digest := _verified(path, shape, tell=True)) is None:
                path.unlink(missing_ok=True)  # The room may be needed.
                digest = _convert(path, shape, blocks, label, progress)
            return digest

    digest = _verified(path, shape) or once_free(made)
    return np.load(path, mmap_mode="r", allow_pickle=False), digest


def _verified(path: Path, shape: tuple[int, ...], tell: bool = False) -> str | None:
    """Returns the SHA-256 of a file that is as it was when it was written, else None.

    Whoever makes it again tells of the damage.
    """
    if not path.exists():
        return None
    try:
        recorded = files.read_json(path.with_suffix(".json"), {"sha256": str})["sha256"]
        if files.sha256_of(path) != recorded:
            raise ValueError("its hash is not the recorded one")
        if np.load(path, mmap_mode="r", allow_pickle=False).shape != shape:
            raise ValueError("its shape is another")
    except (OSError, ValueError, KeyError, TypeError) as error:
        if tell:
            logging.warning("%s is damaged (%s) and will be made again.", path, error)
        return None
    return recorded


def _convert(path: Path, shape, blocks, label: str, progress: bool) -> str:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    header = header.getvalue()
    each = int(np.prod(shape[1:]))
    partial = path.with_suffix(".partial")
    start = _start(partial, header, each, shape[0])
    _check_room(partial, len(header) + each * shape[0])
    with (
        open(partial, "r+b" if start else "wb") as file,
        progress_bar(
            total=shape[0],
            initial=start,
            desc=f"Converting {label}",
            unit=" images",
            shown=progress,
        ) as bar,
    ):
        if start:
            logging.info("Resuming the conversion of %s at image %d.", label, start)
        file.write(header)
        file.truncate(len(header) + each * start)
        file.seek(0, io.SEEK_END)
        done = start
        for block in blocks(start):
            file.write(np.ascontiguousarray(block, np.uint8).data)
            # What is counted as written after a failure of the power has to be on the disk.
            file.flush()
            os.fsync(file.fileno())
            done += len(block)
            bar.update(len(block))
    if done != shape[0]:
        partial.unlink()
        raise ValueError(f"{label} has {done} images; {shape[0]} were expected.")
    digest = files.sha256_of(partial)
    files.write_json(path.with_suffix(".json"), {"sha256": digest, "shape": list(shape)})
    os.replace(partial, path)
    return digest


def _start(partial: Path, header: bytes, each: int, count: int) -> int:
    """Returns how many images of an interrupted conversion can be relied on."""
    if not partial.exists():
        return 0
    with open(partial, "rb") as file:
        if file.read(len(header)) != header:
            return 0
    # The last block may have been cut off by what interrupted the conversion.
    whole = (partial.stat().st_size - len(header)) // each - BLOCK
    return max(0, min(whole, count - 1))


def _check_room(partial: Path, size: int) -> None:
    partial.parent.mkdir(parents=True, exist_ok=True)
    written = partial.stat().st_size if partial.exists() else 0
    free = shutil.disk_usage(partial.parent).free
    if free < size - written:
        raise OSError(
            errno.ENOSPC,
            f"The conversion needs {(size - written) / 1e6:.0f} MB more; {free / 1e6:.0f} MB are "
            f"free. ${files.CACHE_DIR_VARIABLE} names another folder",
            str(partial.parent),
        )
