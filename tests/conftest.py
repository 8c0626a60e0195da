"""Set before anything imports TensorFlow: quiet logs and a run that finds only its own files."""

import contextlib
import gc
import os
from pathlib import Path

import filelock
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Without a screen, and without looking for one.
os.environ.setdefault("MPLBACKEND", "Agg")
# The tests' matrices are small and workers share the cores: threads would wait for each other.
for _library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
    os.environ.setdefault(_library, "1")
# No test needs a GPU, and numbers and replicas are those of a machine without.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

# The package says how h5py opens files, which h5py reads when it is first imported: whichever test
# comes first, and whether it begins with Keras, makes no difference.
import qlatent_tf  # noqa: E402, F401

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
def shared_folder(tmp_path_factory):
    """A folder of the session, one for all workers."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session", autouse=True)
def session_cache(shared_folder):
    """The cache where a test names no other: what the user's holds would hide what is missing."""
    folder = shared_folder / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QLATENT_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def no_weights(monkeypatch):
    """No weights of Inception but those that a test names, which are forgotten behind it."""
    monkeypatch.setenv("QLATENT_INCEPTION_WEIGHTS", "")


@pytest.fixture(scope="session")
def tiny_run(shared_folder):
    """A run of `TINY`, which tests only read: one for all workers, made by the first."""
    from harness import eagerly
    from tiny_run import train

    from qlatent_tf.runs.run_directory import RunDirectory

    with filelock.FileLock(shared_folder / "tiny_run.lock"):
        if not (shared_folder / "tiny_run").exists():
            with eagerly():
                train(shared_folder / "tiny_run.part").path.rename(shared_folder / "tiny_run")
    return RunDirectory(shared_folder / "tiny_run")


@pytest.fixture(scope="module")
def one_cluster():
    """A cluster of two processes, in which nothing is loaded before it is needed.

    It ends with the file that asks for it: processes that wait for work keep a core busy.
    """
    from qlatent_tf.cluster.opening import open_cluster

    with open_cluster(workers=2) as cluster:
        yield cluster


@pytest.fixture
def two_workers(one_cluster):
    """That cluster, when both of its workers are there: a test before may have killed one."""
    from dask.distributed import TimeoutError
    from harness import wait_for

    def both_are_there():
        one_cluster._client.cluster.scale(2)
        with contextlib.suppress(TimeoutError):
            one_cluster._client.wait_for_workers(2, timeout=2)
            return True

    wait_for(both_are_there)
    return one_cluster


@pytest.fixture(scope="module", autouse=True)
def quick_pictures(request):
    """Pictures of vectors are white and charts are not aligned: half the time of a tiny run."""
    if request.path.relative_to(_TESTS).parts[0] not in _TRAINING:
        yield
        return
    import numpy as np
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from qlatent_tf.drawing import plane, vectors
    from qlatent_tf.runs import tensorboard

    def white(*_):
        return np.full((480, 960, 3), 255, np.uint8)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ConstrainedLayoutEngine, "execute", lambda engine, figure: None)
        patch.setattr(vectors, "draw_vectors", white)
        patch.setattr(tensorboard, "correlation_picture", white)
        patch.setattr(plane, "figure_picture", white)
        yield


@pytest.fixture(scope="module")
def eager_steps():
    """Functions of TensorFlow run as Python does: tracing costs more than the one step of a run."""
    from harness import eagerly

    with eagerly():
        yield


@pytest.fixture(scope="module")
def no_charts():
    """Charts are empty files; they are drawn in the tests of charts and of table1."""
    import numpy as np
    from matplotlib.figure import Figure

    from qlatent_tf.drawing import style

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", lambda figure, file, **_: Path(file).touch())
        patch.setattr(style, "figure_picture", lambda figure: np.zeros((1, 1, 3), np.uint8))
        yield


@pytest.fixture(scope="session")
def molecule_cache(session_cache):
    """That cache, in which the molecules of the package are graphs: made by the first worker."""
    from qlatent_tf.registry import datasets

    with filelock.FileLock(session_cache.with_name("molecules.lock")):
        datasets.build("small_molecules", progress=False)
    return session_cache


def pytest_collection_finish():
    """What was imported so far stays: collecting garbage, as each cell of a grid does, skips it."""
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown(item, nextitem):
    """And what is left behind a file: each look through it would take half a second."""
    if nextitem is None or nextitem.path != item.path:
        gc.freeze()


def pytest_make_parametrize_id(config, val, argname):
    """Names bytes by what they are for: packed files hold the time at which they were made."""
    return argname if isinstance(val, bytes) else None
