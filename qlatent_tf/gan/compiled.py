"""Functions of a model that TensorFlow compiles once."""

import functools

import tensorflow as tf


def compiled(model, name, make):
    """Returns the function that `make` returns, compiled once for a model: tracing takes long."""
    # Not by an attribute, which Keras would look into.
    functions = model.__dict__.setdefault("_compiled", {})
    if name not in functions:
        # TensorFlow counts traces by the Python code of what it compiles, and so warns of retracing
        # when several models share it. A partial has no code: each model counts its own.
        function = functools.partial(make())
        functions[name] = tf.function(function, reduce_retracing=True, autograph=False)
    return functions[name]
