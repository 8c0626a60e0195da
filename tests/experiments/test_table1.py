"""table1: its rows, those of recorded samples among them, and what is refused before training."""

import re

import numpy as np
import pytest
from harness import run_tool

from qlatent_tf.experiments import table1


@pytest.fixture
def shots(tmp_path):
    file = tmp_path / "shots.csv"
    np.savetxt(file, np.random.default_rng(0).integers(0, 3, (40, 6)), "%d", ",")
    return file


def test_recorded_samples_are_a_row_beside_the_latents(shots):
    cells = table1.EXPERIMENT.cells(
        data=["quantum"], latents=["boson"], samples=[str(shots)], seeds=2
    )
    rows = [(cell.row["latent"], cell.config.seed) for cell in cells]
    assert rows == [("boson", 0), ("samples shots.csv", 0), ("boson", 1), ("samples shots.csv", 1)]
    assert cells[1].config.latent_options["file"] == str(shots)
    assert cells[1].config.optimizer_options == cells[0].config.optimizer_options
    alone = table1.EXPERIMENT.cells(latents=[], samples=[str(shots)], seeds=1)
    assert [cell.row["data"] for cell in alone] == ["quantum", "bernoulli"]


def test_a_file_among_several_is_no_setting(shots):
    settings = [("latent_options.file", str(shots))]
    with pytest.raises(ValueError, match="itself sets latent_options.file"):
        table1.EXPERIMENT.cells(settings, samples=[str(shots)], seeds=1)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--latents", "samples"], "name them by --samples"),
        (["--set", "latent_options.photonz=3"], "Unknown option photonz"),
        (["--samples", "nothing.csv"], "There is no .*nothing.csv"),
    ],
)
def test_a_dry_run_refuses_what_a_run_would(tmp_path, capsys, arguments, message):
    options = ("--workdir", tmp_path / "w", "--seeds", "1", "--dry-run")
    assert run_tool("reproduce", "table1", *arguments, *options) == 1
    assert re.search(message, capsys.readouterr().err)
