"""The training loop, for any latent and any data."""

import lazy_loader

from qlatent_tf.startup.backend import check_backend

check_backend()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
