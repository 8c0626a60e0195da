import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from qlatent_tf.storage import locks, preset_files, preset_writer


@pytest.fixture
def here(empty_folder, monkeypatch):
    """The working directory, beside an installed package with one preset."""
    monkeypatch.setattr(preset_files, "presets_folder", lambda: empty_folder / "package")
    _write(empty_folder / "package" / "shipped")
    return empty_folder


def _write(directory, **fields):
    directory.mkdir(parents=True)
    description = {
        "preset_version": 1,
        "config": {"model": "mlp"},
        "sha256": {},
        "provenance": {},
        "versions": {},
        **fields,
    }
    (directory / "config.json").write_text(json.dumps(description))
    return directory


def test_presets_in_the_working_directory_are_found_by_their_names(here):
    mine = _write(here / "models" / "mine")
    assert preset_files.list_presets() == ["mine", "shipped"]
    assert preset_files.preset_directory("mine").resolve() == mine
    assert preset_files.read_description("mine")["kind"] == "gan"
    assert preset_files.new_preset_directory("another").resolve() == here / "models" / "another"
    with pytest.raises(FileNotFoundError, match="No preset 'min'.*Did you mean mine"):
        preset_files.preset_directory("min")


def test_names_of_the_package_are_not_taken_again(here):
    with pytest.raises(ValueError, match="'shipped' is a preset of the package"):
        preset_files.new_preset_directory("shipped", overwrite=True)
    assert preset_files.new_preset_directory("shipped", here / "zoo") == here / "zoo" / "shipped"
    for name in ("../x", "a/b", "", ".hidden"):
        with pytest.raises(ValueError, match="of letters, digits"):
            preset_files.new_preset_directory(name)


def test_presets_are_listed_by_kind_or_model(here):
    _write(here / "models" / "judge", kind="classifier", config={})
    _write(here / "models" / "theirs", config={"model": "their_file:model"})
    assert preset_files.list_presets("classifier") == ["judge"]
    assert preset_files.list_presets("mlp") == ["shipped"]
    assert preset_files.list_presets("their_file:model") == ["theirs"]
    assert preset_files.list_presets("molgan") == []
    assert preset_files.list_presets(None) == ["judge", "shipped", "theirs"]
    with pytest.raises(ValueError, match="No presets are of 'molgam'. Did you mean molgan.*Legal"):
        preset_files.list_presets("molgam")


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"preset_version": "1"}, "preset_version is a whole number"),
        ({"preset_version": 99}, "A newer qlatent_tf"),
        ({"kind": ["gan"]}, "kind is text"),
        ({"kind": "sculptor"}, "kind 'sculptor'; this version"),
        ({"config": {"model": 3}}, "config.model is text; received a whole number"),
        ({"sha256": {"../../secret": "0"}}, "names the file '../../secret', which no preset has"),
        ({"sha256": {"checkpoint/../x": "0"}}, "names the file 'checkpoint/../x'"),
        ({"sha256": {"checkpoint/..": "0"}}, "names the file 'checkpoint/..'"),
        ({"sha256": {"/etc/passwd": "0"}}, "names the file '/etc/passwd'"),
        ({"provenance": {"step": "many"}}, "provenance.step is a whole number; received 'many'"),
        ({"provenance": {"dataset": "qm9"}}, "provenance.dataset is an object"),
        ({"versions": {"keras": 3}}, "versions.keras is text"),
    ],
)
def test_descriptions_of_another_shape_are_refused_by_the_files_name(here, fields, message):
    directory = _write(here / "models" / "odd", **fields)
    with pytest.raises(ValueError, match=f"odd/config.json .*{message}"):
        preset_files.read_description(directory)
    assert "odd" in preset_files.list_presets()  # Whoever asks for it is told what is wrong.


def test_versions_are_of_all_libraries_that_decide_results():
    assert {"qlatent_tf", "tensorflow", "numpy", "scipy", "rdkit"} <= preset_files.versions().keys()


def test_links_are_not_followed(here):
    (here / "victim").mkdir()
    (here / "victim" / "file").touch()
    for link in ("models/mine", "models/other/checkpoint"):
        (here / link).parent.mkdir(parents=True, exist_ok=True)
        (here / link).symlink_to(here / "victim")
    for name in ("mine", "other"):
        with pytest.raises(ValueError, match="is a symbolic link, which is not followed"):
            preset_writer.write_preset(here / "models" / name, "gan", {}, lambda path: None)
    assert [path.name for path in (here / "victim").iterdir()] == ["file"]


def test_what_a_killed_writer_left_does_not_block_the_name(here):
    left = here / "models" / "mine"
    left.mkdir(parents=True)
    (left / preset_files.WEIGHTS).touch()
    (left / "samples.png").touch()
    assert preset_files.new_preset_directory("mine").name == "mine"
    (left / "notes.txt").touch()
    with pytest.raises(ValueError, match="mine exists"):
        preset_files.new_preset_directory("mine")


def test_a_damaged_preset_does_not_hide_the_others(here, capsys):
    from qlatent_tf.tools import list_models

    _write(here / "models" / "odd", versions=[])
    (here / "models" / "folder" / "config.json").mkdir(parents=True)
    (_write(here / "models" / "scores") / "metrics.json").write_text("{}")
    assert list_models.main(["--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [preset["name"] for preset in listed["presets"]] == ["shipped"]
    assert "odd/config.json" in listed["damaged"]["odd"]
    assert "lacks dataset, metrics" in listed["damaged"]["scores"]
    assert list_models.main([]) == 0
    shown = capsys.readouterr()
    assert "shipped" in shown.out and "the preset scores cannot be read" in shown.err


@pytest.mark.parametrize("name", [True, 3, None, ["mine"]])
def test_a_name_that_is_no_text_is_refused(here, name):
    with pytest.raises(ValueError, match="named by a text or a path"):
        preset_files.preset_directory(name)


def test_a_preset_that_is_replaced_leaves_nothing_of_its_own(here):
    def write(text, **parts):
        return preset_writer.write_preset(
            here / "models" / "mine", "gan", {}, lambda path: path.write_text(text), **parts
        )

    saved = here / "ckpt-1.index"
    saved.write_text("")
    scores = {"dataset": "d", "num_samples": 1, "metrics": {}, "seeds": [0], "step": 40}
    pictures = {"samples": b"", "grid": b""}
    mine = write("first", metrics=scores, card="first", pictures=pictures, checkpoint=[saved])
    for name in ("notes.txt", "notes.png"):
        (mine / name).write_text("of the user")
    write("second", pictures={"grid": b"new"})
    left = {path.name for path in mine.rglob("*") if path.is_file()}
    assert left == {"config.json", preset_files.WEIGHTS, "grid.png", "notes.txt", "notes.png"}
    assert (mine / "grid.png").read_bytes() == b"new"


@pytest.mark.parametrize("folder", ["README.md", "model.weights.h5", "samples.png", "checkpoint/a"])
def test_a_folder_in_the_place_of_a_file_loses_nothing(here, folder):
    def write(text, **parts):
        return preset_writer.write_preset(
            here / "models" / "mine", "gan", {}, lambda path: path.write_text(text), **parts
        )

    saved = here / "ckpt-1.index"
    saved.write_text("")
    mine = write("first", card="first", checkpoint=[saved])
    (mine / folder).unlink(missing_ok=True)
    (mine / folder).mkdir(parents=True)
    before = {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()}
    if folder == "checkpoint/a":
        write("second", card="second")
        assert (mine / "README.md").read_text() == "second" and (mine / folder).is_dir()
        return
    with pytest.raises(IsADirectoryError, match=folder):
        write("second", card="second", pictures={"samples": b""})
    assert {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()} == before


def test_two_writers_of_one_preset_do_not_mix_their_files(here, monkeypatch):
    """The second one moves its files when the first has moved its own."""
    monkeypatch.setattr(locks, "_PATIENCE", 0.01)
    texts = [text * 100_000 for text in "abcd"]

    def write(text):
        preset_writer.write_preset(
            here / "models" / "mine", "gan", {"is": text[0]}, lambda path: path.write_text(text)
        )

    for _ in range(5):
        with ThreadPoolExecutor(len(texts)) as pool:
            list(pool.map(write, texts))  # Raises what a writer raised.
        description = preset_files.read_description("mine")
        weights = here / "models" / "mine" / preset_files.WEIGHTS
        preset_files.check_hash(weights, description["sha256"][preset_files.WEIGHTS])
        assert weights.read_text()[0] == description["config"]["is"]


def test_names_that_no_disk_has_are_refused(here):
    with pytest.raises(ValueError, match="at most 200 bytes"):
        preset_files.new_preset_directory("x" * 300)
    with pytest.raises(ValueError, match="letters, digits"):
        preset_files.new_preset_directory(5)
    with pytest.raises(FileNotFoundError, match="No preset 'xxx"):
        preset_files.preset_directory("x" * 300)
    with pytest.raises(ValueError, match="No presets are of"):
        preset_files.list_presets(["gan"])
