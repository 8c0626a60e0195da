"""Seeds for the separate purposes of one run."""

import contextlib
import hashlib
import operator
import random  # noqa: TID251 - Keras draws from it.
import threading
from collections.abc import Iterator

import numpy as np

# Each puts back what it found: two at a time would leave the other's stream behind.
_one_builder = threading.RLock()


def derive_seed(seed: int, purpose: str) -> int:
    """Returns a 31-bit seed for one purpose, independent of those for other purposes and seeds.

    Args:
      seed: int. The run's seed.
      purpose: str. What the derived seed is for, such as "latent unitary".

    Raises:
      ValueError: if the seed is no integer.
    """
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise ValueError(f"A seed is an integer; received {seed!r}.")
    digest = hashlib.sha256(f"{operator.index(seed)}/{purpose}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def some_rows(rows, most: int):
    """Returns at most so many rows, in their order and from everywhere in a file.

    Which ones their number alone decides. A file may be sorted by class.
    """
    if len(rows) <= most:
        return rows
    return rows[np.sort(np.random.default_rng(len(rows)).choice(len(rows), most, replace=False))]


@contextlib.contextmanager
def initial_weights(seed: int) -> Iterator[None]:
    """Within it, the weights that Keras draws depend on the seed alone.

    Keras seeds each layer by a whole number of Python's global stream. Other threads, such as those
    of a Dask worker, draw from this stream, too. Here the thread that builds has a stream of its
    own, which holds the same numbers.

    Args:
      seed: int. For Python's, NumPy's and TensorFlow's global streams, which stay seeded after it.
    """
    import keras  # Seeds are derived without TensorFlow, too.

    with _one_builder:
        keras.utils.set_random_seed(seed)
        own, shared, builder = random.Random(seed), random.randint, threading.get_ident()  # noqa: S311

        def randint(first, last):
            return (own.randint if threading.get_ident() == builder else shared)(first, last)

        random.randint = randint
        try:
            yield
        finally:
            random.randint = shared
