"""The file that a latent reads, its samples or its circuit, and whether it is still the same."""

import hashlib
from pathlib import Path

from absl import logging

from qlatent_tf.config import Config
from qlatent_tf.quantum.recordings import bank_metadata
from qlatent_tf.resolve import LATENT_FILES
from qlatent_tf.storage.files import check_regular, sha256_of, user_path
from qlatent_tf.storage.hub import LATENT_SUFFIXES


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


def path_in(option: str, value) -> str:
    """Returns the path in an option that names a latent's file; a device is ``FILE:NAME``."""
    return str(value).rpartition(":")[0] if option == "device" else str(value)


def with_file(config: Config, file) -> Config:
    """Returns the configuration whose latent reads its samples or circuit from another path.

    Raises:
      ValueError: if the latent reads no file.
    """
    named = named_files(config)
    if not named:
        raise ValueError(f"The latent {config.latent!r} of this model reads no file.")
    changes = {}
    for option, value in named.items():
        device = f":{value.rpartition(':')[2]}" if option == "device" else ""
        changes[f"latent_options.{option}"] = f"{file}{device}"
    return config.override(**changes)


def file_record(config: Config) -> dict | None:
    """Returns which file a latent reads, as JSON values; None for none.

    They are ``name``, ``key``, ``sha256`` (of a directory, that of its files' names and hashes)
    and ``bank``, the settings of a bank or None.
    """
    file = latent_file(config)
    if file is None:
        return None
    path = user_path(file)
    return {
        "name": path.name,
        "key": config.latent_options.get("key"),
        "sha256": _sha256(path),
        "bank": _bank_settings(path),
    }


def content(record: dict | None):
    """Returns what decides the distribution of a file that `file_record` describes.

    Of a bank it is how it was drawn: machines may round its samples differently.
    """
    return record and (record.get("bank") or record["sha256"])


def check_file(source, recorded: dict | None, config: Config, *, named: bool = False) -> None:
    """Refuses a file that is not the one that a model was trained with.

    Args:
      source: str or path. The model: a preset or a run.
      recorded: dict. What `file_record` returned when it was trained; None where that is unknown.
      config: Config. What its latent reads now.
      named: bool. Whether somebody named the file for this model: another one is what they want,
        such as new shots of the same device, and a warning says that it is another.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if its content is another.
    """
    file = latent_file(config)
    if file is None:
        return
    path = user_path(file)
    circuit = "" if "file" in named_files(config) else ", of train --unitary-file PATH"
    where = f"--latent-file PATH{circuit}, or from_preset's latent_options, says where it lies"
    if not path.exists():
        raise FileNotFoundError(
            f"The latent of {source} reads {file}, which is not there: {where}."
        )
    _check_readable(path)
    settings = _bank_settings(path)
    # The samples of a bank, which may be many, are hashed only where it was drawn another way.
    if not recorded or (settings and settings == recorded.get("bank")):
        return
    other = other_file(source, recorded, file_record(config), file)
    if not other:
        return
    if not named:
        raise ValueError(f"{other}. If the right one is elsewhere, {where}.")
    logging.warning("%s. The generator gets its samples all the same.", other)


def other_file(source, recorded: dict | None, found: dict | None, path=None) -> str | None:
    """Returns what to say of a file that is not the recorded one; None where they are the same.

    Args:
      source: str or path. The model that was trained with the recorded one.
      recorded, found: dict. What `file_record` returned then, and returns now; None where there is
        no file, or nothing was recorded.
      path: path. Where the found one lies; None for its name alone.
    """
    if not recorded or not found or content(recorded) == content(found):
        return None
    was, now = recorded["sha256"], found["sha256"]
    return (
        f"{source} was trained with the file {recorded['name']} of the SHA-256 {was}; "
        f"{path or found['name']} is another, of the SHA-256 {now}"
    )


def check_endings(config: Config) -> None:
    """Refuses files that are none of samples or matrices: errors show a part of what they read.

    Raises:
      ValueError: naming the option, the file and the legal endings.
    """
    for option in LATENT_FILES:
        file = config.latent_options.get(option)
        if file is None:
            continue
        if not isinstance(file, str):
            raise ValueError(f"latent_options.{option} is a path; received {file!r}.")
        raw = str(config.latent_options.get("file_format")).startswith("jiuzhang")
        path = user_path(path_in(option, file))
        # Who opens samples says best that they are missing.
        folder = path.is_dir() or (option == "file" and not path.exists())
        if not raw and not folder and path.suffix.lower() not in LATENT_SUFFIXES:
            raise ValueError(
                f"latent_options.{option} names {file}; legal endings are "
                f"{', '.join(LATENT_SUFFIXES)}."
            )


def file_to_keep(config: Config) -> Path:
    """Returns the path of the file that a latent reads, if a preset can hold it.

    Raises:
      FileNotFoundError: if it is not there.
      ValueError: if it reads none, or another than one file of samples or of a matrix.
    """
    file = latent_file(config)
    if file is None:
        raise ValueError(f"The latent {config.latent!r} reads no file that the preset could hold.")
    path = user_path(file)
    if not path.exists():
        raise FileNotFoundError(f"The latent reads {file}, which is not there.")
    if not path.is_file() or path.suffix.lower() not in LATENT_SUFFIXES:
        what = "a folder" if path.is_dir() else "another file"
        raise ValueError(
            f"A preset holds a file that ends in {', '.join(LATENT_SUFFIXES)}; the latent reads "
            f"{file}, which is {what}."
        )
    return path


def lies_in(config: Config, directory) -> bool:
    """Returns whether the file that a latent reads lies in a preset's directory."""
    file = latent_file(config)
    return file is not None and user_path(file).resolve().parent == Path(directory).resolve()


def _check_readable(path: Path) -> None:
    """Refuses what holds no samples before anything of it is hashed: a preset may name any path."""
    if not path.is_dir():
        check_regular(path)
        return
    samples = path / bank_metadata.BOREALIS
    if not bank_metadata.is_bank(path) and not samples.is_file():
        raise ValueError(f"{path} is a folder, neither a sample bank nor one with {samples.name}.")


def _file_of(option, value):
    if option != "device":
        return value
    from qlatent_tf.quantum.gaussian.calibrations import find_calibration

    try:
        return str(find_calibration(value)[0])
    except FileNotFoundError:
        return path_in(option, value)


def _bank_settings(path: Path) -> dict | None:
    if not path.is_dir() or not bank_metadata.is_bank(path):
        return None
    metadata = bank_metadata.read_metadata(path)
    return {name: metadata[name] for name in ("num_samples", "seed", "sampler")}


def _sha256(path: Path) -> str:
    if path.is_file():
        return sha256_of(path)
    lines = [
        f"{file.relative_to(path)} {sha256_of(file)}"
        for file in sorted(path.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
