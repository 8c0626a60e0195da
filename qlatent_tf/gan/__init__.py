"""The training loop, for any latent and any data."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "latent_generator": ["LatentGenerator"],
        "replicas": ["make_strategy"],
    },
)
