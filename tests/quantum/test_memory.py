import resource

import pytest

from qlatent_tf.quantum import memory
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.random_streams import uniforms
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.samplers.distinguishable import DistinguishableSampler
from qlatent_tf.quantum.samplers.fock_table import exact_distribution
from qlatent_tf.quantum.unitaries import haar_unitary, loop_unitary

UNITARY = haar_unitary(4, 0)
STATE = [1, 1, 0, 0]


@pytest.mark.parametrize(
    "num_bytes, text",
    [(0, "0 bytes"), (1023, "1,023 bytes"), (1536, "1.5 KiB"), (2**41, "2 TiB"), (10**28, "PiB")],
)
def test_bytes_are_written_in_the_largest_unit(num_bytes, text):
    assert text in memory.readable_bytes(num_bytes)


def test_what_fits_is_let_through():
    memory.check_memory(2**20, "A mebibyte")
    assert memory.memory_limit() > 2**20


def test_the_limit_of_the_address_space_counts(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda which: (2**20, -1))
    with pytest.raises(ValueError, match=r"Tables take 2 MiB of memory; at most 1 MiB are there"):
        memory.check_memory(2**21, "Tables")
    with pytest.raises(ValueError, match="tables of 8 photons in 16 modes take .* at most 1 MiB"):
        exact_distribution(haar_unitary(16, 0), [1] * 8 + [0] * 8)


@pytest.mark.parametrize("num_samples", [10**12, 10**15, 2**62])
def test_more_samples_than_memory_holds_are_refused(num_samples, monkeypatch):
    monkeypatch.setattr(memory, "memory_limit", lambda: 2**40)
    message = f"{num_samples:,} samples take .*iB of memory; at most 1 TiB are there"
    for draw in (
        BosonSampler(UNITARY, STATE).sample,
        DistinguishableSampler(UNITARY, STATE).sample,
        PhotonicDevice(UNITARY, STATE, transmission=0.5).sample,
        lambda num, seed: uniforms(seed, "test", num, 4),
    ):
        with pytest.raises(ValueError, match=message):
            draw(num_samples, 0)


@pytest.mark.parametrize(
    "build", [haar_unitary, lambda modes, seed: loop_unitary(modes, "1", seed=seed)]
)
def test_interferometers_that_memory_does_not_hold_are_refused(build, monkeypatch):
    monkeypatch.setattr(memory, "memory_limit", lambda: 2**34)
    with pytest.raises(ValueError, match="Interferometers of 40,000 modes take .* at most 16 GiB"):
        build(40_000, 0)
