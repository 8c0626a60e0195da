import numpy as np
import pytest

from qlatent_tf.quantum.kernels.alias_table import alias_index, alias_records


def law(size, seed=0):
    probabilities = np.random.default_rng(seed).exponential(size=size) ** 3
    probabilities[::7] = 0
    return probabilities / probabilities.sum()


@pytest.mark.parametrize("size", [2, 3, 10, 1000, 70_001])
def test_records_hold_the_law(size):
    probabilities = law(size)
    records = alias_records(probabilities)
    kept = (records >> np.uint64(32)).astype(float) / 2**32
    alias = (records & np.uint64(2**32 - 1)).astype(int)
    held = (kept + np.bincount(alias, 1 - kept, minlength=size)) / size
    assert np.abs(held - probabilities).sum() / 2 < 2**-32
    assert (held[probabilities == 0] == 0).all()


@pytest.mark.parametrize("size", [1, 3, 1000, 3_000_001])
def test_draw_is_the_96_bit_product(size):
    records = alias_records(np.random.default_rng(1).exponential(size=size))
    draws = np.random.default_rng(2).integers(2**64, size=200, dtype=np.uint64)
    for draw in (*draws, np.uint64(0), np.uint64(2**64 - 1)):
        product = int(draw) * size
        bucket, fraction = product >> 64, (product >> 32) % 2**32
        threshold, alias = divmod(int(records[bucket]), 2**32)
        assert alias_index(records, draw) == (bucket if fraction < threshold else alias)


def test_certain_outcome():
    records = alias_records(np.array([0.0, 1.0, 0.0]))
    draws = np.random.default_rng(3).integers(2**64, size=1000, dtype=np.uint64)
    assert {int(alias_index(records, draw)) for draw in draws} == {1}


@pytest.mark.parametrize("probabilities", [np.empty(0), np.zeros(3), np.array([1, np.nan])])
def test_refusals(probabilities):
    with pytest.raises(ValueError, match="received"):
        alias_records(probabilities)
