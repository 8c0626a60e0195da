"""Repeating shots until one is kept, without losing the independence from batches."""

from collections.abc import Callable

import numpy as np

SAMPLES_PER_BLOCK = 1024
# Candidates are numbered block by block; no block ever draws so many.
CANDIDATES_PER_BLOCK = 2**32
MAX_SAMPLES = 2**63 // CANDIDATES_PER_BLOCK * SAMPLES_PER_BLOCK
MAX_CANDIDATES_PER_SAMPLE = 10_000


def keep_shots(
    shoot: Callable[[int, int], np.ndarray],
    total_range: tuple[int, int],
    num_samples: int,
    start: int,
) -> np.ndarray:
    """Draws samples with totals in a range by repeating shots.

    Samples are numbered in blocks of 1024, each with its own stream of candidates, and the samples
    of a block are the first, second, .. of its candidates that are kept. So a sample depends on its
    number alone, and batches of shots can be drawn at once. `shoot(num_shots, start)` draws
    consecutive shots, shape `[num_shots, modes]`.

    Raises:
      ValueError: if fewer than one in 10,000 shots is kept, or a sample's number exceeds 2**41.
    """
    if start + num_samples > MAX_SAMPLES:
        raise ValueError(
            f"Samples whose shots are repeated are numbered up to {MAX_SAMPLES}; received "
            f"start={start} and {num_samples} samples."
        )
    rows = [shoot(0, 0)]
    done = 0
    while done < num_samples:
        block, first = divmod(start + done, SAMPLES_PER_BLOCK)
        count = min(SAMPLES_PER_BLOCK - first, num_samples - done)
        rows.append(_kept_of_block(shoot, total_range, block, first + count)[first:])
        done += count
    return np.concatenate(rows)


def _kept_of_block(shoot, total_range, block: int, count: int) -> np.ndarray:
    """Returns the first `count` kept candidates of a block."""
    least, most = total_range
    kept: list[np.ndarray] = []
    num_kept = num_drawn = 0
    while num_kept < count:
        if num_drawn >= MAX_CANDIDATES_PER_SAMPLE * (num_kept + 1):
            raise ValueError(
                f"The post-selection on {least} to {most} counts kept {num_kept} of {num_drawn} "
                f"shots; legal is at least one in {MAX_CANDIDATES_PER_SAMPLE}. Widen the range."
            )
        # The guessed rate decides how many candidates are drawn at once, not which are kept.
        rate = (num_kept + 1) / (num_drawn + 2)
        chunk = min(int((count - num_kept) / rate * 1.1) + 16, 8 * SAMPLES_PER_BLOCK)
        candidates = shoot(chunk, block * CANDIDATES_PER_BLOCK + num_drawn)
        totals = candidates.sum(axis=1, dtype=np.int64)
        kept.append(candidates[(least <= totals) & (totals <= most)])
        num_drawn += chunk
        num_kept += len(kept[-1])
    return np.concatenate(kept)[:count]
