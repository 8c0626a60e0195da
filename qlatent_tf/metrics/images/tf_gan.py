"""Imports TF-GAN, which needs parts that TensorFlow no longer has."""

import functools
import sys
import types
import warnings
from typing import Any


@functools.cache
def tfgan():
    """Returns the module `tensorflow_gan`, imported at the first call.

    TF-GAN 2.1 names `tf.estimator`, which TensorFlow dropped, in base classes of its own training
    loops. While it is imported, stand-ins take their place; its losses and `tfgan.eval` use
    neither. Importing takes seconds, for it brings TF-Hub along.
    """
    import tensorflow

    tf: Any = tensorflow  # Of which some names are no known ones.

    stand_in = not hasattr(tf, "estimator")
    if stand_in:
        tf.estimator = types.SimpleNamespace(SessionRunHook=tf.compat.v1.train.SessionRunHook)
        loops = "tensorflow_gan.python.estimator"
        sys.modules.setdefault(loops, types.ModuleType(loops))
    try:
        with warnings.catch_warnings():
            # About distutils in TF-GAN and pkg_resources in TF-Hub.
            warnings.simplefilter("ignore")
            import tensorflow_gan
    finally:
        if stand_in:
            del tf.estimator
    # It calls tf.map_fn with an argument that TensorFlow deprecates, which the user cannot mend.
    tf.get_logger().addFilter(lambda record: "back_prop" not in record.getMessage())
    return tensorflow_gan
