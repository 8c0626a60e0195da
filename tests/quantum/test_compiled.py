import errno
import logging

import numpy as np
import pytest
from numba.core.caching import FunctionCache

from qlatent_tf.quantum import compiled


def add_one(value):
    return value + 1


@pytest.fixture
def warnings(monkeypatch, caplog):
    """The warnings of a process that has given none before."""
    seen = []

    def log_first_n(level, message, times, *arguments):
        if len(seen) < times:
            seen.append(message % arguments)

    monkeypatch.setattr(compiled.logging, "log_first_n", log_first_n)
    caplog.set_level(logging.WARNING)
    return seen


def test_without_a_folder_that_can_be_written_kernels_run_uncached(monkeypatch, warnings):
    def no_locator(function):
        raise RuntimeError("cannot cache function: no locator available.")

    monkeypatch.setattr(compiled, "_Cache", no_locator)
    assert compiled.kernel(add_one)(1) == 2
    assert compiled.kernel(fastmath=True)(add_one)(1.5) == 2.5
    assert len(warnings) == 1
    assert "no locator" in warnings[0] and "NUMBA_CACHE_DIR" in warnings[0]


def test_a_full_disk_costs_the_cache_alone(monkeypatch, warnings):
    def save_overload(self, sig, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FunctionCache, "save_overload", save_overload)
    assert compiled.kernel(add_one)(np.int64(1)) == 2
    assert len(warnings) == 1 and "No space left" in warnings[0]
