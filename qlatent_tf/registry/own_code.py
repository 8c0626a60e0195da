"""Code of someone's own, by ``"module:attribute"``: where it lies, and its import."""

import contextlib
import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from qlatent_tf.text.names import UnknownNameError

# What is no mistake in code, but a value, a file, a full disk or full memory: it says so itself.
_SAID = (MemoryError, OSError, ValueError)
# The working directory that was added to Python's path.
_SEARCHED_LAST: list[str] = []


class OwnCodeError(ValueError):
    """A function of someone's own failed, or returned what it may not."""


def own_module(name: str) -> str:
    """Returns the module of ``"module:attribute"``."""
    return name.partition(":")[0].removesuffix(".py")


def find_own(module: str) -> importlib.machinery.ModuleSpec | None:
    """Returns where a module of someone's own lies, without importing it; None for nowhere."""
    with _here_first():
        try:
            return importlib.util.find_spec(module)
        except (ImportError, ValueError):
            return None


@contextlib.contextmanager
def _here_first() -> Iterator[str]:
    """Searches the working directory first; afterwards last, for what is imported may import."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield here
    finally:
        sys.path.remove(here)
        if here not in sys.path:
            # Of one folder, not of all that a process was in.
            while _SEARCHED_LAST:
                with contextlib.suppress(ValueError):
                    sys.path.remove(_SEARCHED_LAST.pop())
            sys.path.append(here)
            _SEARCHED_LAST.append(here)


@contextlib.contextmanager
def mistakes_of(name: str, kind: str, fails: str = "failed") -> Iterator[None]:
    """Raises a mistake of someone's own code as an OwnCodeError that says whose it is.

    Its traceback ends in the place of the mistake, of which a tool tells. Mistakes of what is
    registered under a name without a colon are those of this package, and stay what they are.
    """
    try:
        yield
    except Exception as error:
        if ":" not in name or not _is_mistake(error):
            raise
        said = f"The {kind} {name!r} {fails}: {type(error).__name__}: {error}"
        raise OwnCodeError(said).with_traceback(error.__traceback__) from error


@contextlib.contextmanager
def results_of(name: str, kind: str) -> Iterator[None]:
    """Says, where a ValueError is about what code of someone's own returned, whose it is."""
    try:
        yield
    except ValueError as error:
        if ":" not in name or isinstance(error, OwnCodeError):
            raise
        raise OwnCodeError(f"What the {kind} {name!r} returns cannot be used. {error}") from error


def _is_mistake(error):
    # TensorFlow is not imported here for the name of its error.
    return not isinstance(error, _SAID) and type(error).__name__ != "ResourceExhaustedError"


def import_own(name: str, kind: str) -> Callable:
    """Imports ``"module:attribute"``, from the working directory before all others.

    Raises:
      UnknownNameError: if there is no such module or attribute, or it cannot be called.
      OwnCodeError: if the module cannot be imported.
    """
    module_name, attribute = own_module(name), name.partition(":")[2]
    if "/" in module_name or "\\" in module_name:
        raise UnknownNameError(
            f"A {kind} of your own names a module, no path; received {name!r}. Run in the "
            "folder that holds the file.",
            name,
        )
    if not all(module_name.split(".")) or not attribute:
        said = f"A {kind} of your own reads module:attribute; received {name!r}."
        raise UnknownNameError(said, name)
    with mistakes_of(name, kind, "cannot be imported"), _here_first() as here:
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if not f"{module_name}.".startswith(f"{error.name}."):
                raise
            raise UnknownNameError(
                f"The {kind} {name!r} names the module {module_name!r}, which is neither a file in "
                f"{here} nor installed.",
                name,
            ) from error
    try:
        builder = getattr(module, attribute)
    except AttributeError as error:
        raise UnknownNameError(
            f"The module {module_name!r} has no {attribute!r}, named by the {kind} {name!r}.", name
        ) from error
    if not callable(builder):
        said = f"The {kind} {name!r} is {builder!r}, which cannot be called."
        raise UnknownNameError(said, name)
    return builder
