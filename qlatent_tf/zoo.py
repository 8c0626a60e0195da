"""Presets: trained models as directories of data, never of code."""

import importlib.metadata
from pathlib import Path

from qlatent_tf.config import Config
from qlatent_tf.files import atomic_path, read_json, sha256_of, write_json, write_text
from qlatent_tf.registry import latents, models

PRESET_VERSION = 1
WEIGHTS = "model.weights.h5"
_PACKAGES = ("qlatent_tf", "tensorflow", "keras", "tensorflow-probability", "numba", "rdkit")


def build_model(config: Config):
    """Builds an untrained model: the latent, the generator and the critic.

    Args:
      config: Config. Names and options.

    Returns:
      WGANGP, not compiled.

    Raises:
      ValueError: if a name or an option is unknown.
    """
    latent = latents.build(config.latent, **config.latent_options)
    return models.build(
        config.model,
        latent,
        gradient_penalty_weight=config.gradient_penalty_weight,
        critic_steps=config.critic_steps,
        **config.model_options,
    )


def save_preset(directory, model, config: Config, *, metrics=None, card=None, provenance=None):
    """Writes a preset: weights, configuration, scores and a card.

    The configuration, which holds the weights' hash, is written last: a directory that was left
    half-written has none, or one that the weights do not fit.

    Args:
      directory: path. The preset's directory; its name is the preset's.
      model: WGANGP. Its generator and critic are saved, no optimizer.
      config: Config. What the model was trained with.
      metrics: dict. What `evaluate` returned.
      card: str. Markdown for ``README.md``.
      provenance: dict of JSON values. What else should be known: data, steps, time.

    Returns:
      Path of the directory.
    """
    directory = Path(directory)
    # A fresh model, for one that was compiled would save its optimizers too.
    bare = build_model(config)
    bare.set_weights(model.get_weights())
    with atomic_path(directory / WEIGHTS) as temporary:
        bare.save_weights(temporary)
    if metrics is not None:
        write_json(directory / "metrics.json", metrics)
    if card is not None:
        write_text(directory / "README.md", card)
    write_json(directory / "config.json", {
        "preset_version": PRESET_VERSION,
        "config": config.to_json(),
        "sha256": {WEIGHTS: sha256_of(directory / WEIGHTS)},
        "provenance": provenance or {},
        "versions": versions(),
    })
    return directory


def from_preset(name_or_dir, *, latent_options=None, trust_code=False):
    """Loads a trained model.

    Args:
      name_or_dir: str or path. One of `list_presets()`, or a preset's directory.
      latent_options: dict. Options of the latent to change, such as where its file lies here.
      trust_code: bool. Whether a preset may name code outside the project, such as
        ``my_file:my_latent``, which is then imported and run.

    Returns:
      WGANGP with trained weights; `sample` draws from it.

    Raises:
      FileNotFoundError: if there is no such preset, or a file of it is missing.
      ValueError: if a hash is wrong, the preset is of a newer version, or names code that is
        not trusted.

    Example:
      >>> molgan = qlatent_tf.from_preset("molgan_boson_qm9")
      >>> graphs = molgan.sample(100, seed=0)
    """
    directory = preset_directory(name_or_dir)
    description = read_preset(directory, trust_code=trust_code)
    config = description["config"]
    for option, value in (latent_options or {}).items():
        config = config.override(**{f"latent_options.{option}": value})
    weights = directory / WEIGHTS
    if not weights.is_file():
        raise FileNotFoundError(f"The preset {directory} has no {WEIGHTS}.")
    expected, found = description["sha256"].get(WEIGHTS), sha256_of(weights)
    if found != expected:
        raise ValueError(
            f"{weights} has SHA-256 {found}, its preset says {expected}: the file is damaged or "
            "was exchanged. Fetch the preset again."
        )
    model = build_model(config)
    model.load_weights(weights)
    return model


def read_preset(name_or_dir, *, trust_code: bool = False) -> dict:
    """Returns a preset's ``config`` (a `Config`), ``sha256``, ``provenance`` and ``versions``.

    Args:
      name_or_dir: str or path. One of `list_presets()`, or a preset's directory.
      trust_code: bool. Whether it may name code outside the project.

    Raises:
      FileNotFoundError: if there is no such preset.
      ValueError: if it is damaged, of a newer version, or names code that is not trusted.
    """
    path = preset_directory(name_or_dir) / "config.json"
    description = read_json(path)
    if not isinstance(description, dict) or "preset_version" not in description:
        raise ValueError(f"{path} does not describe a preset; it has no preset_version.")
    version = description["preset_version"]
    if not isinstance(version, int) or not 1 <= version <= PRESET_VERSION:
        raise ValueError(
            f"{path} has preset version {version!r}; this version of qlatent_tf reads 1 to "
            f"{PRESET_VERSION}. A newer qlatent_tf may read it."
        )
    for field in ("config", "sha256", "provenance", "versions"):
        if not isinstance(description.get(field), dict):
            raise ValueError(
                f"{path} has no {field}, which is an object; received {description.get(field)!r}."
            )
    try:
        config = Config.from_json(description["config"], trust_code=trust_code)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error
    return {**description, "config": config}


def list_presets() -> list[str]:
    """Returns the names of the presets: those of the package, and those in ``./models``."""
    return sorted({
        path.parent.name for folder in _presets_folders() for path in folder.glob("*/config.json")
    })


def preset_directory(name_or_dir) -> Path:
    """Returns the directory of a preset given by name or by path.

    Raises:
      FileNotFoundError: if there is none; the message lists the known names.
    """
    for directory in (*(folder / name_or_dir for folder in _presets_folders()), Path(name_or_dir)):
        if (directory / "config.json").is_file():
            return directory
    raise FileNotFoundError(
        f"No preset {str(name_or_dir)!r}: neither a directory with a config.json nor one of "
        f"{', '.join(list_presets()) or 'none'}."
    )


def presets_folder() -> Path:
    """Returns where the package's presets lie: inside a wheel, or beside a checkout's package."""
    package = Path(__file__).parent
    installed = package / "presets"
    return installed if installed.is_dir() else package.parent / "models"


def _presets_folders():
    return presets_folder(), writable_presets_folder()


def writable_presets_folder() -> Path:
    """Returns where new presets go: a checkout's zoo, or ``models`` in the working directory.

    What is installed belongs to the package manager.
    """
    folder = presets_folder()
    return Path("models") if folder.parent == Path(__file__).parent else folder


def versions() -> dict[str, str]:
    """Returns the versions of the packages that decide results."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed as a package"
    return found
