import pytest
from harness import first_modes

from qlatent_tf.quantum.samplers.fock_table import table_bytes
from qlatent_tf.quantum.samplers.method_choice import choose_method
from qlatent_tf.quantum.samplers.walk_plan import walk_shape
from qlatent_tf.quantum.unitaries import haar_unitary, loop_unitary

ROOMY = 2**29


@pytest.mark.parametrize(
    "photons, modes, samples, method",
    [
        (8, 16, 10_000_000, "table"),
        (8, 16, 1_000, "lanes"),
        (4, 8, 100_000, "table"),
        (10, 100, 1_000_000, "lanes"),
        (16, 32, 1_000_000_000, "glynn"),
        (24, 48, 1_000, "glynn"),
        (40, 80, 1, "glynn"),
        (60, 2, 1, "table"),
    ],
)
def test_cheapest_method(photons, modes, samples, method):
    assert choose_method(modes, photons, samples, max_table_bytes=ROOMY) == method


def test_a_table_that_does_not_fit_is_not_chosen():
    needed = table_bytes(16, 8)
    assert choose_method(16, 8, 10**8, max_table_bytes=needed) == "table"
    assert choose_method(16, 8, 10**8, max_table_bytes=needed - 1) == "lanes"


@pytest.mark.parametrize(
    "delays, photons, modes, samples, method",
    [
        ("1-1", 8, 16, 1_000_000, "table"),
        ("1-1", 4, 20, 1_000, "lanes"),
        ("1-1", 16, 32, 1_000_000, "loop"),
        ("1-1", 64, 128, 1, "loop"),
        ("1-1-1", 20, 40, 1_000, "loop"),
        ("1-3-9", 16, 32, 1_000_000, "glynn"),
        ("1-3-9", 40, 80, 1_000_000, "glynn"),
        (None, 16, 32, 1_000_000, "glynn"),
        (None, 3, 30, 1_000, "lanes"),
    ],
)
def test_loops_are_walked_where_that_is_cheapest(delays, photons, modes, samples, method):
    unitary = loop_unitary(modes, delays, seed=1) if delays else haar_unitary(modes, seed=1)
    state = first_modes(photons, modes)
    walk = walk_shape(unitary, state)
    assert method == choose_method(modes, photons, samples, max_table_bytes=ROOMY, walk=walk)
