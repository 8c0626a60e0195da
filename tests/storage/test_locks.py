import errno
import fcntl
import os
import signal
import subprocess
import sys

import pytest

from qlatent_tf.storage.locks import InUseError, sole_use

HOLD = """
import sys
from qlatent_tf.storage.locks import sole_use
with sole_use(sys.argv[1], "at work"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process, which holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "new" / ".lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_refused_and_told_of_the_first(holder, tmp_path):
    path = tmp_path / "new" / ".lock"
    with pytest.raises(InUseError, match=rf"is writing the bank \(process {holder.pid} on"):
        with sole_use(path, "writing the bank"):
            pytest.fail("entered")
    assert path.exists()


def test_a_killed_process_holds_nothing(holder, tmp_path):
    path = tmp_path / "new" / ".lock"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert path.exists()
    with sole_use(path, "at work"):
        assert str(os.getpid()) in path.read_text() and str(holder.pid) not in path.read_text()
    assert not path.exists()


def test_the_lock_ends_with_an_error(tmp_path):
    for _ in range(2):
        with pytest.raises(RuntimeError), sole_use(tmp_path / "lock", "at work"):
            with pytest.raises(InUseError, match=str(os.getpid())):
                with sole_use(tmp_path / "lock", "at work"):
                    pytest.fail("entered")
            raise RuntimeError


def test_a_file_that_its_last_holder_removes_meanwhile_is_no_lock(tmp_path, monkeypatch):
    path, flock, calls = tmp_path / "lock", fcntl.flock, []

    def late(file, operation):
        calls.append(file)
        if len(calls) == 1:
            path.unlink()
        flock(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with sole_use(path, "at work"):
        assert path.exists() and len(calls) == 2
        with pytest.raises(InUseError), sole_use(path, "at work"):
            pytest.fail("entered")


@pytest.mark.parametrize("content", ["what must stay", None])
def test_a_link_is_refused_and_what_it_leads_to_stays(tmp_path, content):
    path, other = tmp_path / "lock", tmp_path / "other"
    if content is not None:
        other.write_text(content)
    path.symlink_to(other)
    with pytest.raises(OSError, match="is a symbolic link, which is not followed.*lock"):
        with sole_use(path, "at work"):
            pytest.fail("entered")
    assert path.is_symlink() and other.exists() == (content is not None)
    assert content is None or other.read_text() == content


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_a_file_system_without_locks_is_warned_of(tmp_path, number, monkeypatch, caplog):
    def refuse(file, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with caplog.at_level("WARNING", logger="absl"), sole_use(tmp_path / "lock", "at work"):
        assert "lock: a second process would go unnoticed" in caplog.text
    assert not list(tmp_path.iterdir())
