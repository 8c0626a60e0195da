"""GANs whose latent space is a quantum device."""

import sys

import lazy_loader

from qlatent_tf._moved import MovedModules

__version__ = "0.1.0"

# TensorFlow takes seconds to import: here as in each package, a name is fetched when it is first
# asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "datasets",
        "drawing",
        "gan",
        "latents",
        "layers",
        "metrics",
        "models",
        "quantum",
        "runs",
    ],
    submod_attrs={
        "config": ["Config"],
        "gan.wgan_gp": ["WGANGP"],
        "runs.evaluation": ["evaluate"],
        "runs.training": ["load_dataset", "train"],
        "zoo": ["build_model", "from_preset", "list_presets", "read_preset", "save_preset"],
    },
)

sys.meta_path.append(MovedModules())
