"""Chunks of independent work on a thread pool; the kernels release the GIL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba

from qlatent_tf.checks import check_count

CHUNKS_PER_THREAD = 32  # more chunks than threads, since samples differ in cost
CHUNK_SECONDS = 1e-4  # less work than this is not worth a thread


def check_num_threads(num_threads: int | None) -> int:
    """Returns the number of threads to use; None means `NUMBA_NUM_THREADS` or all cores.

    Raises:
      ValueError: if it is not a positive integer.
    """
    if num_threads is None:
        return numba.config.NUMBA_NUM_THREADS  # pyright: ignore
    return check_count(num_threads, "num_threads", least=1)


def run_chunks(
    work: Callable[[int, int], None], size: int, num_threads: int | None, least: int = 1
) -> None:
    """Calls `work(first, last)` for consecutive ranges that cover `0 .. size`.

    Args:
      work: callable. Must release the GIL and write to its own range only.
      size: int. The number of items.
      num_threads: int. Threads to use, None for all of the process that does the work.
      least: int. The items below which a chunk is not worth a thread.
    """
    num_threads = check_num_threads(num_threads)
    chunks = min(CHUNKS_PER_THREAD * num_threads, size // least)
    if num_threads == 1 or chunks <= 1:
        if size:
            work(0, size)
        return
    edges = [size * chunk // chunks for chunk in range(chunks + 1)]
    with ThreadPoolExecutor(min(num_threads, chunks)) as pool:
        list(pool.map(work, edges[:-1], edges[1:]))
