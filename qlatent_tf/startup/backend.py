"""Which backend Keras computes by: TensorFlow is the only one that this package can use."""

import json
import os
import sys
from pathlib import Path


class BackendError(ImportError):
    """Keras is to compute by another backend than TensorFlow."""


def check_backend() -> None:
    """Refuses other backends of Keras than TensorFlow, before Keras is imported.

    Raises:
      BackendError: naming the backend and where it was chosen.
    """
    name, origin = _chosen()
    if name != "tensorflow":
        raise BackendError(
            f"qlatent_tf needs Keras with the backend tensorflow; {origin} says {name}. Set "
            "KERAS_BACKEND=tensorflow."
        )


def keras_home() -> Path:
    """Returns the folder of Keras' settings, and of what it downloads."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()


def _chosen():
    if "keras" in sys.modules and hasattr(sys.modules["keras"], "config"):
        return sys.modules["keras"].config.backend(), "Keras, which is imported already,"
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"], "KERAS_BACKEND"
    file = keras_home() / "keras.json"
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["backend"]), str(file)
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow", "nothing"
