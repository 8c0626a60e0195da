"""One process at a time: locks that end with the process that holds them."""

import contextlib
import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import filelock
from absl import logging

# A holder that ends removes its file; whoever has just opened that file tries again for so long.
_RETRY_SECONDS = 0.1
# Seconds between looks at what another process makes.
_PATIENCE = 5
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)

T = TypeVar("T")


class InUseError(ValueError):
    """What was to be locked is held by another process."""


def once_free(make: Callable[[], T]) -> T:
    """Returns what `make` returns, which is called again for as long as others hold its lock.

    For what processes make once for all of them: whoever comes second waits, and finds it made.

    Args:
      make: callable. Raises `InUseError` where it has to wait.
    """
    waiting = False
    while True:
        try:
            return make()
        except InUseError as error:
            if not waiting:
                logging.warning("%s This process waits for it.", error)
            waiting = True
            time.sleep(_PATIENCE)


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
      OSError: if `path` is a symbolic link, which is not followed.
    """
    path = Path(path)
    # Without flock, a soft lock would stay behind a killed process.
    lock = filelock.FileLock(path, fallback_to_soft=False, on_acquired=_sign)
    try:
        lock.acquire(timeout=_RETRY_SECONDS, poll_interval=_RETRY_SECONDS / 4)
    except filelock.Timeout:
        holder = _holder(path) or "which has not said its name"
        raise InUseError(f"Another process is {what} ({holder}); wait until it ends.") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            reason = "The lock file is a symbolic link, which is not followed; remove it"
            raise OSError(errno.ELOOP, reason, str(path)) from error
        if error.errno not in _WITHOUT_LOCKS:
            raise
        logging.warning("%s: a second process would go unnoticed (%s).", path, error)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        lock.release()


def _sign(descriptor: int) -> None:
    """Writes into the lock file who holds it."""
    began = time.strftime("%Y-%m-%d %H:%M:%S")
    os.ftruncate(descriptor, 0)
    os.write(
        descriptor, f"process {os.getpid()} on {socket.gethostname()}, since {began}\n".encode()
    )


def _holder(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""
