"""What the command-line tools share: arguments, configurations, and how errors are shown."""

import argparse
import contextlib
import dataclasses
import errno
import importlib
import inspect
import logging as standard_logging
import os
import re
import shlex
import sys
import threading

from absl import logging

from qlatent_tf.backend import BackendError, check_backend
from qlatent_tf.config import Config, parse_setting
from qlatent_tf.names import did_you_mean
from qlatent_tf.quiet import silence_tensorflow
from qlatent_tf.registry import latents, models
from qlatent_tf.storage.files import INCEPTION_VARIABLE

_LATENT_OPTIONS = {
    "modes": "modes",
    "photons": "photons",
    "unitary_seed": "unitary_seed",
    "unitary_file": "unitary_file",
    "latent_file": "file",
}
_MODEL_OPTIONS = {
    "generator": "generator",
    "reward": "reward",
    "reward_weight": "reward_weight",
}
# The data set that comes with the package, for models whose own may have to be downloaded.
_FALLBACKS = {
    "qm9": "small_molecules",
    "sat4": "naip28_small",
    "sat6": "naip28_small",
    "naip28": "naip28_small",
}
# What a model may be built for, so that a stand-in keeps it too.
_KEPT_OPTIONS = ("bands",)


class Parser(argparse.ArgumentParser):
    """The arguments of a tool, whose mistakes are answered by one line with the nearest name.

    Args:
      name: str. The tool's.
      description: str. Its help, whose lines are kept.
      **options: Of argparse.
    """

    def __init__(self, name: str | None = None, description: str | None = None, **options):
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(
            options.pop("prog", f"qlatent-tf {name}"), description=description, **options
        )

    def parse_known_args(self, args=None, namespace=None):
        """Parses as argparse does, but refuses here, where the options are known, what is not."""
        namespace, unknown = super().parse_known_args(args, namespace)
        if unknown:
            hint = did_you_mean(unknown[0].partition("=")[0], self._option_string_actions)
            self.error(f"unrecognized arguments: {' '.join(unknown)}.{hint}")
        return namespace, unknown

    def error(self, message):
        """Says what is wrong without the whole usage, and ends with code 2."""
        wrong = re.search(r"invalid choice: '?(.*?)'? \(choose from (.*)\)", message)
        if wrong:
            message += "." + did_you_mean(wrong[1], re.findall(r"[\w.-]+", wrong[2]))
        message = message.rstrip(".") if message.endswith("..") else message
        self.exit(2, f"error: {message} Help: {self.prog} --help\n")


def add_data_arguments(arguments, default: str) -> None:
    """Adds --dataset, whose default is described in words, and --data-dir."""
    data = arguments.add_argument_group("data")
    data.add_argument("--dataset", help=f"a registered data set (default: {default})")
    data.add_argument(
        "--data-dir",
        help="where data files are looked for first; then in $QLATENT_DATA_DIR and in the cache",
    )


def add_source_arguments(arguments, optional: bool = False) -> None:
    """Adds the preset or run that a tool reads, and whether its code is trusted."""
    arguments.add_argument(
        "source",
        nargs="?" if optional else None,
        help="a preset's name or directory, or a run's directory",
    )
    add_trust_argument(arguments)


def add_scoring_arguments(arguments, seeds: int, default: str) -> None:
    """Adds --num-samples, --seeds, by default so many, and --metrics, whose default is told."""
    arguments.add_argument(
        "--num-samples", type=int, default=10_000, help="generated samples a seed (default: 10000)"
    )
    arguments.add_argument(
        "--seeds", type=int, default=seeds, help=f"sampling seeds, from 0 (default: {seeds})"
    )
    arguments.add_argument(
        "--metrics", nargs="+", default=[], help=f"registered metrics (default: {default})"
    )
    add_inception_argument(arguments)


def add_trust_argument(arguments) -> None:
    """Adds --trust-code, for tools that read a preset or a run."""
    arguments.add_argument(
        "--trust-code",
        action="store_true",
        help="allow the preset or run to name code outside the project "
        "(my_file:my_latent), which is imported and run",
    )


def add_inception_argument(arguments) -> None:
    """Adds --inception-weights, which `use_inception` obeys."""
    arguments.add_argument(
        "--inception-weights",
        metavar="PATH",
        help="for scores by Inception: Keras' weights of InceptionV3 "
        "(.h5), or the folder of TF-GAN's module",
    )


def use_inception(arguments) -> None:
    """Lets metrics find the weights that --inception-weights names.

    Raises:
      FileNotFoundError: if there is nothing of that name.
    """
    if arguments.inception_weights:
        from qlatent_tf.metrics.images.inception import local_weights

        os.environ[INCEPTION_VARIABLE] = arguments.inception_weights
        local_weights()


def load_model(source, trust_code: bool):
    """Loads a preset, or a run's last checkpoint.

    Returns:
      The model, its configuration, and the training step it is from.

    Raises:
      FileNotFoundError: if there is neither.
    """
    # First, so that a wrong name is refused without TensorFlow.
    config = source_config(source, trust_code)

    from qlatent_tf.runs.run_directory import RunDirectory
    from qlatent_tf.runs.training import restore_model
    from qlatent_tf.zoo import from_preset, read_preset

    with slow_work(f"Building the model of {source}"):
        if not is_preset(source):
            model, step = restore_model(RunDirectory(source), trust_code=trust_code)
            return model, config, step
        model = from_preset(source, trust_code=trust_code)
    description = read_preset(source, trust_code=trust_code)
    return model, config, description["provenance"].get("step")


def config_from_arguments(arguments) -> Config:
    """Returns the model's configuration with the command line's changes.

    Raises:
      ValueError: if a name or a key is unknown.
    """
    source = arguments.config or arguments.continue_from
    named = [arguments.model, arguments.config, arguments.continue_from]
    if sum(map(bool, named)) != 1:
        raise ValueError("Name what to train: one of --model, --config and --continue-from.")
    if arguments.variant and not arguments.model:
        raise ValueError(
            "--variant goes with --model: what --config or --continue-from names is one already."
        )
    if source:
        config = _changed_source(source, arguments)
    else:
        config = model_config(arguments.model, arguments.latent, arguments.variant)
    changes = {
        **_given_options(arguments, _LATENT_OPTIONS, "latent", latents.get, config.latent),
        **_given_options(arguments, _MODEL_OPTIONS, "model", models.get, config.model),
    }
    for name in ("dataset", "steps", "batch_size", "seed", "train_circuit"):
        if getattr(arguments, name, None) is not None:
            changes[name] = getattr(arguments, name)
    changes.update(parse_setting(text) for text in arguments.settings)
    config = config.override(**changes)
    modes, tiles = (config.latent_options.get(name) for name in ("modes", "tiles"))
    if arguments.modes and (tiles or 1) > 1:
        print(
            f"note: {tiles} circuits of {modes} modes stand side by side: the latent is "
            f"{tiles * modes} wide. One alone: --set latent_options.tiles=1",
            file=sys.stderr,
        )
    if arguments.reward_weight is not None and not config.model_options.get("reward"):
        raise ValueError("--reward-weight is the weight of a reward: name one with --reward.")
    return config


def _given_options(arguments, table, kind, get, name):
    """The options of the latent or the model that the command line has arguments for."""
    legal, changes = inspect.signature(get(name)).parameters, {}
    for argument, option in table.items():
        value = getattr(arguments, argument)
        if value is not None:
            if option not in legal:
                raise ValueError(
                    f"--{argument.replace('_', '-')} means nothing to the {kind} {name!r}, whose "
                    f"options are {', '.join(legal)}."
                )
            changes[f"{kind}_options.{option}"] = value
    return changes


def _changed_source(source, arguments):
    from qlatent_tf.resolve import reseed, with_dataset, with_latent

    # What the command line names itself is trusted.
    named = (arguments.latent, arguments.dataset, *(arguments.reward or ()))
    config = source_config(source, arguments.trust_code or [name for name in named if name])
    if arguments.seed is not None:
        config = reseed(config, arguments.seed)
    config = with_dataset(config, arguments.dataset)
    if arguments.latent not in (None, config.latent):
        config = with_latent(config, arguments.latent)
    return config


def source_data(arguments, config: Config):
    """Loads the data set of a source's configuration, or the one that --dataset names."""
    from qlatent_tf.resolve import with_dataset
    from qlatent_tf.runs.training import load_dataset

    return load_dataset(with_dataset(config, arguments.dataset), data_dir=arguments.data_dir)


def known_molecules(arguments, config: Config):
    """Returns the SMILES of that data set.

    Raises:
      ValueError: if it has none.
    """
    dataset = source_data(arguments, config)
    if not hasattr(dataset, "smiles"):
        raise ValueError(f"The data set {dataset.name!r} has no molecules to compare with.")
    return dataset.smiles


def is_preset(source) -> bool:
    """Returns whether a source, if it is there, is a preset, and no run's directory."""
    from qlatent_tf.runs.run_directory import RunDirectory

    return bool(source) and not RunDirectory(source).checkpoints.is_dir()


def source_config(source, trust_code: bool = False) -> Config:
    """Returns the configuration of a run's directory or a preset."""
    from qlatent_tf.runs.run_directory import RunDirectory
    from qlatent_tf.zoo import read_preset

    if is_preset(source):
        return read_preset(source, trust_code=trust_code)["config"]
    return RunDirectory(source).read_config(trust_code=trust_code)


def model_config(model: str, latent: str | None = None, variant: str | None = None) -> Config:
    """Returns ``configs/<model>.py``'s configuration, or that in a third party's own file.

    Args:
      model: str. A registered model, or ``module:function``.
      latent: str. A registered latent, or ``module:function``; by default ``boson``, or the LATENT
        that the configuration's module names.
      variant: str. Which configuration, of a model that has several; its first by default.

    Raises:
      ValueError: if the model or the latent is unknown, or has no such configuration.
    """
    builder = models.get(model)
    name = builder.__module__ if ":" in model else f"qlatent_tf.configs.{model}"
    module = importlib.import_module(name)
    if not hasattr(module, "get_config"):
        raise ValueError(
            f"{module.__name__} has no get_config(latent), which says how to train {model!r}."
        )
    variants = getattr(module, "VARIANTS", ())
    if variant is not None and variant not in variants:
        raise ValueError(
            f"The configuration of {model!r} comes in "
            f"{', '.join(variants) or 'one variant, which has no name'}; received {variant!r}."
        )
    latent = latent or getattr(module, "LATENT", "boson")
    latents.get(latent)
    config = module.get_config(latent, *([] if variant is None else [variant]))
    if not isinstance(config, Config):
        raise ValueError(f"{module.__name__}.get_config returned {config!r}, not a Config.")
    return config


def with_fallback_dataset(config: Config, arguments):
    """Loads the data; without --dataset, the set that comes with the package may stand in.

    Returns:
      The configuration, which names the data set really loaded, and the data set.

    Raises:
      FileNotFoundError: if a data set was asked for by name and cannot be had.
    """
    from qlatent_tf.resolve import resolve
    from qlatent_tf.runs.training import load_dataset

    config = resolve(config)
    load = {"data_dir": arguments.data_dir, "progress": not arguments.quiet}
    fallback = _FALLBACKS.get(config.dataset)
    try:
        return config, load_dataset(config, **load)
    except FileNotFoundError as error:
        if arguments.dataset or not fallback:
            raise
        line = "!" * 78
        print(
            f"{line}\n{error}\n\nTRAINING ON {fallback!r} INSTEAD OF {config.dataset!r}: the "
            "small set that comes with the package.\nIts scores cannot be compared with those "
            f"on {config.dataset!r}. Name a data set with --dataset.\n{line}",
            file=sys.stderr,
        )
        options = config.dataset_options
        kept = {name: options[name] for name in _KEPT_OPTIONS if name in options}
        config = dataclasses.replace(config, dataset=fallback, dataset_options=kept)
        return config, load_dataset(config, **load)


def command(*words) -> str:
    """Returns a command to copy, with what a shell would take apart in quotes.

    Example:
      >>> command("sample", "my run", "--out", "a.png")
      "qlatent-tf sample 'my run' --out a.png"
    """
    return shlex.join(["qlatent-tf", *map(str, words)])


@contextlib.contextmanager
def slow_work(what: str, quiet: bool = False):
    """Says what is being done where it takes more than three seconds and shows no bar."""
    timer = threading.Timer(3, lambda: print(f"{what} ...", file=sys.stderr, flush=True))
    timer.daemon = True
    if not quiet:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


def run_tool(function, arguments) -> int:
    """Calls `function(arguments)`; an error the user can mend is shown without a traceback.

    Returns:
      int. The exit code: what the function returned, 1 after an error, 130 after Ctrl-C.
    """
    _quiet_logs()
    try:
        check_backend()
        return function(arguments)
    except (ValueError, FileNotFoundError, FloatingPointError, BackendError) as error:
        message = str(error)
    except BrokenPipeError:
        # The reader of the output, such as head, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        message = str(error)
        if error.errno == errno.ENOSPC:
            message = f"{error}. The disk is full; what was written before is whole."
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except Exception as error:
        # TensorFlow is not imported here for the name of its error.
        if not isinstance(error, MemoryError) and type(error).__name__ != "ResourceExhaustedError":
            raise
        first = (str(error).splitlines() or [""])[0]
        message = (
            "There is not enough memory. Ask for fewer samples, a smaller batch (--batch-size) or "
            f"fewer modes.{f' ({first})' if first else ''}"
        )
    print(f"error: {message}", file=sys.stderr)
    return 1


def _quiet_logs():
    """Shows the project's own log lines and TensorFlow's warnings, not its start-up messages.

    Set TF_CPP_MIN_LOG_LEVEL=0 to see everything.
    """
    silence_tensorflow()
    logger = logging.get_absl_logger()
    logging.set_verbosity(logging.INFO)
    # absl's own handler puts a line about its flags before the first message.
    logger.handlers, logger.propagate = [standard_logging.StreamHandler()], False
    logger.handlers[0].addFilter(
        lambda record: record.levelno > standard_logging.INFO or "qlatent_tf" in record.pathname
    )
