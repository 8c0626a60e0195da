"""What a tool works on: the configuration and the model that its arguments name."""

import dataclasses
import importlib
import os
import sys

import numpy as np
from qlatent_tf.tools.arguments import settings_of
from qlatent_tf.tools.asked_data import check_dataset
from qlatent_tf.tools.command_line import slow_work

from qlatent_tf.config import Config
from qlatent_tf.latents.files import check_file
from qlatent_tf.quantum import memory
from qlatent_tf.registry import OF_FILES, latents, mistakes_of, models
from qlatent_tf.runs import loading
from qlatent_tf.runs.loading import described
from qlatent_tf.storage.files import INCEPTION_VARIABLE, user_path
from qlatent_tf.text.names import UnknownNameError, did_you_mean

_LATENT_OPTIONS = ("modes", "photons", "unitary_seed", "unitary_file", "latent_file")
_MODEL_OPTIONS = ("generator", "reward", "reward_weight")
_MANY = 10_000  # From which on one sample is worth drawing, to see its size.


def check_memory(model, num_samples: int) -> None:
    """Refuses more samples than memory holds, before they are drawn.

    Raises:
      ValueError: saying what they take and what there is.
    """
    if num_samples < _MANY:
        return
    sample = model.sample(1, 0)
    parts = sample.values() if isinstance(sample, dict) else [sample]
    # Latents, networks' outputs and what they become are there at once.
    needed = 2 * num_samples * sum(np.asarray(part).nbytes for part in parts)
    try:
        memory.check_memory(needed, f"{num_samples:,} samples")
    except ValueError as error:
        raise ValueError(f"{error} Draw fewer, in several files with other seeds.") from None


def check_files(arguments) -> None:
    """Refuses files of the latent that are not there, before TensorFlow is imported.

    Raises:
      FileNotFoundError: naming the file.
    """
    for option in ("latent_file", "unitary_file"):
        file = getattr(arguments, option)
        if file and not user_path(file).exists():
            raise FileNotFoundError(
                f"There is no {file}, which --{option.replace('_', '-')} names."
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


def load_model(source, trust_code: bool, latent_file=None):
    """Loads a preset, or a run's last checkpoint; see `qlatent_tf.runs.loading.load_model`."""
    with slow_work(f"Building the model of {source}"):
        return loading.load_model(source, trust_code, latent_file=latent_file)


def config_from_arguments(arguments) -> Config:
    """Returns the model's configuration with the command line's changes.

    Raises:
      ValueError: if a name or a key is unknown, or a value is named twice.
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
    if arguments.dataset:
        check_dataset(arguments.dataset)
    changes = {
        **_given_options(arguments, _LATENT_OPTIONS, latents, config.latent),
        **_given_options(arguments, _MODEL_OPTIONS, models, config.model),
    }
    for name in ("dataset", "steps", "batch_size", "seed", "train_circuit"):
        if getattr(arguments, name) is not None:
            changes[name] = getattr(arguments, name)
    if arguments.standardize:
        changes["latent_options.standardize"] = True
    changes = settings_of(arguments.settings, changes)
    config = config.override(**changes)
    if config.latent == "samples" and config.latent_options.get("file") is None:
        raise ValueError("--latent samples draws from a file: name it with --latent-file.")
    if config.dataset in OF_FILES and not config.dataset_options.get("file"):
        raise ValueError(
            f"--dataset {config.dataset} reads a file: name it by --set dataset_options.file=FILE."
        )
    trains = [name for name in changes if name.startswith("circuit_")]
    if trains and not config.train_circuit:
        raise ValueError(f"{trains[0]} is of a circuit that is trained: add --train-circuit.")
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


def _given_options(arguments, names, registry, name):
    """The options of the latent or the model that the command line has arguments for."""
    legal, kind, changes = registry.options(name), registry.kind, {}
    for argument in names:
        option, value = argument.removeprefix("latent_"), getattr(arguments, argument)
        if value is not None:
            if option not in legal:
                known = [
                    one
                    for one, parameter in legal.items()
                    if one != "latent" and parameter.kind is not parameter.VAR_KEYWORD
                ]
                raise ValueError(
                    f"--{argument.replace('_', '-')} means nothing to the {kind} {name!r}, whose "
                    f"options are {', '.join(known)}."
                )
            changes[f"{kind}_options.{option}"] = value
    return changes


def _changed_source(source, arguments):
    from qlatent_tf.resolve import reseed, with_dataset, with_latent

    # What the command line names itself is trusted.
    named = (arguments.latent, arguments.dataset, *(arguments.reward or ()))
    trust = arguments.trust_code or [name for name in named if name]
    config, record = described(source, trust)
    if not arguments.latent_file and not arguments.unitary_file and not arguments.latent:
        check_file(source, record.get("latent_file"), config)
    if arguments.seed is not None:
        config = reseed(config, arguments.seed)
    config = with_dataset(config, arguments.dataset)
    if arguments.latent not in (None, config.latent):
        config = with_latent(config, arguments.latent)
    return config


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
        raise UnknownNameError(
            f"Unknown variant {variant!r} of {model!r}.{did_you_mean(variant, variants)} Legal: "
            f"{', '.join(variants) or 'none, it has one configuration'}.",
            variant,
        )
    latent = latent or getattr(module, "LATENT", "boson")
    latents.get(latent)
    with mistakes_of(model, "model"):
        config = module.get_config(latent, *([] if variant is None else [variant]))
    if not isinstance(config, Config):
        raise ValueError(f"{module.__name__}.get_config returned {config!r}, not a Config.")
    # A file may have several models, and one configuration for all of them.
    same = models.get(config.model) is builder
    return config if same else dataclasses.replace(config, model=model)
