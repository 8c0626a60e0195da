"""The command line of all experiments, and runs of a few steps of table1 and the mixture."""

import json
import shutil
import types

import numpy as np
import pytest
from harness import finished_cell
from qlatent_tf.tools import reproduce

from qlatent_tf import __main__ as command
from qlatent_tf.experiments import mixture, table1
from qlatent_tf.experiments.catalogue import EXPERIMENTS
from qlatent_tf.experiments.grids import tables
from qlatent_tf.experiments.grids.finished_cells import read_cells
from qlatent_tf.storage.files import write_json

pytestmark = pytest.mark.usefixtures("eager_steps")
COMMON = [
    "--seeds",
    "1",
    "--num-samples",
    "300",
    "--quiet",
    "--set",
    "jit_compile=false",
    "--set",
    "batch_size=8",
    "--set",
    "critic_steps=1",
    "--set",
    "evaluation_samples=50",
]
TABLE1 = [
    "table1",
    "--data",
    "quantum",
    "--iterations",
    "2",
    *COMMON,
    "--set",
    "latent_options.modes=4",
    "--set",
    'dataset_options={"modes": 4, "photons": 2}',
    "--set",
    'model_options={"features": 4, "units": [8]}',
    "--set",
    "metrics=discreteness",
]
LATENT = '''
import tensorflow_probability as tfp

def ramps(modes=16):
    """Independent uniform numbers."""
    return tfp.distributions.Sample(tfp.distributions.Uniform(-0.5, 0.5), modes)
'''


def run(*arguments):
    return command.main(["reproduce", *map(str, arguments)])


def test_what_is_not_asked_for_is_as_the_experiment_has_it():
    for name, experiment in EXPERIMENTS.items():
        asked = vars(reproduce.parser().parse_args([name]))
        assert experiment.name == name
        for argument, option in experiment.arguments.items():
            assert asked[argument] == option.default


def test_help_names_each_default_once(capsys):
    with pytest.raises(SystemExit):
        run("table2", "--help")
    text = " ".join(capsys.readouterr().out.split())
    for shown in ("(default: 16 32 48)", "(default: haar)", "(default: 20000, the paper's)"):
        assert text.count(shown) == 1
    assert "a row each, as wide as the file; KEY chooses an array of a .npz file --bank" in text


def test_options_are_of_the_kind_of_their_defaults():
    line = "table2 --sizes 4 8 --samples a.npy --bank-sizes --data mine --seeds 3"
    asked = reproduce.parser().parse_args(line.split())
    assert (asked.sizes, asked.samples, asked.bank_sizes) == ([4, 8], ["a.npy"], [])
    assert (asked.data, asked.seeds, asked.workdir.as_posix()) == ("mine", 3, "runs/table2")
    asked = reproduce.parser().parse_args(["capacity", "--autoencoder", "a", "--qubits", "2"])
    assert (asked.autoencoder, asked.qubits, asked.image_data) == ("a", [2], None)


@pytest.mark.parametrize(
    "line",
    ["table3", "table1 --sizes 4", "table1 --data", "table2 --sizes a", "table2_cifar --variant b"],
)
def test_what_no_experiment_has_is_refused(line):
    with pytest.raises(SystemExit, match="2"):
        reproduce.parser().parse_args(line.split())


def test_the_cells_are_every_data_latent_and_seed():
    cells = table1.EXPERIMENT.cells(iterations=5000, seeds=2)
    assert len(cells) == len({cell.name for cell in cells}) == 2 * 8 * 2
    assert cells[0].name == "quantum_gaussian_seed0"
    for cell in cells:
        config = cell.config
        assert (config.steps, config.batch_size, config.optimizer) == (5000, 500, "RMSprop")
    circuits = [
        options["unitary_seed"]
        for cell in cells
        for options in (cell.config.latent_options, cell.config.dataset_options)
        if "unitary_seed" in options
    ]
    # Six latents with a circuit on two kinds of data, and one circuit of the data, a seed each.
    assert len(set(circuits)) == 2 * (6 + 1)


@pytest.mark.parametrize("variant, epsilon", [("keras", {}), ("torch", {"epsilon": 1e-16})])
def test_table1_has_the_epsilon_of_either_library(variant, epsilon):
    (cell, *_) = table1.EXPERIMENT.cells(seeds=1, variant=variant)
    assert cell.config.optimizer_options == {"learning_rate": 5e-4, "rho": 0.99, **epsilon}
    default = table1.EXPERIMENT.cells(seeds=1)[0].config
    assert (default == cell.config) == (variant == "torch")


def test_circuits_of_latents_are_shared_by_no_other(tmp_path):
    config = {cell.name: cell.config for cell in mixture.EXPERIMENT.cells(seeds=1)}
    assert config["mixture_boson_seed0"].latent_options["interferometer"] == "1-3-9"
    assert "interferometer" not in config["mixture_gaussian_seed0"].latent_options
    seeds = {one.latent_options.get("unitary_seed") for one in config.values()}
    assert len(seeds - {None}) == 2


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table1")
    assert run(*TABLE1, "--latents", "gaussian", "--workdir", folder) == 0
    return folder


def test_table1_leaves_tables_figures_and_events(workdir, tmp_path, monkeypatch):
    table = json.loads((workdir / "table1.json").read_text())
    (row,) = table["rows"]
    assert row["latent"] == "gaussian" and not row["published"]  # The paper's data have 16 modes.
    text = (workdir / "table1.md").read_text()
    assert "`mlp` (features 4, units [8]), 2 generator steps of batch 8" in text
    assert ", latent_options.modes 4, dataset_options {" in text
    monkeypatch.setattr(tables, "changed_options", lambda config, kind: {})
    cells = [{**cell, "settings": {}} for cell in read_cells(workdir)]
    (row,) = table1.EXPERIMENT.write(tmp_path, cells)["rows"]
    assert row["published"]["integer_distance"]["mean"] == 0.061
    assert "0.061 ± 0.001" in (tmp_path / "table1.md").read_text()
    for name in ("table1.csv", "table1_bars.png", "table1_bars.svg", "table1_iterations.png"):
        assert (workdir / name).stat().st_size > 100
    assert list((workdir / "tensorboard").iterdir())


def test_a_latent_of_ones_own_is_a_row_beside_the_others(workdir, empty_folder, capsys):
    (empty_folder / "mine.py").write_text(LATENT)
    copy = shutil.copytree(workdir, empty_folder / "table1")
    assert run(*TABLE1, "--latents", "mine:ramps", "--workdir", copy) == 0
    assert (copy / "cells" / "quantum_mine-ramps_seed0@2.json").is_file()
    output = capsys.readouterr().out
    assert "| quantum | `gaussian` | 1 |" in output and "| quantum | `mine:ramps` | 1 |" in output


def test_runs_of_another_study_are_reused_and_a_dry_run_names_them(workdir, tmp_path, capsys):
    command = (*TABLE1, "--latents", "gaussian", "--reuse", workdir, "--workdir", tmp_path)
    assert run(*command, "--dry-run") == 0
    assert "reuses quantum_gaussian_seed0" in capsys.readouterr().out
    assert run(*command, "--merge", "--dry-run") == 0
    assert "1 cells would be new here" in capsys.readouterr().out
    (tmp_path / "damaged" / "cells").mkdir(parents=True)
    (tmp_path / "damaged" / "cells" / "quantum_gaussian_seed1@2.json").write_text("{")
    assert run(*command, "--merge", tmp_path / "damaged") == 1
    assert not (tmp_path / "cells").exists()  # Before anything is copied.
    assert run(*command, "--merge") == 0
    assert "Cells that other experiments have run: 1." in capsys.readouterr().out
    assert (tmp_path / "cells" / "quantum_gaussian_seed0@2.json").is_file()
    assert run(*command, "--dry-run") == 0
    assert "quantum_gaussian_seed0                       finished" in capsys.readouterr().out


def test_a_dry_run_lists_the_cells_and_what_is_done(workdir, capsys):
    capsys.readouterr()
    arguments = ("--latents", "gaussian", "boson", "--workdir", workdir, "--dry-run")
    assert run(*TABLE1, *arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["quantum_gaussian_seed0", "finished"]
    assert lines[1].split() == ["quantum_boson_seed0", "step", "0", "of", "2"]
    assert "2 cells, 2 of 4 steps done" in lines[2]


def test_a_dry_run_refuses_a_run_of_another_variant(workdir, tmp_path, capsys):
    name = "quantum_gaussian_seed0"
    shutil.copytree(workdir / "runs" / name, tmp_path / "runs" / name)
    options = ("--latents", "gaussian", "--workdir", tmp_path, "--dry-run", "--variant")
    assert run(*TABLE1, *options, "torch") == 0
    assert "1 cells, 2 of 2 steps done" in capsys.readouterr().out
    assert run(*TABLE1, *options, "keras") == 1
    assert (
        "epsilon: 1e-16 -> None. Choose another --workdir, or the same options, such as "
        "--variant" in capsys.readouterr().err
    )


def test_a_merge_of_another_schedule_says_which_steps_there_are(workdir, tmp_path, capsys):
    other = [word if word != "2" else "3" for word in TABLE1]
    assert run(*other, "--workdir", tmp_path, "--merge", workdir) == 1
    said = f"No cell in {tmp_path} or {workdir} has 3 steps, but 2: --iterations says of which"
    assert said in capsys.readouterr().err
    assert not list(tmp_path.glob("*"))  # Nothing is copied before.


def test_a_dry_run_says_what_merge_would_copy(workdir, tmp_path, capsys):
    capsys.readouterr()
    assert run(*TABLE1, "--workdir", tmp_path, "--merge", workdir, "--dry-run") == 0
    *names, count = capsys.readouterr().out.splitlines()
    assert "quantum_gaussian_seed0@2" in names and count == f"{len(names)} cells would be new here."
    assert not list(tmp_path.iterdir())


def test_merge_writes_the_table_of_all_machines(workdir, tmp_path, capsys):
    assert run(*TABLE1, "--workdir", tmp_path, "--merge", workdir) == 0
    shown = capsys.readouterr()
    assert "cells are new here" in shown.out and "note:" not in shown.err
    assert (tmp_path / "table1.md").is_file() and not (tmp_path / "runs").exists()


def test_a_merge_says_what_it_does_not_change_and_leaves_out(workdir, tmp_path, capsys):
    assert run(*TABLE1, "--set", "batch_size=9", "--workdir", tmp_path, "--merge", workdir) == 0
    assert "(theirs -> yours): batch_size: 8 -> 9." in capsys.readouterr().err
    file = next((tmp_path / "cells").glob("quantum_*.json"))
    cell = json.loads(file.read_text())
    cell["config"]["steps"] = cell["step"] = 3
    write_json(file.with_name(file.name.replace("@2", "@3")), cell)
    assert run(*TABLE1, "--workdir", tmp_path, "--merge") == 0
    assert "note: 1 cells of other than 2 steps are not in this table" in capsys.readouterr().err


def test_a_damaged_cell_is_named_with_what_to_do(workdir, tmp_path, capsys):
    assert run(*TABLE1, "--workdir", tmp_path, "--merge", workdir) == 0
    file = next((tmp_path / "cells").glob("quantum_*.json"))
    file.write_bytes(file.read_bytes()[:300])
    assert run(*TABLE1, "--workdir", tmp_path) == 1
    assert f"{file} cannot be read as JSON" in (told := capsys.readouterr().err)
    assert "Remove the file" in told


@pytest.mark.slow
def test_figure2_takes_the_runs_of_table1(workdir, capsys):
    arguments = ("--workdir", workdir, "--num-samples", 500, "--quiet")
    assert run("figure2", *arguments) == 0
    named = {line.split(" | ")[0] for line in capsys.readouterr().out.splitlines()}
    assert "| quantum_gaussian_seed0" in named
    assert run("figure2", *arguments, workdir / "runs" / "quantum_gaussian_seed0") == 0
    assert "500 samples of each model" in capsys.readouterr().out
    assert run("figure2", *arguments, "--seed", 7) == 1
    assert "Train some with table1" in capsys.readouterr().err


@pytest.mark.slow
def test_the_mixture_leaves_tables_and_scatter_plots(tmp_path, capsys):
    arguments = ("--latents", "boson", "--iterations", 1, "--workdir", tmp_path)
    assert run("mixture", *COMMON, *arguments, "--set", "model_options.units=[8]") == 0
    (row,) = json.loads((tmp_path / "mixture.json").read_text())["rows"]
    judges = {"precision", "recall", "density", "coverage"}
    assert set(row["scores"]) == {"interpolation_rate", "mode_coverage", "blob_tv"} | judges
    for name in ("mixture_points.png", "mixture_points.svg", "mixture_iterations.png"):
        assert (tmp_path / name).stat().st_size > 100


@pytest.fixture
def cells_of_the_mixture(tmp_path):
    """Two cells that were not scored by the rate, and folders of their runs, which hold nothing."""
    cells = mixture.EXPERIMENT.cells(latents=["gaussian", "boson"], seeds=1, iterations=1)
    for cell in cells:
        (tmp_path / "runs" / cell.name / "checkpoints").mkdir(parents=True)
    return [finished_cell(cell, {"mode_coverage@300": 0.5}) for cell in cells]


def test_the_mixture_needs_no_runs_but_its_cells(cells_of_the_mixture, tmp_path, caplog):
    config = cells_of_the_mixture[0]["config"].override(jit_compile=False)
    name = cells_of_the_mixture[0]["name"]
    (tmp_path / "runs" / name / "config.json").write_text(json.dumps(config.to_json()))
    mixture.EXPERIMENT.write(tmp_path, cells_of_the_mixture)
    assert "has no checkpoint yet" in caplog.text and "holds no run" in caplog.text
    assert not (tmp_path / "mixture_points.png").exists()


def test_the_mixture_is_drawn_without_the_rate(cells_of_the_mixture, tmp_path, monkeypatch):
    model = types.SimpleNamespace(sample=lambda count, seed: np.zeros((count, 2)))
    monkeypatch.setattr("qlatent_tf.runs.training.restore_model", lambda *_, **__: (model, 1))
    mixture.EXPERIMENT.write(tmp_path, cells_of_the_mixture)
    assert "between blobs" not in (tmp_path / "mixture_points.svg").read_text()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["table1", "--seeds", "0"], "--seeds: a whole number from 1"),
        (["table1", "--latents", "nothing"], "Unknown latent 'nothing'"),
        (["table1", "--iterations", "0"], "--steps/--iterations: a whole number from 1"),
        (["table1", "--workers", "0"], "--workers: a whole number from 1"),
        (["table1", "--workers", "2", "--scheduler", "tcp://a:1"], "not allowed with argument"),
        (["table1", "--cluster", "absent.yaml"], "no cluster file absent.yaml"),
        (["table1", "--scheduler", "here"], "like tcp://host:8786; received 'here'"),
        (["table1", "--set", "stepz=3"], "Did you mean steps?"),
        (["table1", "--merge"], "runs/table1 has no finished cells of this experiment. Name"),
        (["table1", "--merge", "nowhere"], "There is no folder nowhere"),
        (["table1", "--merge", "."], ". holds no finished cells"),
        (["table1", "--merge", "a", "--workers", "2"], "--workers has no meaning beside it"),
        (["mixture", "--seeds=-1"], "--seeds: a whole number from 1"),
        (["figure2"], "has no runs"),
        (["figure2", "--num-samples", "0"], "--num-samples"),
        (["figure2", "--num-samples", "4294967301"], "to 2,147,483,647 is needed"),
        (["theorem1", "--num-latents", "0"], "--num-latents"),
    ],
)
def test_it_refuses_with_one_line(empty_folder, capsys, arguments, message):
    try:
        code = run(*arguments)
    except SystemExit as stop:  # What argparse refuses.
        code = stop.code
    error = capsys.readouterr().err
    assert code and message in error and error.count("\n") == 1
    assert not list(empty_folder.iterdir())


@pytest.fixture
def foreign(workdir, empty_folder):
    """Results from elsewhere, whose runs and cells name code that lies in the working directory."""
    (empty_folder / "theirs.py").write_text("open('pwned', 'w')\n\ndef latent(modes=4): ...\n")
    folder = shutil.copytree(workdir, empty_folder / "theirs")
    for file in [*folder.glob("runs/*/config.json"), *folder.glob("cells/*.json")]:
        file.write_text(
            file.read_text().replace('"latent": "gaussian"', '"latent": "theirs:latent"')
        )
    (cell,) = folder.glob("cells/*.json")
    other = json.loads(cell.read_text())
    other["name"], other["config"]["seed"] = "other", 1
    (folder / "cells" / "other@2.json").write_text(json.dumps(other))
    yield folder
    assert not (empty_folder / "pwned").exists()


def test_no_run_of_a_working_directory_names_code_that_runs(foreign, capsys):
    named = foreign / "runs" / "quantum_theirs-latent_seed0"  # As table1 would.
    shutil.copytree(foreign / "runs" / "quantum_gaussian_seed0", named)
    arguments = ("figure2", "--workdir", foreign, "--num-samples", 10, "--quiet")
    assert run(*arguments) == 1
    assert "theirs:latent" in (error := capsys.readouterr().err) and "--trust-code" in error
    assert run("theorem1", foreign / "runs" / "quantum_gaussian_seed0") == 1


def test_no_cell_names_code_that_runs(foreign, tmp_path, capsys):
    mine = tmp_path / "mine"
    assert run(*TABLE1, "--workdir", mine, "--merge", foreign) == 0
    assert "| quantum | `theirs:latent` | 2 |" in capsys.readouterr().out
    assert run(*TABLE1, "--workdir", mine, "--merge", foreign) == 0
    # A run that the command line does not name is another configuration, by its name alone.
    assert run(*TABLE1, "--latents", "gaussian", "--workdir", foreign) == 1
    assert "latent: 'theirs:latent' -> 'gaussian'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [
            "table2",
            "--sizes",
            "16",
            "--latents",
            "boson",
            "--set",
            "latent_options.transmission=0.9",
        ],
        ["capacity", "--set", "model_options.depolarizing=0.01"],
        ["invertibility", "--set", "model_options.one_sided_penalty=true"],
        ["joint", "--set", "circuit_learning_rate=0.01"],
    ],
)
def test_what_tells_no_rows_apart_may_be_set(tmp_path, arguments):
    assert run(*arguments, "--dry-run", "--workdir", tmp_path) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["table2", "--set", 'latent_options={"photons": 4}'],
        ["capacity", "--set", "model_options.critic_width=8"],
        ["invertibility", "--set", "model_options.activation=relu"],
        ["interference", "--set", "latent_options.interfering_photons=3"],
        ["interference", "--latents", "boson", "--set", "latent_options.photons=4"],
        ["noise", "--set", "latent_options.photons=10"],
        ["mixture", "--latents", "boson", "--set", "latent_options.interferometer=haar"],
        ["origins", "--set", "latent_options={}"],
    ],
)
def test_what_tells_rows_apart_may_not_be_set(tmp_path, capfd, arguments):
    assert run(*arguments, "--dry-run", "--workdir", tmp_path) == 1
    assert "The experiment itself sets" in capfd.readouterr().err
