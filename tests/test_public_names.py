"""The public names: those of each package's ``__all__``, and those that the documentation uses."""

import ast
import importlib
import inspect
import re

import pytest
from harness import ROOT, modules

import qlatent_tf

_MODULES = modules()
_PACKAGES = [name for name, file in _MODULES.items() if file.name == "__init__.py"]
_DOCUMENTS = [ROOT / "README.md", ROOT / "models" / "README.md", *sorted(ROOT.glob("docs/*.md"))]


def _blocks(document):
    text = document.read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def _used(block):
    """Yields the dotted names of ours that a block of code imports or reaches into."""
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("qlatent_tf"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("qlatent_tf"))
        elif isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if re.fullmatch(r"qlatent_tf(\.\w+)+", name):
                yield name


def _resolve(name):
    """Follows a dotted name as ``import qlatent_tf`` lets a user do, or imports the module."""
    if name in _MODULES:
        return importlib.import_module(name)
    return getattr(_resolve(name.rpartition(".")[0]), name.rpartition(".")[2])


@pytest.mark.parametrize("package", _PACKAGES)
def test_a_package_states_its_names_and_they_are_there(package):
    module = importlib.import_module(package)
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        assert getattr(module, name).__doc__, name


@pytest.mark.parametrize("package", _PACKAGES)
def test_no_module_is_called_like_a_public_function_of_its_package(package):
    """Importing the module would put it in the function's place."""
    inside = {name.rpartition(".")[2] for name in _MODULES if name.rpartition(".")[0] == package}
    module = importlib.import_module(package)
    for name in inside & set(module.__all__):
        assert inspect.ismodule(getattr(module, name)), name


def test_a_name_that_is_none_is_an_error():
    with pytest.raises(AttributeError, match="from_presets"):
        qlatent_tf.from_presets  # noqa: B018


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda file: file.name)
def test_names_in_the_documentation_exist(document):
    for block in _blocks(document):
        for name in _used(block):
            _resolve(name)


def test_the_documentation_lists_the_public_names():
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    listed = {
        re.match(r"`([\w.]+)`", section).group(1): re.findall(r"^\| `(\w+)` \| \S", section, re.M)
        for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    }
    packages = {name for name in qlatent_tf.__all__ if f"qlatent_tf.{name}" in _MODULES}
    public = {f"qlatent_tf.{name}": sorted(getattr(qlatent_tf, name).__all__) for name in packages}
    public["qlatent_tf"] = sorted({*qlatent_tf.__all__} - packages)
    assert {name: sorted(names) for name, names in listed.items()} == public
