"""Seeds for separate purposes."""

import hashlib
import random  # noqa: TID251
import threading

import numpy as np

from qlatent_tf.seeds import derive_seed, initial_weights, some_rows


def test_a_seed_is_the_first_31_bits_of_a_hash():
    digest = hashlib.sha256(b"3/weights").digest()
    assert derive_seed(3, "weights") == int.from_bytes(digest, "big") >> (256 - 31)


def test_seeds_fit_a_signed_32_bit_number_and_differ():
    purposes = ("weights", "latent", "real", "encode", "step")
    seeds = [derive_seed(seed, purpose) for seed in range(1000) for purpose in purposes]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) >= 0 and max(seeds) < 2**31


def test_neighbouring_seeds_are_unrelated():
    # The mean of 1000 fair differences of up to 2^31 lies within 5 standard deviations of 0.
    differences = [derive_seed(seed + 1, "a") - derive_seed(seed, "b") for seed in range(1000)]
    assert abs(sum(differences) / 1000) < 5 * 2**31 / (6 * 1000) ** 0.5
    assert len(set(differences)) == 1000


def test_initial_weights_are_those_of_the_seed_whatever_other_threads_draw():
    import keras

    def build():
        layers = [keras.layers.Dense(3) for _ in range(30)]
        for layer in layers:
            layer.build([None, 4])
        return [layer.kernel.numpy() for layer in layers]

    keras.utils.set_random_seed(7)
    expected, ended = build(), threading.Event()

    def draw():
        while not ended.is_set():
            random.random()
            assert 1 <= random.randint(1, 6) <= 6

    before, thread = random.randint, threading.Thread(target=draw)
    with initial_weights(7):
        thread.start()
        found = build()
        ended.set()
        thread.join()
    np.testing.assert_array_equal(found, expected)
    assert random.randint is before


def test_two_threads_that_build_do_so_one_after_the_other():
    import keras

    def build(seed):
        with initial_weights(seed):
            started.set()
            layer = keras.layers.Dense(3)
            layer.build([None, 4])
            found[seed] = layer.kernel.numpy()

    before, found, started = random.randint, {}, threading.Event()
    other = threading.Thread(target=build, args=(8,))
    with initial_weights(7):
        other.start()
        assert not started.wait(0.2)
    other.join()
    assert random.randint is before
    alone = found.pop(8)
    build(8)
    np.testing.assert_array_equal(found[8], alone)


def test_some_rows_come_from_everywhere_and_are_chosen_by_their_number():
    rows = np.arange(50).reshape(50, 1)
    some = some_rows(rows, 20)[:, 0]
    assert len(some) == 20 and (np.diff(some) > 0).all()
    assert some.min() < 10 and some.max() >= 40
    np.testing.assert_array_equal(some, some_rows(rows + 1, 20)[:, 0] - 1)
    assert some_rows(rows, 50) is rows
