"""Signals, and who handles them."""

import signal
import subprocess
import sys
import threading

import pytest

from qlatent_tf import signals


@pytest.fixture(autouse=True)
def restored():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_handlers_of_the_caller_stay_or_come_back():
    signal.signal(signal.SIGTERM, mine := lambda *_: None)
    with signals.signals_kept():
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    assert signal.getsignal(signal.SIGTERM) is mine
    with signals.signals_end():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) is mine
    with pytest.raises(KeyboardInterrupt) as stop, signals.signals_interrupt():
        signal.raise_signal(signal.SIGTERM)
    assert stop.value.args == (signal.SIGTERM,)
    assert signal.getsignal(signal.SIGTERM) is mine


@pytest.mark.parametrize("block", [signals.signals_end, signals.signals_interrupt])
def test_ignored_signals_stay_ignored(block):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with block():
        signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


@pytest.mark.parametrize(
    "block", [signals.signals_end, signals.signals_interrupt, signals.signals_kept]
)
def test_other_threads_than_the_main_one_change_nothing(block):
    ran = []

    def run():
        with block():
            ran.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert ran == [before] and signal.getsignal(signal.SIGTERM) is before


def test_a_handler_that_is_not_of_python_cannot_be_put_back(monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(signal, "getsignal", lambda number: None)  # What Python says of them.
    with signals.signals_kept():
        pass
    monkeypatch.undo()
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_signals_end_what_python_would_handle_too_late():
    code = (
        "import time\nfrom qlatent_tf.signals import signals_end\n"
        "with signals_end():\n    print('ready', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        process.terminate()  # Ctrl-C may be ignored, as in a background job of a shell.
        assert process.wait(30) == -signal.SIGTERM
