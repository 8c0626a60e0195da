"""Images of two bright quarters, and networks small enough for them."""

import numpy as np

SIZES = {"image": [8, 12, 4], "filters": [4, 6], "hidden": 16, "qubits": 3, "critic_width": 8}
CLASSICAL = {**SIZES, "generator": "classical", "width": 4}


def images(count=40, seed=0):
    """Two bright quarters on dark ground, of random brightness."""
    random = np.random.default_rng(seed)
    made = np.zeros((count, 8, 12, 4), np.uint8)
    made[:, :4, :6] = random.integers(60, 255, (count, 1, 1, 4))
    made[:, 4:, 6:] = random.integers(60, 255, (count, 1, 1, 1))
    return made
