"""A small run and the preset that is made of it, which tools read."""

import pytest
from harness import run_tool
from tiny_run import copy_of


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def mlp_run(workdir, tiny_run):
    return copy_of(tiny_run, workdir / "mlp").path


@pytest.fixture(scope="module")
def preset(mlp_run, workdir):
    arguments = ("--models-dir", workdir / "models", "--num-samples", 50, "--seeds", 2)
    assert run_tool("publish", mlp_run, "mine", *arguments) == 0
    return workdir / "models" / "mine"
