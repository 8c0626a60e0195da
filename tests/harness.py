"""What several test files share; `pythonpath` in setup.cfg makes it importable."""

import ast
import functools
import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Folder of the checkout -> the package it is installed as; setup.cfg says the same.
PACKAGES = {
    "qlatent_tf": "qlatent_tf", "tools": "qlatent_tf.tools", "configs": "qlatent_tf.configs",
}


def modules() -> dict[str, Path]:
    """Returns the project's modules, dotted name -> file."""
    found = {}
    for folder, package in PACKAGES.items():
        for file in sorted((ROOT / folder).rglob("*.py")):
            parts = file.relative_to(ROOT / folder).with_suffix("").parts
            found[".".join([package, *parts]).removesuffix(".__init__")] = file
    return found


@functools.lru_cache(maxsize=None)
def nodes(file: Path) -> list[ast.AST]:
    """Returns the nodes of a file's syntax tree, in no particular order."""
    return list(ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))))


def imported(file: Path) -> set[str]:
    """Returns the dotted names that a file imports anywhere, also inside functions."""
    names = set()
    for node in nodes(file):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno}: imports are absolute"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def readme_blocks(language: str) -> list[str]:
    """Returns the README's fenced blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", readme(), flags=re.DOTALL)


def readme_commands() -> list[list[str]]:
    """Returns the arguments of each ``qlatent-tf`` command in the README's indented blocks."""
    lines = re.findall(r"^    qlatent-tf (.*)$", readme(), flags=re.MULTILINE)
    return [shlex.split(line) for line in lines]


def readme() -> str:
    """Returns the README's text."""
    return (ROOT / "README.md").read_text(encoding="utf-8")
