"""The file of a run's latent, its samples or its circuit, and whether it is still the same."""

import hashlib
from pathlib import Path

from qlatent_tf.config import Config
from qlatent_tf.resolve import LATENT_FILES
from qlatent_tf.storage.files import sha256_of, user_path


def latent_file(config: Config) -> str | None:
    """Returns the file or folder of a latent's samples or circuit; None for none.

    Of a device, ``FILE:NAME``, it is the file.
    """
    for option, value in named_files(config).items():
        return _file_of(option, value)
    return None


def named_files(config: Config) -> dict[str, str]:
    """Returns the options of a latent that name its file, at most one of which a builder takes."""
    # What a latent of someone else's means by such an option is not known here.
    options = {} if ":" in config.latent else config.latent_options
    return {name: options[name] for name in LATENT_FILES if options.get(name) is not None}


def file_record(config: Config) -> dict | None:
    """Returns which file a latent reads, as JSON values; None for none.

    They are ``name``, ``key``, ``sha256`` (of a directory, that of its files' names and hashes)
    and ``bank``, the settings of a bank or None.
    """
    from qlatent_tf.quantum.recordings import bank_metadata

    file = latent_file(config)
    if file is None:
        return None
    path = user_path(file)
    settings = None
    if path.is_dir() and bank_metadata.is_bank(path):
        metadata = bank_metadata.read_metadata(path)
        settings = {name: metadata[name] for name in ("num_samples", "seed", "sampler")}
    return {
        "name": path.name,
        "key": config.latent_options.get("key"),
        "sha256": _sha256(path),
        "bank": settings,
    }


def content(record: dict | None):
    """Returns what decides the distribution of a file that `file_record` describes.

    Of a bank it is how it was drawn: machines may round its samples differently.
    """
    return record and (record.get("bank") or record["sha256"])


def _file_of(option, value):
    if option != "device":
        return value
    from qlatent_tf.quantum.gaussian.calibrations import find_calibration

    try:
        return str(find_calibration(value)[0])
    except FileNotFoundError:
        return value.rpartition(":")[0]


def _sha256(path: Path) -> str:
    if path.is_file():
        return sha256_of(path)
    lines = [
        f"{file.relative_to(path)} {sha256_of(file)}"
        for file in sorted(path.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
