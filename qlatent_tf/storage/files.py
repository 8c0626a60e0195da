"""Files that are whole or absent: atomic writes, hashes, and where data is kept."""

import contextlib
import csv
import errno
import hashlib
import io
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from qlatent_tf.storage.shapes import check_shape
from qlatent_tf.storage.temporary import remove_stale, temporary_prefix

DATA_DIR_VARIABLE = "QLATENT_DATA_DIR"
CACHE_DIR_VARIABLE = "QLATENT_CACHE_DIR"
INCEPTION_VARIABLE = "QLATENT_INCEPTION_WEIGHTS"
MAX_JSON_BYTES = 1 << 28
_LONGEST_SUFFIX = 8


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a temporary path that replaces `path` when the block ends without an error.

    A reader sees the old file or the new one, never a part: a killed process or a full disk
    leaves `path` as it was. A new file keeps the permissions of the old one. A symbolic link is
    replaced, not followed.

    Args:
      path: path. The file to write. Missing parent directories are made.

    Yields:
      Path. A fresh name in the same directory and with the same suffix, to be written to.

    Raises:
      IsADirectoryError, FileExistsError: if `path` is a folder, or a device or a pipe, which a file
        is not to replace.
    """
    path = Path(path)
    refuse_to_replace(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_stale(path.parent)
    # Such as .csv.gz, by which writers choose a format, not all that stands behind a dot.
    suffix = "".join(one for one in path.suffixes[-2:] if len(one) <= _LONGEST_SUFFIX)
    temporary = path.with_name(f"{temporary_prefix(path)}{secrets.token_hex(8)}{suffix}")
    # Not private, as those of tempfile are: it is meant for whoever may read the folder.
    try:
        temporary.touch(exist_ok=False)
    except OSError as error:  # Nobody asked for the temporary name.
        raise type(error)(error.errno, error.strerror, str(path)) from error
    mode = temporary.stat().st_mode
    with contextlib.suppress(FileNotFoundError):
        mode = path.stat().st_mode
    os.chmod(temporary, stat.S_IMODE(mode) | stat.S_IWUSR)
    try:
        yield temporary
        flush_to_disk(temporary)
        os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, path)
    except OSError as error:
        # NumPy reports a full disk by a count of items, without a number or a name; others' own
        # kinds of error have no number either.
        if type(error) is OSError and error.errno is None:
            raise OSError(errno.ENOSPC, f"No room to write ({error})", str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def refuse_to_replace(path: Path) -> None:
    """Refuses what a file is not to replace.

    Raises:
      IsADirectoryError: if it is a folder.
      FileExistsError: if it is a device, a pipe or a socket.
    """
    if path.is_symlink() or path.is_file() or not path.exists():
        return
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    reason = "It is no regular file, such as a device or a pipe, and is not replaced by one"
    raise FileExistsError(errno.EEXIST, reason, str(path))


def refuse_link(path: Path) -> None:
    """Refuses a symbolic link where a file or folder of the project's own is expected.

    Raises:
      ValueError: if there is one.
    """
    if path.is_symlink():
        raise ValueError(f"{path} is a symbolic link, which is not followed; remove it.")


def is_full_disk(error: BaseException) -> bool:
    """Returns whether an error says that there is no room to write."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes a UTF-8 text file atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def csv_text(heads: Iterable[str], rows: Iterable[Iterable]) -> str:
    """Returns rows as CSV, after a line of heads."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([heads, *rows])
    return text.getvalue()


def write_json(path: str | os.PathLike, value) -> None:
    """Writes `value` as indented JSON, atomically.

    Raises:
      ValueError: if there are NaN or infinities, which JSON has none of, or text that is no UTF-8,
        such as a path of other bytes.
    """
    text = json.dumps(value, indent=2, allow_nan=False)
    json.dumps(value, ensure_ascii=False).encode()
    write_text(path, text + "\n")


def read_json(path: str | os.PathLike, shape: Any = object):
    """Reads a JSON file.

    Args:
      path: path. UTF-8, with or without a byte order mark.
      shape: what the file has to hold, see `qlatent_tf.storage.shapes`. Default: anything.

    Raises:
      ValueError: if the file is not whole JSON, has another shape, is no regular file or very
        large; the message names the file.
    """
    check_regular(path, MAX_JSON_BYTES)
    try:
        value = json.loads(Path(path).read_bytes().decode("utf-8-sig"), parse_constant=_refuse)
        # Half a character, or 1e999, cannot be written again.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as JSON: {error}.") from error
    try:
        check_shape(value, shape)
    except ValueError as error:
        raise ValueError(f"{path} cannot be used: {error}.") from error
    return value


def check_regular(path: str | os.PathLike, largest: int | None = None) -> None:
    """Refuses devices, pipes and the like, which may have no end, and files that are too large.

    Raises:
      FileNotFoundError: if there is nothing.
      ValueError: if it is no regular file, or has more than `largest` bytes.
    """
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{path} is not a regular file.")
    if largest is not None and found.st_size > largest:
        raise ValueError(f"{path} has {found.st_size:,} bytes; legal are up to {largest:,}.")


def _refuse(constant: str):
    raise ValueError(f"{constant} is none of its numbers, which are finite")


def sha256_of(path: str | os.PathLike) -> str:
    """Returns the SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def user_path(path: str | os.PathLike) -> Path:
    """Returns a path with ``~`` and ``~name`` as home directories.

    A file may be called ``~name``, too: where no user is, the path stays as it is.
    """
    return Path(os.path.expanduser(path))


def cache_dir() -> Path:
    """Returns the folder for what can be made again: $QLATENT_CACHE_DIR or ~/.cache/qlatent_tf.

    Raises:
      FileNotFoundError: if there is neither that variable nor a home directory.
    """
    named = os.environ.get(CACHE_DIR_VARIABLE)
    try:
        return user_path(named) if named else Path.home() / ".cache" / "qlatent_tf"
    except RuntimeError:
        raise FileNotFoundError(
            f"There is no home directory for a cache; let {CACHE_DIR_VARIABLE} name a folder."
        ) from None


def data_folders(data_dir: str | os.PathLike | None = None) -> list[Path]:
    """Returns the folders in which data files are looked for, in order.

    Args:
      data_dir: path. The caller's own folder; it must exist.

    Raises:
      NotADirectoryError: if the caller or $QLATENT_DATA_DIR names what is no folder.
    """
    folders = []
    for named, origin in (
        (data_dir, "--data-dir"),
        (os.environ.get(DATA_DIR_VARIABLE), f"${DATA_DIR_VARIABLE}"),
    ):
        if named:
            folder = user_path(named)
            if not folder.is_dir():
                raise NotADirectoryError(f"{origin} names {folder}, which is not a folder.")
            folders.append(folder)
    with contextlib.suppress(FileNotFoundError):  # where there is no home, there is no cache
        folders.append(cache_dir())
    return folders


def find_data_file(names: list[str], data_dir: str | os.PathLike | None = None) -> Path | None:
    """Returns the first of `names` that exists in the data folders, or None.

    Raises:
      ValueError: if a name is no text.
    """
    for name in names:
        _check_name(name)
    for folder in data_folders(data_dir):
        for name in names:
            if (folder / name).is_file():
                return folder / name
    return None


def require_data_file(names: list[str], data_dir: str | os.PathLike | None, advice: str) -> Path:
    """Returns the first of `names` that exists in the data folders.

    Raises:
      FileNotFoundError: if there is none; see `not_found`.
    """
    path = find_data_file(names, data_dir)
    if path is None:
        raise not_found(names[0], data_dir, advice)
    return path


def named_file(
    file: str | os.PathLike, data_dir: str | os.PathLike | None, *, or_folder: bool = False
) -> Path:
    """Returns a file given by its path, or by its name in one of the data folders.

    The caller's own folder comes before the working directory, and this before the others.

    Args:
      file: path.
      data_dir: path. The caller's own folder.
      or_folder: bool. Whether it may be a folder.

    Raises:
      FileNotFoundError: if there is none; see `not_found`.
      NotADirectoryError: as `data_folders`.
      ValueError: if the name is no text, or that of a device, a pipe or the like, which may have
        no end.
    """
    _check_name(file)
    data_folders(data_dir)  # A wrong one is told of, also where the file lies elsewhere.
    path = user_path(file)
    for found in (path,) if data_dir is None else (user_path(data_dir) / path, path):
        if found.is_file() or (or_folder and found.is_dir()):
            return found
        if found.exists():
            raise ValueError(
                f"{found} is {'a folder' if found.is_dir() else 'a device, a pipe or the like'}. "
                f"Legal is a regular file{' or a folder' * or_folder}."
            )
    advice = (
        f"Nor is there {Path.cwd() / path}. Give its path, as by --set dataset_options.file=PATH, "
        "or put it into one"
    )
    return require_data_file([str(file)], data_dir, advice)


def _check_name(name) -> None:
    if not isinstance(name, str | os.PathLike) or not str(name):
        raise ValueError(f"A file is named by a text that is not empty; received {name!r}.")


def not_found(name: str, data_dir: str | os.PathLike | None, advice: str) -> FileNotFoundError:
    """Returns the error for data that are in none of the data folders.

    Args:
      name: str. What is missing.
      data_dir: path. The caller's own folder.
      advice: str. What to do, up to "and name the folder with --data-dir".
    """
    folders = ", ".join(map(str, data_folders(data_dir)))
    return FileNotFoundError(
        f"{name} is in none of the folders {folders}. {advice}, and name the folder with "
        f"--data-dir or ${DATA_DIR_VARIABLE}."
    )


def check_shipped(path: Path, sha256: str) -> None:
    """Verifies a data file that comes with the package.

    Raises:
      FileNotFoundError: if the installation lacks the file.
      ValueError: if the file is not the one that belongs to this version.
    """
    if not path.is_file():
        raise FileNotFoundError(f"This installation lacks {path}; install qlatent_tf again.")
    if (found := sha256_of(path)) != sha256:
        raise ValueError(
            f"{path} has the SHA-256 {found}; that of this version's file is {sha256}. Install "
            "qlatent_tf again."
        )


def flush_to_disk(path: Path) -> None:
    """Returns when a file's content is on the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
