"""Mean photon numbers, totals and collisions of samples."""

from typing import NamedTuple

import numpy as np

from qlatent_tf.quantum.recordings import rows as sample_rows


class CountStatistics(NamedTuple):
    """What is counted shot by shot.

    Attributes:
      shots, modes: int. The shape of the samples.
      mean_photons: float64 array, shape (modes,).
      total_law: float64 array, shape (largest total + 1,). The share of shots with each total.
      collision_rate: float. The share of shots with more than one photon in some mode.
      largest_count: int. The most photons seen in one mode.
    """

    shots: int
    modes: int
    mean_photons: np.ndarray
    total_law: np.ndarray
    collision_rate: float
    largest_count: int

    def share_with(self, total: int) -> float:
        """Returns the share of shots with so many photons in all."""
        return float(self.total_law[total]) if total < len(self.total_law) else 0.0


def count_statistics(rows) -> CountStatistics:
    """Returns mean photon numbers, the distribution of the totals and collisions, in one pass.

    Args:
      rows: array-like, shape (shots, modes), of photon numbers.
    """
    modes = rows.shape[1]
    sums, totals, collisions, largest = np.zeros(modes), np.zeros(1, np.int64), 0, 0
    for _, block in sample_rows.blocks(rows):
        sums += block.sum(axis=0, dtype=np.float64)
        seen = np.bincount(block.sum(axis=1).astype(np.int64))
        totals = np.pad(totals, (0, max(len(seen) - len(totals), 0)))
        totals[: len(seen)] += seen
        collisions += int((block > 1).any(axis=1).sum())
        largest = max(largest, int(block.max()))
    shots = len(rows)
    return CountStatistics(shots, modes, sums / shots, totals / shots, collisions / shots, largest)
