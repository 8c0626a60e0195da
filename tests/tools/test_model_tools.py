"""Train, evaluate, sample, publish, list: one small run seen through every tool."""

import csv
import json
import shutil

import matplotlib.pyplot as plt
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
        (["--model", "nothing"], "Unknown model 'nothing'. Known: autoencoder, last_qgan, mlp"),
        (["--model", "mlp", "--latent", "nothing"], "Unknown latent"),
        (["--model", "mlp", "--set", "stepz=3"], "Did you mean steps?"),
        (["--model", "mlp", "--set", "steps"], "key=value"),
        (["--model", "mlp", "--latent", "gaussian", "--photons", "3"], "--photons means nothing"),
        (["--model", "mlp", "--steps", "0"], "positive"),
        ([], "one of --model, --config and --continue-from"),
        (["--model", "mlp", "--set", "latent_options.photonz=3", "--dry-run"], "photonz"),
        (["--model", "mlp", "--set", "dataset_options.foo=3", "--dry-run"], "foo"),
        (["--model", "mlp", "--set", "optimizer=Foo", "--dry-run"], "Unknown optimizer"),
        (["--model", "mlp", "--set", "metrics=[\"foo\"]", "--dry-run"], "Unknown metric"),
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


@pytest.mark.parametrize("tool", [
    ("train", "--dry-run", "--config"), ("evaluate",), ("publish",), ("sample", "--out", "a.npy"),
])
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


@pytest.fixture
def known_molecules(molgan_run, monkeypatch):
    """A run, whose model is made to draw known molecules; one is no molecule, one is two."""
    from qlatent_tf.datasets.molecule_graphs import molecule_to_graph
    from qlatent_tf.wgan_gp import WGANGP

    smiles = ["CCO", "OCC", "c1ccccc1", "CCCCCCCC=O", "C.O", "CC(N)=O", "C"]
    graphs = [molecule_to_graph(Chem.MolFromSmiles(text)) for text in smiles]
    atoms, bonds = map(np.stack, zip(*graphs, strict=True))
    bonds[-1] = 3
    samples = {"atoms": atoms, "bonds": bonds}
    monkeypatch.setattr(WGANGP, "sample", lambda self, count, seed: samples)
    return molgan_run


@pytest.mark.parametrize(("filters", "expected"), [
    ([], ["CCO", "CCO", "c1ccccc1", "CCCCCCCC=O", "CC(N)=O"]),
    (["--valid-only"], ["CCO", "CCO", "c1ccccc1", "CCCCCCCC=O", "CC(N)=O"]),
    (["--unique"], ["CCO", "c1ccccc1", "CCCCCCCC=O", "CC(N)=O"]),
    (["--novel-only"], ["CCCCCCCC=O"]),  # The others have no more than seven atoms.
    (["--keep", "logp>0"], ["c1ccccc1", "CCCCCCCC=O"]),
    (["--keep", "logp > -0.5", "qed<=0.41", "--unique"], ["CCO", "CCCCCCCC=O"]),
    (["--keep", "sa<1"], []),
])
def test_sample_filters_molecules(known_molecules, tmp_path, capsys, filters, expected):
    out = tmp_path / "molecules.smi"
    assert run("sample", known_molecules, "-n", 7, "--out", out, *filters) == 0
    assert out.read_text().split() == expected
    output = capsys.readouterr().out
    assert "7 samples" in output and "5 were valid" in output
    assert ("the filters left" in output) == (len(expected) != 5)


def test_filters_hold_for_pictures_and_arrays(known_molecules, tmp_path):
    for filters, count in (((), 7), (("--unique",), 4)):
        out = tmp_path / "molecules.npy"
        assert run("sample", known_molecules, "-n", 7, "--out", out, *filters) == 0
        assert len(np.load(out)) == count
    assert run("sample", known_molecules, "--unique", "--out", tmp_path / "grid.png") == 0
    assert run("sample", known_molecules, "--keep", "sa<1", "--out", tmp_path / "none.png") == 1


def test_sample_writes_tables_and_structures_with_properties(known_molecules, tmp_path):
    table, structures = tmp_path / "molecules.csv", tmp_path / "molecules.sdf"
    for out in (table, structures):
        arguments = ("-n", 7, "--unique", "--mark-novel", "--out", out)
        assert run("sample", known_molecules, *arguments) == 0
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert [row["smiles"] for row in rows] == ["CCO", "c1ccccc1", "CCCCCCCC=O", "CC(N)=O"]
    assert [row["novel"] for row in rows] == ["no", "no", "yes", "no"]
    assert float(rows[1]["logp"]) == pytest.approx(1.6866)
    molecules = list(Chem.SDMolSupplier(str(structures)))
    for molecule, row in zip(molecules, rows, strict=True):
        assert Chem.MolToSmiles(molecule) == row["smiles"] == molecule.GetProp("_Name")
        assert {name: molecule.GetProp(name) for name in ("qed", "logp", "sa", "novel")} == {
            name: row[name] for name in ("qed", "logp", "sa", "novel")
        }
        assert np.ptp(molecule.GetConformer().GetPositions(), axis=0).max() > 0.5


def test_interpolate_draws_lines_between_latents(molgan_run, tmp_path, monkeypatch):
    from qlatent_tf.wgan_gp import WGANGP

    latents, generate = [], WGANGP.generate

    def record(self, latent, batch_size=1000):
        if len(latent) == 6:
            latents.append(np.asarray(latent).reshape(2, 3, -1))
        return generate(self, latent, batch_size)

    monkeypatch.setattr(WGANGP, "generate", record)
    out = tmp_path / "lines.png"
    for seed in (1, 1, 2):
        arguments = ("--rows", 2, "--columns", 3, "--seed", seed, "--out", out)
        assert run("interpolate", molgan_run, *arguments) == 0
    assert plt.imread(out).shape[:2] == (320, 600)
    first, again, other = latents
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)
    np.testing.assert_allclose(first[:, 1], (first[:, 0] + first[:, 2]) / 2, rtol=1e-5, atol=1e-6)
    assert not np.allclose(first[0], first[1])


def test_interpolate_draws_the_nearest_molecules(known_molecules, tmp_path):
    out = tmp_path / "nearest.png"
    arguments = ("--nearest", "--rows", 6, "--columns", 3, "--out", out)
    assert run("interpolate", known_molecules, *arguments) == 0
    assert plt.imread(out).shape[:2] == (640, 600)  # four distinct valid molecules


@pytest.mark.parametrize("condition", ["qed", "qed=0.5", "mass>3", "qed>much", ">3"])
def test_a_condition_that_is_none_is_refused(empty_folder, capsys, condition):
    assert run("sample", "nothing", "--out", "a.smi", "--keep", condition) == 1
    error = capsys.readouterr().err
    assert f"received {condition!r}" in error and "qed, logp, sa" in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sample", "nothing", "--out", "a.npy"], "No preset 'nothing'"),
        (["sample", "nothing", "--out", "a.docx"], ".csv, .npy, .png, .sdf, .smi"),
        (["interpolate", "nothing", "--out", "a.npy"], "end with .png"),
        (["interpolate", "nothing", "--out", "a.png", "--rows", "9"], "received 9 x 8"),
        (["evaluate", "nothing"], "No preset"),
        (["publish", "nothing", "mine"], "holds no run"),
    ],
)
def test_tools_refuse_with_one_line(empty_folder, capsys, arguments, message):
    assert run(*arguments) == 1
    assert message in capsys.readouterr().err
    assert not list(empty_folder.iterdir())


@pytest.mark.parametrize("arguments", [
    ("sample", "--out", "a.smi"), ("sample", "--out", "a.npy", "--unique"),
    ("interpolate", "--out", "a.png"),
])
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
