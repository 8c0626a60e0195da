"""Set before anything imports TensorFlow: quiet logs and a run that finds only its own files."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Without a screen, and without looking for one.
os.environ.setdefault("MPLBACKEND", "Agg")

# The package says how h5py opens files, which h5py reads when it is first imported: whichever test
# comes first, and whether it begins with Keras, makes no difference.
import qlatent_tf  # noqa: F401

_TESTS = Path(__file__).parent
# Tests that train. What is drawn is looked at in those of `drawing`.
_TRAINING = {"experiments", "gan", "models", "runs", "test_third_party.py", "tools"}


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


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """A run of `TINY`, which tests only read: one for all workers, made by the first."""
    import filelock
    from tiny_run import train

    from qlatent_tf.runs.run_directory import RunDirectory

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with filelock.FileLock(folder / "tiny_run.lock"):
        if not (folder / "tiny_run").exists():
            train(folder / "tiny_run.part").path.rename(folder / "tiny_run")
    return RunDirectory(folder / "tiny_run")


@pytest.fixture(scope="session")
def one_cluster():
    """A cluster of two processes, in which nothing is loaded before it is needed."""
    from qlatent_tf.cluster.opening import open_cluster

    with open_cluster(workers=2) as cluster:
        yield cluster


@pytest.fixture
def two_workers(one_cluster):
    """That cluster, when both of its workers are there: a test before may have killed one."""
    one_cluster._client.wait_for_workers(2)
    return one_cluster


@pytest.fixture(scope="module", autouse=True)
def quick_pictures(request):
    """Pictures of vectors stay white and charts are not aligned: half the time of a tiny run."""
    if request.path.relative_to(_TESTS).parts[0] not in _TRAINING:
        yield
        return
    import numpy as np
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from qlatent_tf.drawing import plane, vectors

    def white(figure):
        width, height = figure.canvas.get_width_height()
        return np.full((height, width, 3), 255, np.uint8)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ConstrainedLayoutEngine, "execute", lambda engine, figure: None)
        for module in (plane, vectors):
            patch.setattr(module, "figure_picture", white)
        yield


@pytest.fixture(scope="module")
def eager_steps():
    """Functions of TensorFlow run as Python does: tracing costs more than the one step of a run."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def pytest_make_parametrize_id(config, val, argname):
    """Names bytes by what they are for: packed files hold the time at which they were made."""
    return argname if isinstance(val, bytes) else None
