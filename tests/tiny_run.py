"""A run of a few steps: what tests of runs, presets and tools share, and how runs are resumed."""

import contextlib
import dataclasses
import os
import shutil
import signal

import numpy as np
import pytest
from harness import tiny_config

from qlatent_tf.runs.interrupted import Interrupted

# Everything that a run keeps: averages, a rate that falls, two batch sizes, two checkpoints.
TINY = tiny_config(
    evaluate_every=3,
    generator_batch_size=5,
    learning_rate_decay_steps=12,
    generator_ema=0.8,
)


def train(workdir, config=TINY, *, data=None, **changes):
    """Trains in a directory, in silence, on the configuration's data or others."""
    from qlatent_tf.runs import training

    config = dataclasses.replace(config, **changes)
    return training.train(config, workdir, dataset=data, progress=False)


def copy_of(run, folder):
    """Returns a copy of a run, which a test may change."""
    return type(run)(shutil.copytree(run.path, folder, dirs_exist_ok=True))


def summaries(run):
    """Yields the step and the summary of each entry of a run's events, in order."""
    import tensorflow as tf

    for file in sorted(run.path.glob("events.*")):
        for record in tf.compat.v1.train.summary_iterator(str(file)):
            yield from ((record.step, value) for value in record.summary.value)


def trained_values(run):
    """Returns the step of a run's last checkpoint, and its weights, averages and slots."""
    from qlatent_tf.runs import training

    model, step = training.restore_model(run)
    optimizers = (model.critic_optimizer, model.generator_optimizer)
    slots = [np.asarray(slot) for optimizer in optimizers for slot in optimizer.variables]
    return step, [*model.get_weights(), *model.sampling_weights(), *slots]


def assert_same_end(one, other):
    """Asserts that two runs end with the same weights, averages, slots and scores."""
    (step, expected), (other_step, found) = trained_values(one), trained_values(other)
    assert step == other_step == one.read_config().steps
    for mine, theirs in zip(expected, found, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert one.read_metrics()["metrics"] == other.read_metrics()["metrics"]


@contextlib.contextmanager
def stopped_at(step, action):
    """Makes a run meet `action()` behind a step, before its checkpoint is due."""
    from qlatent_tf.runs import training

    original = training.callbacks.LossEvents.on_train_batch_end

    def wrapped(self, batch, logs=None):
        original(self, batch, logs)
        if self.model.step == step:
            action()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.callbacks.LossEvents, "on_train_batch_end", wrapped)
        yield


def sent(number):
    """Returns what sends this process a signal."""
    return lambda: os.kill(os.getpid(), number)


def killed():
    """Ends a run without a checkpoint."""
    raise SystemError("killed")


@contextlib.contextmanager
def interrupts_heeded():
    """A shell lets its background jobs, the tests perhaps among them, ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def check_resumes(whole, folder, stops, data=None):
    """Asserts that a run that is stopped, again and again, ends as if it had not been.

    Args:
      whole: RunDirectory. A run of the same configuration that was not stopped.
      folder: path. Where the other run goes.
      stops: dict. Step -> what ends the run there: `killed`, or a signal's number.
      data: Dataset. What `whole` was trained on, if not its configuration's.
    """

    config = whole.read_config()
    with interrupts_heeded():
        for step, what in stops.items():
            if what is killed:
                with stopped_at(step, killed), pytest.raises(SystemError):
                    train(folder, config, data=data)
            else:
                said = f"step {step} of {config.steps}"
                with (
                    stopped_at(step, sent(what)),
                    pytest.raises(Interrupted, match=said),
                ):
                    train(folder, config, data=data)
    run = train(folder, config, data=data)
    assert_same_end(whole, run)
    steps = [row["step"] for row in whole.read_metrics()["history"]]
    assert [row["step"] for row in run.read_metrics()["history"]] == steps
