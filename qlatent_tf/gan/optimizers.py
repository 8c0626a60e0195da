"""The optimizers of a configuration."""

import dataclasses
import inspect

import keras

from qlatent_tf.config import Config
from qlatent_tf.registry import check_options


def make_optimizer(config: Config, updates_per_step: int = 1, **more) -> keras.optimizers.Optimizer:
    """Builds an optimizer of a configuration, which scales its losses in ``mixed_float16``.

    Args:
      config: Config.
      updates_per_step: int. How often it is applied in a step, on which the decay depends.
      **more: options that stand before those of the configuration.

    Raises:
      ValueError: if the optimizer or an option of it is unknown or refused.
    """
    # Those without a rate wrap optimizers, or are what all have in common.
    known = {
        name.lower(): value
        for name, value in vars(keras.optimizers).items()
        if inspect.isclass(value)
        and issubclass(value, keras.optimizers.Optimizer)
        and "learning_rate" in inspect.signature(value).parameters
    }
    optimizer = known.get(config.optimizer.lower())
    if optimizer is None:
        raise ValueError(
            f"Unknown optimizer {config.optimizer!r}. Known: {', '.join(sorted(known))}."
        )
    options = {**config.optimizer_options, **more}
    check_options(optimizer, options, f"the optimizer {config.optimizer!r}")
    if config.learning_rate_decay_steps:
        default = inspect.signature(optimizer).parameters["learning_rate"].default
        rate = options.get("learning_rate", default)
        if type(rate) not in (int, float):
            raise ValueError(f"A learning rate that decays is a number; received {rate!r}.")
        options["learning_rate"] = keras.optimizers.schedules.PolynomialDecay(
            rate, config.learning_rate_decay_steps * updates_per_step, end_learning_rate=0.0
        )
    try:
        made = optimizer(**options)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The optimizer {config.optimizer!r} refused {options}: {error}"
        ) from error
    if config.precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(made)
    return made


def circuit_optimizer(config: Config) -> keras.optimizers.Optimizer:
    """Builds the optimizer of a circuit that is trained, whose rate decays as the others do."""
    options = {"learning_rate": config.circuit_learning_rate}
    return make_optimizer(
        dataclasses.replace(config, optimizer=config.circuit_optimizer, optimizer_options=options)
    )


def another(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Returns a new optimizer like a given one."""
    return type(optimizer).from_config(optimizer.get_config())
