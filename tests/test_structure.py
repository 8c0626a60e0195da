"""What holds for all files: sizes, packages, and declared imports."""

import configparser
import re
import sys

import pytest
from harness import ROOT, imported, modules

from qlatent_tf import registry

_DISTRIBUTIONS = {
    "PIL": "pillow",
    "yaml": "pyyaml",
    "absl": "absl-py",
    "dask_jobqueue": "dask-jobqueue",
    "sklearn": "scikit-learn",
    "perceval": "perceval-quandela",
    "tensorcircuit": "tensorcircuit-ng",
    "tensorflow_gan": "tensorflow-gan",
    "tensorflow_probability": "tensorflow-probability",
}
# Perceval's own engine, PennyLane's differentiation and Dask's cluster, which they bring along.
_BROUGHT_ALONG = {"exqalibur", "autograd", "distributed"}
# Needed by a dependency that does not declare it; read as a file of weights; asked for by name.
_NOT_IMPORTED = {"tf_keras", "fcd", "setuptools", "cryptography", "bokeh"}
# Ours beside the package.
_SHARED_BESIDE = {"benchmarks", *(file.stem for file in (ROOT / "tests").glob("*.py"))}
_MODULES = modules()


def test_files_are_short():
    folders = ("qlatent_tf", "tools", "configs", "tests", "benchmarks")
    lines = {
        file.relative_to(ROOT).as_posix(): len(file.read_text(encoding="utf-8").splitlines())
        for folder in folders
        for file in (ROOT / folder).rglob("*.py")
    }
    assert {file: count for file, count in lines.items() if count > 400} == {}


def test_every_folder_of_modules_is_a_package_that_is_installed():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    listed = setup["options"]["packages"].split()
    folders = {
        name if file.name == "__init__.py" else name.rpartition(".")[0]
        for name, file in _MODULES.items()
    }
    assert listed == sorted({*folders, "qlatent_tf.presets"})


@pytest.mark.parametrize(
    "table",
    [
        registry.latents,
        registry.models,
        registry.datasets,
        registry.metrics,
        registry.rewards,
    ],
    ids=lambda table: table.kind,
)
def test_every_registered_name_has_a_documented_builder(table):
    for name in table.names():
        assert table.get(name).__doc__


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    declared = {
        "install": _requirements(setup["options"]["install_requires"]),
        **{key: _requirements(value) for key, value in setup["options.extras_require"].items()},
    }
    used = _distributions(_MODULES.values())
    optional = set.union(*(declared[name] for name in ("gbs", "cluster", "hub", "perceval")))
    assert used - _BROUGHT_ALONG == (declared["install"] | optional) - _NOT_IMPORTED
    for folder, extra in (("tests", "test"), ("benchmarks", "bench")):
        beside = _distributions((ROOT / folder).rglob("*.py")) - _SHARED_BESIDE - _BROUGHT_ALONG
        assert beside <= declared["install"] | declared["perceval"] | declared[extra]


def _requirements(lines):
    return {re.match(r"[\w.-]+", line).group() for line in lines.split("\n") if line}


def _distributions(files):
    outer = {found.partition(".")[0] for file in files for found in imported(file)}
    outer -= sys.stdlib_module_names | {"qlatent_tf"}
    return {_DISTRIBUTIONS.get(name, name) for name in outer}
