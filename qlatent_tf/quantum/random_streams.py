"""Random numbers that depend on (seed, purpose, sample number) alone.

Counter-based: a sample's stream is found from its number without drawing the samples before it,
so batches, threads and restarts cannot change it. All arithmetic is modulo 2^64:

    key(seed, purpose)  = mix(mix(seed + GAMMA) + hash(purpose))
    state(key, index)   = mix(key + (index + 1) GAMMA)
    draw number d       = mix(state + d GAMMA) ,  d = 1, 2, ...
    uniform             = (draw >> 11) 2^-53                            in [0, 1)

`mix` is the splitmix64 finaliser, a bijection. The seed is hashed before it meets the index: were
it only scaled by GAMMA, the stream of seed + 1 would be that of seed shifted by one sample, and a
model fed with seeds 1, 2, 3, ... would see nearly the same batch again and again.

Reference: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

import numpy as np

from qlatent_tf.checks import check_count, check_seed
from qlatent_tf.quantum.arguments import check_sample_range
from qlatent_tf.quantum.compiled import kernel

GAMMA = np.uint64(0x9E3779B97F4A7C15)
ONE = np.uint64(1)
SHIFT_30 = np.uint64(30)
SHIFT_27 = np.uint64(27)
SHIFT_31 = np.uint64(31)
SHIFT_11 = np.uint64(11)
MULTIPLIER_1 = np.uint64(0xBF58476D1CE4E5B9)
MULTIPLIER_2 = np.uint64(0x94D049BB133111EB)
UNIT = 2.0**-53


@kernel
def mix64(value):
    """The splitmix64 finaliser of a uint64."""
    value = (value ^ (value >> SHIFT_30)) * MULTIPLIER_1
    value = (value ^ (value >> SHIFT_27)) * MULTIPLIER_2
    return value ^ (value >> SHIFT_31)


@kernel
def stream_state(key, index):
    """The state of sample `index` before its first draw; `key` is a uint64."""
    return mix64(key + (np.uint64(index) + ONE) * GAMMA)


@kernel
def uniform(state):
    """The uniform number in [0, 1) of a state that was advanced by GAMMA."""
    return np.float64(mix64(state) >> SHIFT_11) * UNIT


def mix64_int(value: int) -> int:
    """`mix64` on Python integers."""
    mask = 2**64 - 1
    value = ((value ^ (value >> 30)) * int(MULTIPLIER_1)) & mask
    value = ((value ^ (value >> 27)) * int(MULTIPLIER_2)) & mask
    return value ^ (value >> 31)


def stream_key(seed: int, purpose: str) -> np.uint64:
    """Returns the key, uint64, of all streams that serve one purpose under one seed.

    Streams of different purposes are independent under the same seed, which is an integer, taken
    modulo 2**64.
    """
    gamma = int(GAMMA)
    word = 0
    for byte in purpose.encode():
        word = mix64_int((word + byte + gamma) % 2**64)
    hashed_seed = mix64_int((check_seed(seed) + gamma) % 2**64)
    return np.uint64(mix64_int((hashed_seed + word) % 2**64))


def uniforms(
    seed: int, purpose: str, num_samples: int, num_draws: int, *, start: int = 0
) -> np.ndarray:
    """Returns the first uniform numbers in [0, 1) of the streams of consecutive samples.

    Args:
      seed: int. Taken modulo 2**64.
      purpose: str. What the numbers are for, see `stream_key`.
      num_samples, num_draws: int. The shape: draws 1, 2, ... of each stream in a row.
      start: int. The number of the first sample.
    """
    num_draws = check_count(num_draws, "num_draws")
    num_samples, start = check_sample_range(num_samples, start, 16 * num_draws)
    index = np.uint64(start) + np.arange(num_samples, dtype=np.uint64)
    mix = getattr(mix64, "py_func", mix64)  # NumPy's, on arrays
    states = mix(stream_key(seed, purpose) + (index + ONE) * GAMMA)
    draws = np.arange(1, num_draws + 1, dtype=np.uint64) * GAMMA
    return (mix(states[:, None] + draws) >> SHIFT_11) * UNIT
