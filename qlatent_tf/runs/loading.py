"""Trained models from where they lie: a preset, by name or directory, or a run's directory."""

from qlatent_tf import zoo
from qlatent_tf.config import Config
from qlatent_tf.latents.files import check_file, named_files, with_file
from qlatent_tf.runs.own_code import warn_of_other_code
from qlatent_tf.runs.run_directory import RunDirectory, holds_run


def from_preset(name_or_dir, *, latent_options=None, trust_code=False):
    """Loads a trained model.

    Args:
      name_or_dir: str or path. One of `list_presets()`; a preset's directory, or a run's, of which
        the last checkpoint is loaded; or ``hf://user/name``, with or without ``@revision``, a
        preset on the Hugging Face Hub (extra ``hub``).
      latent_options: dict. Options of the latent to change, such as ``{"file": PATH}``, where the
        file of its samples lies here. One that is named and is another file than that of the
        training is taken, with a warning.
      trust_code: bool. Whether what is loaded may name code outside the project, such as
        ``my_file:my_latent``, which is then imported and run.

    Returns:
      LatentGenerator, such as a WGANGP, with trained weights; `sample` draws from it.

    Raises:
      FileNotFoundError: if there is no such preset or run, or a file of it, or of its latent, is
        missing.
      ValueError: if a hash is wrong, of a preset's file or of the file that the latent reads, the
        preset is of a newer version, or names code that is not trusted.

    Example:
      >>> molgan = qlatent_tf.from_preset("molgan_boson_qm9")
      >>> graphs = molgan.sample(100, seed=0)
    """
    return load_model(name_or_dir, latent_options=latent_options, trust_code=trust_code)[0]


def load_model(source, trust_code: bool = False, latent_options=None, latent_file=None):
    """Loads a preset, or a run's last checkpoint; see `from_preset`.

    Args:
      source, trust_code, latent_options: as of `from_preset`.
      latent_file: path. Where the file that the latent reads lies here; None for where it lay.

    Returns:
      The model, its configuration, and the training step it is from.
    """
    # What imports TensorFlow comes last: of a name that is wrong, the user hears without it.
    config, record = described(source, trust_code)
    options = dict(latent_options or {})
    if latent_file is not None:
        options.update(named_files(with_file(config, latent_file)))
    reads = config.with_latent_options(options)
    # A circuit that was trained from a file is decided, and the file only says where it started.
    named = sorted(named_files(config).keys() & options.keys())
    if named and config.train_circuit and not record.get("latent_file"):
        raise ValueError(
            f"{source} does not record the file that its circuit was trained from, so no other can "
            f"be told from it; received {named[0]}={options[named[0]]!r}."
        )
    decided = config.train_circuit or not named
    check_file(source, record.get("latent_file"), reads, named=not decided)
    warn_of_other_code(source, record.get("code"), config)
    how = {"latent_options": options, "trust_code": trust_code}
    if is_preset(source):
        return zoo.from_preset(source, **how), config, record.get("step")

    from qlatent_tf.runs.training import restore_model

    model, step = restore_model(RunDirectory(source), **how)
    return model, config, step


def is_preset(source) -> bool:
    """Returns whether a source, if it is there, is a preset, and no run's directory."""
    return bool(source) and not holds_run(source)


def source_config(source, trust_code: bool = False) -> Config:
    """Returns the configuration of a run's directory or a preset."""
    return described(source, trust_code)[0]


def described(source, trust_code: bool = False) -> tuple[Config, dict]:
    """Returns the configuration of a run or a preset, and what was recorded of its training.

    The record is of data, steps, files and code.
    """
    if is_preset(source):
        preset = zoo.read_preset(source, trust_code=trust_code)
        return preset["config"], preset["provenance"]
    run = RunDirectory(source)
    return run.read_config(trust_code=trust_code), run.read_run()
