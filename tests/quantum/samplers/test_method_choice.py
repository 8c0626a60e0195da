import pytest

from qlatent_tf.quantum.samplers.fock_table import table_bytes
from qlatent_tf.quantum.samplers.method_choice import choose_method

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
def testCheapestMethod(photons, modes, samples, method):
    assert choose_method(modes, photons, samples, max_table_bytes=ROOMY) == method


def testATableThatDoesNotFitIsNotChosen():
    needed = table_bytes(16, 8)
    assert choose_method(16, 8, 10**8, max_table_bytes=needed) == "table"
    assert choose_method(16, 8, 10**8, max_table_bytes=needed - 1) == "lanes"
