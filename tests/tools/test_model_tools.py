"""Train, evaluate, sample, publish, list: one small run seen through every tool."""

import json

import numpy as np
import pytest
from rdkit import Chem

from qlatent_tf import __main__ as command
from qlatent_tf.files import write_json
from qlatent_tf.run_directory import RunDirectory
from qlatent_tf.zoo import read_preset

MLP = [
    "--model", "mlp", "--latent", "boson", "--modes", "4", "--photons", "2", "--batch-size", "8",
    "--set", "model_options={\"features\": 4, \"units\": [8]}",
    "--set", "dataset_options={\"modes\": 4, \"photons\": 2}",
    "--set", "jit_compile=false", "--set", "evaluation_samples=40", "--quiet",
]
MOLGAN = [
    "--model", "molgan", "--latent", "gaussian", "--dataset", "small_molecules",
    "--batch-size", "8", "--modes", "4",
    "--set", "model_options={\"generator_units\": [8], \"critic_graph_units\": [4]}",
    "--set", "jit_compile=false", "--set", "evaluation_samples=40", "--quiet",
]


def run(*arguments):
    return command.main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def mlp_run(workdir):
    assert run("train", *MLP, "--steps", 2, "--workdir", workdir / "mlp") == 0
    return workdir / "mlp"


@pytest.fixture(scope="module")
def molgan_run(workdir):
    assert run("train", *MOLGAN, "--steps", 1, "--workdir", workdir / "molgan") == 0
    return workdir / "molgan"


@pytest.fixture(scope="module")
def preset(mlp_run, workdir):
    arguments = ("--models-dir", workdir / "models", "--num-samples", 50, "--seeds", 2)
    assert run("publish", mlp_run, "mine", *arguments) == 0
    return workdir / "models" / "mine"


def test_train_says_where_the_run_is_and_what_to_do_next(workdir, mlp_run, capsys):
    assert run("train", *MLP, "--steps", 2, "--workdir", mlp_run) == 0
    output = capsys.readouterr().out
    assert str(mlp_run) in output
    assert "tensorboard --logdir" in output and "publish" in output


def test_train_again_from_the_configuration_of_a_preset(preset, tmp_path):
    assert run("train", "--config", preset, "--steps", 1, "--workdir", tmp_path, "--quiet") == 0
    mine, theirs = RunDirectory(tmp_path).read_config(), RunDirectory(preset.parent.parent / "mlp")
    assert mine.differences(theirs.read_config()) == ["steps: 1 -> 2"]


def test_dry_run_prints_the_whole_configuration_and_writes_nothing(empty_folder, capsys):
    assert run("train", *MLP, "--seed", 3, "--dry-run") == 0
    config = json.loads(capsys.readouterr().out)
    assert config["seed"] == 3 and config["latent_options"]["photons"] == 2
    assert "unitary_seed" in config["dataset_options"]
    assert not list(empty_folder.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nothing"], "Unknown model 'nothing'. Known: mlp, molgan"),
        (["--model", "mlp", "--latent", "nothing"], "Unknown latent"),
        (["--model", "mlp", "--set", "stepz=3"], "Did you mean steps?"),
        (["--model", "mlp", "--set", "steps"], "key=value"),
        (["--model", "mlp", "--latent", "gaussian", "--photons", "3"], "--photons means nothing"),
        (["--model", "mlp", "--steps", "0"], "positive"),
        ([], "--model or --config"),
        (["--model", "mlp", "--set", "latent_options.photonz=3", "--dry-run"], "photonz"),
    ],
)
def test_train_refuses_with_one_line(empty_folder, capsys, arguments, message):
    assert run("train", *arguments) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith("error: ") and message in error and "Traceback" not in error


def test_a_named_data_set_that_cannot_be_had_is_an_error(empty_folder, monkeypatch, capsys):
    _no_qm9(empty_folder, monkeypatch)
    assert run("train", "--model", "molgan", "--dataset", "qm9", "--steps", 1) == 1
    assert "--data-dir" in capsys.readouterr().err


def test_without_a_name_the_shipped_molecules_stand_in_loudly(empty_folder, monkeypatch, capsys):
    _no_qm9(empty_folder, monkeypatch)
    arguments = [word for word in MOLGAN if word not in ("--dataset", "small_molecules")]
    assert run("train", *arguments, "--steps", 1) == 0
    assert "INSTEAD OF 'qm9'" in capsys.readouterr().err
    (folder,) = (empty_folder / "runs").iterdir()
    run_directory = RunDirectory(folder)
    assert folder.name == "molgan_gaussian_small_molecules"
    assert run_directory.read_config().dataset == "small_molecules"
    assert run_directory.read_run()["dataset"]["name"] == "small_molecules"
    assert run_directory.read_metrics()["dataset"] == "small_molecules"


def _no_qm9(folder, monkeypatch):
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(folder / "cache"))
    monkeypatch.delenv("QLATENT_DATA_DIR", raising=False)

    def closed(*arguments, **options):
        from qlatent_tf.datasets.download import DownloadError

        raise DownloadError("the network is closed.")

    monkeypatch.setattr("qlatent_tf.datasets.qm9.download", closed)


def test_a_preset_of_an_unfinished_run_says_the_steps_made(mlp_run, workdir):
    config = RunDirectory(mlp_run).read_config()
    write_json(mlp_run / "config.json", config.override(steps=9).to_json())
    arguments = ("--models-dir", workdir / "cut", "--num-samples", 50, "--seeds", 1)
    assert run("publish", mlp_run, "short", *arguments) == 0
    write_json(mlp_run / "config.json", config.to_json())
    assert read_preset(workdir / "cut" / "short")["config"].steps == 2


def test_a_preset_holds_what_was_measured(preset):
    metrics = json.loads((preset / "metrics.json").read_text())
    assert metrics["step"] == 2 and metrics["seeds"] == [0, 1] and metrics["num_samples"] == 50
    score = metrics["metrics"]["integer_distance@50"]
    assert score["mean"] == pytest.approx(np.mean(score["values"]))
    card = (preset / "README.md").read_text()
    assert f"{score['mean']:.4g}" in card and "samples.png" in card
    assert (preset / "samples.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("source", ["preset", "mlp_run"])
def test_evaluate_scores_presets_and_runs(source, request, capsys):
    folder = request.getfixturevalue(source)
    capsys.readouterr()
    assert run("evaluate", folder, "--num-samples", 50, "--seeds", 2, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["step"] == 2
    expected = json.loads((request.getfixturevalue("preset") / "metrics.json").read_text())
    assert report["metrics"] == expected["metrics"]


def test_evaluate_prints_a_table_of_chosen_metrics(preset, capsys):
    arguments = ("--num-samples", 30, "--metrics", "discreteness", "--seeds", 2)
    assert run("evaluate", preset, *arguments) == 0
    output = capsys.readouterr().out
    assert "integer_distance@30" in output and "+-" in output and "total_number" not in output


def test_sample_writes_arrays_that_the_seed_decides(preset, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        out = tmp_path / f"{name}.npy"
        assert run("sample", preset, "-n", 5, "--seed", seed, "--out", out) == 0
    a, b, c = (np.load(tmp_path / f"{name}.npy") for name in "abc")
    assert a.shape == (5, 4)
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_sample_writes_molecules_in_every_form(molgan_run, tmp_path):
    for name in ("grid.png", "graphs.npy", "molecules.smi"):
        assert run("sample", molgan_run, "-n", 30, "--out", tmp_path / name) == 0
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")
    graphs = np.load(tmp_path / "graphs.npy")
    assert graphs.shape == (30,) and graphs["bonds"].shape == (30, 9, 9)
    lines = (tmp_path / "molecules.smi").read_text().splitlines()
    assert all(Chem.MolFromSmiles(line) is not None for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample", "nothing", "--out", "a.npy"], "No preset 'nothing'"),
        (["sample", "nothing", "--out", "a.docx"], ".npy, .png, .smi"),
        (["evaluate", "nothing"], "No preset"),
        (["publish", "nothing", "mine"], "holds no run"),
    ],
)
def test_tools_refuse_with_one_line(empty_folder, capsys, arguments, message):
    assert run(*arguments) == 1
    assert message in capsys.readouterr().err
    assert not list(empty_folder.iterdir())


def test_vectors_have_no_smiles(preset, tmp_path, capsys):
    assert run("sample", preset, "--out", tmp_path / "a.smi") == 1
    assert "Only molecules" in capsys.readouterr().err


def test_list_names_everything_there_is(capsys):
    assert run("list_models", "--json") == 0
    listing = json.loads(capsys.readouterr().out)
    assert {"mlp", "molgan"} <= set(listing["models"])
    assert {"gaussian", "bernoulli", "photonic", "boson", "samples"} <= set(listing["latents"])
    assert run("list_models") == 0


@pytest.mark.parametrize("tool", command.tool_names())
def test_every_tool_explains_itself(tool, capsys):
    with pytest.raises(SystemExit) as stop:
        run(tool, "--help")
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "usage: " in text and len(text) > 300


def test_an_unknown_tool_lists_the_tools(capsys):
    assert run("paint") == 2
    assert "train" in capsys.readouterr().err
