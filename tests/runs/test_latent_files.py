"""Models whose latent reads a file: shots or a circuit, kept in the preset, moved or exchanged."""

import dataclasses
import json
import os
import shutil

import numpy as np
import pytest
from harness import run_tool
from tiny_run import TINY, train

import qlatent_tf
from qlatent_tf import zoo
from qlatent_tf.latents import files
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.runs.loading import load_model

OTHER = "trained with the file shots.csv of the SHA-256 [0-9a-f]{64}; .* is another"


def write_shots(path, seed=0):
    np.savetxt(path, np.random.default_rng(seed).integers(0, 3, (40, 4)), "%d", ",")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with shots, a run on them, and a preset that holds them."""
    folder = tmp_path_factory.mktemp("shots")
    shots = write_shots(folder / "shots.csv")
    run = train(
        folder / "run", TINY, latent="samples", latent_options={"file": str(shots)}, steps=2
    )
    options = ("--models-dir", folder, "--num-samples", 20, "--with-latent-file")
    assert run_tool("publish", run.path, "kept", *options) == 0
    return folder


@pytest.fixture
def copy(folder, tmp_path):
    """The run and the preset, copied; the run names the copied shots."""
    here = shutil.copytree(folder, tmp_path / "here")
    text = (here / "run" / "config.json").read_text()
    (here / "run" / "config.json").write_text(text.replace(str(folder), str(here)))
    return here


def test_a_preset_that_holds_the_file_needs_nothing_else(folder, tmp_path):
    expected = qlatent_tf.from_preset(folder / "run").sample(5, seed=0)
    moved = shutil.copytree(folder / "kept", tmp_path / "elsewhere")
    np.testing.assert_array_equal(qlatent_tf.from_preset(moved).sample(5, seed=0), expected)
    assert (moved / "latent.csv").read_bytes() == (folder / "shots.csv").read_bytes()
    for file in ("config.json", "README.md"):
        assert str(folder) not in (moved / file).read_text()
    assert "the preset's `latent.csv`" in (moved / "README.md").read_text()
    assert zoo.read_preset(moved)["config"].latent_options["file"] == str(moved / "latent.csv")


def test_the_card_and_the_scores_can_be_written_again(copy):
    card = (copy / "kept" / "README.md").read_text()
    assert run_tool("publish", "--card", copy / "kept") == 0
    assert (copy / "kept" / "README.md").read_text() == card


def test_a_preset_can_be_replaced_by_one_without_the_file(copy, capsys):
    options = ("--models-dir", copy, "--num-samples", 20, "--overwrite")
    assert run_tool("publish", copy / "run", "kept", *options) == 0
    assert not (copy / "kept" / "latent.csv").exists()
    assert "which the preset does not hold" in capsys.readouterr().err
    card = (copy / "kept" / "README.md").read_text()
    assert "does not hold the file of the latent's samples, `shots.csv` of the SHA-256" in card


@pytest.mark.parametrize("damage", ["exchanged", "missing"])
def test_a_damaged_file_in_a_preset_is_refused(copy, damage):
    file = copy / "kept" / "latent.csv"
    write_shots(file, seed=1) if damage == "exchanged" else file.unlink()
    kind = ValueError if damage == "exchanged" else FileNotFoundError
    for load in (qlatent_tf.from_preset, zoo.from_preset):
        with pytest.raises(kind, match="latent.csv"):
            load(copy / "kept")


def test_a_file_that_was_exchanged_is_refused_and_one_that_is_named_is_taken(copy, caplog):
    write_shots(copy / "shots.csv", seed=1)
    with pytest.raises(ValueError, match=OTHER):
        qlatent_tf.from_preset(copy / "run")
    named = qlatent_tf.from_preset(copy / "run", latent_options={"file": str(copy / "shots.csv")})
    assert "is another" in caplog.text and named.sample(3, seed=0).shape == (3, 4)
    caplog.clear()
    load_model(copy / "run", latent_file=copy / "kept" / "latent.csv")
    assert not caplog.text  # The same shots, elsewhere.


def test_tools_say_that_the_file_is_missing_and_take_it_from_elsewhere(copy, capsys):
    (copy / "shots.csv").rename(copy / "moved.csv")
    sample = ("sample", copy / "run", "-n", 4, "--out")
    assert run_tool(*sample, copy / "a.npy") == 1
    said = capsys.readouterr().err
    assert f"reads {copy / 'shots.csv'}, which is not there: --latent-file PATH" in said
    assert run_tool(*sample, copy / "a.npy", "--latent-file", copy / "moved.csv") == 0
    assert run_tool("sample", copy / "kept", "-n", 4, "--out", copy / "b.npy") == 0
    np.testing.assert_array_equal(np.load(copy / "a.npy"), np.load(copy / "b.npy"))


def test_a_model_whose_latent_reads_no_file_takes_none(tiny_run, tmp_path, capsys):
    shots = write_shots(tmp_path / "shots.csv")
    with pytest.raises(ValueError, match="'boson' of this model reads no file"):
        load_model(tiny_run.path, latent_file=shots)
    options = ("--models-dir", tmp_path, "--with-latent-file")
    assert run_tool("publish", tiny_run.path, "mine", *options) == 1
    assert "'boson' reads no file that the preset could hold" in capsys.readouterr().err


def test_a_circuit_that_training_began_from_may_lie_elsewhere_and_is_no_other(tmp_path, caplog):
    circuit = tmp_path / "circuit.npy"
    np.save(circuit, haar_unitary(4, 0))
    options = {"modes": 4, "unitary_file": str(circuit)}
    run = train(tmp_path / "run", TINY, latent_options=options, train_circuit=True, steps=2)
    expected = qlatent_tf.from_preset(run.path).sample(5, seed=0)
    there = shutil.copy(circuit, tmp_path / "there.npy")
    circuit.unlink()
    found = qlatent_tf.from_preset(run.path, latent_options={"unitary_file": str(there)})
    np.testing.assert_array_equal(found.sample(5, seed=0), expected)
    np.save(there, haar_unitary(4, 1))
    with pytest.raises(ValueError, match="circuit.npy of the SHA-256"):
        load_model(run.path, latent_file=there)


def test_the_device_in_a_kept_file_keeps_its_name(tmp_path):
    file = tmp_path / "calibrations.npz"
    np.savez(file, one_T=haar_unitary(4, 0), one_r=np.full(4, 0.3))
    config = TINY.override(latent="thermal")
    config = dataclasses.replace(config, latent_options={"device": f"{file}:one"})
    model = zoo.build_model(config)
    preset = zoo.save_preset(tmp_path / "kept", model, config, with_latent_file=True)
    file.unlink()
    stored = json.loads((preset / "config.json").read_text())["config"]["latent_options"]
    assert stored == {"device": "latent.npz:one"}
    found = qlatent_tf.from_preset(preset)
    np.testing.assert_array_equal(found.sample(5, seed=0), model.sample(5, seed=0))


def test_a_file_that_the_replaced_preset_holds_is_kept(copy, tmp_path):
    moved = shutil.copytree(copy / "kept", tmp_path / "models" / "mine")
    options = {"file": str(moved / "latent.csv")}
    run = train(tmp_path / "again", TINY, latent="samples", latent_options=options, steps=2)
    again = ("publish", run.path, "mine", "--models-dir", moved.parent, "--num-samples", 20)
    assert run_tool(*again, "--overwrite") == 0
    assert (moved / "latent.csv").read_bytes() == (copy / "shots.csv").read_bytes()
    assert qlatent_tf.from_preset(moved).sample(2, seed=0).shape == (2, 4)
    qlatent_tf.from_preset(run.path)


def test_a_file_of_somebodys_own_is_no_remnant_of_a_preset(copy, capsys):
    own = copy / "fresh" / "latent.csv"
    own.parent.mkdir()
    write_shots(own, seed=3)
    before = own.read_bytes()
    publish = ("publish", copy / "run", "fresh", "--models-dir", copy, "--num-samples", 20)
    assert run_tool(*publish) == 1 and "exists" in capsys.readouterr().err
    assert run_tool(*publish, "--overwrite") == 0 and own.read_bytes() == before


def test_a_preset_saved_from_python_records_the_file(copy):
    model, config, _ = load_model(copy / "run")
    preset = zoo.save_preset(copy / "saved", model, config)
    assert zoo.read_preset(preset)["provenance"]["latent_file"]["name"] == "shots.csv"
    write_shots(copy / "shots.csv", seed=1)
    with pytest.raises(ValueError, match=OTHER):
        qlatent_tf.from_preset(preset)


@pytest.mark.parametrize("place", ["folder", "pipe.csv"])
def test_what_holds_no_samples_is_not_hashed(copy, place, monkeypatch):
    path = copy / place
    path.mkdir() if place == "folder" else os.mkfifo(path)
    monkeypatch.setattr(files, "_sha256", lambda path: pytest.fail("hashed"))
    with pytest.raises(ValueError, match=f"{place} is (a folder|not a regular file)"):
        load_model(copy / "run", latent_file=path)


def test_scores_with_another_file_are_not_saved(copy, capsys):
    other = write_shots(copy / "other.csv", seed=1)
    before = (copy / "kept" / "metrics.json").read_bytes()
    score = ("evaluate", copy / "kept", "--num-samples", 20, "--seeds", 3)
    score += ("--metrics", "discreteness", "--latent-file")
    assert run_tool(*score, other) == 0
    assert run_tool(*score, other, "--save") == 1
    assert "is another" in capsys.readouterr().err
    assert (copy / "kept" / "metrics.json").read_bytes() == before
    assert run_tool(*score, copy / "shots.csv", "--save") == 0


def test_training_again_takes_the_same_file(copy, capsys):
    write_shots(copy / "kept" / "latent.csv", seed=1)
    train = ("train", "--config", copy / "kept", "--dry-run")
    assert run_tool(*train) == 1 and "is another" in capsys.readouterr().err
    assert run_tool(*train, "--latent-file", copy / "shots.csv") == 0


def test_a_run_whose_file_moved_is_published(copy, capsys):
    (copy / "shots.csv").rename(copy / "moved.csv")
    publish = ("publish", copy / "run", "other", "--models-dir", copy, "--num-samples", 20)
    assert run_tool(*publish, "--with-latent-file") == 1
    assert "which is not there" in capsys.readouterr().err
    assert run_tool(*publish, "--with-latent-file", "--latent-file", copy / "moved.csv") == 0
    assert qlatent_tf.from_preset(copy / "other").sample(2, seed=0).shape == (2, 4)


def test_a_trained_circuit_without_a_record_takes_no_other_file(tmp_path):
    circuit = tmp_path / "circuit.npy"
    np.save(circuit, haar_unitary(4, 0))
    options = {"modes": 4, "unitary_file": str(circuit)}
    run = train(tmp_path / "run", TINY, latent_options=options, train_circuit=True, steps=1)
    record = json.loads((run.path / "run.json").read_text())
    (run.path / "run.json").write_text(json.dumps({**record, "latent_file": None}))
    with pytest.raises(ValueError, match="does not record the file that its circuit was trained"):
        qlatent_tf.from_preset(run.path, latent_options={"unitary_file": str(circuit)})
    qlatent_tf.from_preset(run.path)
