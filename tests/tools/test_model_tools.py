"""Train, evaluate, sample, publish, list: one small run seen through every tool."""

import json
import shutil

import numpy as np
import pytest
from harness import run_tool as run

from qlatent_tf import __main__ as command
from qlatent_tf.models.molecules.model import MolGAN
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.storage.files import write_json
from qlatent_tf.zoo import read_preset

pytestmark = pytest.mark.usefixtures("eager_steps")


def test_train_says_where_the_run_is_and_what_to_do_next(workdir, mlp_run, capsys):
    assert run("train", "--config", mlp_run, "--workdir", mlp_run) == 0
    output = capsys.readouterr().out
    assert str(mlp_run) in output
    assert "tensorboard --logdir" in output and "publish" in output


def test_train_again_from_the_configuration_of_a_preset(preset, tmp_path):
    assert run("train", "--config", preset, "--steps", 1, "--workdir", tmp_path, "--quiet") == 0
    mine, theirs = RunDirectory(tmp_path).read_config(), RunDirectory(preset.parent.parent / "mlp")
    assert mine.differences(theirs.read_config()) == {"steps": (1, 6)}


def test_of_a_file_with_several_models_the_one_that_is_asked_for_is_trained(empty_folder, capsys):
    (empty_folder / "two.py").write_text(
        "from qlatent_tf.config import Config\n"
        "def one(latent): pass\n"
        "def other(latent): pass\n"
        "def get_config(latent):\n"
        "    return Config('two:one', latent, 'quantum', steps=1, batch_size=2)\n"
    )
    for name in ("two:one", "two:other"):
        assert run("train", "--model", name, "--dry-run") == 0
        assert json.loads(capsys.readouterr().out)["model"] == name


def test_scores_of_molecules_of_a_file(empty_folder, capsys):
    (empty_folder / "mine.smi").write_text("CCO\nCCN\n")
    asked = ("evaluate", "molgan_boson_qm9", "--num-samples", 9, "--metrics", "molecules")
    data = ("--dataset", "molecules", "--set", "dataset_options.file=mine.smi")
    assert run(*asked, *data) == 0
    assert "data set molecules" in capsys.readouterr().out
    assert run(*asked, "--set", "steps=3") == 1
    assert "for options of the data, dataset_options.NAME: not steps" in capsys.readouterr().err
    assert run("evaluate", "molgan_boson_qm9", "--metrics", "precision") == 1
    assert "'precision' is a score; name a metric that returns it: vector_n" in (
        capsys.readouterr().err
    )


def test_samples_without_a_molecule_are_told_of(empty_folder, capsys, monkeypatch):
    def nothing(self, count, seed):
        return {"atoms": np.zeros((count, 9), int), "bonds": np.zeros((count, 9, 9), int)}

    monkeypatch.setattr(MolGAN, "sample", nothing)
    asked = ("--dataset", "small_molecules", "--metrics", "molecules", "--num-samples", 5)
    assert run("evaluate", "molgan_boson_qm9", *asked) == 0
    assert "No sample is a molecule" in capsys.readouterr().out


def test_dry_run_prints_the_whole_configuration_and_writes_nothing(empty_folder, capsys):
    sizes = ("--modes", 4, "--photons", 2, "--batch-size", 8, "--seed", 3)
    assert run("train", "--model", "mlp", "--latent", "boson", *sizes, "--dry-run") == 0
    config = json.loads(capsys.readouterr().out)
    assert (config["seed"], config["batch_size"]) == (3, 8)
    assert config["latent_options"]["photons"] == 2
    assert "unitary_seed" in config["dataset_options"]
    assert not list(empty_folder.iterdir())


def test_an_autoencoder_needs_no_latent(empty_folder, capsys):
    small = ("--set", "model_options.filters=[2]", "--set", "model_options.hidden=2")
    assert run("train", "--model", "autoencoder", *small, "--dry-run") == 0
    config = json.loads(capsys.readouterr().out)
    assert (config["latent"], config["latent_options"]["modes"]) == ("gaussian", 20)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nothing"], "Unknown model 'nothing'. Known: autoencoder, last_qgan, mlp"),
        (["--model", "mlp", "--latent", "nothing"], "Unknown latent"),
        (["--model", "mlp", "--set", "stepz=3"], "Did you mean steps?"),
        (["--model", "mlp", "--set", "steps"], "key=value"),
        (
            ["--model", "mlp", "--steps", "4", "--set", "steps=9"],
            "steps is given twice, as 4 and 9",
        ),
        (["--model", "mlp", "--set", "steps=5", "--set", "steps=6"], "steps is given twice"),
        (["--model", "mlp", "--modes", "8", "--set", "latent_options.modes=4"], "twice, as 8 and"),
        (["--model", "mlp", "--dataset", "x" * 300], "Unknown data set"),
        (["--model", "mlp", "--latent", "gaussian", "--photons", "3"], "--photons means nothing"),
        ([], "one of --model, --config and --continue-from"),
        (["--model", "mlp", "--set", "latent_options.photonz=3", "--dry-run"], "photonz"),
        (["--model", "mlp", "--set", "dataset_options.foo=3", "--dry-run"], "foo"),
        (["--model", "mlp", "--set", "optimizer=Foo", "--dry-run"], "Unknown optimizer"),
        (["--model", "mlp", "--set", 'metrics=["foo"]', "--dry-run"], "Unknown metric"),
    ],
)
def test_train_refuses_with_one_line(empty_folder, capsys, arguments, message):
    assert run("train", *arguments) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: ") and message in error and "Traceback" not in error


def test_a_preset_of_an_unfinished_run_says_the_steps_made(mlp_run, workdir):
    unfinished = shutil.copytree(mlp_run, workdir / "unfinished")
    config = RunDirectory(mlp_run).read_config()
    write_json(unfinished / "config.json", config.override(steps=9).to_json())
    arguments = ("--models-dir", workdir / "cut", "--num-samples", 50, "--seeds", 1)
    assert run("publish", unfinished, "short", *arguments) == 0
    assert read_preset(workdir / "cut" / "short")["config"].steps == 6


@pytest.mark.parametrize("name", ["..", "a/b", ".hidden", ""])
def test_a_preset_has_a_plain_name(mlp_run, workdir, capsys, name):
    assert run("publish", mlp_run, name, "--models-dir", workdir / "zoo") == 1
    assert "letters, digits" in capsys.readouterr().err
    assert not (workdir / "zoo").exists()


def test_a_preset_is_replaced_only_when_asked(mlp_run, preset, capsys):
    arguments = ("publish", mlp_run, "mine", "--models-dir", preset.parent, "--num-samples", 50)
    assert run(*arguments) == 1
    assert "--overwrite" in capsys.readouterr().err
    assert run(*arguments, "--seeds", 2, "--overwrite") == 0


@pytest.mark.parametrize(
    "tool",
    [
        ("train", "--dry-run", "--config"),
        ("evaluate",),
        ("publish",),
        ("sample", "--out", "a.npy"),
    ],
)
def test_no_tool_runs_the_code_that_a_file_names(preset, mlp_run, empty_folder, capsys, tool):
    source = mlp_run if tool[0] == "publish" else preset
    copy = shutil.copytree(source, empty_folder / "evil")
    text = (copy / "config.json").read_text()
    (copy / "config.json").write_text(text.replace('"latent": "boson"', '"latent": "theirs:run"'))
    (empty_folder / "theirs.py").write_text("open('pwned', 'w')\n")
    name = ["new"] if tool[0] == "publish" else []
    assert run(*tool, copy, *name) == 1
    assert "--trust-code" in capsys.readouterr().err
    assert not (empty_folder / "pwned").exists()


def test_a_folder_that_is_none_is_no_reason_for_other_data(empty_folder, capsys):
    assert run("train", "--model", "molgan", "--data-dir", "nowhere", "--steps", 1) == 1
    assert "nowhere, which is not a folder" in capsys.readouterr().err


def test_a_preset_holds_what_was_measured(preset):
    metrics = json.loads((preset / "metrics.json").read_text())
    assert metrics["step"] == 6 and metrics["seeds"] == [0, 1] and metrics["num_samples"] == 50
    score = metrics["metrics"]["integer_distance@50"]
    assert score["mean"] == pytest.approx(np.mean(score["values"]))
    card = (preset / "README.md").read_text()
    assert f"{score['mean']:.4g}" in card and "samples.png" in card
    assert (preset / "samples.png").read_bytes().startswith(b"\x89PNG")


def test_sample_writes_arrays_that_the_seed_decides(preset, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        out = tmp_path / f"{name}.npy"
        assert run("sample", preset, "-n", 5, "--seed", seed, "--out", out) == 0
    a, b, c = (np.load(tmp_path / f"{name}.npy") for name in "abc")
    assert a.shape == (5, 4)
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample", "nothing", "--out", "a.npy"], "No preset 'nothing'"),
        (["sample", "nothing", "--out", "a.docx"], ".csv, .npy, .png, .sdf, .smi"),
        (["interpolate", "nothing", "--out", "a.npy"], "end with .png"),
        (["interpolate", "nothing", "--out", "a.png", "--rows", "9"], "received 9 rows of 8"),
        (["evaluate", "nothing"], "No preset"),
        (["publish", "nothing", "mine"], "holds no run"),
    ],
)
def test_tools_refuse_with_one_line(empty_folder, capsys, arguments, message):
    assert run(*arguments) == 1
    assert message in capsys.readouterr().err
    assert not list(empty_folder.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ("sample", "--out", "a.smi"),
        ("sample", "--out", "a.npy", "--unique"),
        ("interpolate", "--out", "a.png"),
    ],
)
def test_vectors_are_no_molecules(preset, empty_folder, capsys, arguments):
    tool, *rest = arguments
    assert run(tool, preset, *rest) == 1
    assert "Only molecules" in capsys.readouterr().err and not list(empty_folder.iterdir())


def test_list_names_everything_there_is(capsys):
    assert run("list_models", "--json") == 0
    listing = json.loads(capsys.readouterr().out)
    assert {"mlp", "molgan"} <= set(listing["models"])
    assert {"gaussian", "bernoulli", "photonic", "boson", "samples"} <= set(listing["latents"])
    assert run("list_models") == 0


def test_a_preset_that_does_not_tell_its_steps_is_listed(preset, tmp_path, monkeypatch, capsys):
    config = shutil.copytree(preset, tmp_path / "by_hand") / "config.json"
    description = json.loads(config.read_text())
    del description["provenance"]["step"]
    write_json(config, description)
    monkeypatch.setattr("qlatent_tf.storage.preset_files.presets_folder", lambda: tmp_path)
    assert run("list_models") == 0
    output = " ".join(capsys.readouterr().out.split())
    assert "by_hand mlp boson quantum ? distance to integers 0." in output


@pytest.mark.parametrize("content", ["{}", "[1, 2]", '{"dataset": "a", "metrics": {"b": 3}}', "{"])
def test_an_odd_preset_hides_no_other(preset, tmp_path, monkeypatch, capsys, content):
    for name in ("fine", "odd"):
        shutil.copytree(preset, tmp_path / name)
    (tmp_path / "odd" / "metrics.json").write_text(content)
    monkeypatch.setattr("qlatent_tf.storage.preset_files.presets_folder", lambda: tmp_path)
    assert run("list_models") == 0
    shown = capsys.readouterr()
    assert "\nfine " in shown.out and "\nodd " not in shown.out
    assert "the preset odd cannot be read" in shown.err
    assert run("list_models", "fine") == 0
    for more in ((), ("--json",)):
        assert run("list_models", "fine", "odd", *more) == 1


def test_other_data_than_the_run_was_trained_on_do_not_score_it(mlp_run, workdir, tmp_path, capsys):
    other = shutil.copytree(mlp_run, tmp_path / "mlp")
    record = json.loads((other / "run.json").read_text())
    record["dataset"]["photons"] = 3
    write_json(other / "run.json", record)
    assert run("publish", other, "other", "--models-dir", workdir / "zoo") == 1
    assert "trained on other data" in capsys.readouterr().err
    assert not (workdir / "zoo").exists()


@pytest.mark.parametrize("tool", command.TOOLS)
def test_every_tool_explains_itself(tool, capsys):
    with pytest.raises(SystemExit) as stop:
        run(tool, "--help")
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "usage: " in text and len(text) > 300


def test_an_unknown_tool_lists_the_tools(capsys):
    assert run("paint") == 2
    assert "train" in capsys.readouterr().err
