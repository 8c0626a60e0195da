"""What decides the results of a process: the version, the sources and the libraries."""

import functools
import hashlib
import importlib.util
from pathlib import Path

import qlatent_tf
from qlatent_tf.storage.preset_files import versions

_PACKAGES = ("qlatent_tf", "qlatent_tf.configs")


@functools.cache
def fingerprint() -> dict[str, str]:
    """Returns versions by name, and under ``sources`` a hash of the package's Python files.

    Two processes whose fingerprints are equal compute the same from the same task, but for what
    their processors round differently.
    """
    # Not the package manager's word on ourselves: a checkout may run without it.
    return {**versions(), "qlatent_tf": qlatent_tf.__version__, "sources": _sources()}


def _sources() -> str:
    digest = hashlib.sha256()
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in map(Path, spec.submodule_search_locations or () if spec else ()):
            for file in sorted(folder.rglob("*.py")):
                name = f"{package}/{file.relative_to(folder).as_posix()}"
                digest.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]
