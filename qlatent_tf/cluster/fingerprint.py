"""What decides the results of a process: the version, the sources and the libraries."""

import functools
import hashlib
import importlib.util
from pathlib import Path

import qlatent_tf
from qlatent_tf.registry import find_own
from qlatent_tf.storage.files import sha256_of
from qlatent_tf.storage.preset_files import versions

_PACKAGES = ("qlatent_tf", "qlatent_tf.configs")
_FIRST_FOUND: dict[str, str] = {}


@functools.cache
def fingerprint() -> dict[str, str]:
    """Returns versions by name, and under ``sources`` a hash of the package's Python files.

    Two processes whose fingerprints are equal compute the same from the same task, but for what
    their processors round differently.
    """
    # Not the package manager's word on ourselves: a checkout may run without it.
    return {**versions(), "qlatent_tf": qlatent_tf.__version__, "sources": _sources()}


def hash_of_module(name: str) -> str | None:
    """Returns a hash of the file of a module of someone's own, or of all of its package's.

    What else it imports is not known. None where there is no file.
    """
    spec = find_own(name.partition(".")[0])
    if spec is None:
        return None
    if spec.submodule_search_locations:
        digest = hashlib.sha256()
        for folder in map(Path, spec.submodule_search_locations):
            _add_sources(digest, spec.name, folder)
        return digest.hexdigest()
    file = spec.origin and Path(spec.origin)
    return sha256_of(file) if file and file.is_file() else None


def hash_when_first_found(name: str) -> str | None:
    """Returns `hash_of_module` as it was when this process, which imports once, found one first."""
    digest = hash_of_module(name)
    return digest and _FIRST_FOUND.setdefault(name, digest)


def _sources() -> str:
    digest = hashlib.sha256()
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in map(Path, spec.submodule_search_locations or () if spec else ()):
            _add_sources(digest, package, folder)
    return digest.hexdigest()[:16]


def _add_sources(digest, package: str, folder: Path) -> None:
    for file in sorted(folder.rglob("*.py")):
        name = f"{package}/{file.relative_to(folder).as_posix()}"
        digest.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
