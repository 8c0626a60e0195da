"""Raw shot files of the Jiuzhang 2.0 and 3.0 experiments."""

import os
from pathlib import Path

import numpy as np

from qlatent_tf.quantum.recordings import rows as sample_rows

MODES = 144
_WORDS_2 = 6
# Ports without a detector, counted from 0. The published list counts from 1:
# 1-8, 17, 36, 60, 81-101, 177-192.
_UNUSED_2 = np.r_[0:8, 16, 35, 59, 80:101, 176:192]
_BINS_3 = 8


class Jiuzhang2Rows(sample_rows.Rows):
    """Clicks of Jiuzhang 2.0, decoded when read.

    A shot is six little-endian 32-bit words, each with its most significant bit first. Of the 192
    bits, 48 belong to ports without a detector; the other 144 run from the last mode to the first.

    Reference: Zhong et al., "Phase-programmable Gaussian boson sampling using stimulated squeezed
      light", Physical Review Letters 127, 180502 (2021).
    """

    def __init__(self, path: str | os.PathLike):
        shots = _whole_shots(path, 4 * _WORDS_2)
        self._words = np.memmap(path, dtype="<u4", mode="r", shape=(shots, _WORDS_2))
        self._ports = np.delete(np.arange(32 * _WORDS_2), _UNUSED_2)[::-1]
        super().__init__(shots, MODES, np.uint8)

    def _take(self, indices):
        octets = self._words[indices].astype(">u4").view(np.uint8)
        return np.unpackbits(octets, axis=1)[:, self._ports]


class Jiuzhang3Rows(sample_rows.Rows):
    """Photon numbers of Jiuzhang 3.0, decoded when read.

    A shot is 1152 bits, most significant bit of a byte first. Each mode was spread over eight
    detector bins, which are taken to stand side by side; its photon number is the number of its
    bins that clicked, so it is at most 8.

    Reference: Deng et al., "Gaussian boson sampling with pseudo-photon-number-resolving detectors
      and quantum computational advantage", Physical Review Letters 131, 150601 (2023).
    """

    def __init__(self, path: str | os.PathLike):
        shots = _whole_shots(path, MODES * _BINS_3 // 8)
        self._octets = np.memmap(
            path, dtype=np.uint8, mode="r", shape=(shots, MODES * _BINS_3 // 8)
        )
        super().__init__(shots, MODES, np.uint8)

    def _take(self, indices):
        clicks = np.unpackbits(self._octets[indices], axis=1)
        return clicks.reshape(len(indices), MODES, _BINS_3).sum(axis=2, dtype=np.uint8)


def _whole_shots(path: str | os.PathLike, shot_bytes: int) -> int:
    shots, rest = divmod(Path(path).stat().st_size, shot_bytes)
    if rest or not shots:
        raise ValueError(
            f"{path} is empty or truncated: a shot takes {shot_bytes} bytes, and the file holds "
            f"{shots} whole shots and {rest} bytes of row {shots} (counted from 0)."
        )
    return shots
