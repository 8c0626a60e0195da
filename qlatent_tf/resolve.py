"""Completes configurations: what is left open is filled in, also under another seed or latent."""

import dataclasses
import inspect

from qlatent_tf.config import Config
from qlatent_tf.registry import datasets, latents, models
from qlatent_tf.seeds import derive_seed

_REGISTRIES = {"latent": latents, "model": models, "dataset": datasets}
# Options that may name a file of a circuit.
CIRCUIT_FILES = ("unitary_file", "transfer_file", "device")
# By which a latent has a circuit that no seed names.
OWN_CIRCUITS = ("unitary", *CIRCUIT_FILES)
# Options of latents that may name a file.
LATENT_FILES = ("file", *CIRCUIT_FILES)
_NAMES_OF_CIRCUITS = ("unitary_seed", *CIRCUIT_FILES)


def resolve(config: Config) -> Config:
    """Returns the configuration with nothing left open.

    Options that are not given get their builders' defaults, so that a later version's other
    defaults do not change what a run or a preset is. Where latent or data come from a random
    circuit and none is named, the run's seed chooses it: another one for each latent, and another
    for the data. A builder may have ``follows(config)``, which returns options that depend on
    others, such as the width of a sample on the data.
    """
    builders = {kind: known.get(getattr(config, kind)) for kind, known in _REGISTRIES.items()}
    for kind, builder in builders.items():
        given = getattr(config, f"{kind}_options")
        following = _following(builder, config)
        # What is None is left open where another value follows.
        stated = {k: one for k, one in given.items() if one is not None or k not in following}
        options = {**_defaults(builder), **following, **stated}
        if options.get("standardize") is False:  # As it is where nobody names it.
            del options["standardize"]
        named = any(given.get(name) is not None for name in _NAMES_OF_CIRCUITS)
        if "unitary_seed" in options and not named:
            options["unitary_seed"], _ = _chosen_circuits(config, kind)
        config = dataclasses.replace(config, **{f"{kind}_options": options})
    return config


def share_circuits(config: Config) -> Config:
    """Returns the configuration with circuits that all latents, and all data, of its seed share.

    A circuit that is named stays; that of the data is another than the latent's.
    """
    for kind in ("latent", "dataset"):
        options = getattr(config, f"{kind}_options")
        named = any(options.get(name) is not None for name in _NAMES_OF_CIRCUITS)
        builder = _REGISTRIES[kind].get(getattr(config, kind))
        if "unitary_seed" in _defaults(builder) and not named:
            _, shared = _chosen_circuits(config, kind)
            options = {**options, "unitary_seed": shared}
            config = dataclasses.replace(config, **{f"{kind}_options": options})
    return config


def data_width(config: Config) -> int | None:
    """Returns the width of the data's samples, None where their builder does not tell it.

    A builder tells it by ``width_of(options)``.
    """
    return _told_of_data(config, "width_of")


def image_shape(config: Config) -> tuple[int, int, int] | None:
    """Returns height, width and bands of the data's images, None where their builder does not tell.

    A builder tells it by ``shape_of(options)``.
    """
    return _told_of_data(config, "shape_of")


def graph_sizes(config: Config) -> tuple[int, int] | None:
    """Returns the places and the types of atoms in the data's graphs, None where nobody tells them.

    A builder tells them by ``graph_of(options)``.
    """
    return _told_of_data(config, "graph_of")


def _told_of_data(config, what):
    builder = datasets.get(config.dataset)
    options = {**_defaults(builder), **config.dataset_options}
    return getattr(builder, what, lambda options: None)(options)


def changed_options(config: Config, kind: str) -> dict:
    """Returns the options that are not what a builder takes by default, random circuits apart.

    The width that a latent's circuit has is no change; that which a model takes from data is one.

    Args:
      config: Config.
      kind: str. ``model``, ``latent`` or ``dataset``.
    """
    name, options = getattr(config, kind), getattr(config, f"{kind}_options")
    defaults = {}  # all of somebody's own, whose file may lie on another machine
    if ":" not in name:
        builder = _REGISTRIES[kind].get(name)
        defaults = _defaults(builder)
        if kind == "latent":
            defaults |= _following(builder, config)
    return {
        name: value
        for name, value in options.items()
        if name != "unitary_seed" and (name not in defaults or value != defaults[name])
    }


def reseed(config: Config, seed: int) -> Config:
    """Returns the configuration under another seed, circuits that the old one chose included."""
    reseeded = dataclasses.replace(config, seed=seed)
    for kind in ("latent", "dataset"):
        options = getattr(config, f"{kind}_options")
        chosen = _chosen_circuits(config, kind)
        if options.get("unitary_seed") in chosen:
            circuit = _chosen_circuits(reseeded, kind)[chosen.index(options["unitary_seed"])]
            options = {**options, "unitary_seed": circuit}
            reseeded = dataclasses.replace(reseeded, **{f"{kind}_options": options})
    return reseeded


def with_latent(config: Config, latent: str) -> Config:
    """Returns the configuration with another latent, which keeps the options that it knows too.

    A circuit that was named by its seed is kept, and one that all latents share; one that the
    configuration's seed chose for the old latent alone is not. Where circuits stood side by side
    and the new latent is one, it is as wide as all of them.
    """
    known = latents.options(latent)
    own, _ = _chosen_circuits(config, "latent")
    chosen = config.latent_options.get("unitary_seed") == own
    options = {
        name: value
        for name, value in config.latent_options.items()
        if name in {*known, "standardize"} and not (chosen and name == "unitary_seed")
    }
    if options.get("modes") and "tiles" not in known:
        options["modes"] *= config.latent_options.get("tiles", 1)
    return dataclasses.replace(config, latent=latent, latent_options=options)


def with_dataset(config: Config, name: str | None) -> Config:
    """Returns the configuration with another data set, as it is by default.

    Args:
      config: Config.
      name: str. The data set; its own, or None, leaves the configuration with its options.
    """
    if name in (None, config.dataset):
        return config
    return dataclasses.replace(config, dataset=name, dataset_options={})


def _following(builder, config):
    """What follows from the rest of a configuration, of the options that the builder takes."""
    follows = getattr(builder, "follows", lambda config: {})(config)
    return {name: follows[name] for name in follows.keys() & inspect.signature(builder).parameters}


def _defaults(builder):
    # Where data lie and whether a bar is shown is no matter of the configuration, nor is an object.
    return {
        name: list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
        for name, parameter in inspect.signature(builder).parameters.items()
        if isinstance(parameter.default, (str, int, float, list, tuple, dict, type(None)))
        and name not in ("data_dir", "progress", "unitary")
    }


def _chosen_circuits(config, kind):
    """The circuits that the configuration's seed chooses: of its name alone, and for all names."""
    of = (f"{kind} {getattr(config, kind)}", kind)
    return [derive_seed(config.seed, f"{one} unitary") for one in of]
