"""The tools of an installed package: ``python -m qlatent_tf train --help``."""

import importlib
import pkgutil
import sys

import qlatent_tf.tools
import qlatent_tf.tools.data

_NOT_TOOLS = {"command_line", "land_cover_scenes", "data"}


def tool_modules() -> dict[str, str]:
    """Returns the tools: name -> module, sorted by name."""
    found = [
        f"{package.__name__}.{module.name}"
        for package in (qlatent_tf.tools, qlatent_tf.tools.data)
        for module in pkgutil.iter_modules(package.__path__)
        if module.name not in _NOT_TOOLS
    ]
    return {name.rpartition(".")[2]: name for name in sorted(found)}


def main(argv=None) -> int:
    """Runs the tool named by the first argument; returns its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    tools = tool_modules()
    known = ", ".join(sorted(tools))
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: qlatent-tf TOOL [arguments]\n\ntools: {known}")
        return 0 if arguments else 2
    if arguments[0] == "--version":
        print(qlatent_tf.__version__)
        return 0
    if arguments[0] not in tools:
        print(f"error: unknown tool {arguments[0]!r}; known: {known}", file=sys.stderr)
        return 2
    try:
        return importlib.import_module(tools[arguments[0]]).main(arguments[1:])
    except KeyboardInterrupt:  # While the libraries load.
        return 130


if __name__ == "__main__":
    sys.exit(main())
