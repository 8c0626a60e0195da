"""What `reproduce figure2` measures: sources of their own names, and runs of table1 alone."""

import pytest
from harness import finished_cell, tiny_config
from qlatent_tf.tools import measured

from qlatent_tf import __main__ as command
from qlatent_tf.experiments.grids.cells import Cell
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.storage.files import write_json
from qlatent_tf.storage.preset_files import preset_directory


def run(*arguments):
    return command.main(["reproduce", *map(str, arguments)])


def test_figure2_tells_what_it_measures_apart(tmp_path, capsys):
    name = "mlp_boson_quantum"
    arguments = ("--workdir", tmp_path, "--num-samples", 500, "--quiet")
    assert run("figure2", *arguments, name, preset_directory(name)) == 1
    assert "have the same name, by which they are kept" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["figure2", "--data", "bernoulli"], "--data"),
        (["figure2", "--seed", "7"], "--seed"),
        (["theorem1", "--latent", "photonic"], "--latent"),
        (["theorem1", "--iterations", "7"], "--iterations"),
        (["theorem1", "--set", "batch_size=7"], "--set"),
    ],
)
def test_what_is_named_is_measured_as_it_is(tmp_path, capsys, options, named):
    experiment, *others = options
    assert run(experiment, "mlp_boson_quantum", *others, "--workdir", tmp_path, "--quiet") == 1
    assert f"{named} is for what is trained" in capsys.readouterr().err


def test_a_damaged_run_is_no_matter_where_another_is_named(tmp_path, capsys):
    run_directory = RunDirectory(tmp_path / "runs" / "quantum_x_seed0")
    run_directory.path.mkdir(parents=True)
    (run_directory.path / "config.json").write_text("{")
    (run_directory.path / "run.json").write_text("{")
    assert run("figure2", "absent_preset", "--workdir", tmp_path, "--quiet") == 1
    assert "absent_preset" in capsys.readouterr().err


def test_figure2_takes_no_runs_of_other_studies(tmp_path, capsys):
    config = tiny_config(latent="boson", seed=0)
    for name in ("quantum_boson_seed0", "quantum_boson_raw_seed0"):
        RunDirectory(tmp_path / "runs" / name).open(config)
        write_json(tmp_path / "runs" / name / "run.json", {"step": 1, "seconds": 1.0})
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measured, "source_config", lambda source, trust: found.append(source))
        run("figure2", "--workdir", tmp_path, "--num-samples", 500, "--quiet")
        row = {"data": "quantum", "latent": "boson", "photons": ""}
        cell = finished_cell(Cell("quantum_boson_seed0", config, row), {"integer_distance@9": 0.1})
        assert [path.name for path in found] == ["quantum_boson_seed0"]
        write_json(
            tmp_path / "cells" / "quantum_boson_seed0@6.json",
            {**cell, "config": config.to_json()},
        )
        assert run("figure2", "--workdir", tmp_path, "--quiet") == 1
    assert "has no runs" in capsys.readouterr().err


def test_figure2_finds_runs_on_data_of_your_own(tmp_path, monkeypatch):
    config = tiny_config(latent="boson", seed=0, dataset="my_file:data")
    run_directory = RunDirectory(tmp_path / "runs" / "my_file-data_boson_seed0")
    run_directory.open(config)
    write_json(run_directory.path / "run.json", {"step": 1, "seconds": 1.0})
    found = []
    monkeypatch.setattr(measured, "source_config", lambda source, trust: found.append(source))
    run("figure2", "--workdir", tmp_path, "--data", "my_file:data", "--quiet")
    assert found == [run_directory.path]
