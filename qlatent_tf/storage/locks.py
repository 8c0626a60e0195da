"""One process at a time: locks that end with the process that holds them."""

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from absl import logging


class InUseError(ValueError):
    """What was to be locked is held by another process."""


@contextlib.contextmanager
def sole_use(path: str | os.PathLike, what: str) -> Iterator[None]:
    """Keeps other processes out for as long as the block runs.

    The system ends the lock with the process, so a killed one leaves nothing to clean up: a lock
    file that nobody holds is no lock.

    Args:
      path: path. The lock file, in a folder that is made if missing; removed at the end.
      what: str. What the process does alone, after "is", such as "writing the bank".

    Raises:
      InUseError: if another process holds the lock; the message names it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _open_locked(path, what) as file:
        try:
            file.truncate(0)
            began = time.strftime("%Y-%m-%d %H:%M:%S")
            file.write(f"process {os.getpid()} on {socket.gethostname()}, since {began}\n")
            file.flush()
            yield
        finally:
            path.unlink(missing_ok=True)


def _open_locked(path: Path, what: str):
    """Returns the lock file, open and locked, or raises InUseError."""
    while True:
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with file:
                file.seek(0)
                holder = file.read().strip() or "which has not said its name"
            raise InUseError(f"Another process is {what} ({holder}); wait until it ends.") from None
        except OSError as error:
            logging.warning("%s: a second process would go unnoticed (%s).", path, error)
            return file
        if _is_at(file, path):
            return file
        # The last holder removed the file between its opening and its locking: nobody holds it.
        file.close()


def _is_at(file, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
