"""How tools end, and what they say while they work."""

import time

import pytest
from qlatent_tf.tools import command_line, sources
from qlatent_tf.tools.command_line import command, run_tool, slow_work


def _raise(error):
    def tool(arguments):
        raise error

    return tool


class ResourceExhaustedError(Exception):
    """Called as TensorFlow's error is, which is not imported for its name."""


@pytest.mark.parametrize(
    "error, code, said",
    [
        (ValueError("no such thing"), 1, "error: no such thing\n"),
        (KeyboardInterrupt(), 130, "Stopped."),
        (MemoryError("Unable to allocate 7 GiB"), 1, "not enough memory. Ask for fewer samples"),
        (ResourceExhaustedError("OOM when allocating\nmore"), 1, "(OOM when allocating)\n"),
        (ResourceExhaustedError("a.v2; No space left on device"), 1, "device. The disk is full;"),
        (ResourceExhaustedError("a.v2; Disk quota exceeded"), 1, "exceeded. The disk is full;"),
        (PermissionError(13, "Permission denied", "a/run"), 1, "a/run cannot be used: Permission"),
    ],
)
def test_a_tool_ends_with_a_sentence_and_a_code(error, code, said, capsys):
    assert run_tool(_raise(error), None) == code
    assert said in capsys.readouterr().err


def test_what_is_a_bug_keeps_its_traceback():
    with pytest.raises(TypeError):
        run_tool(_raise(TypeError("a bug")), None)


def test_commands_to_copy_quote_what_a_shell_takes_apart():
    assert command("sample", "my run", "--out", "a.png") == "qlatent-tf sample 'my run' --out a.png"
    assert command("publish", "runs/a [1]") == "qlatent-tf publish 'runs/a [1]'"


class _Model:
    def sample(self, number, seed):
        return sources.np.zeros((number, 16), "float32")


def test_more_samples_than_memory_holds_are_refused_first():
    sources.check_memory(_Model(), 10)
    with pytest.raises(ValueError, match=r"2,000,000,000 samples take 238\.4 GiB .* Draw"):
        sources.check_memory(_Model(), 2_000_000_000)


def test_only_slow_work_is_announced(capsys, monkeypatch):
    timer = command_line.threading.Timer
    monkeypatch.setattr(command_line.threading, "Timer", lambda _, say: timer(0.01, say))
    with slow_work("Drawing"):
        time.sleep(0.2)
    with slow_work("Building", quiet=True):
        time.sleep(0.1)
    monkeypatch.setattr(command_line.threading, "Timer", lambda _, say: timer(60, say))
    with slow_work("Reading"):
        pass
    assert capsys.readouterr().err == "Drawing ...\n"
