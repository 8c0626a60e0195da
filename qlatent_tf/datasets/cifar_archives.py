"""Reads the official files of CIFAR-10: the binary and the python version, packed or unpacked."""

import gzip
import hashlib
import tarfile
import zlib
from pathlib import Path

import numpy as np
import tqdm

from qlatent_tf import files
from qlatent_tf.datasets import image_files, python_batches

# Hashes as in TensorFlow Datasets (binary) and Keras (python).
ARCHIVES = {
    "cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    "cifar-10-python.tar.gz": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
}
FOLDERS = {"cifar-10-batches-bin": ".bin", "cifar-10-batches-py": ""}
BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5",
           "test_batch")
BATCH_IMAGES = 10_000
SHAPE = (32, 32, 3)
_PLANES = (3, 32, 32)
_DAMAGE = (EOFError, zlib.error, tarfile.TarError, gzip.BadGzipFile)


def load_archive(path: Path, progress: bool = True) -> tuple[dict[str, np.ndarray], str]:
    """Returns the arrays of one of the official archives, and its SHA-256.

    They are kept in the cache folder, so that the archive is unpacked once.

    Args:
      path: path. A file called as one of `ARCHIVES` is.
      progress: bool. Whether to show a progress bar.

    Raises:
      ValueError: if the file is not the official one.
    """
    found = files.sha256_of(path)
    if found != ARCHIVES[path.name]:
        raise ValueError(
            f"{path} has the SHA-256 {found}; that of the official file is "
            f"{ARCHIVES[path.name]}. It is damaged, cut off or another file: download it again."
        )
    arrays = image_files.cached_images(
        path.name, found, ("x_train", "y_train", "x_test", "y_test"),
        lambda: _arrays(path, _unpack(path, progress)),
    )
    return arrays, found


def load_folder(folder: Path, progress: bool = True) -> tuple[dict[str, np.ndarray], str]:
    """Returns the arrays of an unpacked archive, and the SHA-256 of its batches, one after another.

    Args:
      folder: path. A folder called as one of `FOLDERS` is.
      progress: bool. Whether to show a progress bar.

    Raises:
      ValueError: if a batch is missing or damaged.
    """
    suffix = FOLDERS[folder.name]
    digest = hashlib.sha256()
    batches = {}
    for name in tqdm.tqdm(
        BATCHES, desc=f"Reading {folder.name}", disable=not progress, leave=False
    ):
        path = folder / (name + suffix)
        if not path.is_file():
            raise ValueError(f"{folder} lacks {path.name}.")
        content = path.read_bytes()
        digest.update(content)
        batches[name] = _batch(path, content)
    return _arrays(folder, batches), digest.hexdigest()


def _unpack(path: Path, progress: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    batches = {}
    try:
        with gzip.open(path) as file, tqdm.tqdm(
            total=len(BATCHES), desc=f"Unpacking {path.name}", disable=not progress, leave=False
        ) as bar:
            with tarfile.open(fileobj=file, mode="r|") as archive:
                for member in archive:
                    name = Path(member.name).name
                    if member.isfile() and name.removesuffix(".bin") in BATCHES:
                        content = archive.extractfile(member).read()
                        batches[name.removesuffix(".bin")] = _batch(path / name, content)
                        bar.update()
            while file.read(1 << 20):  # To the end, where the checksum stands.
                pass
    except _DAMAGE as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    return batches


def _batch(path: Path, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Returns images, bands last, and labels of one batch."""
    if path.name.endswith(".bin"):
        record = 1 + int(np.prod(_PLANES))
        if len(content) != BATCH_IMAGES * record:
            raise ValueError(
                f"{path} has {len(content)} bytes; a batch has {BATCH_IMAGES * record}: it is cut "
                "off or another file."
            )
        records = np.frombuffer(content, np.uint8).reshape(BATCH_IMAGES, record)
        planes, labels = records[:, 1:], records[:, 0]
    else:
        try:
            batch = python_batches.read_batch(content)
            planes, labels = batch[b"data"], np.array(batch[b"labels"])
        except (ValueError, KeyError) as error:
            raise ValueError(f"{path} is damaged: {error}.") from error
        if np.shape(planes) != (BATCH_IMAGES, np.prod(_PLANES)):
            raise ValueError(
                f"{path} holds images in the shape {np.shape(planes)}; those of a batch have "
                f"{(BATCH_IMAGES, int(np.prod(_PLANES)))}."
            )
    return planes.reshape(-1, *_PLANES).transpose(0, 2, 3, 1), labels


def _arrays(path: Path, batches: dict) -> dict[str, np.ndarray]:
    lacking = [name for name in BATCHES if name not in batches]
    if lacking:
        raise ValueError(f"{path} lacks {', '.join(lacking)}.")
    images, labels = zip(*(batches[name] for name in BATCHES[:-1]), strict=True)
    test, test_labels = batches[BATCHES[-1]]
    return {
        "x_train": np.concatenate(images),
        "y_train": np.concatenate(labels),
        "x_test": np.ascontiguousarray(test),
        "y_test": np.array(test_labels),
    }
