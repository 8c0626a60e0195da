import itertools

import numpy as np
import pytest

from qlatent_tf.quantum.devices.post_selection import SAMPLES_PER_BLOCK, keep_shots
from qlatent_tf.quantum.random_streams import uniforms


def coins(num_shots, start):
    """Three coins, each heads with probability 1/4."""
    return (uniforms(0, "coins", num_shots, 3, start=start) < 0.25).astype(np.uint8)


def test_kept_shots_are_in_the_range_and_follow_the_law():
    rows = keep_shots(coins, (2, 3), 4000, start=0)
    assert rows.shape == (4000, 3)
    assert rows.sum(axis=1).min() == 2
    # P(3 | 2 or 3) = (1/64) / (9/64 + 1/64)
    assert abs((rows.sum(axis=1) == 3).mean() - 0.1) < 4 * np.sqrt(0.09 / 4000)


def test_samples_do_not_depend_on_batches():
    start, stop = SAMPLES_PER_BLOCK - 20, 2 * SAMPLES_PER_BLOCK + 20
    together = keep_shots(coins, (1, 2), stop - start, start)
    edges = [start, start + 1, start + 33, SAMPLES_PER_BLOCK + 500, stop]
    parts = [keep_shots(coins, (1, 2), b - a, a) for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(parts), together)


def test_blocks_differ():
    first = keep_shots(coins, (1, 3), SAMPLES_PER_BLOCK, 0)
    second = keep_shots(coins, (1, 3), SAMPLES_PER_BLOCK, SAMPLES_PER_BLOCK)
    assert (first != second).any()


def test_no_samples():
    assert keep_shots(coins, (9, 9), 0, start=5).shape == (0, 3)


def test_an_impossible_range_ends_with_an_error():
    with pytest.raises(ValueError, match="kept 0 of .* shots"):
        keep_shots(coins, (4, 4), 1, start=0)


def test_samples_beyond_the_last_block_are_refused():
    assert keep_shots(coins, (1, 2), 1, start=2**41 - 1).shape == (1, 3)
    with pytest.raises(ValueError, match=f"received start={2**64}"):
        keep_shots(coins, (1, 2), 1, start=2**64)
