"""What several test files share; `pythonpath` in setup.cfg makes it importable."""

import ast
import contextlib
import functools
import os
import struct
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Folder of the checkout -> the package it is installed as; setup.cfg says the same.
PACKAGES = {
    "qlatent_tf": "qlatent_tf",
    "tools": "qlatent_tf.tools",
    "configs": "qlatent_tf.configs",
}


def scored(metric: str, dataset, samples, **options) -> dict[str, float]:
    """Returns what a registered metric finds, by the scores' keys."""
    # Imported here: not every test needs the registry.
    from qlatent_tf.registry import metrics
    from qlatent_tf.scores import means

    return means(metrics.get(metric)(dataset, samples, **options))


def first_modes(photons: int, modes: int):
    """Returns the input state with one photon in each of the first modes."""
    import numpy as np

    return (np.arange(modes) < photons).astype(int)


def run_tool(*arguments) -> int:
    """Runs a command line of `qlatent-tf`; returns its exit code."""
    from qlatent_tf import __main__ as command

    return command.main([str(argument) for argument in arguments])


def needs_file(*names):
    """Returns the mark of a test that reads a real file, one of these in $QLATENT_DATA_DIR."""
    folder = os.environ.get("QLATENT_DATA_DIR")
    there = folder and any((Path(folder).expanduser() / name).exists() for name in names)
    return pytest.mark.skipif(not there, reason=f"needs {names[0]} in QLATENT_DATA_DIR")


def wait_for(condition, seconds=300) -> None:
    """Waits until `condition()` holds; fails after far longer than a busy machine takes."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"did not come about in {seconds} s"
        time.sleep(0.02)


@contextlib.contextmanager
def eagerly(yes=True):
    """Runs functions of TensorFlow as Python does, or as graphs."""
    import tensorflow as tf

    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(yes)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def tiny_config(**changes):
    """Returns the configuration of a few steps of small perceptrons, which no XLA compiles."""
    from qlatent_tf.config import Config

    fields = {
        "model": "mlp",
        "latent": "boson",
        "dataset": "quantum",
        "steps": 6,
        "batch_size": 8,
        "critic_steps": 2,
        "latent_options": {"modes": 4},
        "dataset_options": {"modes": 4, "photons": 2},
        "model_options": {"features": 4, "units": [8]},
        "optimizer_options": {"learning_rate": 1e-3},
        "evaluate_every": 6,
        "evaluation_samples": 50,
        "checkpoint_every": 2,
        "jit_compile": False,
    }
    return Config(**{**fields, **changes})


def finished_cell(cell, scores, history=()) -> dict:
    """Returns what `read_cell` returns of a cell that has these scores, without training it.

    Args:
      cell: Cell. It says the row and the configuration.
      scores: dict of str to float. The final scores, by their keys.
      history: sequence of dict. What was scored while the cell was trained.
    """
    metrics = {
        key: {"mean": score, "standard_error": None, "values": [score]}
        for key, score in scores.items()
    }
    (num_samples,) = {int(key.rpartition("@")[2]) for key in scores}
    return {
        "name": cell.name,
        "row": cell.row,
        "config": cell.config,
        "step": cell.config.steps,
        "seconds": 60.0,
        "evaluation": {"num_samples": num_samples, "metrics": metrics},
        "history": list(history),
    }


def modules() -> dict[str, Path]:
    """Returns the project's modules, dotted name -> file."""
    found = {}
    for folder, package in PACKAGES.items():
        for file in sorted((ROOT / folder).rglob("*.py")):
            parts = file.relative_to(ROOT / folder).with_suffix("").parts
            found[".".join([package, *parts]).removesuffix(".__init__")] = file
    return found


@functools.cache
def nodes(file: Path) -> list[ast.AST]:
    """Returns the nodes of a file's syntax tree, in no particular order."""
    return list(ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))))


def imported(file: Path) -> set[str]:
    """Returns the dotted names that a file imports anywhere, also inside functions."""
    names = set()
    for node in nodes(file):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno}: imports are absolute"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def python2_batch(data, labels) -> bytes:
    """Returns a batch of CIFAR-10 as Python 2 pickled it."""

    def text(value):
        return b"U" + bytes([len(value)]) + value

    count, width = data.shape
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x06cnumpy\nndarray\nq\x07K\x00\x85"
        + text(b"b")
        + b"\x87Rq\x08(K\x01M"
        + struct.pack("<H", count)
        + b"M"
        + struct.pack("<H", width)
        + b"\x86cnumpy\ndtype\nq\x09"
        + text(b"u1")
        + b"K\x00K\x01\x87R(K\x03"
        + text(b"|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        + b"T"
        + struct.pack("<i", data.size)
        + data.tobytes()
        + b"tb"
    )
    return (
        b"\x80\x02}q\x01("
        + text(b"batch_label")
        + b"q\x02"
        + text(b"a batch")
        + text(b"labels")
        + b"]q\x04("
        + b"".join(b"K" + bytes([label]) for label in labels)
        + b"e"
        + text(b"data")
        + array
        + text(b"again")
        + b"h\x04u."
    )
