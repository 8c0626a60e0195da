"""Samples as pictures, and figures."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "images": ["draw_images"],
        "plane": ["draw_plane"],
        "png": ["write_picture"],
        "vectors": ["draw_vectors"],
    },
)
