"""Names for what a command line can ask for: latents, models, data sets, metrics, rewards.

The word on the command line is the registered name. A third party's object needs no
registration: ``"my_file:my_latent"`` names an attribute of an importable module.
"""

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path


class Registry:
    """A table from names to builders.

    Args:
      kind: str. What is registered, in the singular; used in error messages.
      package: str. The package whose import registers the built-in entries. It is imported
        at the first look-up, so that importing the registry costs nothing.

    Example:
      >>> @latents.register("my_latent")
      ... def my_latent(modes=16): ...
      >>> latents.build("my_latent", modes=8)
    """

    def __init__(self, kind: str, package: str):
        self.kind = kind
        self._package = package
        self._builders: dict[str, Callable] = {}

    def register(self, name: str) -> Callable[[Callable], Callable]:
        """Returns a decorator that enters a builder under `name`.

        Raises:
          ValueError: if the name is taken by another builder or holds a colon.
        """
        if ":" in name:
            raise ValueError(f"A {self.kind} name holds no colon; received {name!r}.")

        def decorator(builder: Callable) -> Callable:
            known = self._builders.get(name)
            if known is not None and known.__module__ != builder.__module__:
                raise ValueError(f"The {self.kind} name {name!r} is taken by {known.__module__}.")
            self._builders[name] = builder
            return builder

        return decorator

    def names(self) -> list[str]:
        """Returns the registered names, sorted."""
        importlib.import_module(self._package)
        return sorted(self._builders)

    def get(self, name: str) -> Callable:
        """Returns the builder called `name`.

        Args:
          name: str. A registered name, or ``"module:attribute"`` for a third party's, whose
            module is imported. Names that come from files pass `Config.from_json` first, which
            lets such a name through only where its code is trusted.

        Raises:
          ValueError: if the name is unknown.
        """
        if not isinstance(name, str):
            raise ValueError(f"A {self.kind} is named by a string; received {name!r}.")
        if ":" in name:
            return _import_attribute(name, self.kind)
        known = self.names()
        if name not in known:
            raise ValueError(
                f"Unknown {self.kind} {name!r}. Known: {', '.join(known)}; or 'module:attribute' "
                "for one of your own."
            )
        return self._builders[name]

    def build(self, name: str, *args, **options):
        """Calls the builder called `name`.

        Raises:
          ValueError: if the name is unknown, an option is not one of the builder's, or one is
            missing.
        """
        builder = self.get(name)
        check_options(builder, options, f"{self.kind} {name!r}", len(args))
        return builder(*args, **options)


def check_options(builder: Callable, options: dict, owner: str, arguments: int = 0) -> None:
    """Refuses options that `builder` does not take, and their lack where it needs them.

    Args:
      builder: callable.
      options: dict. Keyword arguments.
      owner: str. What the options are for, in error messages.
      arguments: int. How many arguments are given by position besides.

    Raises:
      ValueError: naming the options that are unknown or missing, and the legal ones.
    """
    named = [
        parameter
        for parameter in inspect.signature(builder).parameters.values()
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ][arguments:]
    legal = ", ".join(parameter.name for parameter in named)
    missing = [
        parameter.name
        for parameter in named
        if parameter.default is parameter.empty and parameter.name not in options
    ]
    if missing:
        raise ValueError(f"Option {', '.join(missing)} is missing for {owner}. Legal: {legal}.")
    takes_any = any(
        parameter.kind is parameter.VAR_KEYWORD
        for parameter in inspect.signature(builder).parameters.values()
    )
    unknown = sorted(set(options) - {parameter.name for parameter in named})
    if unknown and not takes_any:
        raise ValueError(f"Unknown option {', '.join(unknown)} for {owner}. Legal: {legal}.")


def _import_attribute(name: str, kind: str) -> Callable:
    """Imports ``"module:attribute"``; the working directory is searched as Python's own -m does."""
    module_name, _, attribute = name.partition(":")
    module_name = module_name.removesuffix(".py")
    if not module_name or not attribute:
        raise ValueError(f"A {kind} of your own reads module:attribute; received {name!r}.")
    if "/" in module_name or "\\" in module_name:
        raise ValueError(
            f"A {kind} of your own names a module, no path; received {name!r}. Run in the "
            "folder that holds the file."
        )
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name != module_name.partition(".")[0]:
            raise
        raise ValueError(
            f"The {kind} {name!r} names the module {module_name!r}, which is neither a file in "
            f"{here} nor installed."
        ) from error
    finally:
        if added:
            sys.path.remove(here)
    try:
        builder = getattr(module, attribute)
    except AttributeError as error:
        raise ValueError(
            f"The module {module_name!r} has no {attribute!r}, named by the {kind} {name!r}."
        ) from error
    if not callable(builder):
        raise ValueError(f"The {kind} {name!r} is {builder!r}, which cannot be called.")
    return builder


latents = Registry("latent", "qlatent_tf.latents")
models = Registry("model", "qlatent_tf.models")
datasets = Registry("data set", "qlatent_tf.datasets")
metrics = Registry("metric", "qlatent_tf.metrics")
rewards = Registry("reward", "qlatent_tf.metrics.molecule_rewards")
