"""What a tool shows of errors, and of what TensorFlow's libraries write while they load."""

import functools
import gc
import importlib
import importlib.util
import subprocess
import sys
import types
import weakref

import harness
import pytest
from absl import logging
from qlatent_tf.tools.command_line import run_tool

import qlatent_tf
from qlatent_tf.registry import latents
from qlatent_tf.startup import quiet
from qlatent_tf.startup.backend import keras_home
from qlatent_tf.storage.files import write_text

NOISY = """
import os
os.write(2, b"noise of a library")

class config:
    list_logical_devices = staticmethod(lambda: os.write(2, b"noise of devices"))

class device:
    def __init__(self, name): pass
    def __enter__(self): pass
    def __exit__(self, *_): pass

def ones(shape, dtype): return 1
def transpose(numbers): return numbers
def function(python, autograph): return lambda *_: os.write(2, b"noise of a graph")
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Returns a file that is imported as TensorFlow."""
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")
    # Without what an earlier test's call has left there.
    kept = [finder for finder in sys.meta_path if not isinstance(finder, quiet._QuietTensorFlow)]
    monkeypatch.setattr(sys, "meta_path", kept)
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "tensorflow.py"
    # Removed before monkeypatch puts the real one back.
    sys.modules.pop("tensorflow", None)


def load(arguments):
    importlib.import_module("tensorflow")
    return 0


def test_start_up_messages_are_hidden(stand_in, capfd):
    stand_in.write_text(NOISY)
    assert run_tool(load, None) == 0
    assert "noise" not in capfd.readouterr().err
    assert sys.modules["tensorflow"].__file__ == str(stand_in)


@pytest.mark.parametrize("devices", [True, False])
def test_they_are_hidden_from_python(stand_in, capfd, devices):
    stand_in.write_text(NOISY)
    qlatent_tf.silence_tensorflow(devices)
    assert importlib.util.find_spec("tensorflow")  # As libraries ask that can do without.
    tensorflow = importlib.import_module("tensorflow")
    assert "noise" not in capfd.readouterr().err
    # What is not started yet writes when it is.
    tensorflow.config.list_logical_devices()
    assert "noise of devices" in capfd.readouterr().err


def test_the_first_graph_of_whole_numbers_is_quiet():
    code = """if True:
        import qlatent_tf
        qlatent_tf.silence_tensorflow()
        import tensorflow as tf
        print(tf.function(lambda x: tf.transpose(x) + x)(tf.eye(2, dtype=tf.int32)).numpy().sum())
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "4\n" and "oneDNN" not in done.stderr


def test_what_watches_imports_is_told_of_tensorflow(stand_in):
    stand_in.write_text(NOISY)
    asked = []
    watcher = types.SimpleNamespace(find_spec=lambda name, *_: asked.append(name))
    sys.meta_path.insert(0, watcher)
    qlatent_tf.silence_tensorflow()
    assert load(None) == 0 and "tensorflow" in asked


def test_a_message_stands_alone(stand_in, capfd):
    assert run_tool(lambda _: logging.warning("hello"), None) is None
    assert capfd.readouterr().err == "hello\n"


def test_another_backend_of_keras_is_refused(stand_in, capfd, monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert run_tool(load, None) == 1
    assert "backend tensorflow; KERAS_BACKEND says torch" in capfd.readouterr().err
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "keras.json").write_text('{"backend": "jax"}')
    assert run_tool(load, None) == 1
    assert "keras.json says jax" in capfd.readouterr().err


def test_they_are_shown_where_loading_fails(stand_in, capfd):
    stand_in.write_text(NOISY + "raise ValueError('no such instruction')\n")
    assert run_tool(load, None) == 1
    error = capfd.readouterr().err
    assert "noise of a library" in error and "error: no such instruction" in error


def test_the_folder_of_keras_may_be_in_the_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", "~/keras")
    assert keras_home() == tmp_path / "keras"


def test_they_are_shown_on_demand(stand_in, monkeypatch, capfd):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    stand_in.write_text(NOISY)
    assert run_tool(load, None) == 0
    assert "noise of a library" in capfd.readouterr().err


def test_a_missing_extra_is_told_and_a_broken_import_is_a_bug(capfd):
    def needs_extra(arguments):
        raise ImportError("pip install 'qlatent_tf[gbs]'")

    assert run_tool(needs_extra, None) == 1
    assert capfd.readouterr().err == "error: pip install 'qlatent_tf[gbs]'\n"
    with pytest.raises(ImportError, match="no_such_module"):
        run_tool(lambda arguments: importlib.import_module("no_such_module"), None)


@pytest.mark.parametrize("error", [None, ValueError("wrong"), KeyboardInterrupt()])
def test_what_a_tool_leaves_in_cycles_is_freed_before_the_interpreter_ends(error, request):
    gc.disable()
    request.addfinalizer(gc.enable)
    left = []

    class Pipeline:
        def __init__(self):
            self.itself = self
            left.append(weakref.ref(self))

    def work(_):
        Pipeline()
        if error is not None:
            raise error
        return 0

    run_tool(work, None)
    assert left[0]() is None


def test_the_place_of_an_error_in_ones_own_code_is_named(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_parts.py").write_text("def latent(modes=4):\n    return float('x')\n")
    build = functools.partial(latents.build, "my_parts:latent")
    assert run_tool(lambda arguments: build(), None) == 1
    assert capfd.readouterr().err.endswith("'x' (my_parts.py, line 2, in latent)\n")
    # What the package itself refuses is told without a place.
    assert run_tool(lambda arguments: build(modes=2, size=3), None) == 1
    assert ".py" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "--model", "mlp", "--latent", "gaussian", "--workdir", "mine.txt"),
        ("sample_latent", "mine.txt/bank", "--modes", "4", "--num-samples", "10"),
        ("reproduce", "table1", "--workdir", "mine.txt"),
    ],
)
def test_a_file_where_a_folder_is_needed_is_named(empty_folder, capsys, arguments):
    (empty_folder / "mine.txt").touch()
    assert harness.run_tool(*arguments) == 1
    assert "mine.txt is a file, where a folder is needed." in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        "train --model mlp --latent gaussian --workdir",
        "train_classifier --workdir",
        "train_classifier --models-dir",
        "reproduce table1 --workdir",
        "reproduce theorem1 --workdir",
        "publish absent absent --models-dir",
        "sample absent --out",
        "enumerate_molecules --out",
    ],
)
def test_where_nothing_can_be_written_is_refused_at_once(empty_folder, capsys, command):
    # Not a folder without permission: the system's administrator writes there, too.
    assert harness.run_tool(*command.split(), "/proc/mine") == 1
    option = command.split()[-1]
    said = f"error: {option} /proc/mine cannot be used: nothing can be written in /proc ("
    assert capsys.readouterr().err.startswith(said)


def test_a_file_that_cannot_be_written_is_named_as_it_was_asked_for(capsys):
    write = functools.partial(write_text, "/proc/mine.txt", "text")
    assert run_tool(lambda arguments: write(), None) == 1
    assert capsys.readouterr().err.startswith("error: /proc/mine.txt cannot be used: ")


@pytest.mark.parametrize(
    "given, said",
    [
        (["--seeds", "x"], "received 'x'. Help: qlatent-tf reproduce table1 --help"),
        (["--seedz", "3"], "Did you mean --seeds? Help: qlatent-tf reproduce table1 --help"),
    ],
)
def test_an_error_of_an_option_is_a_sentence(capsys, given, said):
    with pytest.raises(SystemExit):
        harness.run_tool("reproduce", "table1", *given)
    assert said in capsys.readouterr().err
