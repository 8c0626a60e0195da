"""Training goes on from a preset's checkpoint, in another directory, bit for bit."""

import shutil

import pytest
from qlatent_tf.tools import publish
from qlatent_tf.tools import train as train_tool
from tiny_run import assert_same_end, train

from qlatent_tf import zoo
from qlatent_tf.runs import training
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.storage.files import read_json, write_json
from qlatent_tf.storage.preset_files import CHECKPOINT_FOLDER, WEIGHTS

pytestmark = pytest.mark.usefixtures("eager_steps")


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    train(folder / "run", steps=3)
    arguments = [str(folder / "run"), "half", "--models-dir", str(folder), "--with-checkpoint"]
    assert publish.main([*arguments, "--num-samples", "50", "--seeds", "1"]) == 0
    return folder / "half"


@pytest.fixture
def copy(preset, tmp_path):
    """A preset that a test may damage."""
    return shutil.copytree(preset, tmp_path / "half")


def goes_on(source, workdir, *arguments):
    return train_tool.main(
        ["--continue-from", str(source), "--workdir", str(workdir), "--quiet", *arguments]
    )


def test_a_preset_goes_on_as_its_run_would_have(tiny_run, copy, tmp_path):
    # More seconds than this session takes.
    description = read_json(copy / "config.json")
    description["provenance"]["seconds"] = 1000.0
    write_json(copy / "config.json", description)
    assert goes_on(copy, tmp_path / "on", "--steps", "6") == 0
    run = RunDirectory(tmp_path / "on")
    assert_same_end(tiny_run, run)
    assert run.read_config() == tiny_run.read_config()
    assert run.read_run()["seconds"] > 1000
    # The same command again, and one with more steps, go on in the new directory.
    assert goes_on(copy, tmp_path / "on", "--steps", "6") == 0
    assert goes_on(copy, tmp_path / "on", "--steps", "7") == 0
    assert training.restore_model(run)[1] == 7


def test_a_run_goes_on_in_another_directory(tiny_run, tmp_path):
    assert goes_on(tiny_run.path, tmp_path / "on", "--steps", "7") == 0
    assert training.restore_model(RunDirectory(tmp_path / "on"))[1] == 7
    assert training.restore_model(tiny_run)[1] == 6


def test_a_preset_with_a_checkpoint_is_a_preset(preset):
    assert len(zoo.from_preset(preset).sample(3, seed=0)) == 3
    hashed = set(zoo.read_preset(preset)["sha256"])
    folder = preset / CHECKPOINT_FOLDER
    assert hashed == {WEIGHTS} | {f"checkpoint/{file.name}" for file in folder.iterdir()}


def test_publishing_again_without_takes_the_checkpoint_away(copy, preset, capsys):
    arguments = [str(preset.parent / "run"), "half", "--models-dir", str(copy.parent)]
    assert publish.main([*arguments, "--overwrite", "--num-samples", "50", "--seeds", "1"]) == 0
    assert not list((copy / CHECKPOINT_FOLDER).glob("*"))
    assert goes_on(copy, copy.parent / "on", "--steps", "6") == 1
    assert "publish --with-checkpoint --overwrite" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "is at step 3: continue it to a later one with --steps; received 3"),
        (["--steps", "6", "--batch-size", "9"], "batch_size: 8 -> 9"),
        (["--steps", "6", "--seed", "9"], "seed: 0 -> 9"),
        (["--steps", "6", "--latent", "gaussian"], "latent: 'boson' -> 'gaussian'"),
        (["--steps", "6", "--config", "half"], "one of --model, --config and --continue-from"),
        (["--steps", "13"], "A new run takes --set learning_rate_decay_steps=13."),
    ],
)
def test_other_training_is_refused_before_anything_is_written(
    preset, tmp_path, capsys, arguments, message
):
    assert goes_on(preset, tmp_path / "on", *arguments) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "on").exists()


@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_a_missing_checkpoint_is_told_of_before_options_that_do_not_fit(tmp_path, capsys, dry):
    assert goes_on("resnet_boson_cifar10", tmp_path / "on", "--steps", "9000", *dry) == 1
    error = capsys.readouterr().err
    assert "holds no checkpoint to resume from" in error and "decay" not in error
    assert not (tmp_path / "on").exists()


@pytest.mark.parametrize("damage", ["changed", "missing", "untold", "stepless", "dataless"])
def test_a_damaged_checkpoint_is_refused(copy, tmp_path, capsys, damage):
    description = read_json(copy / "config.json")
    (data,) = (copy / CHECKPOINT_FOLDER).glob("*.data*")
    if damage == "changed":
        data.write_bytes(data.read_bytes()[:-1] + b"x")
    elif damage == "missing":
        data.unlink()
    elif damage == "untold":
        del description["sha256"][f"checkpoint/{data.name}"]
    elif damage == "stepless":
        description["provenance"]["step"] = 4
    else:
        del description["provenance"]["dataset"]
    write_json(copy / "config.json", description)
    assert goes_on(copy, tmp_path / "on", "--steps", "6") == 1
    expected = {"changed": "damaged or was exchanged", "missing": "is missing"}
    assert expected.get(damage, "does not hold the checkpoint of step") in capsys.readouterr().err
    assert not (tmp_path / "on").exists()


def test_other_data_are_refused_before_anything_is_written(copy, tmp_path, capsys):
    description = read_json(copy / "config.json")
    description["provenance"]["dataset"]["photons"] = 1
    write_json(copy / "config.json", description)
    assert goes_on(copy, tmp_path / "on", "--steps", "6") == 1
    error = capsys.readouterr().err
    assert f"{copy} was trained on other data" in error and "photons: 1 -> 2" in error
    assert not (tmp_path / "on").exists()


@pytest.mark.slow
def test_a_copy_that_was_cut_short_is_made_again(tiny_run, preset, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        copyfile = shutil.copyfile

        def cut_short(source, target):
            if str(source).endswith(".index"):
                raise OSError(28, "No space left on device")
            return copyfile(source, target)

        patch.setattr(shutil, "copyfile", cut_short)
        assert goes_on(preset, tmp_path / "on", "--steps", "6") == 1
    assert goes_on(preset, tmp_path / "on", "--steps", "6") == 0
    assert_same_end(tiny_run, RunDirectory(tmp_path / "on"))
