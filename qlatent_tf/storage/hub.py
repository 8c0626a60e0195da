"""Presets on the Hugging Face Hub: names such as ``hf://user/name@revision``.

`huggingface_hub` does the work, with its cache, its tokens and its variables: `HF_HOME`,
`HF_TOKEN`, `HF_HUB_OFFLINE`, `HF_ENDPOINT`. No file but those of a preset is fetched or sent.
"""

import contextlib
import dataclasses
import functools
import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from absl import logging

import qlatent_tf
from qlatent_tf.storage.files import is_full_disk, read_json, sha256_of

SCHEME = "hf:"
# What a preset is fetched with at most: far more than any has.
LARGEST_BYTES = 8 << 30
MOST_FILES = 100
# What a preset calls the file that its latent reads, where it holds it: ``latent`` and its ending.
LATENT_SUFFIXES = (".npy", ".npz", ".csv", ".txt", ".json", ".pcvl", ".xbb")
LATENT_FILES = tuple(f"latent{suffix}" for suffix in LATENT_SUFFIXES)
_NAME = re.compile(r"hf://([\w-][\w.-]*/[\w-][\w.-]*)(?:@(\w[\w./-]*))?", re.ASCII)
# What of a repository belongs to a preset, as `huggingface_hub` takes it: no code.
_FILES = {
    "allow_patterns": [
        "config.json", "metrics.json", "README.md", "model.weights.h5", "*.png", *LATENT_FILES,
        "checkpoint/ckpt-[0-9]*.index", "checkpoint/ckpt-[0-9]*.data-[0-9]*",
    ],
    "ignore_patterns": ["*/*.png", "*/latent.*", "checkpoint/*/*", "*.py"],
}  # fmt: skip
# Without these there is no preset.
_NEEDED = ("config.json", "model.weights.h5")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAMED = "A preset of the Hub is named hf://USER/NAME or hf://USER/NAME@REVISION"


@dataclasses.dataclass(frozen=True)
class HubName:
    """The name of a preset on the Hub.

    Attributes:
      repository: str. ``user/name``.
      revision: str or None. A branch, a tag or a commit; None for the newest.
    """

    repository: str
    revision: str | None = None

    def __str__(self):
        return f"hf://{self.repository}" + (f"@{self.revision}" if self.revision else "")


def is_hub_name(name) -> bool:
    """Returns whether something is meant to name a preset on the Hub."""
    return isinstance(name, str | os.PathLike) and os.fspath(name).startswith(SCHEME)


def parse_hub_name(name) -> HubName:
    """Returns the repository and the revision that a name such as ``hf://user/name`` says.

    Raises:
      ValueError: if it reads otherwise.
    """
    found = _NAME.fullmatch(os.fspath(name))
    parts = re.split(r"[/@]", os.fspath(name)[len("hf://") :])
    if not found or any(".." in part or "--" in part or len(part) > 96 for part in parts[:2]):
        raise ValueError(
            f"{_NAMED}, where USER and NAME have letters, digits and single _ - . only; received "
            f"{os.fspath(name)!r}."
        )
    if ".." in (found[2] or "") or "//" in (found[2] or ""):
        raise ValueError(f"{found[2]!r} is no revision of a repository; received {name!r}.")
    return HubName(found[1], found[2])


def fetch_preset(name) -> Path:
    """Returns the folder of the cache that holds a preset of the Hub, downloaded where needed.

    Within a process a name means one revision: the files of a preset belong together.

    Raises:
      ImportError: if `huggingface_hub` is not installed.
      ValueError: if the name reads otherwise, or the repository is no preset.
      OSError: if the preset cannot be had; the message says why.
    """
    folder = _fetched(parse_hub_name(name), _endpoint())
    if not (folder / "config.json").is_file():  # The cache was emptied.
        _fetched.cache_clear()
        folder = _fetched(parse_hub_name(name), _endpoint())
    return folder


def check_upload(name, overwrite: bool = False, private: bool = False) -> None:
    """Refuses to publish what could not be sent, before it is made.

    Args:
      name: str. ``hf://user/name``, or a branch of it.
      overwrite: bool. Whether a preset may be there already.
      private: bool. Whether others shall not see it.

    Raises:
      ImportError: if `huggingface_hub` is not installed.
      ValueError: if the name reads otherwise, there is a preset already, or what shall be private
        would go into a public repository.
      OSError: if the Hub cannot be reached, or knows no token that may write there.
    """
    name = parse_hub_name(name)
    api = _api()
    with _told(name):
        user = _logged_in(api)
        owner = name.repository.partition("/")[0]
        groups = [group["name"] for group in user.get("orgs", ())]
        role = user.get("auth", {}).get("accessToken", {}).get("role")
        if role == "read" or owner not in (user["name"], *groups):
            what = "may read only" if role == "read" else f"is that of {user['name']}"
            raise PermissionError(
                f"{name} cannot be written: the token {what}. Take one that may write to {owner}'s "
                "repositories."
            )
        exists = api.file_exists(name.repository, "config.json", revision=name.revision)
        if private:
            _check_private(api, name)
    if exists and not overwrite:
        raise ValueError(f"{name} holds a preset. Choose another name, or say --overwrite.")


def upload_preset(folder, name, *, private: bool = False) -> str:
    """Sends a preset to the Hub in one commit; the repository is made if there is none.

    Args:
      folder: path. The preset's directory.
      name: str. ``hf://user/name``, or ``hf://user/name@branch``.
      private: bool. Whether others shall not see it: a new repository is made so.

    Returns:
      str. The address of the commit.

    Raises:
      ImportError: if `huggingface_hub` is not installed.
      ValueError: if what shall be private would go into a public repository.
      OSError: if the preset cannot be sent; the message says why.
    """
    name, folder, api = parse_hub_name(name), Path(folder), _api()
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    files = _of_preset(file.relative_to(folder).as_posix() for file in sorted(folder.rglob("*")))
    with _told(name):
        api.create_repo(name.repository, private=private or None, exist_ok=True)
        if private:
            _check_private(api, name)
        if name.revision:
            api.create_branch(name.repository, branch=name.revision, exist_ok=True)
        there = api.list_repo_files(name.repository, revision=name.revision)
        stale = [path for path in _of_preset(there) if path not in files]
        commit = api.create_commit(
            name.repository,
            [
                *(CommitOperationAdd(path, str(folder / path)) for path in files),
                *(CommitOperationDelete(path) for path in stale),
            ],
            commit_message=f"Preset of qlatent_tf {qlatent_tf.__version__}",
            revision=name.revision,
        )
    _fetched.cache_clear()
    return commit.commit_url


def _check_private(api, name: HubName) -> None:
    """Refuses a repository that others see: what is there already is not made private."""
    if api.repo_exists(name.repository) and not api.model_info(name.repository).private:
        raise ValueError(
            f"{name} is a public repository, which --private does not change. Choose another name, "
            "or make the repository private in its settings."
        )


@functools.cache
def _fetched(name: HubName, endpoint: str | None) -> Path:
    api = _api()
    if name.revision and _COMMIT.fullmatch(name.revision):
        with contextlib.suppress(OSError):  # What a commit holds does not change.
            return _snapshot(api, name, local_files_only=True)
    try:
        with _told(name):
            info = api.model_info(name.repository, revision=name.revision, files_metadata=True)
    except ConnectionError as error:
        try:
            folder = _snapshot(api, name, local_files_only=True)
        except OSError:
            raise ConnectionError(f"{error} The cache holds no whole copy of {name}.") from error
        logging.warning("%s The copy in the cache is used.", error)
        return folder
    sizes = {file.rfilename: file.size or 0 for file in info.siblings}
    files = _of_preset(sizes)
    if "config.json" not in files:
        raise ValueError(f"{name} is no preset: the repository has no config.json.")
    size = sum(sizes[file] for file in files)
    if size > LARGEST_BYTES or len(files) > MOST_FILES:
        raise ValueError(
            f"{name} has {len(files)} files of {size:,} bytes, which is no preset's size: at most "
            f"{MOST_FILES} files of {LARGEST_BYTES:,} bytes are fetched."
        )
    logging.info("%s: %d files, %.1f MB, at commit %s.", name, len(files), size / 1e6, info.sha)
    return _snapshot(api, name)


def _snapshot(api, name: HubName, local_files_only: bool = False) -> Path:
    """Returns the folder of a preset in the cache; files that were damaged there are fetched anew.

    Raises:
      OSError: if a file is missing and cannot be had, or `local_files_only` and the cache holds a
        part of the preset alone.
    """
    options = {"revision": name.revision, "local_files_only": local_files_only, **_FILES}
    with _told(name):
        folder = Path(api.snapshot_download(name.repository, **options))
        for file in folder.rglob("*"):
            content = file.resolve()
            if not _is_whole(content):
                logging.warning("%s is damaged, and is removed from the cache.", file)
                file.unlink()
                content.unlink()
                if not local_files_only:
                    folder = Path(api.snapshot_download(name.repository, **options))
    # Of a download that was interrupted, or of single files, there may be a folder too.
    if local_files_only and not all((folder / file).is_file() for file in _files_of(folder)):
        raise FileNotFoundError(f"The cache holds a part of {name} alone.")
    return folder


def _files_of(folder: Path) -> Iterable[str]:
    """Returns the files that a preset needs, and all whose hashes its configuration tells."""
    try:
        told = read_json(folder / "config.json", {"sha256": dict})["sha256"]
    except (OSError, ValueError):  # Who loads the preset says what is wrong.
        told = {}
    return {*_NEEDED, *told}


def _is_whole(content: Path) -> bool:
    """Whether a file of the cache has the hash that it is named by: SHA-256, or Git's if small."""
    if _SHA256.fullmatch(content.name):
        return sha256_of(content) == content.name
    if _COMMIT.fullmatch(content.name):
        data = content.read_bytes()
        digest = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False)
        return digest.hexdigest() == content.name
    return True


def _of_preset(paths) -> list[str]:
    """Returns the paths in a repository that belong to a preset."""
    from huggingface_hub.utils import filter_repo_objects

    return list(filter_repo_objects(paths, **_FILES))


def _endpoint() -> str | None:
    """The Hub's address; huggingface_hub looks at the variable only when it is imported."""
    return os.environ.get("HF_ENDPOINT") or None


def _api():
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise ImportError(
            "Presets of the Hugging Face Hub need huggingface_hub, which is not installed: "
            "pip install 'qlatent_tf[hub]'."
        ) from None
    return HfApi(
        endpoint=_endpoint(), library_name="qlatent_tf", library_version=qlatent_tf.__version__
    )


def _logged_in(api) -> dict:
    """Returns who the token belongs to."""
    from huggingface_hub import errors

    login = "Log in by `hf auth login`, or set HF_TOKEN, with a token that may write."
    try:
        return api.whoami()
    except errors.LocalTokenNotFoundError:
        raise PermissionError(f"There is no token of {api.endpoint} here. {login}") from None
    except errors.HfHubHTTPError as error:
        if error.response.status_code != 401:
            raise
        raise PermissionError(f"{api.endpoint} does not know the token. {login}") from error


@contextlib.contextmanager
def _told(name: HubName):
    """Says in plain words what goes wrong between here and the Hub.

    Raises:
      PermissionError: if the repository is gated, or refuses what is asked.
      FileNotFoundError: if there is no such repository or revision.
      ConnectionError: if the Hub cannot be reached.
    """
    from huggingface_hub import constants, errors

    host = _endpoint() or constants.ENDPOINT
    try:
        yield
    except errors.GatedRepoError as error:
        raise PermissionError(
            f"{name} is gated: accept its conditions at {host}/{name.repository}, and log in by "
            "`hf auth login` or HF_TOKEN."
        ) from error
    except errors.RevisionNotFoundError as error:
        raise FileNotFoundError(
            f"{host}/{name.repository} has no revision {name.revision or 'main'!r}."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"There is no model {name.repository} at {host}, or it is private and no token that "
            "may read it is at hand: `hf auth login`, or HF_TOKEN."
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise ConnectionError(f"{name} cannot be downloaded whole. {_first(error)}") from error
    except (errors.HTTPError, OSError) as error:
        status = getattr(getattr(error, "response", None), "status_code", 500)
        if isinstance(error, PermissionError) or is_full_disk(error):
            raise
        if status < 500:
            kind = PermissionError if status in (401, 403) else OSError
            raise kind(f"{host} refuses {name}: {_first(error)}") from error
        if constants.HF_HUB_OFFLINE:
            raise ConnectionError(f"{host} is not asked: HF_HUB_OFFLINE is set.") from error
        raise ConnectionError(f"{host} cannot be reached ({_first(error)}).") from error


def _first(error) -> str:
    """The first line of an error that has one."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))
