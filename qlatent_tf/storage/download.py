"""Downloads of files whose content is known beforehand."""

import dataclasses
import io
import os
import queue
import threading
from pathlib import Path

from absl import logging

import qlatent_tf
from qlatent_tf.storage import files
from qlatent_tf.text.progress import progress_bar

OPEN_SECONDS = 6.0
STALL_SECONDS = 30.0
_BLOCK = 1 << 18
_HEADERS = {"User-Agent": f"qlatent_tf/{qlatent_tf.__version__}", "Accept-Encoding": "identity"}


class DownloadError(OSError):
    """A download that did not give the file it was meant to give."""


@dataclasses.dataclass(frozen=True)
class RemoteFile:
    """A file of the network, known by its content.

    Attributes:
      url: str. Where it is.
      name: str. What it is called on disk.
      size: int. Bytes.
      sha256: str. 64 hexadecimal digits.
    """

    url: str
    name: str
    size: int
    sha256: str


class _File(io.BufferedWriter):
    """A file that takes no more bytes than are known to come: a server may send without end."""

    def __init__(self, path: Path, remote: RemoteFile):
        super().__init__(io.FileIO(path, "w"))
        self._remote = remote

    def write(self, block: bytes) -> int:
        if self.tell() + len(block) > self._remote.size:
            raise _wrong_size(self._remote, f"more than {self._remote.size}")
        return super().write(block)


def download(
    remote: RemoteFile,
    path: str | os.PathLike,
    progress: bool = True,
    open_seconds: float = OPEN_SECONDS,
) -> Path:
    """Downloads a file; `path` appears only once size and hash have been found right.

    Args:
      remote: RemoteFile. What to download.
      path: path. Where to put it.
      progress: bool. Whether to show a progress bar.
      open_seconds: float. How long the server has to begin its answer.

    Returns:
      Path. `path`.

    Raises:
      DownloadError: if the server does not answer in time, refuses, or sends something else.
      OSError: if the file cannot be written, such as on a full disk.
    """
    # Here, for they bring half a second of imports that few runs need.
    import pooch
    import requests

    check_reachable(remote.url, open_seconds)
    logging.info("Downloading %s to %s.", remote.url, path)
    bar = progress_bar(
        total=remote.size, desc=f"Downloading {remote.name}", unit="B", shown=progress
    )
    fetch = pooch.HTTPDownloader(bar, _BLOCK, timeout=STALL_SECONDS, headers=_HEADERS)
    # Pooch's own temporary files are private, and not flushed before they get their name.
    with bar, files.atomic_path(path) as temporary:
        with _File(temporary, remote) as file:
            try:
                fetch(remote.url, file, None)
            except requests.RequestException as error:
                raise DownloadError(f"{remote.url} cannot be read ({error}).") from error
        if (size := temporary.stat().st_size) != remote.size:
            raise _wrong_size(remote, size)
        if (found := files.sha256_of(temporary)) != remote.sha256:
            raise DownloadError(
                f"{remote.url} sent a file with the SHA-256 {found}; that of {remote.name} is "
                f"{remote.sha256}."
            )
    return Path(path)


def check_reachable(url: str, open_seconds: float = OPEN_SECONDS) -> None:
    """Asks a server for a file and hangs up: for downloads by others, who may wait for long.

    Raises:
      DownloadError: if the server does not answer in time, or refuses.
    """
    import requests

    outcome = queue.SimpleQueue()

    def ask():
        try:
            with requests.get(url, stream=True, timeout=open_seconds, headers=_HEADERS) as answer:
                answer.raise_for_status()
            outcome.put(None)
        except Exception as error:
            while error.__context__ is not None:  # What happened, without the layers above it.
                error = error.__context__
            outcome.put(error)

    # The time-out of requests covers neither the look-up of a name nor one attempt after another
    # at the addresses of a host, and a closed network may show in either: the clock runs outside.
    threading.Thread(target=ask, daemon=True).start()
    try:
        error = outcome.get(timeout=open_seconds)
    except queue.Empty:
        raise DownloadError(f"{url} did not answer within {open_seconds:g} seconds.") from None
    if isinstance(error, TimeoutError):
        raise DownloadError(f"{url} did not answer within {open_seconds:g} seconds.") from error
    if error is not None:
        raise DownloadError(f"{url} cannot be opened ({error}).") from error


def _wrong_size(remote: RemoteFile, sent: int | str) -> DownloadError:
    return DownloadError(f"{remote.url} sent {sent} bytes; {remote.name} has {remote.size}.")
