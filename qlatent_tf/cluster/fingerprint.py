"""What decides the results of a process: the version, the sources and the libraries."""

import functools
import hashlib
import importlib.metadata
import importlib.util
from pathlib import Path

import qlatent_tf

# Their random streams, compilers and rounding decide what a seed means.
_LIBRARIES = ("tensorflow", "keras", "tensorflow-probability", "numba", "numpy", "scipy", "rdkit")
_PACKAGES = ("qlatent_tf", "qlatent_tf.configs")


@functools.cache
def fingerprint() -> dict[str, str | None]:
    """Returns versions by name, and under ``sources`` a hash of the package's Python files.

    Two processes whose fingerprints are equal compute the same from the same task, but for what
    their processors round differently.
    """
    found: dict[str, str | None] = {"version": qlatent_tf.__version__, "sources": _sources()}
    for name in _LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def _sources() -> str:
    digest = hashlib.sha256()
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in map(Path, spec.submodule_search_locations or () if spec else ()):
            for file in sorted(folder.rglob("*.py")):
                name = f"{package}/{file.relative_to(folder).as_posix()}"
                digest.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]
