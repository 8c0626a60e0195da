"""GANs whose latent space is a quantum device."""

import os
import sys

import lazy_loader

from qlatent_tf._moved import MovedModules

# HDF5 locks the files that it reads, which some network file systems cannot do. It asks once, when
# h5py is imported.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

__version__ = "0.1.0"

# TensorFlow takes seconds to import: here as in each package, a name is fetched when it is first
# asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

sys.meta_path.append(MovedModules())
