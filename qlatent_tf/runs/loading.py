"""Trained models from where they lie: a preset, by name or directory, or a run's directory."""

from qlatent_tf import zoo
from qlatent_tf.config import Config
from qlatent_tf.runs.run_directory import RunDirectory, holds_run


def from_preset(name_or_dir, *, latent_options=None, trust_code=False):
    """Loads a trained model.

    Args:
      name_or_dir: str or path. One of `list_presets()`; a preset's directory, or a run's, of which
        the last checkpoint is loaded; or ``hf://user/name``, with or without ``@revision``, a
        preset on the Hugging Face Hub (extra ``hub``).
      latent_options: dict. Options of the latent to change, such as where its file lies here.
      trust_code: bool. Whether what is loaded may name code outside the project, such as
        ``my_file:my_latent``, which is then imported and run.

    Returns:
      LatentGenerator, such as a WGANGP, with trained weights; `sample` draws from it.

    Raises:
      FileNotFoundError: if there is no such preset or run, or a file of it is missing.
      ValueError: if a hash is wrong, the preset is of a newer version, or names code that is
        not trusted.

    Example:
      >>> molgan = qlatent_tf.from_preset("molgan_boson_qm9")
      >>> graphs = molgan.sample(100, seed=0)
    """
    return load_model(name_or_dir, latent_options=latent_options, trust_code=trust_code)[0]


def load_model(source, trust_code: bool = False, latent_options=None):
    """Loads a preset, or a run's last checkpoint; see `from_preset`.

    Returns:
      The model, its configuration, and the training step it is from.
    """
    # What imports TensorFlow comes last: of a name that is wrong, the user hears without it.
    how = {"latent_options": latent_options, "trust_code": trust_code}
    if is_preset(source):
        preset = zoo.read_preset(source, trust_code=trust_code)
        model = zoo.from_preset(source, **how)
        return model, preset["config"], preset["provenance"].get("step")
    run = RunDirectory(source)
    config = run.read_config(trust_code=trust_code)

    from qlatent_tf.runs.training import restore_model

    model, step = restore_model(run, **how)
    return model, config, step


def is_preset(source) -> bool:
    """Returns whether a source, if it is there, is a preset, and no run's directory."""
    return bool(source) and not holds_run(source)


def source_config(source, trust_code: bool = False) -> Config:
    """Returns the configuration of a run's directory or a preset."""
    if is_preset(source):
        return zoo.read_preset(source, trust_code=trust_code)["config"]
    return RunDirectory(source).read_config(trust_code=trust_code)
