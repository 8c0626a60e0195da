"""What happens beside the training step: progress, checkpoints, events, evaluations.

None of these knows a latent or a data set: they are given functions.
"""

import contextlib
import errno
import math
import re
import shutil
import tempfile
import time
from pathlib import Path

import keras
import tensorflow as tf
from absl import logging

from qlatent_tf.runs.tensorboard import CIRCUIT, LOSSES, SPEED
from qlatent_tf.text.progress import ProgressBar

LOSS_STEPS = 10  # between two points of the losses


class EverySteps(keras.callbacks.Callback):
    """Calls `at_step` at regular steps.

    Args:
      every: int. Steps between calls.
      also: steps that are none of these, such as the last one.
      function: callable of the step and the losses, in the place of `at_step`.
    """

    def __init__(self, every: int, *also: int, function=None):
        super().__init__()
        self._every = every
        self._also = also
        self.at_step = function or self.at_step

    def at_step(self, step: int, losses: dict) -> None:
        """Does what is to be done."""

    def on_train_batch_end(self, batch, logs=None):
        step = self.model.step
        if step % self._every == 0 or step in self._also:
            with _ending_nothing():
                self.at_step(step, logs)


@contextlib.contextmanager
def _ending_nothing():
    """Turns what Keras would take for the end of the batches into errors.

    Such are an iterator of someone's own metric that has ended, and a file of events that may not
    grow: training would stop, and pass for finished.
    """
    try:
        yield
    except StopIteration as error:
        raise ValueError("An iterator ended between two steps: next() had nothing more.") from error
    except tf.errors.OutOfRangeError as error:
        if "end of sequence" in error.message.lower():
            raise ValueError(f"A data set ended between two steps: {error.message}") from error
        raise OSError(errno.EFBIG, f"A file could not be written: {error.message}") from error


def check_finite(step: int, losses: dict) -> None:
    """Stops a run whose losses are no longer numbers, which waits for the step to end.

    Raises:
      FloatingPointError: naming them.
    """
    broken = [name for name, value in losses.items() if not math.isfinite(value)]
    if broken:
        raise FloatingPointError(f"{', '.join(broken)} is {_DIVERGED.format(step=step)}")


class TrainingBar(EverySteps):
    """A bar with losses, speed and time left, which says so while the first step is compiled.

    Args:
      steps: int. The step at which the run ends.
      phase: str. What is trained.
    """

    def __init__(self, steps: int, phase: str):
        super().__init__(10, steps)
        self._steps = steps
        self._phase = phase
        self._bar = None

    def on_train_begin(self, logs=None):
        self._bar = ProgressBar(
            total=self._steps,
            initial=self.model.step,
            desc=self._phase,
            unit="step",
            postfix=_COMPILING,
        )

    def on_train_batch_end(self, batch, logs=None):
        if self._bar.postfix == _COMPILING:
            # The time it took says nothing of the steps to come.
            self._bar.unpause()
            self._bar.set_postfix_str("")
        super().on_train_batch_end(batch, logs)

    def at_step(self, step, losses):
        shown = {
            _SHORT.get(name, name): f"{float(value):.3f}"
            for name, value in losses.items()
            if "/" not in name
        }
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update(step - self._bar.n)

    @contextlib.contextmanager
    def doing(self, text: str):
        """Shows what is being done between two steps, in the place of the losses."""
        if self._bar is None:
            yield
            return
        before = self._bar.postfix
        self._bar.refresh()  # A line of a file, if one is due, shows the losses.
        self._bar.set_postfix_str(text)
        yield
        self._bar.set_postfix_str(before or "", refresh=False)

    def close(self):
        """Ends the bar, also after an interrupted run."""
        if self._bar is not None:
            self._bar.close()


class Checkpoints(EverySteps):
    """Saves weights, optimizers and the step, so that a killed run can be resumed.

    Args:
      directory: path. Where checkpoints lie; the last two that can be read are kept.
      model: LatentGenerator, compiled. What it says are its `checkpoint_parts` is saved.
      every: int. Steps between checkpoints.
      also: steps that are none of these, such as the last one.
    """

    def __init__(self, directory, model, every: int, *also: int):
        super().__init__(every, *also)
        self._directory = Path(directory)
        self._checkpoint = tf.train.Checkpoint(**model.checkpoint_parts())
        self._model = model
        self._saved = 0
        self._damaged: set[int] = set()

    def restore(self) -> int:
        """Restores the last whole checkpoint and returns its step, 0 where there is none.

        A checkpoint that cannot be read, as a full disk may leave it, is passed over for the one
        before.

        Raises:
          ValueError: if there are checkpoints and none can be read.
        """
        problems = []
        for step in reversed(checkpoint_steps(self._directory)):
            path = self._path(step)
            try:
                with _literal(path) as readable:
                    self._checkpoint.read(readable).assert_existing_objects_matched()
                self._saved = self._model.step
                return self._saved
            # TensorFlow's reader reports damage by any of these.
            except (tf.errors.OpError, AssertionError, ValueError, IndexError) as error:
                self._damaged.add(step)
                problems.append(f"{path}: {str(error).splitlines()[0]}")
                logging.warning("Passing over a checkpoint that cannot be read: %s", path)
        if problems:
            raise ValueError(
                "No checkpoint can be read. Move the folder away to start anew. "
                + " ".join(problems)
            )
        return 0

    def save(self):
        """Saves now, unless this step is saved already.

        Raises:
          FloatingPointError: if a weight is not finite; the checkpoints before stay.
          OSError: if the disk is full; the checkpoints before stay.
        """
        step = self._model.step
        if step == self._saved:
            return
        weights = [one for one in self._model.weights if tf.as_dtype(one.dtype).is_floating]
        if not all(bool(tf.reduce_all(tf.math.is_finite(weight))) for weight in weights):
            raise FloatingPointError(f"A weight is {_DIVERGED.format(step=step)}")
        try:
            self._checkpoint.write(self._path(step))
        except tf.errors.OpError as error:
            self._remove(step)
            raise OSError(
                errno.ENOSPC if isinstance(error, tf.errors.ResourceExhaustedError) else errno.EIO,
                f"The checkpoint could not be written: {error.message}",
                self._path(step),
            ) from error
        self._saved = step
        self._damaged.discard(step)
        readable = [one for one in checkpoint_steps(self._directory) if one not in self._damaged]
        for old in readable[:-_KEPT]:
            self._remove(old)

    def at_step(self, step, losses):
        self.save()

    def tidy(self):
        """Removes what killed writers left: parts of checkpoints without an index."""
        whole = checkpoint_steps(self._directory)
        for path in self._directory.glob("ckpt-*"):
            found = re.match(r"ckpt-(\d+)(_temp)?", path.name)
            if found and (found[2] or int(found[1]) not in whole):
                _delete(path)
        for path in self._directory.glob(".ckpt-*"):
            _delete(path)

    def _path(self, step):
        return str(self._directory / f"ckpt-{step}")

    def _remove(self, step):
        for path in self._directory.glob(f"ckpt-{step}[._]*"):
            _delete(path)


@contextlib.contextmanager
def _literal(path: str):
    """Yields a path to the same files that TensorFlow, which takes paths for patterns, can read."""
    if not re.search(r"[*?\[\]\\{}]", path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "checkpoints"
        link.symlink_to(Path(path).resolve().parent, target_is_directory=True)
        yield str(link / Path(path).name)


def _delete(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def checkpoint_steps(folder) -> list[int]:
    """Returns the steps of the checkpoints in a folder, in ascending order."""
    # The files themselves: a list of them could be damaged, and is not needed.
    matches = (
        re.fullmatch(r"ckpt-(\d+)\.index", file.name) for file in Path(folder).glob("ckpt-*")
    )
    return sorted(int(match[1]) for match in matches if match)


class LossEvents(EverySteps):
    """Writes losses, learning rates and speed for TensorBoard.

    Args:
      writer: tf.summary.SummaryWriter.
      steps: int. The step at which the run ends; it has a point too, as the first one.
    """

    def __init__(self, writer, steps: int):
        super().__init__(LOSS_STEPS, 1, steps)
        self._writer = writer
        self._last = None

    def at_step(self, step, losses):
        now = time.perf_counter()
        with self._writer.as_default(step=step):
            for name, value in losses.items():
                # What a trained circuit reports has a group of its own.
                group, _, rest = name.rpartition("/")
                tf.summary.scalar(f"{CIRCUIT if group else LOSSES}/{rest}", value)
            for name, rate in self.model.learning_rates().items():
                tf.summary.scalar(f"{SPEED}/{name}", tf.convert_to_tensor(rate))
            if self._last is not None:
                before, then = self._last
                tf.summary.scalar(f"{SPEED}/steps_per_second", (step - before) / (now - then))
        self._last = step, now


_DIVERGED = (
    "not finite at step {step}. The last checkpoint is from before; a smaller learning rate may "
    "help."
)
_KEPT = 2
_COMPILING = "compiling the first step"
_SHORT = {
    "critic_loss": "critic",
    "generator_loss": "generator",
    "wasserstein_distance": "distance",
    "gradient_penalty": "penalty",
}
