"""A table from names to builders."""

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence

from qlatent_tf.registry.options import check_options
from qlatent_tf.registry.own_code import import_own, mistakes_of
from qlatent_tf.text.names import UnknownNameError, did_you_mean


class Registry:
    """A table from names to builders.

    Args:
      kind: str. What is registered, in the singular; used in error messages.
      homes: dict of str to str. Name -> ``"module:attribute"`` of the builders in this package. A
        module is imported when its builder is asked for: names cost nothing.
      offered: dict of str to str. What callers of `build` hand over, only to the builders that take
        it, and which is no option -> by what it is given.
      removed: dict of str to str. Names of earlier versions -> what to use instead.

    Example:
      >>> @latents.register("my_latent")
      ... def my_latent(modes=16): ...
      >>> latents.build("my_latent", modes=8)
    """

    # Options that all take besides those of their builders.
    beside: Sequence[str] = ()

    def __init__(
        self,
        kind: str,
        homes: Mapping[str, str],
        offered: Mapping[str, str] | None = None,
        removed: Mapping[str, str] | None = None,
    ):
        self.kind = kind
        self._homes = homes
        self._offered = offered or {}
        self._removed = removed or {}
        self._builders: dict[str, Callable] = {}

    def register(self, name: str) -> Callable[[Callable], Callable]:
        """Returns a decorator that enters a builder under `name`.

        Raises:
          ValueError: if the name is taken by another builder or holds a colon.
        """
        if ":" in name:
            raise ValueError(f"A {self.kind} name holds no colon; received {name!r}.")

        def decorator(builder: Callable) -> Callable:
            taken_by = "qlatent_tf" if name in self._homes else ""
            if name in self._builders:
                taken_by = self._builders[name].__module__
            if taken_by not in ("", builder.__module__):
                raise ValueError(f"The {self.kind} name {name!r} is taken by {taken_by}.")
            self._builders[name] = builder
            return builder

        return decorator

    def names(self) -> list[str]:
        """Returns the registered names, sorted."""
        return sorted({*self._homes, *self._builders})

    def is_ours(self, name: str) -> bool:
        """Returns whether the package has a builder of this name, and nobody else."""
        return name in self._homes

    def check(self, name: str) -> None:
        """Refuses a name that is unknown, without importing what it names.

        Raises:
          UnknownNameError: if it is neither registered nor ``"module:attribute"``.
        """
        if not isinstance(name, str):
            raise ValueError(f"A {self.kind} is named by a string; received {name!r}.")
        if name in self._removed and name not in self._builders:
            raise UnknownNameError(
                f"This version has no {self.kind} {name!r} any more. {self._removed[name]}", name
            )
        if ":" not in name and name not in self.names():
            raise UnknownNameError(
                f"Unknown {self.kind} {name!r}.{did_you_mean(name, self.names())} Known: "
                f"{', '.join(self.names())}; or 'module:attribute' for one of your own.",
                name,
            )

    def get(self, name: str) -> Callable:
        """Returns the builder called `name`.

        Args:
          name: str. A registered name, or ``"module:attribute"`` for a third party's, whose
            module is imported. Names that come from files pass `Config.from_json` first, which
            lets such a name through only where its code is trusted.

        Raises:
          ValueError: if the name is unknown.
        """
        self.check(name)
        if ":" in name:
            return import_own(name, self.kind)
        if name in self._builders:
            return self._builders[name]
        module, _, attribute = self._homes[name].partition(":")
        return getattr(importlib.import_module(f"qlatent_tf.{module}"), attribute)

    def options(self, name: str) -> Mapping[str, inspect.Parameter]:
        """Returns the parameters of the builder called `name`."""
        return inspect.signature(self.get(name)).parameters

    def check_options(
        self,
        name: str,
        options: Mapping,
        arguments: int = 0,
        passed_on: Sequence[str] | None = None,
    ) -> None:
        """Refuses what are no options of the builder called `name`, and the lack of one.

        Args:
          name, options, arguments, passed_on: as of `qlatent_tf.registry.check_options`.

        Raises:
          ValueError: naming what is unknown, missing or given otherwise, and what is legal.
        """
        self.refuse_offered(name, options)
        owner, offered = f"the {self.kind} {name!r}", tuple(self._offered)
        builder = self.get(name)
        check_options(builder, options, owner, arguments, passed_on, self.beside, offered)

    def refuse_offered(self, name: str, options: Iterable[str]) -> None:
        """Refuses as options what callers of `build` hand over by themselves.

        Raises:
          ValueError: with what to give in its place.
        """
        for option in options:
            if option in self._offered:
                raise ValueError(
                    f"{option} is no option of the {self.kind} {name!r}: {self._offered[option]}."
                )

    def build(self, name: str, /, *args, **options):
        """Calls the builder called `name`.

        Raises:
          ValueError: if the name is unknown, an option is not one of the builder's, or one is
            missing; an OwnCodeError if a builder of someone's own fails by a mistake.
        """
        builder = self.get(name)
        taken = inspect.signature(builder).parameters
        offered = {key: options.pop(key) for key in self._offered if key in options}
        self.check_options(name, options, len(args))
        options |= {key: offered[key] for key in offered if key in taken}
        with mistakes_of(name, self.kind):
            return builder(*args, **options)


class LatentRegistry(Registry):
    """The latents, all of which take `standardize` besides the options of their builders."""

    beside = ("standardize",)

    def build(self, name: str, /, *args, standardize: bool = False, **options):
        """As `Registry.build`; `standardize` gives each mode unit variance, see `Standardized`."""
        if not isinstance(standardize, bool):
            raise ValueError(f"standardize is true or false; received {standardize!r}.")
        latent = super().build(name, *args, **options)
        if not standardize:
            return latent
        return importlib.import_module("qlatent_tf.latents.standardized").Standardized(latent)
