"""Runs: from a configuration to a directory."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "evaluation": ["evaluate_real"],
        "run_directory": ["RunDirectory"],
        "training": ["Interrupted", "restore_model"],
    },
)
