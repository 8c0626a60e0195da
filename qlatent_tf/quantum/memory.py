"""What fits into memory, and errors that say so before the work begins."""

import contextlib
import fractions
import os
from pathlib import Path


def memory_limit() -> int:
    """Returns the bytes that a process may take: the machine's, its container's, or `ulimit -v`."""
    limits = [2**63 - 1]
    with contextlib.suppress(AttributeError, ValueError, OSError):
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for control_group in ("memory.max", "memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # none, or "max"
            limits.append(int(Path("/sys/fs/cgroup", control_group).read_text()))
    with contextlib.suppress(ImportError):  # there is no such module on Windows
        import resource

        limits.append(resource.getrlimit(resource.RLIMIT_AS)[0])  # -1 for no limit
    return min(limit for limit in limits if limit > 0)


def check_memory(num_bytes: int, what: str) -> None:
    """Refuses what cannot fit into memory.

    Args:
      num_bytes: int. What is needed at least.
      what: str. What needs it, the subject of the error.

    Raises:
      ValueError: if that is more than `memory_limit`; it names both sizes.
    """
    limit = memory_limit()
    if num_bytes > limit:
        raise ValueError(
            f"{what} take {readable_bytes(num_bytes)} of memory; at most {readable_bytes(limit)} "
            "are there."
        )


def readable_bytes(num_bytes: int) -> str:
    """Returns a number of bytes in the largest unit of which there is one, such as "1.5 GiB"."""
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
    power = min(max(int(num_bytes).bit_length() - 1, 0) // 10, len(units) - 1)
    size = fractions.Fraction(int(num_bytes), 2 ** (10 * power))
    return f"{float(min(size, 10**300)):,.4g} {units[power]}"
