"""Presets as directories: where they lie, what describes them, and their weights.

A preset's ``config.json`` says of what ``kind`` it is, such as ``gan`` or ``classifier``; how its
``config`` is read and its model built is the matter of whoever loads presets of that kind.
"""

import importlib.metadata
import itertools
import os
import re
from pathlib import Path

from qlatent_tf.registry import models
from qlatent_tf.storage.files import read_json, sha256_of
from qlatent_tf.storage.hub import LATENT_FILES, fetch_preset, is_hub_name
from qlatent_tf.storage.shapes import DATASET, EVALUATION, LATENT_FILE, MEANS, SCORED
from qlatent_tf.text.names import did_you_mean

PRESET_VERSION = 1
WEIGHTS = "model.weights.h5"
SAMPLES = "samples.png"
CHECKPOINT_FOLDER = "checkpoint"
# Presets without the field are of this kind.
GAN = "gan"
CLASSIFIER = "classifier"
KINDS = (GAN, CLASSIFIER)
_DESCRIPTION = {
    "preset_version": int,
    "kind?": str,
    "config": {"model?": str, "latent?": str, "dataset?": str},
    "sha256": {str: str},
    "provenance": {
        "step?": (int, None), "seconds?": float, "dataset?": DATASET,
        "latent_file?": LATENT_FILE, "code?": {str: str},
    },
    "versions": {str: str}, "pictures?": [str],
}  # fmt: skip
# What metrics.json holds, by kind.
METRICS = {
    GAN: {**EVALUATION, "step": int, "real?": EVALUATION},
    CLASSIFIER: {**SCORED, "class_accuracy?": MEANS},
}
# The files whose hashes a preset tells.
_PART = re.compile(
    "|".join([*map(re.escape, (WEIGHTS, *LATENT_FILES)), rf"{CHECKPOINT_FOLDER}/\w[\w.-]*"])
)
# Of a folder, on most disks 255, beside which a lock and temporary folders have longer ones.
_LONGEST_NAME = 200
# Where a user's presets lie: what is installed belongs to the package manager.
OWN_PRESETS = Path("models")
# Their random streams, compilers and rounding decide what a seed means.
_LIBRARIES = ("tensorflow", "keras", "tensorflow-probability", "numba", "numpy", "scipy", "rdkit")


class UnknownPresetError(FileNotFoundError):
    """There is no preset of a name; see `UnknownNameError`."""

    def __init__(self, message: str, unknown: str = ""):
        super().__init__(message)
        self.unknown = unknown


def read_description(name_or_dir, kind: str | None = None) -> dict:
    """Returns what a preset's ``config.json`` says, checked.

    Args:
      name_or_dir: str or path. One of `list_presets()`, or a preset's directory.
      kind: str. What the preset has to be; None for any.

    Returns:
      dict. Its ``kind``, ``config`` (JSON values), ``sha256``, ``provenance`` and ``versions``.

    Raises:
      FileNotFoundError: if there is no such preset.
      ValueError: if it is damaged, of a newer version or of another kind.
    """
    path = preset_directory(name_or_dir, kind) / "config.json"
    # A newer version may have another shape.
    version = read_json(path, {"preset_version": int})["preset_version"]
    if not 1 <= version <= PRESET_VERSION:
        raise ValueError(
            f"{path} has preset version {version!r}; this version of qlatent_tf reads 1 to "
            f"{PRESET_VERSION}. A newer qlatent_tf may read it."
        )
    description = {"kind": GAN, **read_json(path, _DESCRIPTION)}
    for name in description["sha256"]:
        if not _PART.fullmatch(name):
            raise ValueError(f"{path} names the file {name!r}, which no preset has.")
    if description["kind"] not in KINDS:
        raise ValueError(
            f"{path} is a preset of the kind {description['kind']!r}; this version of qlatent_tf "
            f"reads {', '.join(KINDS)}."
        )
    if kind is not None and description["kind"] != kind:
        raise ValueError(
            f"{path} is a preset of the kind {description['kind']!r}, where one of the kind "
            f"{kind!r} is needed: {', '.join(list_presets(kind)) or 'there is none'}."
        )
    return description


def checked_weights(name_or_dir, description: dict) -> Path:
    """Returns the file of a preset's weights, whose hash is the one that its description gives.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if its hash is another.
    """
    # Names and descriptions are read without HDF5.
    from qlatent_tf.storage.hdf5_files import check_self_contained

    directory = preset_directory(name_or_dir)
    weights = directory / WEIGHTS
    if not weights.is_file():
        raise FileNotFoundError(f"The preset {directory} has no {WEIGHTS}.")
    check_hash(weights, description["sha256"].get(WEIGHTS))
    check_self_contained(weights)
    return weights


def check_hash(file, expected: str | None) -> None:
    """Refuses a preset's file whose hash is not the one that its description gives.

    Raises:
      ValueError: naming both.
    """
    found = sha256_of(file)
    if found != expected:
        raise ValueError(
            f"{file} has SHA-256 {found}, its preset says {expected}: the file is damaged or was "
            "exchanged. Fetch the preset again."
        )


def list_presets(kind: str | None = GAN) -> list[str]:
    """Returns the names of the presets: those of the package, and those in ``./models``.

    Args:
      kind: str. Which to list: a kind, ``gan`` or ``classifier``; or a model, such as ``molgan``.
        None for all.

    Raises:
      ValueError: if there is neither such a kind nor such a model.
    """
    files = (path for folder in _presets_folders() for path in folder.glob("*/config.json"))
    found = {path.parent for path in files if path.is_file()}
    described = {path.name: _kind_and_model(path) for path in found}
    legal = {*KINDS, *models.names(), *itertools.chain(*described.values())} - {None}
    if kind is not None and (not isinstance(kind, str) or kind not in legal):
        raise ValueError(
            f"No presets are of {kind!r}.{did_you_mean(str(kind), legal)} Legal: None for all, "
            f"{', '.join(sorted(legal))}."
        )
    return sorted(name for name, words in described.items() if kind is None or kind in words)


def preset_directory(name_or_dir, kind: str | None = None) -> Path:
    """Returns the directory of a preset given by name or by path.

    Args:
      name_or_dir: str or path. A name such as ``hf://user/name`` is one of the Hugging Face Hub,
        whose files are downloaded; see `fetch_preset`.
      kind: str. The kind of presets that an error lists; None for all.

    Raises:
      UnknownPresetError: if there is none; the message lists the known names.
      ImportError, OSError, ValueError: if a preset of the Hub cannot be had.
      ValueError: if the name is no text.
    """
    if is_hub_name(name_or_dir):
        return fetch_preset(name_or_dir)
    if not isinstance(name_or_dir, str | os.PathLike):
        raise ValueError(f"A preset is named by a text or a path; received {name_or_dir!r}.")
    for directory in (*(folder / name_or_dir for folder in _presets_folders()), Path(name_or_dir)):
        # False also for names that are too long for a file system.
        if os.path.isfile(directory / "config.json"):
            return directory
    known = list_presets(kind)
    raise UnknownPresetError(
        f"No preset {str(name_or_dir)!r}: neither a directory with a config.json nor one of "
        f"{', '.join(known) or 'none'}.{did_you_mean(str(name_or_dir), known)} Presets of yours "
        f"are looked for in {OWN_PRESETS.resolve()}.",
        str(name_or_dir),
    )


def own_preset_directory(name_or_dir) -> Path:
    """Returns the directory of a preset that is to be changed.

    Raises:
      FileNotFoundError: if there is none.
      ValueError: if it is one of the Hub, of which there is only a copy here.
    """
    if is_hub_name(name_or_dir):
        raise ValueError(
            f"{name_or_dir} lies on the Hub, and what is here is a copy: publish its run again, or "
            "change a preset's own directory."
        )
    return preset_directory(name_or_dir)


def presets_folder() -> Path:
    """Returns where the package's presets lie: inside a wheel, or beside a checkout's package."""
    package = Path(__file__).parent.parent
    installed = package / "presets"
    return installed if installed.is_dir() else package.parent / "models"


def new_preset_directory(name: str, folder=None, overwrite: bool = False) -> Path:
    """Returns where a preset of a new name goes.

    Args:
      name: str. Letters, digits and ``_ . -``.
      folder: path. Where presets lie; ``models`` in the working directory by default.
      overwrite: bool. Whether it may be there already.

    Raises:
      ValueError: if the name has other letters, or is taken.
    """
    if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*", name):
        raise ValueError(f"A preset's name is of letters, digits and _ . -; received {name!r}.")
    if len(name.encode()) > _LONGEST_NAME:
        raise ValueError(f"A preset's name has at most {_LONGEST_NAME} bytes; received {name!r}.")
    directory = Path(folder or OWN_PRESETS) / name
    shipped = presets_folder() / name
    if folder is None and shipped.exists() and shipped.resolve() != directory.resolve():
        raise ValueError(f"{name!r} is a preset of the package. Choose another name.")
    if _is_taken(directory) and not overwrite:
        raise ValueError(f"{directory} exists. Choose another name, or say --overwrite.")
    return directory


def name_of_latent_file(file) -> str:
    """Returns what a preset calls the file that its latent reads."""
    return f"latent{Path(file).suffix.lower()}"


def _is_taken(directory: Path) -> bool:
    """Whether there is anything but what a killed writer of a preset may have left."""
    if not directory.is_dir() or (directory / "config.json").exists():
        return directory.exists() or directory.is_symlink()
    # A file of a latent may be somebody's own, which lay there before.
    others = (path for path in directory.iterdir() if path.name != CHECKPOINT_FOLDER)
    return not all(map(is_part, others))


def is_part(path: Path) -> bool:
    """Whether a file beside ``config.json`` has the name of a preset's."""
    return path.name in (WEIGHTS, SAMPLES, "metrics.json", "README.md")


def versions() -> dict[str, str]:
    """Returns the versions of the packages that decide results."""
    found = {}
    for package in ("qlatent_tf", *_LIBRARIES):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed as a package"
    return found


def _presets_folders():
    return presets_folder(), OWN_PRESETS


def _kind_and_model(directory: Path) -> tuple[str, str | None]:
    try:
        description = read_description(directory)
    except (OSError, ValueError):
        # Listed, so that whoever asks for it is told what is wrong with it.
        return GAN, None
    return description["kind"], description["config"].get("model")
