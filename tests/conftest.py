"""Set before anything imports TensorFlow: quiet logs and a run that finds only its own files."""

import os

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Without a screen, and without looking for one.
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    """The working directory: a new folder, in which imports of earlier tests are forgotten."""
    import sys

    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and str(tmp_path) in file:
            del sys.modules[name]


def pytest_make_parametrize_id(config, val, argname):
    """Names bytes by what they are for: packed files hold the time at which they were made."""
    return argname if isinstance(val, bytes) else None
