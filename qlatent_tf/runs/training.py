"""Trains a model from a configuration, in a directory that can be taken up again."""

import contextlib
import signal
import time
from typing import Protocol, runtime_checkable

import keras
from absl import logging

from qlatent_tf.config import Config
from qlatent_tf.differences import format_differences
from qlatent_tf.drawing.png import write_picture
from qlatent_tf.gan import replicas as distribution
from qlatent_tf.registry import datasets, metrics
from qlatent_tf.resolve import resolve
from qlatent_tf.runs import callbacks
from qlatent_tf.runs.evaluation import evaluate, mean_scores
from qlatent_tf.runs.run_directory import RunDirectory, check_data, training_differences
from qlatent_tf.runs.starting_point import starting_point
from qlatent_tf.runs.tensorboard import RunEvents
from qlatent_tf.seeds import derive_seed
from qlatent_tf.storage.locks import sole_use
from qlatent_tf.zoo import build_model, check_names, from_preset

# Steps between looks at the losses, and calls of a watching function.
_WATCHED = 10


class Interrupted(Exception):  # noqa: N818
    """A run was stopped by a signal and saved."""


@runtime_checkable
class RestsOnAnother(Protocol):
    """A model that is trained on what another one made of the data, such as `last_qgan`."""

    def pretraining(self, config: Config) -> Config | str:
        """Returns the configuration of the other model's training, or the name of its preset."""

    def adopt(self, trained) -> None:
        """Takes over the weights of the other model."""


def load_dataset(config: Config, *, data_dir=None, progress=True):
    """Loads the configuration's data set."""
    return datasets.build(
        config.dataset, data_dir=data_dir, progress=progress, **config.dataset_options
    )


def prepare(config: Config, strategy=None):
    """Builds and compiles the untrained model of a resolved configuration.

    Its initial weights are decided by the seed; `strategy` is that under which it is trained.

    Raises:
      ValueError: if a name or an option is unknown, or a value is out of range.
    """
    check_names(config)
    for name in config.metrics:
        metrics.get(name)  # One's own that is not there is told of before any training.
    # Keras draws initial weights from one global stream: this is what makes them repeatable.
    keras.utils.set_random_seed(derive_seed(config.seed, "weights"))
    with distribution.scope(strategy):
        model = build_model(config)
        model.compile_for(config)
    return model


def train(
    config: Config,
    workdir,
    *,
    data_dir=None,
    dataset=None,
    progress=True,
    continue_from=None,
    watch=None,
    strategy=None,
) -> RunDirectory:
    """Trains, or goes on training, in `workdir`.

    Args:
      config: Config. See `resolve` for what is filled in.
      workdir: path. The run's directory. If it holds a run of the same configuration, that run
        is continued from its last checkpoint and ends as if it had never stopped.
      data_dir: path. Where data files are looked for first.
      dataset: Dataset. Loaded already; by default the configuration's.
      progress: bool. Whether to show progress bars.
      watch: callable of an int. Told the step every few steps and at the last one.
      continue_from: str or path. A preset that holds a checkpoint, or a run's directory. A new
        `workdir` begins with that checkpoint, and ends as if it had been trained from the start.
      strategy: tf.distribute.Strategy. Devices or machines that share each batch; None for one
        device. Of several processes the first writes the run, in a directory that all can read.

    Returns:
      RunDirectory with checkpoints, metrics, samples and TensorBoard events.

    Raises:
      ValueError: if the directory or `continue_from` holds a run of another configuration or
        other data, or an option is unknown.
      FileNotFoundError: if there is no checkpoint to continue from.
      InUseError: if another process trains in the directory.
      FloatingPointError: if a loss is no longer finite.
      Interrupted: on Ctrl-C or SIGTERM, after a checkpoint.
      ConnectionError: if another process that trains along has gone.
    """
    config = resolve(config)
    distribution.check_distributable(config, strategy)
    beginning = _beginning(continue_from, config) if continue_from is not None else None
    model = prepare(config, strategy)
    dataset = dataset or load_dataset(config, data_dir=data_dir, progress=progress)
    # Shapes are checked here, before there is a directory to clean up.
    _batches(model, dataset.source, config)
    run = RunDirectory(workdir)
    if beginning:
        check_data(beginning.path, beginning.record, dataset)
    chief = distribution.is_chief(strategy)
    lock = sole_use(run.path / ".lock", f"training in {run.path}")
    with lock if chief else contextlib.nullcontext(), distribution.lost_workers(strategy):
        if chief:
            run.open(config, complete=resolve)
            if beginning:
                beginning.begin(run)
        distribution.agree(strategy, "the configuration", config.to_json())
        check_data(run.path, run.read_run(), dataset)
        checkpoints = callbacks.Checkpoints(run.checkpoints, model, config.checkpoint_every)
        start = checkpoints.restore()
        if not start and chief:
            _pretrain(model, config, run, dataset, progress)
        evaluated = run.read_metrics()["step"]
        distribution.agree(strategy, "the step to go on from", (start, evaluated))
        if not start and not chief:
            _pretrain(model, config, run)
        if start >= config.steps and evaluated == start:
            logging.info("%s has reached step %d; nothing is left to do.", run.path, start)
            return run
        if start:
            logging.info("Resuming %s at step %d.", run.path, start)
        _fit(model, dataset, config, run, checkpoints, start, progress, watch, strategy)
        distribution.agree(strategy, "the last step", config.steps)
    return run


def _fit(model, dataset, config, run, checkpoints, start, progress, watch, strategy):
    batches = _batches(model, model.precompute(dataset.source), config, start, config.steps)
    checking = callbacks.EverySteps(_WATCHED, function=callbacks.check_finite)
    if strategy:
        batches = distribution.replica_batches(batches, strategy)
    if not distribution.is_chief(strategy):
        if start < config.steps:
            model.fit(batches, shuffle=False, verbose=0, callbacks=[checking])
        return
    # As if all sessions of the run had been one.
    began = time.perf_counter() - run.read_run()["seconds"]
    events = RunEvents(run.path, config, model, dataset, start)

    def evaluation(step, losses=None):
        scores = evaluate(
            model,
            dataset,
            num_samples=config.evaluation_samples,
            metric_names=config.metrics or dataset.metrics,
        )
        means = mean_scores(scores)
        run.write_metrics(step, scores, means)
        pictures = {"samples": dataset.render(model.generate(events.grid_latents))}
        pictures.update(model.pictures(dataset))
        for name, picture in pictures.items():
            write_picture(run.picture(name), picture)
        events.write_evaluation(step, means, pictures)

    def record(step, losses=None):
        run.write_run(step, time.perf_counter() - began, dataset)

    def regularly(every, function):
        return callbacks.EverySteps(every, config.steps, function=function)

    bar = callbacks.ProgressBar(config.steps)
    record(start)
    try:
        with _signals_interrupt():
            # A run stopped during an evaluation is at that step with the evaluation to do.
            due = start and (start % config.evaluate_every == 0 or start >= config.steps)
            if due and run.read_metrics()["step"] < start:
                evaluation(start)
            if start < config.steps:
                model.fit(
                    batches,
                    shuffle=False,
                    verbose=0,
                    callbacks=[
                        checking,
                        *([bar] if progress else []),
                        *([regularly(_WATCHED, lambda step, _: watch(step))] if watch else []),
                        callbacks.LossEvents(events.writer, config.steps),
                        checkpoints,
                        regularly(config.checkpoint_every, record),
                        regularly(config.evaluate_every, evaluation),
                    ],
                )
    except KeyboardInterrupt as error:
        checkpoints.save()
        record(model.step)
        raise Interrupted(f"Stopped and saved at step {model.step} of {config.steps}.") from error
    finally:
        bar.close()
        events.close()
    checkpoints.save()
    record(model.step)


def restore_model(run: RunDirectory, *, trust_code=False):
    """Returns the model at a run's last checkpoint, and its step.

    Args:
      run: RunDirectory.
      trust_code: bool. Whether the run may name code outside the project.

    Raises:
      FileNotFoundError: if there is no run, or it has no checkpoint yet.
      ValueError: if the run names code that is not trusted.
    """
    config = run.read_config(trust_code=trust_code)
    model = prepare(config)
    step = callbacks.Checkpoints(run.checkpoints, model, config.checkpoint_every).restore()
    if not step:
        raise FileNotFoundError(f"{run.path} has no checkpoint yet.")
    return model, step


def _beginning(source, config):
    beginning = starting_point(source)
    # Names first: of what differs there, no code is to run.
    differences = {
        name: values
        for name, values in training_differences(beginning.config, config).items()
        if name in ("model", "latent", "dataset")
    } or training_differences(resolve(beginning.config), config)
    if differences:
        raise ValueError(
            f"{beginning.path} was trained with another configuration (its value -> yours): "
            f"{format_differences(differences)}. What is continued keeps its options, --steps "
            "apart; --config trains anew with others."
        )
    if config.steps <= beginning.step:
        raise ValueError(
            f"{beginning.path} is at step {beginning.step}: continue it to a later one with "
            f"--steps; received {config.steps}."
        )
    return beginning


def _pretrain(model, config, run, dataset=None, progress=False):
    """Gives a model the one that it rests on: a preset, or trained first, in the run's directory.

    Without a data set, the process that has one has trained it.
    """
    if not isinstance(model, RestsOnAnother):
        return
    first = model.pretraining(config)
    if not isinstance(first, Config):
        model.adopt(from_preset(first))
        return
    part = RunDirectory(run.path / first.model)
    if dataset is not None:
        train(first, part.path, dataset=dataset, progress=progress)
    # What the part names, this run names.
    model.adopt(restore_model(part, trust_code=True)[0])


def _batches(model, real, config, start=0, steps=None):
    return model.training_batches(
        real, config.batch_size, config.seed, start, steps, config.generator_batch_size
    )


@contextlib.contextmanager
def _signals_interrupt():
    """Lets SIGTERM, with which job schedulers end a run, do what Ctrl-C does."""

    def interrupt(number, frame):
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # Not the main thread: signals are its business.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
