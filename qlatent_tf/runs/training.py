"""Trains a model from a configuration, in a directory in which training can be resumed."""

import contextlib
from typing import Protocol, runtime_checkable

from absl import logging

from qlatent_tf.config import Config
from qlatent_tf.datasets.custom import load
from qlatent_tf.gan import replicas as distribution
from qlatent_tf.latents.files import file_record
from qlatent_tf.registry import datasets
from qlatent_tf.resolve import resolve
from qlatent_tf.runs import callbacks
from qlatent_tf.runs.callbacks import checkpoint_steps
from qlatent_tf.runs.checks import check_fit, check_memory, check_path, warn_of_slow_draws
from qlatent_tf.runs.evaluation import A_DATASET, check_kind, check_metrics
from qlatent_tf.runs.own_code import warn_of_other_code
from qlatent_tf.runs.run_directory import (
    RunDirectory,
    check_data,
    differences_by_name_first,
)
from qlatent_tf.runs.session import Session
from qlatent_tf.runs.starting_point import starting_point
from qlatent_tf.seeds import derive_seed, initial_weights
from qlatent_tf.signals import asking_is_harmless
from qlatent_tf.storage.locks import sole_use
from qlatent_tf.text.differences import format_differences
from qlatent_tf.zoo import build_model, check_names, from_preset

_FIRST = (
    "The %s is trained first, in %s, for %d steps. model_options.autoencoder_steps changes their "
    "number; model_options.autoencoder=PRESET takes one that is trained."
)


@runtime_checkable
class RestsOnAnother(Protocol):
    """A model that is trained on what another one made of the data, such as `last_qgan`."""

    def pretraining(self, config: Config) -> Config | str:
        """Returns the configuration of the other model's training, or the name of its preset."""

    def adopt(self, trained) -> None:
        """Takes over the weights of the other model."""


def load_dataset(config: Config | str, /, *, data_dir=None, progress=True, **options):
    """Loads the data set of a configuration, or one by its name.

    Args:
      config: Config, or str: a registered data set, or ``module:function``.
      data_dir: path. Where data files are looked for first.
      progress: bool. Whether to show progress bars.
      **options: those of the data set; they replace the configuration's.

    Returns:
      Dataset.

    Raises:
      FileNotFoundError: if files of it are nowhere; the message says what to do.
      ValueError: if a name or an option is unknown, or a file is damaged.

    Example:
      >>> data = qlatent_tf.load_dataset("qm9", data_dir="data")
    """
    name = config
    if isinstance(config, Config):
        name, options = config.dataset, {**config.dataset_options, **options}
        datasets.refuse_offered(name, options)
    return load(name, data_dir=data_dir, progress=progress, **options)


def prepare(config: Config, strategy=None):
    """Builds and compiles the untrained model of a resolved configuration.

    Its initial weights are decided by the seed; `strategy` is that under which it is trained.

    Raises:
      ValueError: if the latent's or the model's name or option is unknown, or a value is out of
        range.
    """
    with initial_weights(derive_seed(config.seed, "weights")), distribution.scope(strategy):
        model = build_model(config)
        model.compile_for(config)
    return model


@asking_is_harmless()
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
    phase="train",
) -> RunDirectory:
    """Trains, or resumes training, in `workdir`.

    Args:
      config: Config. See `resolve` for what is filled in.
      workdir: path. The run's directory. If it holds a run of the same configuration, that run
        is continued from its last checkpoint and ends as if it had never stopped.
      data_dir: path. Where data files are looked for first.
      dataset: Dataset. Loaded already; by default the configuration's.
      progress: bool. Whether to show progress bars.
      continue_from: str or path. A preset that holds a checkpoint, or a run's directory. A new
        `workdir` begins with that checkpoint, and ends as if it had been trained from the start.
      watch: callable of an int. Called with the step, every few steps and at the last one.
      strategy: tf.distribute.Strategy. Devices or machines that share each batch; None for one
        device. Of several processes the first writes the run, in a directory that all can read.
      phase: str. What the progress bar is called.

    Returns:
      RunDirectory with checkpoints, metrics, samples and TensorBoard events.

    Raises:
      ValueError: if the directory or `continue_from` holds a run of another configuration or
        other data, an option is unknown, or an argument is of another kind.
      FileNotFoundError: if there is no checkpoint to continue from.
      InUseError: if another process trains in the directory.
      FloatingPointError: if a loss is no longer finite.
      Interrupted: on Ctrl-C, SIGTERM or SIGHUP, after a checkpoint. SIGUSR1 saves one, too, and
        the run continues.
      ConnectionError: if another process that trains along has gone.
    """
    check_path(workdir)
    check_kind(config, "latent_options", "config is a Config")
    if dataset is not None:
        check_kind(dataset, "source", A_DATASET)
    if strategy is not None:
        what = "strategy is one, such as qlatent_tf.gan.make_strategy returns"
        check_kind(strategy, "num_replicas_in_sync", what)
    config = resolve(config)
    distribution.check_distributable(config, strategy)
    beginning = _beginning(continue_from, config) if continue_from is not None else None
    run = RunDirectory(workdir)
    run.check(config)
    check_names(config)
    model = prepare(config, strategy)
    dataset = dataset or load_dataset(config, data_dir=data_dir, progress=progress)
    # Before there is a directory to clean up, or anything is compiled.
    check_memory(config, model)
    check_fit(config, model, dataset)
    if not run.is_trained():
        check_metrics(model, dataset, config.metrics, config.evaluation_samples)
    warn_of_slow_draws(config, model.latent, dataset.source)
    drawn_from = file_record(config)
    if beginning:
        check_data(beginning.path, beginning.record, dataset, drawn_from)
    first = _pretraining(model, config, run) if beginning is None else None
    chief = distribution.is_chief(strategy)
    lock = sole_use(run.path / ".lock", f"training in {run.path}")
    with lock if chief else contextlib.nullcontext(), distribution.lost_workers(strategy):
        if run.is_trained():  # Before anything of it is changed.
            check_data(run.path, run.read_run(), dataset, drawn_from)
            warn_of_other_code(run.path, run.read_run().get("code"), config)
        if chief:
            run.open(config)
            if beginning:
                beginning.begin(run)
        distribution.agree(strategy, "the configuration", config.to_json())
        checkpoints = callbacks.Checkpoints(
            run.checkpoints, model, config.checkpoint_every, config.steps
        )
        if chief:
            checkpoints.tidy()
        start = checkpoints.restore()
        part = run.path / first.model if first and not start else None
        if part and chief:
            logging.info(_FIRST, first.model, part, first.steps)
            at_first = watch and (lambda step: watch(0))  # Of the steps of this run none is done.
            train(
                first, part, dataset=dataset, progress=progress, watch=at_first, phase=first.model
            )
        evaluated = run.read_metrics()["step"]
        distribution.agree(strategy, "the step to resume at", (start, evaluated))
        if part:
            model.adopt(_restored(RunDirectory(part), resolve(first))[0])
        if start >= config.steps and evaluated == start:
            logging.info("%s has reached step %d; nothing is left to do.", run.path, start)
            return run
        if start:
            logging.info("Resuming %s at step %d.", run.path, start)
        session = Session(run, config, model, dataset, drawn_from, checkpoints, start)
        if chief:
            session.lead(phase, progress, watch)
        else:
            session.follow()
        distribution.agree(strategy, "the last step", config.steps)
    return run


def restore_model(run, *, latent_options=None, trust_code=False):
    """Returns the model at a run's last checkpoint, and its step.

    Args:
      run: RunDirectory, or its path.
      latent_options: dict. Options of the latent to change.
      trust_code: bool. Whether the run may name code outside the project.

    Raises:
      FileNotFoundError: if there is no run, or it has no checkpoint yet.
      ValueError: if the run names code that is not trusted.
    """
    run = run if isinstance(run, RunDirectory) else RunDirectory(run)
    config = run.read_config(trust_code=trust_code).with_latent_options(latent_options)
    return _restored(run, config)


def _restored(run, config):
    model = prepare(config)
    step = callbacks.Checkpoints(run.checkpoints, model, config.checkpoint_every).restore()
    if not step:
        raise FileNotFoundError(f"{run.path} has no checkpoint yet.")
    return model, step


def _beginning(source, config):
    beginning = starting_point(source)
    found = differences_by_name_first(beginning.config, config)
    if found:
        raise ValueError(
            f"{beginning.path} was trained with another configuration (its value -> yours): "
            f"{format_differences(found)}. What is continued keeps its options, --steps apart; "
            "--config trains anew with others."
        )
    if config.steps <= beginning.step:
        raise ValueError(
            f"{beginning.path} is at step {beginning.step}: continue it to a later one with "
            f"--steps; received {config.steps}."
        )
    return beginning


def _pretraining(model, config, run):
    """The configuration of what a new run trains first; None if there is none.

    What is to be taken from a preset is taken now, so that a wrong name leaves nothing behind.
    """
    if not isinstance(model, RestsOnAnother) or checkpoint_steps(run.checkpoints):
        return None
    first = model.pretraining(config)
    if isinstance(first, Config):
        return first
    model.adopt(from_preset(first))
    return None
