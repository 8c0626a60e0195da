"""The tools of an installed package: ``python -m qlatent_tf train --help``."""

import importlib
import pkgutil
import sys

import qlatent_tf.tools

_NOT_TOOLS = {"command_line", "grid_commands", "land_cover_scenes"}


def tool_names() -> list[str]:
    """Returns the names of the tools, sorted."""
    found = pkgutil.iter_modules(qlatent_tf.tools.__path__)
    return sorted(module.name for module in found if module.name not in _NOT_TOOLS)


def main(argv=None) -> int:
    """Runs the tool named by the first argument; returns its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    known = ", ".join(tool_names())
    if not arguments or arguments[0] in ("-h", "--help"):
        print(f"usage: qlatent-tf TOOL [arguments]\n\ntools: {known}")
        return 0 if arguments else 2
    if arguments[0] == "--version":
        print(qlatent_tf.__version__)
        return 0
    if arguments[0] not in tool_names():
        print(f"error: unknown tool {arguments[0]!r}; known: {known}", file=sys.stderr)
        return 2
    try:
        return importlib.import_module(f"qlatent_tf.tools.{arguments[0]}").main(arguments[1:])
    except KeyboardInterrupt:  # While the libraries load.
        return 130


if __name__ == "__main__":
    sys.exit(main())
