"""Reads the batches of the python version of CIFAR-10, which are pickles, without unpickling.

A pickle is a program for a small machine, and one of its instructions calls any function of any
module. Here `pickletools` lists the program's instructions and runs none of them; the few that
build dicts, lists, numbers, bytes and NumPy arrays of uint8 are followed, names of modules stay
names, and any other instruction is an error. Nothing is imported or called, whatever a file says.
"""

import dataclasses
import pickletools
from typing import Any

import numpy as np

_MARK = object()
_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")


@dataclasses.dataclass
class _Name:
    """A function or class that the file names; it is never looked up."""

    module: str
    name: str


@dataclasses.dataclass
class _Type:
    """A NumPy data type, by its name."""

    name: Any


@dataclasses.dataclass
class _Array:
    """A NumPy array, None until its content has been given."""

    content: np.ndarray | None = None


def read_batch(content: bytes) -> dict[bytes, Any]:
    """Returns the dict that a batch holds.

    Args:
      content: bytes. A whole file.

    Returns:
      dict. Keys are bytes; values are arrays of uint8, lists, numbers, bytes.

    Raises:
      ValueError: if the file is damaged, or holds anything else.
    """
    try:
        value = _follow(content)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no batch of CIFAR-10 ({error})") from error
    if not isinstance(value, dict):
        raise ValueError(f"this is no batch of CIFAR-10 but {type(value).__name__}")
    return {key: part.content if isinstance(part, _Array) else part for key, part in value.items()}


def _follow(content: bytes) -> Any:
    stack: list[Any] = []
    memory: dict[int, Any] = {}
    for opcode, argument, _ in pickletools.genops(content):
        name = opcode.name
        if name in ("PROTO", "FRAME"):
            continue
        if name == "STOP":
            (value,) = stack
            return value
        if name in ("BINPUT", "LONG_BINPUT", "PUT"):
            memory[int(argument)] = stack[-1]
        elif name == "MEMOIZE":
            memory[len(memory)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            stack.append(memory[int(argument)])
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name](argument))
        elif name == "GLOBAL":
            stack.append(_Name(*argument.split(" ")))
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            stack.append(_Name(module, attribute))
        elif name == "REDUCE":
            arguments = stack.pop()
            stack.append(_called(stack.pop(), arguments))
        elif name == "BUILD":
            state = stack.pop()
            _give(stack[-1], state)
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            size = int(name[-1])
            stack[-size:] = [tuple(stack[-size:])]
        elif name == "TUPLE":
            stack.append(tuple(_since_mark(stack)))
        elif name == "APPEND":
            value = stack.pop()
            stack[-1].append(value)
        elif name == "APPENDS":
            values = _since_mark(stack)
            stack[-1].extend(values)
        elif name == "SETITEM":
            value, key = stack.pop(), stack.pop()
            stack[-1][key] = value
        elif name == "SETITEMS":
            values = _since_mark(stack)
            stack[-1].update(zip(values[::2], values[1::2], strict=True))
        else:
            raise ValueError(f"it has the instruction {name}")
    raise ValueError("it has no end")


# Strings of Python 2 are bytes, which pickletools shows as Latin-1.
_CONSTANTS = {
    "MARK": lambda argument: _MARK,
    "EMPTY_DICT": lambda argument: {},
    "EMPTY_LIST": lambda argument: [],
    "EMPTY_TUPLE": lambda argument: (),
    "NONE": lambda argument: None,
    "NEWTRUE": lambda argument: True,
    "NEWFALSE": lambda argument: False,
    **dict.fromkeys(
        (
            "BININT",
            "BININT1",
            "BININT2",
            "LONG1",
            "BINBYTES",
            "SHORT_BINBYTES",
            "BINUNICODE",
            "SHORT_BINUNICODE",
        ),
        lambda argument: argument,
    ),
    **dict.fromkeys(("BINSTRING", "SHORT_BINSTRING"), lambda argument: argument.encode("latin-1")),
}


def _since_mark(stack: list[Any]) -> list[Any]:
    values = []
    while (value := stack.pop()) is not _MARK:
        values.append(value)
    return values[::-1]


def _called(name: _Name, arguments: tuple) -> _Type | _Array:
    """Returns what stands for the result of the only two calls that are understood."""
    if name.module in _ARRAY_MODULES and name.name == "_reconstruct":
        return _Array()
    if (name.module, name.name) == ("numpy", "dtype"):
        return _Type(arguments[0])
    raise ValueError(f"it calls {name.module}.{name.name}")


def _give(target: _Type | _Array, state: tuple) -> None:
    if isinstance(target, _Type):
        return  # The byte order, of which a single byte has none.
    _, shape, kind, is_fortran, content = state
    if kind.name not in ("u1", b"u1"):
        raise ValueError(f"it has an array of {kind.name!r}")
    target.content = np.frombuffer(content, np.uint8).reshape(
        shape, order="F" if is_fortran else "C"
    )
