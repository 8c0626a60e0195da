"""What a sample bank says of itself: metadata.json, checked before any of it is used."""

import os
import re
from pathlib import Path

from qlatent_tf.storage import files

FORMAT = "qlatent_tf sample bank"
FORMAT_VERSION = 1
NAME = "metadata.json"
_SHARD_NAME = re.compile(r"shard-\d{5,}\.npy")


def is_bank(folder: str | os.PathLike) -> bool:
    """Returns whether a directory holds a bank, finished or not."""
    path = Path(folder) / NAME
    return path.is_file() and _is_bank_metadata(files.read_json(path))


def shard_name(number: int) -> str:
    """Returns the name of a shard's file."""
    return f"shard-{number:05d}.npy"


def read_metadata(folder: Path) -> dict:
    """Returns what a bank says of itself, a dict with the keys of `_ENTRIES`.

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
    if metadata.get("format_version") != FORMAT_VERSION:
        raise ValueError(
            f"{path} has format version {metadata.get('format_version')!r}; this version of "
            f"qlatent_tf reads {FORMAT_VERSION}."
        )
    for key, (is_legal, legal) in _ENTRIES.items():
        if key not in metadata:
            raise ValueError(f"{path} is damaged: it lacks {key!r}.")
        if not is_legal(metadata[key]):
            raise ValueError(f"{path} is damaged: {key!r} is {metadata[key]!r}, not {legal}.")
    for name, sha256 in metadata["shards"].items():
        # A name from the file becomes a path: it may not point out of the bank.
        if not _SHARD_NAME.fullmatch(name):
            raise ValueError(f"{path} lists {name!r}, which is no shard's name.")
        if not isinstance(sha256, str):
            raise ValueError(f"{path} is damaged: the hash of {name!r} is {sha256!r}.")
    return metadata


def _is_bank_metadata(value) -> bool:
    return isinstance(value, dict) and value.get("format") == FORMAT


def _is_whole(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_count(value) -> bool:
    return _is_whole(value) and value >= 1


_ENTRIES = {
    **dict.fromkeys(("num_samples", "modes", "shard_size"), (_is_count, "a whole number from 1")),
    "seed": (_is_whole, "a whole number"),
    "package_version": (lambda value: isinstance(value, str), "a text"),
    "unitary_sha256": (lambda value: value is None or isinstance(value, str), "a text or null"),
    "sampler": (lambda value: isinstance(value, dict), "a dictionary"),
    "shards": (lambda value: isinstance(value, dict), "a dictionary"),
}
