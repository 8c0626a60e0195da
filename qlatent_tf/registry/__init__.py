"""Names for what a command line can ask for: latents, models, data sets, metrics, rewards.

The word on the command line is the registered name. A third party's object needs no
registration: ``"my_file:my_latent"`` names an attribute of an importable module.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
