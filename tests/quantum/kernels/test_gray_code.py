import math

import numpy as np
import pytest

from qlatent_tf.quantum.kernels.gray_code import DIGIT, GRAY_FIELDS, MAXIMUM, next_step, start_walk


@pytest.mark.parametrize("maxima", [(), (1,), (3,), (1, 1, 1), (2, 1, 4), (5, 3, 1, 2)])
def test_visits_every_vector_once_with_its_weight(maxima):
    walk = np.zeros((GRAY_FIELDS, len(maxima) + 1), np.int64)
    walk[MAXIMUM, : len(maxima)] = maxima
    start_walk(walk, len(maxima))
    weight, digits, visited = 1.0, (0,) * len(maxima), {}
    while True:
        expected = math.prod(
            (-1) ** a * math.comb(f, a) for f, a in zip(maxima, digits, strict=True)
        )
        assert weight == pytest.approx(expected, rel=1e-12)
        visited[digits] = weight
        changed, direction, ratio = next_step(walk, len(maxima))
        if changed == len(maxima):
            break
        step = np.zeros(len(maxima), int)
        step[changed] = direction
        digits = tuple(int(digit) for digit in np.add(digits, step))
        assert digits == tuple(walk[DIGIT, : len(maxima)])
        weight *= ratio
    assert len(visited) == math.prod(f + 1 for f in maxima)
