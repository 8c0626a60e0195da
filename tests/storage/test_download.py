import errno
import hashlib
import http.server
import socket

import pytest
from local_server import local_server

from qlatent_tf.storage import files
from qlatent_tf.storage.download import DownloadError, RemoteFile, check_reachable, download

CONTENT = bytes(range(256)) * 4096


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(CONTENT[:1000] if self.path == "/cut" else CONTENT)

    def log_message(self, *_):
        pass


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(scope="module")
def address():
    with local_server(_Handler) as url:
        yield url


def test_a_full_disk_is_said_to_be_one(address, tmp_path, monkeypatch):
    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "flush_to_disk", full)
    with pytest.raises(OSError, match="No space left") as raised:
        download(_remote(f"{address}/file"), tmp_path / "file.bin", progress=False)
    assert not isinstance(raised.value, DownloadError) and not list(tmp_path.iterdir())


def _remote(url, size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest()):
    return RemoteFile(url, "file.bin", size, sha256)


def test_the_file_arrives_whole(address, tmp_path):
    path = tmp_path / "new folder" / "file.bin"
    assert download(_remote(f"{address}/file"), path, progress=False) == path
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "page, changes, message",
    [
        ("missing", {}, "404"),
        ("cut", {}, r"sent 1000 bytes; file.bin has 1048576"),
        ("file", {"size": 1000}, "sent more than 1000 bytes"),
        ("file", {"sha256": "0" * 64}, "SHA-256 [0-9a-f]{64}; that of file.bin is 0000"),
    ],
)
def test_anything_else_is_refused_and_leaves_nothing(address, tmp_path, page, changes, message):
    with pytest.raises(DownloadError, match=message) as raised:
        download(_remote(f"{address}/{page}", **changes), tmp_path / "file.bin", progress=False)
    assert "No room" not in str(raised.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_no_fault_of_the_server(address, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(FileExistsError):
        download(_remote(f"{address}/file"), tmp_path / "taken" / "file.bin", progress=False)


def test_a_file_that_was_there_stays(address, tmp_path):
    path = tmp_path / "file.bin"
    path.write_text("old")
    with pytest.raises(DownloadError):
        download(_remote(f"{address}/cut"), path, progress=False)
    assert path.read_text() == "old"


def test_a_closed_port_is_an_error(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x"
        with pytest.raises(DownloadError, match="cannot be opened"):
            download(_remote(url), tmp_path / "file.bin", progress=False)


def test_silence_is_noticed(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(DownloadError, match="did not answer within 0.2 seconds"):
            download(_remote(url), tmp_path / "file.bin", progress=False, open_seconds=0.2)


def test_a_server_is_asked_before_others_download(address):
    check_reachable(f"{address}/file")
    with pytest.raises(DownloadError, match="404"):
        check_reachable(f"{address}/missing")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(DownloadError, match="did not answer within 0.2 seconds"):
            check_reachable(f"http://127.0.0.1:{silent.getsockname()[1]}/file", open_seconds=0.2)
