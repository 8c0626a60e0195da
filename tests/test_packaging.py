"""What a wheel holds, and that what it holds is enough."""

import configparser
import fnmatch
import os
import shutil
import stat
import subprocess
import sys
import zipfile

import pytest
from harness import ROOT, modules

import qlatent_tf
from qlatent_tf.__main__ import TOOLS


def test_data_files_are_declared():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    declared = {name: text.split() for name, text in setup["options.package_data"].items()}
    for pattern in ("*.smi.gz", "*.npz", "*.pyi", "py.typed"):
        files = list((ROOT / "qlatent_tf").rglob(pattern))
        assert files
        for file in files:
            package = ".".join(file.relative_to(ROOT).parent.parts)
            patterns = [*declared["*"], *declared.get(package, [])]
            assert any(fnmatch.fnmatch(file.name, one) for one in patterns), file


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from a copy of the checkout, which stays clean."""
    copy, built = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in ("qlatent_tf", "tools", "configs", "models"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    preset = copy / "models" / "preset_of_the_test"
    preset.mkdir()
    for name in ("config.json", "model.weights.h5", "README.md", "metrics.json", "samples.png"):
        (preset / name).write_text("{}")
    (preset / "checkpoint").mkdir()  # Too large for a wheel.
    for name in ("ckpt-6.index", "ckpt-6.data-00000-of-00001"):
        (preset / "checkpoint" / name).write_text("{}")
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(built)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=copy, check=True, capture_output=True)
    [file] = built.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("file", sorted((ROOT / "tools").rglob("*.py")), ids=lambda one: one.name)
def test_a_tool_and_nothing_else_runs_by_its_name(file):
    text = file.read_text(encoding="utf-8")
    is_tool = '__name__ == "__main__"' in text
    assert text.startswith("#!/usr/bin/env python3\n") == is_tool
    assert bool(file.stat().st_mode & stat.S_IXUSR) == is_tool
    name = ".".join(file.relative_to(ROOT / "tools").with_suffix("").parts)
    assert (name in {module for module, _ in TOOLS.values()}) == is_tool


@pytest.mark.slow
def test_a_wheel_holds_every_module(names):
    expected = {
        name.replace(".", "/") + ("/__init__.py" if file.name == "__init__.py" else ".py")
        for name, file in modules().items()
    }
    assert {name for name in names if name.endswith(".py")} == expected


@pytest.mark.slow
def test_a_wheel_holds_the_data(names):
    for pattern in ("*.smi.gz", "*.npz"):
        data = {file.relative_to(ROOT).as_posix() for file in (ROOT / "qlatent_tf").rglob(pattern)}
        assert data and data <= names
    presets = {name for name in names if name.startswith("qlatent_tf/presets/")}
    expected = {
        f"qlatent_tf/presets/{file.relative_to(ROOT / 'models').as_posix()}"
        for file in [ROOT / "models" / "README.md", *(ROOT / "models").glob("*/*")]
        if file.is_file()
    }
    folder = "qlatent_tf/presets/preset_of_the_test"
    files = ("config.json", "model.weights.h5", "README.md", "metrics.json", "samples.png")
    assert presets == expected | {f"{folder}/{name}" for name in files}


@pytest.mark.slow
def test_a_wheel_holds_nothing_else(names):
    outside = {name for name in names if not name.startswith("qlatent_tf/")}
    information = f"qlatent_tf-{qlatent_tf.__version__}.dist-info"
    assert {name.partition("/")[0] for name in outside} == {information}
    assert any(name.endswith("/LICENSE") for name in outside)


@pytest.mark.slow
def test_an_unpacked_wheel_runs_in_an_empty_folder(wheel, tmp_path):
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = (
        "import qlatent_tf, qlatent_tf.__main__ as tools;"
        "print(qlatent_tf.__file__); print(qlatent_tf.list_presets());"
        "print(sorted(tools.TOOLS))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=empty,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    file, presets, tools = done.stdout.splitlines()
    assert file == str(site / "qlatent_tf" / "__init__.py")
    assert "'preset_of_the_test'" in presets
    assert tools == str(sorted(TOOLS))
