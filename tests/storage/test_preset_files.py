import json

import pytest

from qlatent_tf.storage import preset_files


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
