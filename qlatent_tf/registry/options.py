"""The options of a builder: which are legal, and those that it shares with another."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence

from qlatent_tf.text.names import did_you_mean


def check_options(
    builder: Callable,
    options: Mapping,
    owner: str,
    arguments: int = 0,
    passed_on: Sequence[str] | None = None,
    beside: Sequence[str] = (),
    offered: Sequence[str] = (),
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
      offered: sequence of str. Parameters of the builder that are no options.

    Raises:
      ValueError: naming the options that are unknown or missing, and the legal ones.
    """
    parameters = inspect.signature(builder).parameters.values()
    named = [
        parameter
        for parameter in parameters
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ][arguments:]
    named = [parameter for parameter in named if parameter.name not in offered]
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
        if hasattr(builder, "follows"):  # on the same options
            with_options.follows = builder.follows
        return with_options

    return decorator
