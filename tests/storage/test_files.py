"""Files that are whole or absent."""

import fcntl
import hashlib
import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

from qlatent_tf.storage import files
from qlatent_tf.storage.array_cache import cached_arrays
from qlatent_tf.storage.temporary import _host, temporary_prefix


def test_a_written_file_replaces_the_old_one_and_leaves_nothing_beside(tmp_path):
    path = tmp_path / "new" / "data.csv.gz"
    for text in ("old", "new"):
        with files.atomic_path(path) as temporary:
            assert temporary.parent == path.parent
            assert temporary.name.endswith(".csv.gz")
            temporary.write_text(text)
        assert path.read_text() == text
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_an_error_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "data.txt"
    files.write_text(path, "old")
    with pytest.raises(error), files.atomic_path(path) as temporary:
        temporary.write_text("half of the n")
        raise error
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["data.txt"]


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "data.txt"
    files.write_text(path, "old")
    writer = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import sys, time\n"
                "from qlatent_tf.storage.files import atomic_path\n"
                f"with atomic_path({str(path)!r}) as temporary:\n"
                "    temporary.write_text('half of the n')\n"
                "    print('written', flush=True)\n"
                "    time.sleep(60)\n"
            ),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout.readline() == "written\n"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    assert path.read_text() == "old"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes")
def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, error in (("pipe", FileExistsError), ("folder", IsADirectoryError)):
        with pytest.raises(error, match=name):
            files.write_text(tmp_path / name, "text")
    (tmp_path / "old").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "old")
    files.write_text(tmp_path / "link", "new")
    assert (tmp_path / "old").read_text() == "old" and not (tmp_path / "link").is_symlink()


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        files.write_text(tmp_path / "data.txt", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "data.txt").stat().st_mode) == 0o640


def test_the_umask_of_the_process_is_left_alone(tmp_path, monkeypatch):
    """Of all threads there is one: who asks for it sets it."""
    monkeypatch.setattr(os, "umask", None)
    files.write_text(tmp_path / "data.txt", "text")


def test_the_permissions_of_a_file_stay(tmp_path):
    path = tmp_path / "mine.txt"
    files.write_text(path, "old")
    for mode in (0o600, 0o444):
        path.chmod(mode)
        with files.atomic_path(path) as temporary:
            # Whoever is not root has to write it; what is private is so already.
            assert stat.S_IMODE(temporary.stat().st_mode) == mode | stat.S_IWUSR
            temporary.write_text("new")
        assert stat.S_IMODE(path.stat().st_mode) == mode and path.read_text() == "new"


@pytest.mark.parametrize("name", ["a" * 251 + ".txt", f"a.{'b' * 240}.txt", "ü" * 125 + ".txt"])
def test_names_may_be_as_long_as_files_may(tmp_path, name):
    files.write_text(tmp_path / name, "text")
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["file", "key", "_file", "x" * 300, "分" * 100])
def test_arrays_of_any_name_are_kept(tmp_path, monkeypatch, name):
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path))
    made = [{name: np.arange(3)}]
    for _ in range(2):
        found = cached_arrays("some", name, "key", made.pop if made else pytest.fail)
        assert list(found) == [name] and found[name].tolist() == [0, 1, 2]


def test_json_and_back(tmp_path):
    value = {"mean": 0.1, "name": "Fréchet", "values": [1, None]}
    files.write_json(tmp_path / "value.json", value)
    assert files.read_json(tmp_path / "value.json") == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": {1, 2}}, "a \udcff path"])
def test_what_json_has_no_word_for_is_refused_and_nothing_is_written(tmp_path, value):
    with pytest.raises((ValueError, TypeError)):
        files.write_json(tmp_path / "value.json", value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "content",
    [b'{"mean": 0.', b"", b"\xff\xfe", b"[" * 100_000, b"9" * 5_000, b"[1e999]"],
    ids=range(6),
)
def test_a_file_that_is_not_whole_json_is_named(tmp_path, content):
    path = tmp_path / "value.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="value.json cannot be read as JSON"):
        files.read_json(path)


def test_a_number_that_json_has_not_is_named(tmp_path):
    (tmp_path / "x.json").write_text('{"mean": NaN}')
    with pytest.raises(ValueError, match="as JSON: NaN is none of its numbers, which are finite"):
        files.read_json(tmp_path / "x.json")


@pytest.mark.parametrize("size", [0, 3, (1 << 20) + 1])
def test_sha256(tmp_path, size):
    content = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "data").write_bytes(content[:size])
    assert files.sha256_of(tmp_path / "data") == hashlib.sha256(content[:size]).hexdigest()


def test_data_is_looked_for_in_order(tmp_path, monkeypatch):
    folders = [tmp_path / name for name in ("named", "variable", "cache")]
    for folder in folders[:2]:
        folder.mkdir()
    monkeypatch.setenv(files.DATA_DIR_VARIABLE, str(folders[1]))
    monkeypatch.setenv(files.CACHE_DIR_VARIABLE, str(folders[2]))
    assert files.data_folders(folders[0]) == folders
    assert files.find_data_file(["a.smi", "a.csv"], folders[0]) is None
    (folders[1] / "a.csv").touch()
    assert files.find_data_file(["a.smi", "a.csv"], folders[0]) == folders[1] / "a.csv"
    (folders[0] / "a.csv").touch()
    assert files.find_data_file(["a.smi", "a.csv"], folders[0]) == folders[0] / "a.csv"
    (folders[0] / "a.smi").touch()
    assert files.find_data_file(["a.smi", "a.csv"], folders[0]) == folders[0] / "a.smi"


def test_a_file_of_the_callers_folder_comes_before_one_that_lies_here(tmp_path, monkeypatch):
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.smi").touch()
    assert str(files.named_file("mine.smi", own)) == "mine.smi"
    (own / "mine.smi").touch()
    assert files.named_file("mine.smi", own) == own / "mine.smi"
    assert str(files.named_file("mine.smi", None)) == "mine.smi"
    assert files.named_file(tmp_path / "mine.smi", own) == tmp_path / "mine.smi"


def test_what_may_have_no_end_is_no_named_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    (tmp_path / "folder.npz").mkdir()
    for name, data_dir in (
        ("/dev/zero", None),
        (tmp_path / "pipe.npz", None),
        ("pipe.npz", tmp_path),
    ):
        for or_folder in (False, True):
            legal = "Legal is a regular file" + " or a folder" * or_folder
            with pytest.raises(ValueError, match=rf"a device, a pipe or the like\. {legal}\.$"):
                files.named_file(name, data_dir, or_folder=or_folder)
    with pytest.raises(ValueError, match=r"folder.npz is a folder. Legal is a regular file\.$"):
        files.named_file("folder.npz", tmp_path)
    assert files.named_file("folder.npz", tmp_path, or_folder=True) == tmp_path / "folder.npz"


def test_a_named_folder_must_exist(tmp_path, monkeypatch):
    monkeypatch.delenv(files.DATA_DIR_VARIABLE, raising=False)
    with pytest.raises(NotADirectoryError, match="--data-dir names .*absent, which is not a"):
        files.data_folders(tmp_path / "absent")
    monkeypatch.setenv(files.DATA_DIR_VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(NotADirectoryError, match=r"\$QLATENT_DATA_DIR names .*gone"):
        files.data_folders()


def test_the_cache_is_in_the_home_directory_unless_named(tmp_path, monkeypatch):
    monkeypatch.delenv(files.CACHE_DIR_VARIABLE, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert files.cache_dir() == tmp_path / ".cache" / "qlatent_tf"


def test_without_a_home_directory_there_is_no_cache_unless_it_is_named(tmp_path, monkeypatch):
    def home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(files.Path, "home", home)
    monkeypatch.delenv(files.CACHE_DIR_VARIABLE, raising=False)
    assert files.data_folders(tmp_path)[0] == tmp_path
    assert files.find_data_file(["absent"]) is None
    with pytest.raises(FileNotFoundError, match="no home directory.*QLATENT_CACHE_DIR"):
        files.cache_dir()
    monkeypatch.setenv(files.CACHE_DIR_VARIABLE, str(tmp_path))
    assert files.cache_dir() == tmp_path


def _leave(path, process, age=100):
    path.mkdir() if path.suffix == "" else path.touch()
    if path.is_dir():
        (path / "part").touch()
    os.utime(path, (0, time.time() - age))
    return path


def test_a_path_begins_at_home_unless_no_user_is_called_so(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    for path, found in {
        "~/bank": "/home/someone/bank",
        "~no one/bank": "~no one/bank",
        "a~/bank": "a~/bank",
    }.items():
        assert str(files.user_path(path)) == found


def test_what_killed_writers_left_is_removed_in_each_folder(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        left = tmp_path / name / f".x.json.{2**22 + 1}@{_host()}-0"
        left.touch()
        os.utime(left, (0, 0))
        monkeypatch.chdir(tmp_path / name)
        files.write_text("x.json", "")
        assert os.listdir() == ["x.json"]


def test_a_folder_of_the_caller_that_is_missing_is_told_of(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.smi").write_text("C")
    with pytest.raises(NotADirectoryError, match="--data-dir names .*absent"):
        files.named_file("mine.smi", tmp_path / "absent")


def test_what_killed_writers_left_is_removed_by_the_next(tmp_path):
    process = subprocess.Popen(["true"])
    process.wait()
    path = tmp_path / "data.json"
    prefix = temporary_prefix(path)
    ended = prefix.replace(f".{os.getpid()}@", f".{process.pid}@")
    assert ended != prefix
    stale = [
        _leave(tmp_path / name, process)
        for name in (f"{ended}a.json", f"{ended}b", ended.replace("data", "other"))
    ]
    kept = [
        _leave(tmp_path / f"{prefix}a.json", process),  # Its process runs.
        _leave(tmp_path / f"{ended}c.json", process, age=0),
        _leave(tmp_path / ended.replace("@", "@elsewhere-"), process),
    ]
    files.write_text(path, "text")
    assert not any(one.exists() for one in stale) and all(one.exists() for one in kept)


def test_hdf5_files_are_read_where_locks_are_not_to_be_had(tmp_path):
    import h5py

    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = 1
    with open(tmp_path / "x.h5", "rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with h5py.File(tmp_path / "x.h5", "r") as file:
            assert file["x"][()] == 1
