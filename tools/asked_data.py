"""The data that a command line asks for: of a preset or a run, by name, or in their place."""

import dataclasses
import os
import sys
import textwrap

from qlatent_tf.tools.arguments import settings_of

from qlatent_tf.config import Config
from qlatent_tf.registry import datasets
from qlatent_tf.text.names import did_you_mean

# For data that may have to be downloaded, what comes with the package, and which options it takes.
_FALLBACKS = {
    "qm9": ("small_molecules", {"test_share"}),
    "sat4": ("naip28_small", {"bands"}),
    "sat6": ("naip28_small", {"bands"}),
    "naip28": ("naip28_small", {"bands", "classes"}),
}


def check_dataset(name: str) -> None:
    """Refuses a data set that is unknown, and a file in place of one.

    Raises:
      ValueError: with the data set that reads such a file.
    """
    known = datasets.names()
    if os.path.exists(name) and name not in known and not did_you_mean(name, known):
        raise ValueError(
            f"{name} is a file or folder, not a data set. Vectors of a file: --dataset vectors "
            f"--set dataset_options.file={name}; molecules and images: --dataset molecules or "
            "images, with the same option."
        )
    datasets.check(name)


def source_data(arguments, config: Config):
    """Loads the data set of a source's configuration, or the one that --dataset names."""
    from qlatent_tf.resolve import with_dataset

    if arguments.dataset:
        check_dataset(arguments.dataset)
    return data_as_asked(arguments, with_dataset(config, arguments.dataset))


def data_as_asked(arguments, dataset):
    """Loads the data set of a configuration or a name, with options by --set where a tool has it.

    Raises:
      ValueError: if --set names anything else than an option of the data.
    """
    from qlatent_tf.runs.training import load_dataset

    options, others = options_of_data(settings_of(getattr(arguments, "settings", ()), {}))
    for key in others:
        raise ValueError(f"Here --set is for options of the data, dataset_options.NAME: not {key}.")
    datasets.refuse_offered(getattr(dataset, "dataset", dataset), options)
    return load_dataset(dataset, data_dir=arguments.data_dir, **options)


def options_of_data(settings: dict) -> tuple[dict, dict]:
    """Returns the options of the data among settings, by their names, and the other settings."""
    options, others = {}, {}
    for key, value in settings.items():
        field, _, option = key.partition(".")
        if field == "dataset_options" and option:
            options[option] = value
        else:
            others[key] = value
    return options, others


def are_molecules(samples) -> bool:
    """Returns whether a model's samples are graphs of molecules."""
    return isinstance(samples, dict) and set(samples) == {"atoms", "bonds"}


def known_molecules(arguments, config: Config):
    """Returns the SMILES of that data set.

    Raises:
      ValueError: if it has none.
    """
    dataset = source_data(arguments, config)
    if not hasattr(dataset, "smiles"):
        raise ValueError(f"The data set {dataset.name!r} has no molecules to compare with.")
    return dataset.smiles


def with_fallback_dataset(config: Config, arguments):
    """Loads the data; without --dataset, the package's own set replaces what is not available.

    It takes the options of the data. With one that it does not have, nothing is replaced.

    Returns:
      The configuration, which names the data set really loaded, and the data set.

    Raises:
      FileNotFoundError: if a data set was asked for by name and is not available.
    """
    from qlatent_tf.resolve import changed_options, resolve
    from qlatent_tf.runs.training import load_dataset

    config = resolve(config)
    load = {"data_dir": arguments.data_dir, "progress": not arguments.quiet}
    fallback, kept = _FALLBACKS.get(config.dataset, (None, ()))
    try:
        return config, load_dataset(config, **load)
    except FileNotFoundError as error:
        if arguments.dataset or not fallback or changed_options(config, "dataset").keys() - kept:
            raise
        told = (
            f"Training on {fallback!r} INSTEAD OF {config.dataset!r}. The small set comes with the "
            f"package; do not compare its scores with those on {config.dataset!r}. To train on "
            "other data, name them with --dataset.",
            f"The reason: {error}",
        )
        lines = [textwrap.fill(one, 78, break_on_hyphens=False) for one in told]
        print("\n".join(["-" * 78, *lines, "-" * 78]), file=sys.stderr)
        options = {name: one for name, one in config.dataset_options.items() if name in kept}
        config = dataclasses.replace(config, dataset=fallback, dataset_options=options)
        return config, load_dataset(config, **load)
