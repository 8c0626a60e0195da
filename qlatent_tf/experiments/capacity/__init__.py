"""How wide a classical network must be to match a circuit."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "study": ["cells", "prepare", "write_results"],
    },
)
