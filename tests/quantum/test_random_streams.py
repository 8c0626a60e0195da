import numpy as np
import pytest
from reference_samplers import Stream

from qlatent_tf.quantum.random_streams import (
    GAMMA,
    mix64,
    mix64_int,
    stream_key,
    stream_state,
    uniform,
    uniforms,
)


def test_mix_is_the_splitmix_finaliser():
    # The first three outputs of Vigna's splitmix64.c from state 0.
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    states = [(i + 1) * int(GAMMA) % 2**64 for i in range(3)]
    assert [mix64_int(state) for state in states] == expected
    assert [int(mix64(np.uint64(state))) for state in states] == expected


@pytest.mark.parametrize("index", [0, 1, 12345, 2**40])
def test_kernel_matches_python_integers(index):
    stream = Stream(7, "boson", index)
    state = stream_state(stream_key(7, "boson"), index)
    row = uniforms(7, "boson", 1, 5, start=index)[0]
    for draw in range(5):
        state = np.uint64((int(state) + int(GAMMA)) % 2**64)
        assert uniform(state) == stream.uniform() == row[draw]


def test_batches_are_slices():
    whole = uniforms(3, "loss", 20, 4)
    np.testing.assert_array_equal(whole[5:12], uniforms(3, "loss", 7, 4, start=5))
    np.testing.assert_array_equal(whole[:, :2], uniforms(3, "loss", 20, 2))


def test_seeds_are_periodic():
    assert stream_key(5, "x") == stream_key(5 + 2**64, "x")
    assert stream_key(-1, "x") == stream_key(2**64 - 1, "x")


def test_no_number_occurs_twice():
    streams = [uniforms(seed, purpose, 500, 20) for seed in range(4) for purpose in ("a", "b")]
    assert len(np.unique(streams)) == np.size(streams)  # 2^53 values, 80 000 draws


def test_uniform_moments():
    numbers = uniforms(11, "moments", 40_000, 5)
    assert numbers.min() >= 0 and numbers.max() < 1
    error = 5 / np.sqrt(numbers.size)
    assert abs(numbers.mean() - 1 / 2) < error * np.sqrt(1 / 12)
    assert abs((numbers**2).mean() - 1 / 3) < error * np.sqrt(4 / 45)
    correlation = np.corrcoef(numbers.T) - np.eye(5)
    assert np.abs(correlation).max() < 5 / np.sqrt(len(numbers))
    assert abs(np.corrcoef(numbers[:-1, 0], numbers[1:, 0])[0, 1]) < 5 / np.sqrt(len(numbers))


@pytest.mark.parametrize("seed", [1.5, "1", None, True])
def test_seed_is_an_integer(seed):
    with pytest.raises(ValueError, match=f"^A seed is an integer; received {seed!r}"):
        stream_key(seed, "x")
