"""GANs whose latent space is a quantum device."""

import importlib
import sys

from qlatent_tf._moved import MovedModules

__version__ = "0.1.0"

__all__ = [
    "WGANGP",
    "Config",
    "build_model",
    "evaluate",
    "from_preset",
    "list_presets",
    "load_dataset",
    "read_preset",
    "save_preset",
    "train",
]

_MODULES = {
    "Config": "config",
    "WGANGP": "gan.wgan_gp",
    "build_model": "zoo",
    "evaluate": "runs.evaluation",
    "from_preset": "zoo",
    "list_presets": "zoo",
    "load_dataset": "runs.training",
    "read_preset": "zoo",
    "save_preset": "zoo",
    "train": "runs.training",
}


def __getattr__(name: str):
    # TensorFlow takes seconds to import: a name is fetched when it is first asked for.
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


sys.meta_path.append(MovedModules())
