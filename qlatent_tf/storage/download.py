"""Downloads of files whose content is known beforehand."""

import dataclasses
import hashlib
import http.client
import os
import queue
import threading
import urllib.error
import urllib.request
from pathlib import Path

import tqdm
from absl import logging

import qlatent_tf
from qlatent_tf.storage import files

OPEN_SECONDS = 6.0
STALL_SECONDS = 30.0
_BLOCK = 1 << 18


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
      OSError: if the disk is full.
    """
    logging.info("Downloading %s to %s.", remote.url, path)
    digest = hashlib.sha256()
    received = 0
    try:
        with (
            _open(remote.url, open_seconds) as response,
            files.atomic_path(path) as temporary,
            open(temporary, "wb") as file,
            tqdm.tqdm(
                total=remote.size,
                desc=f"Downloading {remote.name}",
                unit="B",
                unit_scale=True,
                disable=not progress,
                leave=False,
            ) as bar,
        ):
            while block := response.read(_BLOCK):
                received += len(block)
                if received > remote.size:
                    break
                digest.update(block)
                file.write(block)
                bar.update(len(block))
            if received != remote.size:
                raise DownloadError(
                    f"{remote.url} sent {'more than ' if received > remote.size else ''}"
                    f"{min(received, remote.size)} bytes; {remote.name} has {remote.size}."
                )
            if digest.hexdigest() != remote.sha256:
                raise DownloadError(
                    f"{remote.url} sent a file with the SHA-256 {digest.hexdigest()}; that of "
                    f"{remote.name} is {remote.sha256}."
                )
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, DownloadError) or files.is_full_disk(error):
            raise
        raise DownloadError(f"{remote.url} cannot be read ({error}).") from error
    return Path(path)


def check_reachable(url: str, open_seconds: float = OPEN_SECONDS) -> None:
    """Asks a server for a file and hangs up: for downloads by others, who may wait for long.

    Raises:
      DownloadError: if the server does not answer in time, or refuses.
    """
    _open(url, open_seconds).close()


def _open(url: str, seconds: float):
    """Opens an address within `seconds`.

    A socket's timeout covers neither the look-up of a name nor one attempt after another at the
    addresses of a host, and a closed network may show in either: the clock runs outside.
    """
    request = urllib.request.Request(  # noqa: S310
        url, headers={"User-Agent": f"qlatent_tf/{qlatent_tf.__version__}"}
    )
    outcome = queue.SimpleQueue()

    def attempt():
        try:
            outcome.put(urllib.request.urlopen(request, timeout=STALL_SECONDS))  # noqa: S310
        except Exception as error:
            outcome.put(error)

    threading.Thread(target=attempt, daemon=True).start()
    try:
        opened = outcome.get(timeout=seconds)
    except queue.Empty:
        raise DownloadError(f"{url} did not answer within {seconds:g} seconds.") from None
    if isinstance(opened, urllib.error.HTTPError):
        opened.close()
    if isinstance(opened, Exception):
        raise DownloadError(f"{url} cannot be opened ({opened}).") from opened
    return opened
