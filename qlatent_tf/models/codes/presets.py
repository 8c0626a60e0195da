"""Presets of autoencoders, one of which a GAN over codes takes in place of training its own."""

import shlex

from qlatent_tf.storage.files import read_json
from qlatent_tf.storage.preset_files import list_presets, preset_directory, read_description

_MODEL = "autoencoder"


def autoencoder_options(preset) -> dict:
    """Returns the options with which the autoencoder of a preset was built; needs no TensorFlow.

    Args:
      preset: str or path. What `model_options.autoencoder` names.

    Raises:
      FileNotFoundError: if there is no such preset; the message lists the autoencoders.
      ValueError: if it is a run's directory, a preset of another model, or damaged.
    """
    found = read_json(preset_directory(preset, _MODEL) / "config.json", {"model?": str})
    is_run = "model" in found and "preset_version" not in found
    config = found if is_run else read_description(preset)["config"]
    model = config.get("model")
    if model == _MODEL and not is_run:
        return config.get("model_options", {})
    known = ", ".join(list_presets(_MODEL)) or "none yet"
    of = f"the model {model!r}" if model else "another kind"
    # A run may go on, and its autoencoder change; what a preset holds stays.
    make = f" Make a preset of it: qlatent-tf publish {shlex.quote(str(preset))} my_autoencoder."
    raise ValueError(
        f"model_options.autoencoder names a preset of an autoencoder, such as {known}; {preset} is "
        f"a {'run' if is_run else 'preset'} of {of}.{make if model == _MODEL else ''}"
    )
