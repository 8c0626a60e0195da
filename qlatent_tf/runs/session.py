"""One session of a run: the steps from its last checkpoint on, and what is recorded of them."""

import time

from absl import logging

from qlatent_tf.config import Config
from qlatent_tf.drawing.png import write_picture
from qlatent_tf.runs import callbacks
from qlatent_tf.runs.devices import tell_devices
from qlatent_tf.runs.evaluation import evaluate, mean_scores
from qlatent_tf.runs.interrupted import Interrupted
from qlatent_tf.runs.own_code import code_record
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.runs.tensorboard import RunEvents, forget_later
from qlatent_tf.scores import read_scores
from qlatent_tf.signals import signals_interrupt

# Steps between looks at the losses, and calls of a watching function.
_WATCHED = 10


class Session:
    """Trains a run's model from where it stands to the last step.

    Args:
      run: RunDirectory.
      config: Config. The run's.
      model: LatentGenerator, compiled.
      dataset: Dataset.
      latent_file: dict. What `file_record` returned of the latent's file; None for none.
      checkpoints: Checkpoints. The run's.
      start: int. The step that the model is at.
    """

    def __init__(
        self,
        run: RunDirectory,
        config: Config,
        model,
        dataset,
        latent_file: dict | None,
        checkpoints: callbacks.Checkpoints,
        start: int,
    ):
        self._run = run
        self._config = config
        self._model = model
        self._dataset = dataset
        self._latent_file = latent_file
        # That of a run's beginning, whatever has changed since.
        self._code = run.read_run().get("code") if start else code_record(config)
        self._checkpoints = checkpoints
        self._start = start
        self._batches = model.training_batches(
            model.precompute(dataset.source),
            config.batch_size,
            config.seed,
            start,
            config.steps,
            config.generator_batch_size,
        )

    def follow(self) -> None:
        """Trains along with the process that leads, and writes nothing."""
        self._fit([])

    def lead(self, phase: str, progress: bool, watch=None) -> None:
        """Trains, and writes checkpoints, scores, pictures and events.

        Args:
          phase: str. What the progress bar is called.
          progress: bool. Whether to show it.
          watch: callable of an int. Called with the step, every few steps and at the last one.

        Raises:
          Interrupted: on a signal that ends the run, after a checkpoint.
        """
        run, steps, start = self._run, self._config.steps, self._start
        # As if all sessions of the run had been one.
        self._began = time.perf_counter() - run.read_run()["seconds"]
        self._devices = tell_devices()
        forget_later(run.path, start)
        self._events = RunEvents(run.path, self._config, self._model, self._dataset, start)
        self._bar = callbacks.TrainingBar(steps, phase)
        self._record(start)
        with signals_interrupt() as self._asked:
            try:
                # A run stopped during an evaluation is at that step with the evaluation to do.
                due = start and (start % self._config.evaluate_every == 0 or start >= steps)
                if due and run.read_metrics()["step"] < start:
                    self._evaluate(start)
                self._fit(self._recorders(progress, watch))
                self._save()
            except KeyboardInterrupt as error:
                self._save()
                step = self._model.step
                done = f"saved at step {step}" if step else "saved nothing before the first step"
                raise Interrupted(f"Stopped and {done} of {steps}.", error) from error
            finally:
                self._bar.close()
                self._events.close()

    def _fit(self, recorders):
        if self._start < self._config.steps:
            checking = callbacks.EverySteps(_WATCHED, function=callbacks.check_finite)
            self._model.fit(self._batches, verbose=0, callbacks=[checking, *recorders])
            if self._model.step < self._config.steps:  # A run that ended early is not finished.
                raise RuntimeError(
                    f"Training ended at step {self._model.step} of {self._config.steps}."
                )

    def _recorders(self, progress, watch):
        config = self._config

        def regularly(every, function):
            return callbacks.EverySteps(every, config.steps, function=function)

        return [
            *([self._bar] if progress else []),
            *([regularly(_WATCHED, lambda step, _: watch(step))] if watch else []),
            callbacks.LossEvents(self._events.writer, config.steps),
            self._checkpoints,
            regularly(config.checkpoint_every, self._record),
            regularly(config.evaluate_every, self._evaluate),
            regularly(1, self._save_if_asked),
        ]

    def _evaluate(self, step, losses=None):
        config, dataset = self._config, self._dataset
        with self._bar.doing(f"scoring {config.evaluation_samples:,} samples"):
            found = evaluate(
                self._model,
                dataset,
                num_samples=config.evaluation_samples,
                metric_names=config.metrics or dataset.metrics,
            )
        pictures = {"samples": dataset.render(self._model.generate(self._events.grid_latents))}
        pictures.update(self._model.pictures(dataset))
        for name, picture in pictures.items():
            write_picture(self._run.picture(name), picture)
        scores = read_scores(found["metrics"], dataset.name)
        self._events.write_evaluation(step, scores, pictures)
        # Last: an evaluation whose scores lie there is not made up by a resumed run.
        self._run.write_metrics(step, found, mean_scores(found))

    def _record(self, step, losses=None):
        seconds = time.perf_counter() - self._began
        self._run.write_run(
            step,
            seconds,
            self._dataset,
            latent_file=self._latent_file,
            code=self._code,
            devices=self._devices,
        )

    def _save(self):
        self._checkpoints.save()
        self._record(self._model.step)

    def _save_if_asked(self, step, losses):
        if self._asked():
            self._save()
            logging.info("Saved at step %d, as SIGUSR1 asks.", step)
