"""Presets: trained models as directories of data, never of code."""

import dataclasses
from pathlib import Path

import numpy as np

from qlatent_tf.config import Config, reward_names
from qlatent_tf.glossary import entries
from qlatent_tf.latents.files import (
    check_endings,
    file_record,
    file_to_keep,
    latent_file,
    lies_in,
    named_files,
    path_in,
    with_file,
)
from qlatent_tf.latents.trained import check_trainable, trained
from qlatent_tf.registry import (
    datasets,
    latents,
    metrics,
    models,
    results_of,
    rewards,
)
from qlatent_tf.resolve import OWN_CIRCUITS
from qlatent_tf.storage.preset_files import (
    GAN,
    check_hash,
    checked_weights,
    list_presets,
    name_of_latent_file,
    preset_directory,
    read_description,
)
from qlatent_tf.storage.preset_writer import write_preset
from qlatent_tf.text.names import UnknownNameError

__all__ = [
    "build_model",
    "check_names",
    "from_preset",
    "list_presets",
    "preset_directory",
    "read_preset",
    "save_preset",
]


# Latents of a model that is to be kept.
_COMPARED = 8
# What the models of the zoo hand on to `WGANGP` and no field of a configuration sets.
PASSED_ON = ("one_sided_penalty",)


def check_metric(name: str) -> None:
    """Refuses a metric that is unknown, and a score, of which a metric returns several.

    Raises:
      ValueError: naming the metrics that return the score, or those that there are.
    """
    returned_by = [entry.metric for entry in entries() if entry.name == name and entry.metric]
    if name not in metrics.names() and returned_by:
        raise UnknownNameError(
            f"{name!r} is a score; name a metric that returns it: {' '.join(returned_by)}.", name
        )
    metrics.check(name)


def check_names(config: Config) -> None:
    """Refuses names and options that are unknown, without TensorFlow; builders refuse values.

    It imports the user's own code that training needs: latent, model, data, metrics and rewards.

    Raises:
      ValueError: naming what is unknown, or missing, and what is legal.
    """
    for registry, name, options, arguments in (
        (latents, config.latent, config.latent_options, 0),
        (models, config.model, config.model_options, 1),
        (datasets, config.dataset, config.dataset_options, 0),
    ):
        passed_on = PASSED_ON if _is_ours(registry.get(name)) else None
        registry.check_options(name, options, arguments, passed_on)
    if config.train_circuit:
        check_trainable(config.latent, config.latent_options)
    for name in config.metrics:
        # What is ours is found by its name, without what it imports.
        (metrics.get if ":" in name else check_metric)(name)
    if config.model_options.get("reward") and _is_ours(models.get(config.model)):
        for name in reward_names(config):
            (rewards.get if ":" in name else rewards.check)(name)


def build_model(config: Config):
    """Builds an untrained model: the latent, the generator and the critic.

    Args:
      config: Config. Names and options.

    Returns:
      LatentGenerator, such as a WGANGP; not compiled.

    Raises:
      ValueError: if a name or an option is unknown.
    """
    from qlatent_tf.gan.shapes import latent_width
    from qlatent_tf.layers.defaults import keras_defaults

    latent = latents.build(config.latent, **config.latent_options)
    with results_of(config.latent, "latent"):
        latent_width(latent)
    if config.train_circuit:
        latent = trained(latent, config.latent, config.latent_options)
    options = dict(config.model_options)
    taken = models.options(config.model)
    for name in ("gradient_penalty_weight", "critic_steps"):
        # What is no GAN, such as the autoencoder, takes neither.
        if name in taken or any(option.kind is option.VAR_KEYWORD for option in taken.values()):
            options[name] = getattr(config, name)
    with keras_defaults(config.precision):
        model = models.build(config.model, latent, **options)
    with results_of(config.model, "model"):
        if not hasattr(model, "sample_latents"):
            said = f"A model is a LatentGenerator, such as a WGANGP; received {model!r}."
            raise ValueError(said)
    if config.train_circuit and getattr(model, "latent_layer", None) is None:
        raise ValueError(
            f"The model {config.model!r} has no latent to train; received train_circuit=true."
        )
    return model


def save_preset(
    directory,
    model,
    config: Config,
    *,
    metrics=None,
    card=None,
    provenance=None,
    checkpoint=(),
    pictures=None,
    with_latent_file=False,
):
    """Writes a preset: weights, configuration, scores and a card.

    Args:
      directory: path. The preset's directory; its name is the preset's.
      model: LatentGenerator. Its networks are saved, the generator with averaged weights where it
        has them; no optimizer.
      config: Config. What the model was trained with.
      metrics: dict. What `evaluate` returned; with the ``step`` that was scored, which is that of
        the provenance, or the configuration's last, unless it is given.
      card: str. Markdown for ``README.md``.
      provenance: dict of JSON values. What else should be known: data, steps, time.
      checkpoint: sequence of path. The files of the run's last checkpoint; with them, training
        can be continued from the preset.
      pictures: dict of str to bytes. The card's: name without ``.png`` -> the file's content.
      with_latent_file: bool. Whether the preset holds the file that its latent reads, samples or a
        circuit, so that it needs nothing else. Who gets the preset then gets the file.

    Returns:
      Path of the directory.

    Raises:
      ValueError: if the metrics have another form, the model's latent is another than the
        configuration's, or a preset cannot hold its file; nothing is written.
    """
    if metrics is not None:
        step = (provenance or {}).get("step")
        metrics = {"step": config.steps if step is None else step, **metrics}
    named = {**_unnamed_circuit(config), **config.latent_options}
    config = dataclasses.replace(config, latent_options=named)
    # What lies in the preset that is replaced would be gone with it.
    held = with_latent_file or lies_in(config, directory)
    kept = file_to_keep(config) if held else None
    reads = {} if latent_file(config) is None else {"latent_file": file_record(config)}
    # A fresh model, for one that was compiled would save its optimizers too.
    bare = build_model(config)
    bare.set_weights(model.get_weights())
    bare.generator.set_weights(model.sampling_weights())
    _check_same_latent(model, bare, config)
    return write_preset(
        directory,
        GAN,
        (with_file(config, name_of_latent_file(kept)) if kept else config).to_json(),
        bare.save_weights,
        metrics=metrics,
        card=card,
        provenance={**reads, **(provenance or {})},
        checkpoint=checkpoint,
        pictures=pictures,
        latent_file=kept,
    )


def _check_same_latent(model, built, config):
    """Refuses to keep a generator with another latent than it read, such as another circuit."""
    if not _is_ours(latents.get(config.latent)):
        return  # One of someone's own need not give the same samples for the same seed.
    mine, theirs = (np.asarray(one.sample_latents(_COMPARED, seed=0)) for one in (model, built))
    if mine.shape != theirs.shape or not np.allclose(mine, theirs, atol=1e-3):
        raise ValueError(
            f"The model's latent is not the one that the configuration describes, {config.latent} "
            f"with latent_options={config.latent_options}: samples of one seed differ. Name the "
            "options that the latent was made with, such as unitary_seed."
        )


def from_preset(name_or_dir, *, latent_options=None, trust_code=False):
    """Loads a preset; see `qlatent_tf.from_preset`, which loads runs too."""
    description = read_preset(name_or_dir, trust_code=trust_code)
    config = description["config"].with_latent_options(latent_options)
    weights = checked_weights(name_or_dir, description)
    _check_kept(weights.parent, config, description["sha256"])
    try:
        model = build_model(config)
        model.load_weights(weights)
    except ValueError as error:
        raise ValueError(f"The preset {weights.parent} cannot be loaded: {error}") from error
    if not all(np.isfinite(values).all() for values in model.get_weights()):
        raise ValueError(f"{weights} holds weights that are no finite numbers.")
    return model


def read_preset(name_or_dir, *, trust_code: bool = False) -> dict:
    """Returns a preset's ``config`` (a `Config`), ``sha256``, ``provenance`` and ``versions``.

    Args:
      name_or_dir: str or path. One of `list_presets()`, a preset's directory, or
        ``hf://user/name`` on the Hugging Face Hub.
      trust_code: bool. Whether it may name code outside the project.

    Raises:
      FileNotFoundError: if there is no such preset.
      ValueError: if it is damaged, of a newer version, not of a GAN, or names code that is not
        trusted.
    """
    description = read_description(name_or_dir, GAN)
    try:
        config = Config.from_json(description["config"], trust_code=trust_code)
        if not trust_code:
            check_endings(config)
        config = _where_kept(name_or_dir, config, description["sha256"])
        if _unnamed_circuit(config):
            raise ValueError(
                f"latent_options lack 'unitary_seed', the name of the circuit that the model was "
                f"trained with; received {config.latent_options}."
            )
    except (ValueError, TypeError) as error:
        path = preset_directory(name_or_dir) / "config.json"
        raise ValueError(f"{path}: {error}") from error
    return {**description, "config": config}


def _where_kept(name_or_dir, config, hashes):
    """Returns the configuration with the path of the latent's file, if the preset holds it."""
    for option, value in named_files(config).items():
        file = path_in(option, value)
        if file in hashes:
            return with_file(config, preset_directory(name_or_dir) / file)
    return config


def _check_kept(directory, config, hashes):
    """Refuses a damaged file of the latent, before anything of it is read.

    Raises:
      FileNotFoundError, ValueError: naming it.
    """
    file = latent_file(config)
    path = None if file is None else Path(file)
    if path is None or path.parent != directory or path.name not in hashes:
        return  # It lies elsewhere.
    if not path.is_file():
        raise FileNotFoundError(f"The preset {directory} has no {path.name}.")
    check_hash(path, hashes[path.name])


def _unnamed_circuit(config: Config) -> dict:
    """Returns the default of `unitary_seed` if the latent takes one and its options have none."""
    options = config.latent_options
    own = any(options.get(name) is not None for name in OWN_CIRCUITS)
    if ":" in config.latent or "unitary_seed" in options or own:
        return {}
    parameter = latents.options(config.latent).get("unitary_seed")
    return {} if parameter is None else {"unitary_seed": parameter.default}


def _is_ours(builder):
    return builder.__module__.startswith("qlatent_tf.")
