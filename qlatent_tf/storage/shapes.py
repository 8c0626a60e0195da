"""The shapes of JSON values, checked before any of them is used.

A shape is written as an example is:

- a type: `str`, `bool`, `dict`; `int`, from -2**63 to 2**63, no bool; `float`, any finite number;
- a tuple of shapes, one of which holds; None is one;
- a list with one shape, that of all entries;
- a dict from names to shapes. A name that ends in ``?`` may be missing. Under other names there may
  be anything, or what ``str: shape`` says.
"""

import math
from typing import Any

SCORE = {"mean": (float, None), "standard_error": (float, None), "values?": [(float, None)]}
MEANS = {str: (float, None)}
SCORED = {"dataset": str, "num_samples": int, "metrics": {str: SCORE}}
# What `evaluate` returns.
EVALUATION = {**SCORED, "seeds": [int]}
DATASET = {"name": str}
# What `latents.files.file_record` returns.
LATENT_FILE = (None, {"name": str, "sha256": str, "bank?": (None, dict)})
_LARGEST = 2**63
_NAMES = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
_NAMES |= {dict: "an object", type(None): "null", None: "null"}


def check_shape(value: Any, shape: Any, where: str = "") -> None:
    """Refuses a JSON value of another shape.

    Args:
      value: what `json.loads` returned.
      shape: see above.
      where: str. What the value is called in the message, such as ``history[3].step``.

    Raises:
      ValueError: naming the place, what was received and what is legal.
    """
    problem = _problem(value, shape, where)
    if problem:
        raise ValueError(problem)


def _problem(value, shape, where):
    """What is wrong, or None."""
    if isinstance(shape, tuple):
        problems = [_problem(value, one, where) for one in shape]
        return None if None in problems else problems[0]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return _differs(value, "a list", where)
        parts = ((value[index], shape[0], f"{where}[{index}]") for index in range(len(value)))
        return _first(parts)
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return _differs(value, "an object", where)
        named = {name.removesuffix("?"): shape[name] for name in shape if name is not str}
        missing = [name for name in named if name in shape and name not in value]
        if missing:
            return f"{where or 'it'} lacks {', '.join(missing)}"
        others = shape.get(str, object)
        return _first(
            (part, named.get(name, others), _join(where, name)) for name, part in value.items()
        )
    return None if _is_of(value, shape) else _differs(value, _NAMES[shape], where)


def _is_of(value, kind):
    if kind is None:
        return value is None
    if kind is int:
        return type(value) is int and abs(value) < _LARGEST
    if kind is float:
        return type(value) in (int, float) and abs(value) < _LARGEST**4 and math.isfinite(value)
    return isinstance(value, kind)


def _first(parts):
    return next((found for part in parts if (found := _problem(*part))), None)


def _join(where, name):
    name = repr(name)[1:-1][:60]
    return f"{where}.{name}" if where else name


def _differs(value, legal, where):
    kind = _NAMES.get(type(value), "a list")
    if type(value) is int and abs(value) >= _LARGEST:
        kind += f" of {value.bit_length()} bits"
    shown = repr(value)[:60] if isinstance(value, (str, bool, float)) else kind
    return f"{where or 'it'} is {legal}; received {shown}"
