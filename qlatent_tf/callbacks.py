"""What happens beside the training step: progress, checkpoints, events, evaluations.

None of these knows a latent or a data set: they are given functions.
"""

import math
import time

import keras
import tensorflow as tf
from absl import logging
from tqdm import tqdm


class FiniteLosses(keras.callbacks.Callback):
    """Stops a run whose losses are no longer numbers, before a checkpoint is made of them.

    Args:
      every: int. Steps between looks; a look waits for the step to end.

    Raises:
      FloatingPointError: in `on_train_batch_end`.
    """

    def __init__(self, every: int):
        super().__init__()
        self._every = every

    def on_train_batch_end(self, batch, logs=None):
        step = self.model.step
        if step % self._every == 0:
            broken = [name for name, value in logs.items() if not math.isfinite(value)]
            if broken:
                raise FloatingPointError(
                    f"{', '.join(broken)} is not finite at step {step}. The last checkpoint is "
                    "from before; a smaller learning rate may help."
                )


class ProgressBar(keras.callbacks.Callback):
    """A bar with losses, speed and time left.

    Args:
      steps: int. The step at which the run ends.
      every: int. Steps between updates.
    """

    def __init__(self, steps: int, every: int = 10):
        super().__init__()
        self._steps = steps
        self._every = every
        self._bar = None

    def on_train_begin(self, logs=None):
        self._bar = tqdm(total=self._steps, initial=self.model.step, desc="train", unit="step")

    def on_train_batch_end(self, batch, logs=None):
        step = self.model.step
        if step % self._every == 0 or step == self._steps:
            losses = {_SHORT.get(name, name): f"{float(value):.3f}" for name, value in logs.items()}
            self._bar.set_postfix(losses, refresh=False)
            self._bar.update(step - self._bar.n)

    def close(self):
        """Ends the bar, also after an interrupted run."""
        if self._bar is not None:
            self._bar.close()


class Checkpoints(keras.callbacks.Callback):
    """Saves weights, both optimizers and the step, so that a killed run can be resumed.

    Args:
      directory: path. Where checkpoints lie; the last two are kept.
      model: WGANGP, compiled.
      every: int. Steps between checkpoints.
    """

    def __init__(self, directory, model, every: int):
        super().__init__()
        self._every = every
        checkpoint = tf.train.Checkpoint(
            generator=model.generator,
            critic=model.critic,
            generator_optimizer=model.generator_optimizer,
            critic_optimizer=model.critic_optimizer,
        )
        self._manager = tf.train.CheckpointManager(checkpoint, str(directory), max_to_keep=2)
        self._model = model

    def restore(self) -> int:
        """Restores the last whole checkpoint and returns its step, 0 where there is none.

        A checkpoint that cannot be read, as a full disk may leave it, is passed over for the one
        before.

        Raises:
          ValueError: if there are checkpoints and none can be read.
        """
        problems = []
        for path in reversed(self._manager.checkpoints):
            try:
                self._manager.checkpoint.restore(path).assert_existing_objects_matched()
                return self._model.step
            # TensorFlow's reader reports damage by any of these.
            except (tf.errors.OpError, AssertionError, ValueError, IndexError) as error:
                problems.append(f"{path}: {str(error).splitlines()[0]}")
                logging.warning("Passing over a checkpoint that cannot be read: %s", path)
        if problems:
            raise ValueError(
                "No checkpoint can be read. Move the folder away to start anew. "
                + " ".join(problems)
            )
        return 0

    def save(self):
        """Saves now, unless this step is saved already."""
        step = self._model.step
        if step and f"-{step}" not in (self._manager.latest_checkpoint or "")[-len(str(step)) - 1:]:
            self._manager.save(checkpoint_number=step)

    def on_train_batch_end(self, batch, logs=None):
        if self._model.step % self._every == 0:
            self.save()


class LossEvents(keras.callbacks.Callback):
    """Writes losses and speed for TensorBoard.

    Args:
      writer: tf.summary.SummaryWriter.
      every: int. Steps between points.
    """

    def __init__(self, writer, every: int = 10):
        super().__init__()
        self._writer = writer
        self._every = every
        self._last = None

    def on_train_batch_end(self, batch, logs=None):
        step = self.model.step
        if step % self._every:
            return
        now = time.perf_counter()
        with self._writer.as_default(step=step):
            for name, value in logs.items():
                tf.summary.scalar(f"losses/{name}", value)
            if self._last is not None:
                before, then = self._last
                tf.summary.scalar("speed/steps_per_second", (step - before) / (now - then))
        self._last = step, now


class Periodically(keras.callbacks.Callback):
    """Calls a function of the step at regular steps and at the last one.

    Args:
      function: callable of an int.
      every: int. Steps between calls.
      steps: int. The step at which the run ends.
    """

    def __init__(self, function, every: int, steps: int):
        super().__init__()
        self._function = function
        self._every = every
        self._steps = steps

    def on_train_batch_end(self, batch, logs=None):
        step = self.model.step
        if step % self._every == 0 or step == self._steps:
            self._function(step)


_SHORT = {
    "critic_loss": "critic",
    "generator_loss": "generator",
    "wasserstein_distance": "distance",
    "gradient_penalty": "penalty",
}
