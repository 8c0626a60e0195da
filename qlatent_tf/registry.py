"""Names for what a command line can ask for: latents, models, data sets, metrics, rewards.

The word on the command line is the registered name. A third party's object needs no
registration: ``"my_file:my_latent"`` names an attribute of an importable module.
"""

import contextlib
import functools
import importlib
import importlib.machinery
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from qlatent_tf.names import did_you_mean

# The working directory that was added to Python's path.
_SEARCHED_LAST: list[str] = []


class OwnCodeError(ValueError):
    """A function of someone's own failed, or returned what it may not."""


class Registry:
    """A table from names to builders.

    Args:
      kind: str. What is registered, in the singular; used in error messages.
      homes: dict of str to str. Name -> ``"module:attribute"`` of the builders in this package. A
        module is imported when its builder is asked for: names cost nothing.
      offered: sequence of str. Options that `build` hands only to the builders that take them.
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
        offered: Sequence[str] = (),
        removed: Mapping[str, str] | None = None,
    ):
        self.kind = kind
        self._homes = homes
        self._offered = offered
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

    def check(self, name: str) -> None:
        """Refuses a name that is unknown, without importing what it names.

        Raises:
          ValueError: if it is neither registered nor ``"module:attribute"``.
        """
        if not isinstance(name, str):
            raise ValueError(f"A {self.kind} is named by a string; received {name!r}.")
        if name in self._removed and name not in self._builders:
            raise ValueError(
                f"This version has no {self.kind} {name!r} any more. {self._removed[name]}"
            )
        if ":" not in name and name not in self.names():
            raise ValueError(
                f"Unknown {self.kind} {name!r}.{did_you_mean(name, self.names())} Known: "
                f"{', '.join(self.names())}; or 'module:attribute' for one of your own."
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
            return _import_attribute(name, self.kind)
        if name in self._builders:
            return self._builders[name]
        module, _, attribute = self._homes[name].partition(":")
        return getattr(importlib.import_module(f"qlatent_tf.{module}"), attribute)

    def options(self, name: str) -> Mapping[str, inspect.Parameter]:
        """Returns the parameters of the builder called `name`."""
        return inspect.signature(self.get(name)).parameters

    def build(self, name: str, /, *args, **options):
        """Calls the builder called `name`.

        Raises:
          ValueError: if the name is unknown, an option is not one of the builder's, or one is
            missing.
        """
        builder = self.get(name)
        taken = inspect.signature(builder).parameters
        options = {key: options[key] for key in options if key in taken or key not in self._offered}
        check_options(builder, options, f"{self.kind} {name!r}", len(args), beside=self.beside)
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


def check_options(
    builder: Callable,
    options: Mapping,
    owner: str,
    arguments: int = 0,
    passed_on: Sequence[str] | None = None,
    beside: Sequence[str] = (),
) -> None:
    """Refuses options that `builder` does not take, and their lack where it needs them.

    Args:
      builder: callable.
      options: mapping. Keyword arguments.
      owner: str. What the options are for, in error messages.
      arguments: int. How many arguments are given by position besides.
      passed_on: sequence of str. Those that a builder with `**options` takes besides its named
        ones; None for any.
      beside: sequence of str. Those that are legal, but no business of the builder.

    Raises:
      ValueError: naming the options that are unknown or missing, and the legal ones.
    """
    parameters = inspect.signature(builder).parameters.values()
    named = [
        parameter
        for parameter in parameters
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ][arguments:]
    known = [parameter.name for parameter in named]
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    if takes_any:
        known += passed_on or ()
    known += beside
    legal = ", ".join(known)
    missing = [
        parameter.name
        for parameter in named
        if parameter.default is parameter.empty and parameter.name not in options
    ]
    if missing:
        raise ValueError(f"Option {', '.join(missing)} is missing for {owner}. Legal: {legal}.")
    unknown = sorted(set(options) - set(known))
    if unknown and not (takes_any and passed_on is None):
        hint = did_you_mean(unknown[0], known)
        raise ValueError(f"Unknown option {', '.join(unknown)} for {owner}.{hint} Legal: {legal}.")


def takes_options_of(
    builder: Callable, without: Sequence[str] = ()
) -> Callable[[Callable], Callable]:
    """Returns a decorator that gives a function the options of another builder.

    The command line and the registry read the legal options and their defaults from a signature.
    The decorated function is called with all of them by name, defaults included.

    Args:
      builder: callable. Whose options they are.
      without: sequence of str. Those that the function does not take.
    """
    options = inspect.signature(builder)
    options = options.replace(
        parameters=[item for name, item in options.parameters.items() if name not in without]
    )

    def decorator(function: Callable) -> Callable:
        @functools.wraps(function)
        def with_options(*args, **given):
            try:
                bound = options.bind(*args, **given)
            except TypeError as error:
                raise TypeError(f"{function.__name__}() {error}") from None
            bound.apply_defaults()
            return function(**bound.arguments)

        returned = inspect.signature(function).return_annotation
        with_options.__signature__ = options.replace(return_annotation=returned)
        return with_options

    return decorator


def own_module(name: str) -> str:
    """Returns the module of ``"module:attribute"``."""
    return name.partition(":")[0].removesuffix(".py")


def find_own(module: str) -> importlib.machinery.ModuleSpec | None:
    """Returns where a module of someone's own lies, without importing it; None for nowhere."""
    with _here_first():
        try:
            return importlib.util.find_spec(module)
        except (ImportError, ValueError):
            return None


@contextlib.contextmanager
def _here_first() -> Iterator[str]:
    """Searches the working directory first; afterwards last, for what is imported may import."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield here
    finally:
        sys.path.remove(here)
        if here not in sys.path:
            # Of one folder, not of all that a process was in.
            while _SEARCHED_LAST:
                with contextlib.suppress(ValueError):
                    sys.path.remove(_SEARCHED_LAST.pop())
            sys.path.append(here)
            _SEARCHED_LAST.append(here)


def _import_attribute(name: str, kind: str) -> Callable:
    """Imports ``"module:attribute"``, from the working directory before all others."""
    module_name, attribute = own_module(name), name.partition(":")[2]
    if "/" in module_name or "\\" in module_name:
        raise ValueError(
            f"A {kind} of your own names a module, no path; received {name!r}. Run in the "
            "folder that holds the file."
        )
    if not all(module_name.split(".")) or not attribute:
        raise ValueError(f"A {kind} of your own reads module:attribute; received {name!r}.")
    with _here_first() as here:
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if not f"{module_name}.".startswith(f"{error.name}."):
                raise
            raise ValueError(
                f"The {kind} {name!r} names the module {module_name!r}, which is neither a file in "
                f"{here} nor installed."
            ) from error
    try:
        builder = getattr(module, attribute)
    except AttributeError as error:
        raise ValueError(
            f"The module {module_name!r} has no {attribute!r}, named by the {kind} {name!r}."
        ) from error
    if not callable(builder):
        raise ValueError(f"The {kind} {name!r} is {builder!r}, which cannot be called.")
    return builder


latents = LatentRegistry(
    "latent",
    {
        "bernoulli": "latents.classical:bernoulli",
        "boson": "latents.photons:boson",
        "coherent": "latents.gaussian_light:coherent",
        "copula": "latents.controls.builders:copula",
        "dirichlet_multinomial": "latents.controls.builders:dirichlet_multinomial",
        "gaussian": "latents.classical:gaussian",
        "gaussian_boson": "latents.gaussian_light:gaussian_boson",
        "negative_binomial": "latents.controls.builders:negative_binomial",
        "photonic": "latents.photons:photonic",
        "samples": "latents.recorded:samples",
        "shuffled": "latents.controls.builders:shuffled",
        "squashed": "latents.gaussian_light:squashed",
        "thermal": "latents.gaussian_light:thermal",
    },
)
models = Registry(
    "model",
    {
        "autoencoder": "models.codes.builder:autoencoder",
        "last_qgan": "models.codes.builder:last_qgan",
        "mlp": "models.perceptrons:mlp",
        "molgan": "models.molecules.builder:molgan",
        "resnet": "models.images.builder:resnet",
    },
)
datasets = Registry(
    "data set",
    {
        "bernoulli": "datasets.vectors.synthetic:bernoulli",
        "cifar10": "datasets.images.cifar10:cifar10",
        "codes": "datasets.vectors.codes:codes",
        "dirichlet_multinomial": "datasets.vectors.synthetic:dirichlet_multinomial",
        "fashion_mnist": "datasets.images.mnist:fashion_mnist",
        "images": "datasets.images.images:image_file",
        "mixture": "datasets.vectors.mixture:mixture",
        "mnist": "datasets.images.mnist:mnist",
        "molecules": "datasets.molecules.molecules:molecule_file",
        "naip28": "datasets.images.naip28:naip28",
        "naip28_small": "datasets.images.naip28:naip28_small",
        "photonic": "datasets.vectors.synthetic:photonic",
        "qm9": "datasets.molecules.qm9:qm9",
        "quantum": "datasets.vectors.synthetic:quantum",
        "sat4": "datasets.images.sat:sat4",
        "sat6": "datasets.images.sat:sat6",
        "small_molecules": "datasets.molecules.small_molecules:small_molecules",
        "thermal": "datasets.vectors.synthetic:thermal",
    },
    offered=("data_dir", "progress"),
    removed={
        "land_cover_tiles": "Its images were drawn; naip28_small, which comes with the package, "
        "has real ones of the same shape and bands."
    },
)
metrics = Registry(
    "metric",
    {
        "blobs": "metrics.vectors.blobs:blobs",
        "classifier_neighbours": "metrics.images.neighbours:classifier_neighbours",
        "classifier_scores": "metrics.images.classifier_scores:classifier_scores",
        "discreteness": "metrics.vectors.discreteness:discreteness",
        "fcd": "metrics.molecules.fcd:fcd",
        "inception_neighbours": "metrics.images.neighbours:inception_neighbours",
        "inception_scores": "metrics.images.inception_scores:inception_scores",
        "local_inception_scores": "metrics.images.inception_scores:local_inception_scores",
        "molecule_diversity": "metrics.molecules.diversity:molecule_diversity",
        "molecule_neighbours": "metrics.molecules.neighbours:molecule_neighbours",
        "molecule_properties": "metrics.molecules.properties:molecule_properties",
        "molecule_property_distances": "metrics.molecules.properties:molecule_property_distances",
        "molecule_substructures": "metrics.molecules.substructures:molecule_substructures",
        "molecules": "metrics.molecules.counts:molecules",
        "outcome_law": "metrics.vectors.outcome_law:outcome_law",
        "plain_decoding": "metrics.molecules.plain:plain_decoding",
        "pair_correlation": "metrics.vectors.pair_correlation:pair_correlation",
        "total_number": "metrics.vectors.total_number:total_number",
        "vector_neighbours": "metrics.vectors.neighbours:vector_neighbours",
    },
)
rewards = Registry(
    "reward",
    {
        "logp": "metrics.molecules.rewards:logp",
        "qed": "metrics.molecules.rewards:qed",
        "sa": "metrics.molecules.rewards:sa",
    },
)
