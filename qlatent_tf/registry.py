"""Names for what a command line can ask for: latents, models, data sets, metrics, rewards.

The word on the command line is the registered name. A third party's object needs no
registration: ``"my_file:my_latent"`` names an attribute of an importable module.
"""

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path


class Registry:
    """A table from names to builders.

    Args:
      kind: str. What is registered, in the singular; used in error messages.
      homes: dict of str to str. Name -> ``"module:attribute"`` of the builders in this package. A
        module is imported when its builder is asked for: names cost nothing.

    Example:
      >>> @latents.register("my_latent")
      ... def my_latent(modes=16): ...
      >>> latents.build("my_latent", modes=8)
    """

    def __init__(self, kind: str, homes: Mapping[str, str]):
        self.kind = kind
        self._homes = homes
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
        if name in self._builders:
            return self._builders[name]
        if name not in self._homes:
            raise ValueError(
                f"Unknown {self.kind} {name!r}. Known: {', '.join(self.names())}; or "
                "'module:attribute' for one of your own."
            )
        module, _, attribute = self._homes[name].partition(":")
        return getattr(importlib.import_module(f"qlatent_tf.{module}"), attribute)

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


latents = Registry(
    "latent",
    {
        "bernoulli": "latents.classical:bernoulli",
        "boson": "latents.photons:boson",
        "copula": "latents.controls.builders:copula",
        "dirichlet_multinomial": "latents.controls.builders:dirichlet_multinomial",
        "gaussian": "latents.classical:gaussian",
        "negative_binomial": "latents.controls.builders:negative_binomial",
        "photonic": "latents.photons:photonic",
        "samples": "latents.recorded:samples",
        "shuffled": "latents.controls.builders:shuffled",
    },
)
models = Registry(
    "model",
    {
        "autoencoder": "models.codes.autoencoder:autoencoder",
        "last_qgan": "models.codes.model:last_qgan",
        "mlp": "models.perceptrons:mlp",
        "molgan": "models.molecules.builder:molgan",
        "resnet": "models.residual_networks:resnet",
    },
)
datasets = Registry(
    "data set",
    {
        "bernoulli": "datasets.vectors.synthetic:bernoulli",
        "cifar10": "datasets.images.cifar10:cifar10",
        "codes": "datasets.vectors.codes:codes",
        "fashion_mnist": "datasets.images.mnist:fashion_mnist",
        "images": "datasets.images.images:image_file",
        "land_cover_tiles": "datasets.images.land_cover_tiles:land_cover_tiles",
        "mixture": "datasets.vectors.mixture:mixture",
        "mnist": "datasets.images.mnist:mnist",
        "naip28": "datasets.images.naip28:naip28",
        "qm9": "datasets.molecules.qm9:qm9",
        "quantum": "datasets.vectors.synthetic:quantum",
        "sat4": "datasets.images.sat:sat4",
        "sat6": "datasets.images.sat:sat6",
        "small_molecules": "datasets.molecules.small_molecules:small_molecules",
    },
)
metrics = Registry(
    "metric",
    {
        "blobs": "metrics.vectors.blobs:blobs",
        "classifier_scores": "metrics.images.classifier_scores:classifier_scores",
        "discreteness": "metrics.vectors.discreteness:discreteness",
        "fcd": "metrics.molecules.fcd:fcd",
        "inception_scores": "metrics.images.inception_scores:inception_scores",
        "local_inception_scores": "metrics.images.inception_scores:local_inception_scores",
        "molecule_diversity": "metrics.molecules.diversity:molecule_diversity",
        "molecule_properties": "metrics.molecules.properties:molecule_properties",
        "molecule_property_distances": "metrics.molecules.properties:molecule_property_distances",
        "molecule_substructures": "metrics.molecules.substructures:molecule_substructures",
        "molecules": "metrics.molecules.counts:molecules",
        "outcome_law": "metrics.vectors.outcome_law:outcome_law",
        "pair_correlation": "metrics.vectors.pair_correlation:pair_correlation",
        "total_number": "metrics.vectors.total_number:total_number",
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
