import json

import numpy as np
import pytest

from qlatent_tf import __main__ as command
from qlatent_tf.experiments import theorem1

SMALL = [
    "--set",
    "latent_options.modes=4",
    "--set",
    "dataset_options.modes=4",
    "--set",
    "dataset_options.photons=2",
    "--set",
    "model_options.features=4",
    "--set",
    "model_options.units=[4]",
    "--set",
    "model_options.critic_units=[8]",
    "--set",
    "batch_size=8",
    "--set",
    "jit_compile=false",
    "--quiet",
]


def run(*arguments):
    return command.main(["reproduce", "theorem1", *map(str, arguments)])


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("theorem1")
    arguments = ("--iterations", 2, "--num-latents", 2000, "--workdir", folder)
    assert run(*arguments, *SMALL) == 0
    return folder


def test_every_outcome_of_the_circuit_is_tried_and_recovered(workdir):
    measured = json.loads((workdir / "theorem1.json").read_text())
    # Two photons in four modes have ten outcomes.
    assert measured["tried"] == measured["recovered"] == 10 and measured["step"] == 2
    assert measured["largest_error"] < 1e-3 and measured["largest_error_double"] < 1e-9
    assert "| 10 of 2,000 drawn |" in (workdir / "theorem1.md").read_text()


def test_a_trained_run_can_be_named(workdir, tmp_path, capsys):
    assert run(workdir / "invertible_boson_seed0", "--workdir", tmp_path) == 0
    measured, before = (
        json.loads((folder / "theorem1.json").read_text()) for folder in (tmp_path, workdir)
    )
    assert measured["drawn"] == 100_000
    assert measured["lipschitz_inverse"] == before["lipschitz_inverse"]


@pytest.mark.parametrize(
    "setting", ["steps=1", "latent=gaussian", "model_options={}", "model_options.invertible=false"]
)
def test_what_the_experiment_sets_is_refused(setting, tmp_path, capsys):
    assert run("--set", setting, "--workdir", tmp_path) == 1
    assert f"The experiment itself sets {setting.partition('=')[0]}." in capsys.readouterr().err


def test_a_latent_that_does_not_come_back_is_counted():
    measured = {
        "name": "a",
        "latent": "boson",
        "step": None,
        "drawn": 9,
        "tried": 5,
        "recovered": 4,
        "largest_error": 1.0,
        "largest_error_double": 0.0,
        "largest_error_bound": 2.0,
        "lipschitz_generator": 1.0,
        "lipschitz_inverse": np.inf,
    }
    text = theorem1.to_markdown(measured)
    assert "| 5 of 9 drawn |" in text and "| 4 |" in text


def test_a_generator_without_an_inverse_is_refused(tmp_path, capsys):
    arguments = ["--set", "model_options.units=[8]", "--workdir", tmp_path / "new"]
    assert run(*SMALL, *arguments) == 1
    assert "received widths 4 -> 8 -> 4" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
