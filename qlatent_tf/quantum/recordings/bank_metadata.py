"""What a sample bank says of itself: metadata.json, checked before any of it is used."""

import os
import re
from pathlib import Path

from qlatent_tf.storage import files
from qlatent_tf.storage.shapes import check_shape

FORMAT = "qlatent_tf sample bank"
FORMAT_VERSION = 1
NAME = "metadata.json"
# By which a directory of that experiment, which is no bank, is known.
BOREALIS = "samples.npy"
_SHAPE = {
    "num_samples": int, "modes": int, "shard_size": int, "seed": int, "package_version": str,
    "unitary_sha256": (str, None), "sampler": dict, "shards": {str: str},
}  # fmt: skip
_SHARD_NAME = re.compile(r"shard-\d{5,}\.npy")


def is_bank(folder: str | os.PathLike) -> bool:
    """Returns whether a directory holds a bank, finished or not."""
    path = Path(folder) / NAME
    return path.is_file() and _is_bank_metadata(files.read_json(path))


def shard_name(number: int) -> str:
    """Returns the name of a shard's file."""
    return f"shard-{number:05d}.npy"


def read_metadata(folder: Path) -> dict:
    """Returns what a bank says of itself, a dict with the keys of `_SHAPE`.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if an entry is missing or of the wrong kind, or the bank is of another version;
        the message names file and entry.
    """
    path = folder / NAME
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is no sample bank: it has no {NAME}.")
    metadata = files.read_json(path)
    if not _is_bank_metadata(metadata):
        raise ValueError(f"{path} does not describe a {FORMAT}.")
    version = metadata.get("format_version")
    if isinstance(version, bool) or version != FORMAT_VERSION:
        raise ValueError(
            f"{path} has format version {metadata.get('format_version')!r}; this version of "
            f"qlatent_tf reads {FORMAT_VERSION}."
        )
    check_shape(metadata, _SHAPE, str(path))
    for name, least in {"num_samples": 1, "modes": 1, "shard_size": 1, "seed": 0}.items():
        if metadata[name] < least:
            raise ValueError(
                f"{path}.{name} is a whole number from {least}; received {metadata[name]}."
            )
    for name in metadata["shards"]:
        # A name from the file becomes a path: it may not point out of the bank.
        if not _SHARD_NAME.fullmatch(name):
            raise ValueError(f"{path} lists {name!r}, which is no shard's name.")
    return metadata


def _is_bank_metadata(value) -> bool:
    return isinstance(value, dict) and value.get("format") == FORMAT
