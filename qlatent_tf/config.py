"""One configuration: a frozen dataclass in Python, the same fields in JSON."""

import dataclasses
import json
import re
from collections.abc import Collection, Mapping
from typing import Any

from qlatent_tf.text.differences import Differences, differences
from qlatent_tf.text.names import did_you_mean, is_finite

SCHEMA_VERSION = 1
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
_OPTIONS = ("latent_options", "model_options", "dataset_options", "optimizer_options")


def _is_count(value):
    return type(value) is int and value >= 1


def _is_number(value, least):
    return type(value) in (int, float) and least <= value and is_finite(value)


# Which values fields may have, in code and in words.
_RULES = (
    (
        "model latent dataset optimizer circuit_optimizer",
        lambda value: isinstance(value, str),
        "a str",
    ),
    (
        "steps batch_size critic_steps evaluate_every evaluation_samples checkpoint_every",
        _is_count,
        "a positive whole number",
    ),
    (
        "generator_batch_size learning_rate_decay_steps",
        lambda value: value is None or _is_count(value),
        "a positive whole number or None",
    ),
    ("seed", lambda value: type(value) is int and value >= 0, "a whole number from 0"),
    ("gradient_penalty_weight", lambda value: _is_number(value, 0), "a finite number from 0"),
    (
        "critic_learning_rate",
        lambda value: value is None or (_is_number(value, 0) and value != 0),
        "a finite number above 0 or None",
    ),
    (
        "circuit_learning_rate",
        lambda value: _is_number(value, 0) and value != 0,
        "a finite number above 0",
    ),
    (
        "generator_ema",
        lambda value: _is_number(value, 0) and value < 1,
        "a number from 0 to below 1",
    ),
    ("precision", lambda value: value in PRECISIONS, f"one of {', '.join(PRECISIONS)}"),
    ("jit_compile train_circuit", lambda value: isinstance(value, bool), "a bool"),
    (
        "metrics",
        lambda value: isinstance(value, (list, tuple)) and all(isinstance(n, str) for n in value),
        "a list of names",
    ),
)
# What Python takes for a number and JSON does not.
_DECIMAL = re.compile(r"[+-]?(\d+\.|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
# Options of a latent that was trained which say how samples are drawn, not of what.
_FREE_OF_TRAINED = ("method", "precision")
# Which file it started from, where there was one: it may lie elsewhere.
_START_OF_TRAINED = {"unitary_file"}


@dataclasses.dataclass(frozen=True)
class Config:
    """All that decides a training run. Two runs with equal configurations are equal runs.

    Attributes:
      model: str. A registered model, or ``module:function``.
      latent: str. A registered latent, or ``module:function``.
      dataset: str. A registered data set, or ``module:function``.
      latent_options: dict. Keyword arguments of the latent's builder; JSON values.
      model_options: dict. Keyword arguments of the model's builder.
      dataset_options: dict. Keyword arguments of the data set's builder.
      optimizer: str. The name of a Keras optimizer.
      optimizer_options: dict. Keyword arguments of the optimizer.
      steps: int. Generator updates.
      batch_size: int. Samples a batch, real and generated alike.
      critic_steps: int. Critic updates before each generator update.
      gradient_penalty_weight: float. The factor of the gradient penalty.
      seed: int. Decides initial weights, batches and latents.
      metrics: tuple of str. Registered metrics, for evaluations while training and of the
        finished run. Empty: the data set's own, `Dataset.metrics` and `evaluation_metrics`.
      evaluate_every: int. Steps between evaluations.
      evaluation_samples: int. Generated samples in each evaluation.
      checkpoint_every: int. Steps between checkpoints.
      jit_compile: bool. Whether XLA compiles the training step.
      generator_batch_size: int. Samples in a generator update; None for `batch_size`.
      critic_learning_rate: float. The critic's own learning rate (two time scales, Heusel et al.
        2017), and that of a network that learns beside it, such as MolGAN's of rewards; None for
        the generator's, that of `optimizer_options`.
      learning_rate_decay_steps: int. The generator step at which both learning rates, which fall
        in a straight line from the first step, are 0; None for constant ones.
      generator_ema: float. The momentum of an exponential moving average of the generator's
        weights, with which samples are drawn; 0 for none.
      precision: str. ``float32``, or in which precision the networks compute: ``mixed_bfloat16``
        or ``mixed_float16``. Weights and losses are of single precision in any case.
      train_circuit: bool. Whether the circuit of a boson or photonic latent is trained with the
        generator, from where it would be fixed; of a Gaussian latent, as a control, the covariance.
      circuit_optimizer: str. The name of the Keras optimizer that trains it.
      circuit_learning_rate: float. The learning rate with which it does.

    Raises:
      ValueError: if a value has the wrong type, is out of range, or is none that JSON can hold.
    """

    model: str
    latent: str
    dataset: str
    steps: int
    batch_size: int
    latent_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    model_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    dataset_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    optimizer: str = "Adam"
    optimizer_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    critic_steps: int = 5
    gradient_penalty_weight: float = 10.0
    seed: int = 0
    metrics: tuple[str, ...] = ()
    evaluate_every: int = 1000
    evaluation_samples: int = 10_000
    checkpoint_every: int = 500
    jit_compile: bool = True
    generator_batch_size: int | None = None
    critic_learning_rate: float | None = None
    learning_rate_decay_steps: int | None = None
    generator_ema: float = 0.0
    precision: str = "float32"
    train_circuit: bool = False
    circuit_optimizer: str = "Adam"
    circuit_learning_rate: float = 1e-3

    def __post_init__(self):
        for name, value in vars(self).items():
            if _is_of_numpy(value):
                object.__setattr__(self, name, value.item())
        for names, legal, what in _RULES:
            for name in names.split():
                if not legal(getattr(self, name)):
                    raise ValueError(f"{name} is {what}; received {getattr(self, name)!r}.")
        if self.learning_rate_decay_steps and self.steps > self.learning_rate_decay_steps:
            raise ValueError(
                f"learning_rate_decay_steps is at least steps, {self.steps}, because after it "
                f"the learning rate is 0; received {self.learning_rate_decay_steps}. A new run "
                f"takes --set learning_rate_decay_steps={self.steps}."
            )
        if self.train_circuit and self.precision == "mixed_float16":
            raise ValueError(
                "A circuit is trained by losses that are not scaled: precision is float32 or "
                "mixed_bfloat16; received 'mixed_float16'."
            )
        name = "generator_batch_size" if self.generator_batch_size else "batch_size"
        if self.train_circuit and getattr(self, name) < 2:
            raise ValueError(
                "A trained circuit compares the losses of a batch with one another: "
                f"{name} is at least 2; received {getattr(self, name)}."
            )
        object.__setattr__(self, "metrics", tuple(self.metrics))
        object.__setattr__(self, "gradient_penalty_weight", float(self.gradient_penalty_weight))
        object.__setattr__(self, "generator_ema", float(self.generator_ema))
        for name in _OPTIONS:
            object.__setattr__(self, name, _json_options(name, getattr(self, name)))

    def to_json(self) -> dict:
        """Returns the fields and the schema's version as JSON values."""
        fields = vars(self)
        if not self.train_circuit:
            # Written as by versions that trained none.
            fields = {name: value for name, value in fields.items() if "circuit" not in name}
        return {"schema_version": SCHEMA_VERSION, **json.loads(json.dumps(fields))}

    @classmethod
    def from_json(
        cls, fields: Mapping[str, Any], *, trust_code: bool | Collection[str] = False
    ) -> "Config":
        """Builds a configuration from what `to_json` returned.

        Args:
          fields: mapping. As read from a file.
          trust_code: bool, or the names that are trusted. Whether the file may name code outside
            the project, such as ``my_file:my_latent``, which is imported and run when the
            configuration is used.

        Raises:
          ValueError: if this is no configuration, its schema is newer than this version reads, a
            field is unknown or missing, or it names code that is not trusted.
        """
        if not isinstance(fields, Mapping) or "schema_version" not in fields:
            raise ValueError("This is no configuration: there is no schema_version.")
        fields = dict(fields)
        version = fields.pop("schema_version")
        if type(version) is not int or not 1 <= version <= SCHEMA_VERSION:
            raise ValueError(
                f"The configuration has schema version {version!r}; this version of qlatent_tf "
                f"reads 1 to {SCHEMA_VERSION}. A newer qlatent_tf may read it."
            )
        known = {field.name: field for field in dataclasses.fields(cls)}
        _refuse_unknown(fields, known)
        missing = [
            name
            for name, field in known.items()
            if name not in fields
            and field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING
        ]
        if missing:
            raise ValueError(f"The configuration lacks {', '.join(missing)}.")
        config = cls(**fields)
        trusted = () if isinstance(trust_code, bool) else trust_code
        if isinstance(trusted, str):  # One name, and not each text that is in it.
            trusted = (trusted,)
        foreign = [name for name in config.custom_names if name not in trusted]
        if foreign and trust_code is not True:
            raise ValueError(
                f"The configuration would run code from outside the project: {', '.join(foreign)}. "
                "Pass trust_code=True (--trust-code) if you trust where it comes from."
            )
        return config

    @property
    def custom_names(self) -> list[str]:
        """The names of code from outside the project, such as ``my_file:my_latent``."""
        named = (self.model, self.latent, self.dataset, *self.metrics, *reward_names(self))
        return [name for name in named if ":" in name]

    def override(self, **changes: Any) -> "Config":
        """Returns a copy with `changes`; a dotted key reaches into the options.

        Example:
          >>> config.override(**{"steps": 300, "latent_options.photons": 4})

        Raises:
          ValueError: if a key is unknown or a value has the wrong type.
        """
        known = [field.name for field in dataclasses.fields(self)]
        fields = dict(vars(self))
        for key, value in changes.items():
            name, _, option = key.partition(".")
            _refuse_unknown([name], known)
            if option:
                if not isinstance(fields[name], Mapping):
                    raise ValueError(f"{name} holds one value, so {key} names nothing.")
                value = {**fields[name], option: value}
            elif isinstance(fields[name], Mapping) and not isinstance(value, Mapping):
                raise ValueError(
                    f"{name} holds options: set one with {name}.OPTION; received {value!r}."
                )
            elif name == "metrics" and isinstance(value, str):
                value = tuple(part.strip() for part in value.split(",") if part.strip())
            fields[name] = value
        return type(self)(**fields)

    def with_latent_options(self, options: Mapping[str, Any] | None) -> "Config":
        """Returns a copy in which some options of the latent are others.

        Raises:
          ValueError: if the latent was trained, and its weights decide an option.
        """
        free = {*_FREE_OF_TRAINED, *(_START_OF_TRAINED & self.latent_options.keys())}
        decided = sorted(set(options or ()) - free) if self.train_circuit else ()
        if decided:
            raise ValueError(
                f"The circuit of this latent was trained, so {decided[0]} is decided. Options that "
                f"may change are {' and '.join(_FREE_OF_TRAINED)}; received "
                f"{decided[0]}={options[decided[0]]!r}."
            )
        return self.override(**{f"latent_options.{key}": options[key] for key in options or {}})

    def differences(self, other: "Config") -> Differences:
        """Returns the fields that differ, each with its value here and in the other."""
        fields = [{**one.to_json(), "train_circuit": one.train_circuit} for one in (self, other)]
        if self.train_circuit != other.train_circuit:
            # How a circuit is trained says nothing beside one that is not.
            fields = [
                {name: value for name, value in one.items() if not name.startswith("circuit_")}
                for one in fields
            ]
        return differences(*fields)


def parse_setting(text: str) -> tuple[str, Any]:
    """Parses ``key=value``; the value is JSON where it can be, a number such as .1, or a string.

    Raises:
      ValueError: if there is no ``=``.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ValueError(f"A setting reads key=value, such as steps=300; received {text!r}.")
    try:
        return key, json.loads(value)
    except (json.JSONDecodeError, RecursionError):
        if _DECIMAL.fullmatch(value):
            return key, float(value)
        return key, {"True": True, "False": False, "None": None}.get(value, value)


def _json_options(name, options):
    """A copy that holds what JSON will give back, lists where there were tuples."""
    if not isinstance(options, Mapping):
        raise ValueError(f"{name} is a mapping of options; received {options!r}.")
    try:
        return json.loads(json.dumps(dict(options), allow_nan=False, default=_plain))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} holds what JSON cannot: {error}; received {options!r}."
        ) from error


def _plain(value):
    """Returns a number of NumPy as JSON has it."""
    if not _is_of_numpy(value):
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
    return value.item()


def _is_of_numpy(value) -> bool:
    return hasattr(value, "item") and value.shape == ()


def reward_names(config: Config) -> list[str]:
    """Returns what a model's option `reward` names: code too, as the fields that name builders."""
    named = config.model_options.get("reward")
    return [str(name) for name in (named if isinstance(named, list) else [named])]


# What is looked for among the keys, but is one of the options.
_SOUGHT = {
    "learning_rate": "optimizer_options.learning_rate",
    "modes": "latent_options.modes",
    "photons": "latent_options.photons",
}


def _refuse_unknown(names, known) -> None:
    for name in names:
        if name not in known:
            option = _SOUGHT.get(name)
            hint = f" Did you mean {option}?" if option else did_you_mean(name, known)
            raise ValueError(
                f"Unknown configuration key {name!r}.{hint} Legal: {', '.join(known)}."
            )
