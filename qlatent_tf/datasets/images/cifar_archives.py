"""Reads the official files of CIFAR-10: the binary and the python version, packed or unpacked.

Batches of the python version are pickles. Each is unpickled after its hash has been verified, by an
unpickler that knows no names but those that arrays of NumPy need.
"""

import gzip
import hashlib
import io
import pickle
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from qlatent_tf.datasets.images.arrays import PARTS
from qlatent_tf.datasets.images.npz_files import cached_images
from qlatent_tf.storage import files
from qlatent_tf.text.progress import progress_bar

# Hashes as in TensorFlow Datasets (binary) and Keras (python).
ARCHIVES = {
    "cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    "cifar-10-python.tar.gz": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
}
FOLDERS = {"cifar-10-batches-bin": ".bin", "cifar-10-batches-py": ""}
BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
# What is in the archives: SHA-256 of the binary batches, and MD5, as published, of the others.
BATCH_HASHES = {
    "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
BATCH_IMAGES = 10_000
SHAPE = (32, 32, 3)
_PLANES = (3, 32, 32)
_DAMAGE = (EOFError, zlib.error, tarfile.TarError, gzip.BadGzipFile)
_UNPICKLED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


def load_archive(path: Path, progress: bool = True) -> tuple[dict[str, np.ndarray], str]:
    """Returns the arrays of one of the official `ARCHIVES`, and its SHA-256.

    They are kept in the cache folder, so that the archive is unpacked once.

    Raises:
      ValueError: if the file is not the official one.
    """
    found = files.sha256_of(path)
    if found != ARCHIVES[path.name]:
        raise ValueError(
            f"{path} has the SHA-256 {found}; that of the official file is "
            f"{ARCHIVES[path.name]}. It is damaged, cut off or another file: download it again."
        )

    def read():
        return _arrays(path, dict(_unpack(path)), progress)

    return cached_images(path.name, found, read), found


def load_folder(
    folder: Path, suffix: str, progress: bool = True
) -> tuple[dict[str, np.ndarray], str]:
    """Returns the arrays of an unpacked archive, and the SHA-256 of its batches, one after another.

    Args:
      folder: path.
      suffix: str. That of the batches' names, one of those in `FOLDERS`.
      progress: bool. Whether to show a progress bar.

    Raises:
      ValueError: if a batch is missing, damaged or not the official one.
    """
    paths = [folder / (name + suffix) for name in BATCHES]
    contents = {path.name: path.read_bytes() for path in paths if path.is_file()}
    digest = hashlib.sha256(b"".join(contents.values())).hexdigest()
    return _arrays(folder, contents, progress), digest


def _unpack(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yields the name and the content of each batch in an archive."""
    try:
        with gzip.open(path) as file:
            with tarfile.open(fileobj=file, mode="r|") as archive:
                for member in archive:
                    name = Path(member.name).name
                    if member.isfile() and name in BATCH_HASHES:
                        yield name, archive.extractfile(member).read()
            while file.read(1 << 20):  # To the end, where the checksum stands.
                pass
    except _DAMAGE as error:
        raise ValueError(f"{path} is damaged: {error}.") from error


def _arrays(path: Path, contents: dict[str, bytes], progress: bool) -> dict[str, np.ndarray]:
    batches = []
    for name in progress_bar(BATCHES, desc=f"Reading {path.name}", shown=progress):
        file = f"{name}.bin" if f"{name}.bin" in contents else name
        if file not in contents:
            suffix = ".bin" if any(key.endswith(".bin") for key in contents) else ""
            raise ValueError(f"{path} lacks {name}{suffix}.")
        batches.append(_batch(path / file, contents[file]))
    images, labels = zip(*batches, strict=True)
    train = np.concatenate(images[:-1]), np.concatenate(labels[:-1])
    return dict(zip(PARTS, (*train, np.ascontiguousarray(images[-1]), labels[-1]), strict=True))


def _batch(path: Path, content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Returns images, bands last, and labels of one batch, once its hash has been verified."""
    _check_hash(path, content)
    pixels = int(np.prod(_PLANES))
    if path.name.endswith(".bin"):
        if len(content) != BATCH_IMAGES * (1 + pixels):
            raise ValueError(
                f"{path} has {len(content)} bytes; a batch has {BATCH_IMAGES * (1 + pixels)}: it "
                "is cut off or another file."
            )
        records = np.frombuffer(content, np.uint8).reshape(BATCH_IMAGES, 1 + pixels)
        planes, labels = records[:, 1:], records[:, 0].copy()
    else:
        try:
            planes, labels = read_pickle(content)
        except ValueError as error:
            raise ValueError(f"{path} is damaged: {error}.") from error
        if planes.shape != (BATCH_IMAGES, pixels):
            raise ValueError(
                f"{path} holds images in the shape {planes.shape}; those of a batch have "
                f"{(BATCH_IMAGES, pixels)}."
            )
    return planes.reshape(-1, *_PLANES).transpose(0, 2, 3, 1), labels


def _check_hash(path: Path, content: bytes) -> None:
    official = BATCH_HASHES[path.name]
    algorithm = "SHA-256" if len(official) == 64 else "MD5"
    found = hashlib.new(algorithm.replace("-", ""), content, usedforsecurity=False).hexdigest()
    if found != official:
        raise ValueError(
            f"{path} has the {algorithm} {found}; that of the official file is {official}. It is "
            "damaged or another file: unpack the archive again."
        )


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _UNPICKLED:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_pickle(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Returns the pixels and the labels of a batch of the python version.

    Args:
      content: bytes. A whole file.

    Returns:
      uint8 array, shape `(images, pixels)`, and an array of labels.

    Raises:
      ValueError: if the file is damaged, or holds anything else.
    """
    try:
        # Strings of Python 2 are bytes.
        batch = _Unpickler(io.BytesIO(content), encoding="bytes").load()
        data, labels = batch[b"data"], np.array(batch[b"labels"])
    # A damaged pickle ends in any exception.
    except Exception as error:
        raise ValueError(f"this is no batch of CIFAR-10 ({error!r})") from error
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or labels.dtype.kind not in "iu":
        raise ValueError("this is no batch of CIFAR-10, an array of uint8 and its labels")
    return data, labels
