"""Temporary files and folders, whose names tell whether their writer still runs."""

import functools
import os
import re
import shutil
import socket
import time
from pathlib import Path

_STALE_SECONDS = 60
_LONGEST_NAME = 100


def temporary_prefix(path: Path) -> str:
    """Returns what the names of this process's temporary files for a path begin with."""
    # A name may be as long as a file system allows.
    name = path.name.encode(errors="surrogateescape")[:_LONGEST_NAME].decode(errors="ignore")
    return f".{name}.{os.getpid()}@{_host()}-"


def remove_stale(folder: Path) -> None:
    """Removes temporary files and folders of processes of this machine that were killed.

    Once in the life of a process for each folder: what is stale is from before.
    """
    _remove_once(folder.resolve())


@functools.cache
def _remove_once(folder):
    pattern = re.compile(rf"\..+\.(\d+)@{re.escape(_host())}-.*", re.DOTALL)
    for found in folder.iterdir():
        named = pattern.fullmatch(found.name)
        if not named or _is_running(int(named[1])) or _is_new(found):
            continue
        if found.is_dir() and not found.is_symlink():
            shutil.rmtree(found, ignore_errors=True)
        else:
            found.unlink(missing_ok=True)


def _is_new(path: Path) -> bool:
    """Whether a path has changed of late: a machine of the same name may be writing it."""
    try:
        return time.time() - path.stat().st_mtime < _STALE_SECONDS
    except OSError:
        return True


def _host() -> str:
    return re.sub(r"[^\w-]", "_", socket.gethostname())


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
