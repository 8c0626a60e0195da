"""A run that is published to a server on this machine, and every tool that takes its name."""

import json
import shutil

import numpy as np
import pytest
from harness import run_tool as run
from tiny_run import copy_of

import qlatent_tf

pytest.importorskip("huggingface_hub")

from hub_server import hub_server

pytestmark = pytest.mark.usefixtures("eager_steps")

NAME = "hf://ada/mine"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="module")
def hub(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with hub_server(patch, folder / "cache") as server:
            yield server


@pytest.fixture(scope="module")
def published(hub, folder, tiny_run):
    mine = copy_of(tiny_run, folder / "run")
    arguments = ("--with-checkpoint", "--num-samples", 50, "--seeds", 1)
    assert run("publish", mine.path, NAME, *arguments) == 0
    # What is loaded comes from the Hub alone.
    shutil.move(folder / "models", folder / "elsewhere")
    return mine


def test_what_was_sent_samples_bit_for_bit(published, folder):
    sent = qlatent_tf.from_preset(NAME)
    for other in (folder / "elsewhere" / "mine", published.path):
        expected = qlatent_tf.from_preset(other).sample(20, seed=3)
        np.testing.assert_array_equal(sent.sample(20, seed=3), expected)
    assert qlatent_tf.read_preset(f"{NAME}@main")["config"].model == "mlp"


def test_tools_take_the_name(published, hub, folder, capsys):
    assert run("list_models", NAME, "--json") == 0
    (listed,) = json.loads(capsys.readouterr().out)["presets"]
    assert listed["name"] == NAME and listed["steps"] == 6
    assert run("sample", NAME, "-n", 5, "--out", "drawn.npy") == 0
    expected = qlatent_tf.from_preset(NAME).sample(5, seed=0)
    np.testing.assert_array_equal(np.load("drawn.npy"), expected)
    assert run("evaluate", NAME, "--num-samples", 50, "--seeds", 1, "--save") == 1
    assert "lies on the Hub" in capsys.readouterr().err
    further = ("--steps", 7, "--workdir", "further", "--quiet")
    assert run("train", "--continue-from", NAME, *further) == 0
    assert json.loads((folder / "further" / "run.json").read_text())["step"] == 7
    capsys.readouterr()
    assert run("train", "--config", NAME, "--dry-run") == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 6


def test_a_preset_that_is_there_is_sent_with_a_card_of_its_new_name(published, hub, folder, capsys):
    local = folder / "elsewhere" / "mine"
    before = (local / "README.md").read_bytes()
    assert run("publish", local, NAME) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert run("publish", local, "hf://ada/second", "--private") == 0
    card = hub.repositories["ada/second"]["main"]["README.md"].decode()
    assert 'from_preset("hf://ada/second")' in card and "\n# second\n" in card
    assert "ada/second" in hub.private and (local / "README.md").read_bytes() == before
    asked = len(hub.asked)
    assert run("publish", local, NAME, "--overwrite", "--private") == 1
    assert f"{NAME} is a public repository" in capsys.readouterr().err
    assert not [one for one in hub.asked[asked:] if one.startswith("POST")]
    assert run("publish", local, "third", "--private") == 1
    assert "--private is for a preset on the Hub" in capsys.readouterr().err


def test_what_could_not_be_sent_stays_here(published, hub, folder, capsys, monkeypatch):
    from qlatent_tf.storage import hub as presets

    local = folder / "elsewhere" / "mine"

    def fails(*arguments, **options):
        raise ConnectionError("the line is cut")

    monkeypatch.setattr("qlatent_tf.tools.publish.upload_preset", fails)
    for flags in ((), ("--private", "--overwrite", "--trust-code")):
        assert run("publish", local, "hf://ada/fourth", *flags) == 1
        again = " ".join(["qlatent-tf publish", str(local), "hf://ada/fourth", *flags])
        said = capsys.readouterr().err
        assert "the line is cut" in said and said.endswith(f"Send it again: {again}\n")
    assert not presets.is_hub_name(local) and "ada/fourth" not in hub.repositories
