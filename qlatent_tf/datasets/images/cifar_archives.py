"""Reads the official files of CIFAR-10: the binary and the python version, packed or unpacked."""

import gzip
import hashlib
import tarfile
import zlib
from pathlib import Path

import numpy as np
import tqdm

from qlatent_tf.datasets.images import npz_files as image_files
from qlatent_tf.datasets.images import python_batches
from qlatent_tf.storage import files

# Hashes as in TensorFlow Datasets (binary) and Keras (python).
ARCHIVES = {
    "cifar-10-binary.tar.gz": "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    "cifar-10-python.tar.gz": "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
}
FOLDERS = {"cifar-10-batches-bin": ".bin", "cifar-10-batches-py": ""}
BATCHES = (
    "data_batch_1",
    "data_batch_2",
    "data_batch_3",
    "data_batch_4",
    "data_batch_5",
    "test_batch",
)
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
        path.name,
        found,
        ("x_train", "y_train", "x_test", "y_test"),
        lambda: _arrays(path, _unpack(path, progress)),
    )
    return arrays, found


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


def _check_hash(path: Path, content: bytes) -> None:
    official = BATCH_HASHES[path.name]
    algorithm = "SHA-256" if len(official) == 64 else "MD5"
    found = hashlib.new(algorithm.replace("-", ""), content, usedforsecurity=False).hexdigest()
    if found != official:
        raise ValueError(
            f"{path} has the {algorithm} {found}; that of the official file is {official}. It is "
            "damaged or another file: unpack the archive again."
        )


def _unpack(path: Path, progress: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    batches = {}
    try:
        with (
            gzip.open(path) as file,
            tqdm.tqdm(
                total=len(BATCHES), desc=f"Unpacking {path.name}", disable=not progress, leave=False
            ) as bar,
        ):
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
    """Returns images, bands last, and labels of one batch, once its hash has been verified."""
    _check_hash(path, content)
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
