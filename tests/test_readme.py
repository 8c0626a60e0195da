"""The README's commands and names are real."""

import contextlib
import importlib
import io
import re

import pytest
from harness import ROOT, readme, readme_blocks, readme_commands

from qlatent_tf.__main__ import TOOLS
from qlatent_tf.registry import datasets, latents, models
from qlatent_tf.zoo import list_presets

_DOCUMENTS = [*ROOT.glob("*.md"), ROOT / "models" / "README.md", *ROOT.glob("docs/*.md")]
_COMMANDS = [pytest.param(command, id=" ".join(command)) for command in readme_commands()]


@pytest.fixture
def files(empty_folder):
    """The working directory, holding the README's files of a third party."""
    for block in readme_blocks("python"):
        if block.startswith("# my_"):
            name = block.partition("\n")[0].removeprefix("# ")
            (empty_folder / name).write_text(block)
    return empty_folder


@pytest.mark.parametrize("command", _COMMANDS)
def test_a_command_is_understood(files, command):
    tool = importlib.import_module(f"qlatent_tf.tools.{command[0]}")
    arguments = tool.parser().parse_args(command[1:])
    if command[0] == "train":
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            assert tool.main([*command[1:], "--dry-run"]) == 0
        assert f'"model": "{arguments.model}"' in printed.getvalue()


@pytest.mark.parametrize(
    "registry, heading",
    [
        (latents, "Latents"),
        (models, "Models"),
    ],
)
def test_every_name_has_its_row(registry, heading):
    table = readme().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE))
    assert named == set(registry.names())


def test_every_data_set_and_tool_is_named():
    for name in [*datasets.names(), *TOOLS]:
        assert f"`{name}`" in readme()


def test_presets_exist():
    presets = set(re.findall(r'from_preset\("(\w+)"\)', readme()))
    assert presets and presets <= set(list_presets())


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda file: file.name)
def test_links_lead_somewhere(document):
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (document.parent / target).exists(), target
