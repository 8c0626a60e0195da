"""Presets of the Hub, fetched from and sent to a server on this machine."""

import hashlib
import json
import logging as standard_logging
import sys

import pytest

pytest.importorskip("huggingface_hub")

from hub_server import hub_server
from huggingface_hub import constants, hf_hub_download

from qlatent_tf.storage import hub as presets
from qlatent_tf.storage.preset_files import (
    checked_weights,
    own_preset_directory,
    preset_directory,
    read_description,
)

WEIGHTS = b"weights"
FILES = {
    "config.json": json.dumps(
        {
            "preset_version": 1,
            "kind": "gan",
            "config": {"model": "mlp", "latent": "boson", "dataset": "quantum"},
            "sha256": {"model.weights.h5": hashlib.sha256(WEIGHTS).hexdigest()},
            "provenance": {},
            "versions": {},
        }
    ).encode(),
    "model.weights.h5": WEIGHTS,
    "README.md": b"---\nlicense: apache-2.0\n---\n",
    "samples.png": b"picture",
}


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with hub_server(monkeypatch, tmp_path / "cache") as server:
        server.commit("ada/mine", FILES)
        yield server


@pytest.fixture
def fresh():
    """Forgets what the process has fetched, as a new one would."""
    return presets._fetched.cache_clear


def test_a_preset_is_fetched_once_and_then_found(hub, fresh):
    folder = preset_directory("hf://ada/mine")
    assert files_in(folder) == FILES
    assert read_description("hf://ada/mine")["config"]["model"] == "mlp"
    asked = len(hub.asked)
    assert preset_directory("hf://ada/mine") == folder and len(hub.asked) == asked
    fresh()
    assert preset_directory("hf://ada/mine") == folder
    assert not [one for one in hub.asked[asked:] if "/resolve/" in one]


def test_nothing_but_the_files_of_a_preset_is_fetched(hub):
    evil = {
        "run.py": b"1",
        "checkpoint/ckpt-6.py": b"1",
        "a/b.png": b"1",
        "big.bin": b"1",
        "a/latent.csv": b"1",
        "latent.py": b"1",
        "latent.md": b"1",
    }
    kept = {"checkpoint/ckpt-6.index": b"i", "checkpoint/ckpt-6.data-00000-of-00001": b"d"}
    kept["latent.csv"] = b"0,1"
    hub.commit("ada/mine", {**FILES, **evil, **kept})
    folder = preset_directory("hf://ada/mine")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {*FILES, *kept}


def test_a_revision_is_a_branch_or_a_commit(hub, fresh):
    older = hub.sha("ada/mine", "main")
    hub.commit("ada/mine", {**FILES, "README.md": b"new"})
    hub.commit("ada/mine", {**FILES, "README.md": b"other"}, branch="refs/pr/1")
    for revision, card in (("", b"new"), ("@refs/pr/1", b"other"), (f"@{older}", None)):
        folder = preset_directory(f"hf://ada/mine{revision}")
        assert (folder / "README.md").read_bytes() == (card or FILES["README.md"])
    # A commit that is here whole needs no Hub.
    fresh()
    asked = len(hub.asked)
    assert preset_directory(f"hf://ada/mine@{older}").name == older and len(hub.asked) == asked


@pytest.mark.parametrize("why", ["down", "offline"])
def test_without_the_hub_the_cache_serves(hub, fresh, monkeypatch, why, caplog):
    folder = preset_directory("hf://ada/mine")
    fresh()
    hub.down = why == "down"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", why == "offline")
    said = {"down": "cannot be reached", "offline": "HF_HUB_OFFLINE is set"}[why]
    with caplog.at_level(standard_logging.WARNING):
        assert preset_directory("hf://ada/mine") == folder
    assert said in caplog.text and "copy in the cache is used" in caplog.text
    with pytest.raises(ConnectionError, match=f"{said}.*holds no whole copy of hf://ada/other"):
        preset_directory("hf://ada/other")


@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("file", ["model.weights.h5", "config.json"])
def test_a_damaged_copy_is_fetched_again(hub, fresh, file, pinned):
    name = "hf://ada/mine" + (f"@{hub.sha('ada/mine', 'main')}" if pinned else "")
    folder = preset_directory(name)
    (folder / file).resolve().write_bytes(FILES[file][:5])
    fresh()
    assert (preset_directory(name) / file).read_bytes() == FILES[file]


def test_a_part_of_a_preset_in_the_cache_is_not_taken_for_it(hub, fresh):
    sha = hub.sha("ada/mine", "main")
    for file in ("README.md", "config.json"):
        hf_hub_download("ada/mine", file, revision=sha, endpoint=hub.url)
        hub.down = True
        with pytest.raises(ConnectionError, match="holds no whole copy"):
            preset_directory(f"hf://ada/mine@{sha}")
        hub.down = False
    assert files_in(preset_directory(f"hf://ada/mine@{sha}")) == FILES


def test_a_checkpoint_that_is_missing_in_the_cache_is_fetched(hub, fresh):
    described = json.loads(FILES["config.json"])
    described["sha256"]["checkpoint/ckpt-6.index"] = hashlib.sha256(b"i").hexdigest()
    files = {"config.json": json.dumps(described).encode(), "checkpoint/ckpt-6.index": b"i"}
    hub.commit("ada/mine", {**FILES, **files})
    sha = hub.sha("ada/mine", "main")
    for file in ("config.json", "model.weights.h5"):
        hf_hub_download("ada/mine", file, revision=sha, endpoint=hub.url)
    folder = preset_directory(f"hf://ada/mine@{sha}")
    assert (folder / "checkpoint" / "ckpt-6.index").read_bytes() == b"i"


def files_in(folder):
    """Returns the content of a folder's files, by their names."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_weights_of_another_hash_than_the_preset_says_are_refused(hub):
    hub.commit("ada/mine", {**FILES, "model.weights.h5": b"exchanged"})
    with pytest.raises(ValueError, match="damaged or was exchanged"):
        checked_weights("hf://ada/mine", read_description("hf://ada/mine"))


@pytest.mark.parametrize(
    "name",
    [
        "hf://mine", "hf:/ada/mine", "hf://ada/mine/file", "hf://ada/../mine", "hf://ada/mi ne",
        "hf://ada/mine@", "hf://ada/mine@../x", "hf://ada/a--b", "hf://ada/mine@a b",
        f"hf://ada/{'x' * 97}",
    ],
)  # fmt: skip
def test_names_with_other_characters_are_refused(name):
    with pytest.raises(ValueError, match="is named hf://USER/NAME|is no revision"):
        preset_directory(name)


def test_what_cannot_be_had_is_told_in_plain_words(hub, monkeypatch):
    def refuses(name, error, words):
        with pytest.raises(error, match=words):
            preset_directory(name)

    refuses("hf://ada/nothing", FileNotFoundError, "There is no model ada/nothing at http")
    refuses("hf://ada/mine@v9", FileNotFoundError, "has no revision 'v9'")
    hub.commit("ada/model", {"weights.bin": b"1"})
    refuses("hf://ada/model", ValueError, "is no preset: the repository has no config.json")
    hub.gated.add("ada/mine")
    refuses("hf://ada/mine", PermissionError, "is gated: accept its conditions at http.*/ada/mine")
    hub.gated.clear()
    hub.private.add("ada/mine")
    monkeypatch.setenv("HF_TOKEN", "hf_stranger")
    refuses("hf://ada/mine", FileNotFoundError, "or it is private and no token")
    monkeypatch.setenv("HF_TOKEN", "hf_ada")
    monkeypatch.setattr(presets, "LARGEST_BYTES", 10)
    refuses("hf://ada/mine", ValueError, r"has 4 files of \d+ bytes, which is no preset's size")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    refuses("hf://ada/other", ConnectionError, "http://127.0.0.1:9 cannot be reached")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    refuses("hf://ada/third", ImportError, r"pip install 'qlatent_tf\[hub\]'")


def test_a_preset_is_sent_in_one_commit_and_replaced_whole(hub, tmp_path):
    folder = tmp_path / "mine"
    (folder / "checkpoint").mkdir(parents=True)
    for name, data in {**FILES, "checkpoint/ckpt-6.index": b"i", "notes.py": b"1"}.items():
        (folder / name).write_bytes(data)
    address = presets.upload_preset(folder, "hf://ada/new", private=True)
    sent = hub.repositories["ada/new"]["main"]
    assert sent == {
        **FILES,
        "checkpoint/ckpt-6.index": b"i",
        ".gitattributes": sent[".gitattributes"],
    }
    assert address == f"{hub.url}/ada/new/commit/{hub.sha('ada/new', 'main')}"
    assert sum("/commit/" in one for one in hub.asked) == 1 and "ada/new" in hub.private
    (folder / "checkpoint" / "ckpt-6.index").unlink()
    presets.upload_preset(folder, "hf://ada/new")
    assert "checkpoint/ckpt-6.index" not in hub.repositories["ada/new"]["main"]
    presets.upload_preset(folder, "hf://ada/new@trial")
    assert hub.repositories["ada/new"]["trial"]["config.json"] == FILES["config.json"]
    assert own_preset_directory(folder) == folder
    with pytest.raises(ValueError, match="lies on the Hub"):
        own_preset_directory("hf://ada/new")


def test_what_shall_be_private_is_not_sent_into_a_public_repository(hub, tmp_path):
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    presets.check_upload("hf://ada/new", private=True)
    for name in ("hf://ada/mine", "hf://ada/mine@trial"):
        with pytest.raises(ValueError, match=f"{name} is a public repository, which --private"):
            presets.check_upload(name, overwrite=True, private=True)
        with pytest.raises(ValueError, match="is a public repository"):
            presets.upload_preset(tmp_path, name, private=True)
    assert not [one for one in hub.asked if "/commit/" in one or "/branch/" in one]
    hub.private.add("ada/mine")
    presets.check_upload("hf://ada/mine", overwrite=True, private=True)
    presets.upload_preset(tmp_path, "hf://ada/mine", private=True)


def test_what_could_not_be_sent_is_told_before(hub, monkeypatch):
    presets.check_upload("hf://ada/new")
    presets.check_upload("hf://lab/new")
    presets.check_upload("hf://ada/mine", overwrite=True)
    with pytest.raises(ValueError, match="hf://ada/mine holds a preset.*--overwrite"):
        presets.check_upload("hf://ada/mine")
    with pytest.raises(PermissionError, match="is that of ada"):
        presets.check_upload("hf://bob/new")
    monkeypatch.setenv("HF_TOKEN", "hf_reader")
    with pytest.raises(PermissionError, match="may read only"):
        presets.check_upload("hf://ada/new")
    monkeypatch.setenv("HF_TOKEN", "hf_unknown")
    with pytest.raises(PermissionError, match="does not know the token"):
        presets.check_upload("hf://ada/new")
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nowhere")
    with pytest.raises(PermissionError, match="no token .*hf auth login"):
        presets.check_upload("hf://ada/new")
