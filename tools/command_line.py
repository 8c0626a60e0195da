"""How a tool runs: what it checks first, prints and shows of slow work and errors."""

import contextlib
import errno
import gc
import logging as standard_logging
import os
import re
import shlex
import sys
import sysconfig
import tempfile
import threading
import traceback
from pathlib import Path

from absl import logging
from qlatent_tf.tools.arguments import flag_of, option_with

from qlatent_tf.signals import asking_is_harmless
from qlatent_tf.startup.backend import BackendError, check_backend
from qlatent_tf.startup.quiet import silence_tensorflow

# Options that name a folder or file to write.
_WRITTEN = {"workdir", "models_dir", "out"}
_FULL = "The disk is full; what was written before is whole."


def print_table(rows) -> None:
    """Prints rows of as many entries each, in columns."""
    widths = [max(len(str(entry)) for entry in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell!s:{width}}" for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def command(*words) -> str:
    """Returns a command to copy, with what a shell would take apart in quotes.

    Example:
      >>> command("sample", "my run", "--out", "a.png")
      "qlatent-tf sample 'my run' --out a.png"
    """
    return shlex.join(["qlatent-tf", *map(str, words)])


def trust_option(config) -> list[str]:
    """Returns what a command takes that reads a run or preset of this configuration."""
    return ["--trust-code"] * bool(config.custom_names)


@contextlib.contextmanager
def slow_work(what: str, quiet: bool = False):
    """Says what is being done where it takes more than three seconds and shows no bar."""
    timer = threading.Timer(3, lambda: print(f"{what} ...", file=sys.stderr, flush=True))
    timer.daemon = True
    if not quiet:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def run_tool(function, arguments) -> int:
    """Calls `function(arguments)`; an error the user can mend is shown without a traceback.

    Returns:
      int. The exit code: what the function returned, 1 after an error, 130 after Ctrl-C.
    """
    _quiet_logs()
    try:
        with asking_is_harmless():
            return _run(function, arguments)
    finally:
        # Keras leaves an input pipeline in a cycle. Its threads call Python: were it freed as the
        # interpreter ends, it could wait for them forever.
        gc.collect()


def _check_written(arguments):
    """Refuses an option that names where nothing can be written, before anything is computed."""
    given = vars(arguments) if arguments else {}
    for name in _WRITTEN & given.keys():
        path = given[name] or ("runs" if name == "workdir" else None)
        if path is None or given.get("dry_run"):
            continue
        existing = Path(path).absolute()
        try:
            while not existing.is_dir():
                existing = existing.parent
            with tempfile.TemporaryDirectory(dir=existing):
                pass
        except OSError as error:
            raise ValueError(
                f"{flag_of(name)} {path} cannot be used: nothing can be written in {existing} "
                f"({error.strerror})."
            ) from error


def _run(function, arguments):
    try:
        check_backend()
        _check_written(arguments)
        return function(arguments)
    except (ValueError, FileNotFoundError, FloatingPointError, BackendError) as error:
        message = f"{error}{_place_in_own_code(error)}"
        unknown = getattr(error, "unknown", None)
        option = option_with(arguments, unknown) if unknown else ""
        message = f"{option}: {message}" if option else message
        if isinstance(error, OSError) and error.errno and error.filename:
            message = f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}."
    except ImportError as error:
        if error.name:  # Raised by an import, not by hand for an extra that is missing.
            raise
        message = str(error)
    except BrokenPipeError:
        # The reader of the output, such as head, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        message = str(error)
        if error.errno == errno.ENOSPC:
            message = f"{error}. {_FULL}"
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) and error.filename:
            message = f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}."
        if error.errno in (errno.EEXIST, errno.ENOTDIR) and error.filename:
            path = Path(os.fsdecode(error.filename))
            file = next((one for one in (path, *path.parents) if one.is_file()), None)
            message = f"{file} is a file, where a folder is needed." if file else message
        if error.errno == errno.EISDIR and error.filename:
            message = f"{os.fsdecode(error.filename)} is a folder, where a file is needed."
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except Exception as error:
        # TensorFlow is not imported here for the name of its error.
        if not isinstance(error, MemoryError) and type(error).__name__ != "ResourceExhaustedError":
            raise
        first = (str(error).splitlines() or [""])[0]
        message = (
            "There is not enough memory. Ask for fewer samples, a smaller batch (--batch-size) or "
            f"fewer modes.{f' ({first})' if first else ''}"
        )
        # Of a full disk TensorFlow says the same.
        if re.search("no space left|quota", first, re.IGNORECASE):
            message = f"{first}. {_FULL}"
    print(f"error: {message}", file=sys.stderr)
    return 1


def _place_in_own_code(error) -> str:
    """Returns where a user's function failed, if the package called one: of the first cause."""
    standard, called, place = Path(sysconfig.get_path("stdlib")), False, ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        module, file = frame.f_globals.get("__name__", ""), Path(frame.f_code.co_filename)
        if module.startswith("qlatent_tf."):
            called = called or not module.startswith("qlatent_tf.tools.")
            continue
        installed = {"site-packages", "dist-packages"} & set(file.parts)
        if called and not installed and not file.is_relative_to(standard) and file.is_file():
            place = f" ({file.name}, line {line}, in {frame.f_code.co_name})"
    return (error.__cause__ and _place_in_own_code(error.__cause__)) or place


def _quiet_logs():
    """Shows the project's own log lines and TensorFlow's warnings, not its start-up messages.

    Set TF_CPP_MIN_LOG_LEVEL=0 to see everything.
    """
    silence_tensorflow()
    logger = logging.get_absl_logger()
    logging.set_verbosity(logging.INFO)
    # absl's own handler puts a line about its flags before the first message.
    logger.handlers, logger.propagate = [standard_logging.StreamHandler()], False
    logger.handlers[0].addFilter(
        lambda record: record.levelno > standard_logging.INFO or "qlatent_tf" in record.pathname
    )
