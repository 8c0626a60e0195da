"""GANs whose latent space is a quantum device."""

import sys

import lazy_loader

from qlatent_tf._moved import MovedModules

__version__ = "0.1.0"

# TensorFlow takes seconds to import: here as in each package, a name is fetched when it is first
# asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

sys.meta_path.append(MovedModules())
