"""Sessions of a run: stopped, killed, failing while they score, and what they leave."""

import dataclasses
import itertools
import os
import signal
import subprocess
import sys

import pytest
import tensorflow as tf
from harness import eagerly
from tiny_run import TINY, assert_same_end, check_resumes, copy_of, killed, sent, stopped_at, train

from qlatent_tf import __main__ as command
from qlatent_tf.gan.wgan_gp import WGANGP
from qlatent_tf.runs import session, training
from qlatent_tf.runs.callbacks import checkpoint_steps
from qlatent_tf.runs.interrupted import Interrupted
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.storage.files import write_json

pytestmark = pytest.mark.usefixtures("eager_steps")


@pytest.fixture
def copy(tiny_run, tmp_path):
    """The shared run, which a test may change."""
    return copy_of(tiny_run, tmp_path / "copy")


def test_a_stopped_run_ends_as_if_it_had_not_been(tiny_run, tmp_path):
    # Evaluated behind steps 3 and 6; the first checkpoint is that of step 2. A run that is killed
    # before that of step 4 repeats step 3, and its evaluation.
    stops = {4: killed, 5: signal.SIGINT}
    check_resumes(tiny_run, tmp_path, stops)


def test_a_run_stopped_in_an_evaluation_makes_it_up(copy, monkeypatch):
    # The checkpoint of the last step is there, its evaluation is not.
    expected = copy.read_metrics()
    (copy.path / "metrics.json").unlink()
    copy.samples.unlink()
    with monkeypatch.context() as patch:
        patch.setattr(session, "evaluate", lambda *args, **options: os.kill(os.getpid(), 15))
        with pytest.raises(Interrupted, match="step 6 of 6"):
            train(copy.path)
    train(copy.path)
    assert copy.read_metrics()["metrics"] == expected["metrics"]
    assert copy.samples.is_file()


@pytest.mark.parametrize("what", ["write_picture", "evaluate"])
def test_an_evaluation_that_fails_costs_no_step_and_is_made_up(tiny_run, tmp_path, what):
    original, calls = getattr(session, what), itertools.count(1)

    def fail(*arguments, **options):
        if next(calls) == 2:  # Behind the last step.
            raise OSError("full")
        return original(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, what, fail)
        with pytest.raises(OSError, match="full"):
            train(tmp_path)
    assert checkpoint_steps(tmp_path / "checkpoints")[-1] == 6
    (tmp_path / "samples.png").unlink()
    assert_same_end(tiny_run, train(tmp_path))
    assert (tmp_path / "samples.png").is_file()


def test_a_run_that_begins_again_shows_nothing_of_the_one_before(tmp_path):
    RunDirectory(tmp_path).open(TINY)
    (tmp_path / "events.out.tfevents.1").touch()
    RunDirectory(tmp_path).open(dataclasses.replace(TINY, latent="gaussian"))
    assert not list(tmp_path.glob("events.*"))


KILLED = """
import os, signal
from qlatent_tf.runs import training
from qlatent_tf.config import Config
from qlatent_tf.storage.files import read_json

class Killer(training.callbacks.LossEvents):
    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch, logs)
        if self.model.step == 5:
            os.kill(os.getpid(), signal.SIGKILL)

training.callbacks.LossEvents = Killer
training.train(Config.from_json(read_json("config.json")), "run", progress=False)
"""


@pytest.mark.slow
def test_a_run_killed_for_good_is_resumed(tmp_path):
    write_json(tmp_path / "config.json", TINY.to_json())
    done = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    with eagerly(False):  # As the process did.
        assert_same_end(train(tmp_path / "whole"), train(tmp_path / "run"))


def test_a_signal_may_be_repeated_while_the_run_is_saved(tiny_run, tmp_path, monkeypatch):
    # SIGTERM stops runs of residual networks, in their tests.
    number, write = signal.SIGHUP, tf.train.Checkpoint.write
    before = signal.signal(number, signal.SIG_DFL)  # Under nohup it is ignored.

    def write_slowly(self, path):
        os.kill(os.getpid(), number)
        return write(self, path)

    try:
        with (
            monkeypatch.context() as patch,
            stopped_at(1, sent(number)),
            pytest.raises(Interrupted, match="step 1 of 6") as stop,
        ):
            patch.setattr(tf.train.Checkpoint, "write", write_slowly)
            train(tmp_path)
    finally:
        signal.signal(number, before)
    assert stop.value.exit_code == 128 + number
    assert training.restore_model(RunDirectory(tmp_path))[1] == 1


def test_a_run_stopped_before_its_first_step_says_that_nothing_is_saved(tmp_path, monkeypatch):
    def stop(self, recorders):
        raise KeyboardInterrupt

    monkeypatch.setattr(session.Session, "_fit", stop)
    with pytest.raises(Interrupted, match="saved nothing before the first step of 6") as caught:
        train(tmp_path)
    assert caught.value.exit_code == 130 and not checkpoint_steps(tmp_path / "checkpoints")


def test_sigusr1_saves_a_run_that_continues(tmp_path):
    with stopped_at(3, sent(signal.SIGUSR1)):
        run = train(tmp_path, steps=4, checkpoint_every=9)
    assert checkpoint_steps(run.checkpoints) == [3, 4]


def test_sigusr1_ends_no_run_that_has_nothing_to_save(copy, monkeypatch):
    load = training.load_dataset

    def asked(*arguments, **options):
        os.kill(os.getpid(), signal.SIGUSR1)
        return load(*arguments, **options)

    monkeypatch.setattr(training, "load_dataset", asked)
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL
    assert train(copy.path).read_run()["step"] == 6
    # A command loads the data before it trains.
    assert command.main(["train", "--config", str(copy.path), "--workdir", str(copy.path)]) == 0
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL


ENDS = [
    (StopIteration(), ValueError, "An iterator ended between two steps"),
    (tf.errors.OutOfRangeError(None, None, "End of sequence"), ValueError, "A data set ended"),
    (tf.errors.OutOfRangeError(None, None, "File too large"), OSError, "could not be written"),
]


@pytest.mark.parametrize("error, kind, message", ENDS)
def test_what_keras_takes_for_the_end_is_an_error(copy, monkeypatch, error, kind, message):
    def fail(*arguments, **options):
        raise error

    monkeypatch.setattr(session, "evaluate", fail)
    with pytest.raises(kind, match=message):
        train(copy.path, steps=9)


def test_a_training_that_ends_early_is_not_finished(copy, monkeypatch):
    monkeypatch.setattr(WGANGP, "fit", lambda self, *arguments, **options: None)
    with pytest.raises(RuntimeError, match="Training ended at step 6 of 9"):
        train(copy.path, steps=9)
