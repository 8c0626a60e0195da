"""Independent devices side by side: tiles of one latent."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from qlatent_tf.quantum.random_streams import stream_key


def draw_tiles(devices: Sequence[Any], num_samples: int, seed: int, **options) -> list:
    """Returns what each device samples, under a seed of its own.

    Args:
      devices: sequence of devices. Left to right.
      num_samples: int. The rows of each.
      seed: int. Taken modulo 2**64.
      **options: those of the devices' `sample`.
    """
    return [
        device.sample(num_samples, int(stream_key(seed, f"tile {tile}")), **options)
        for tile, device in enumerate(devices)
    ]


class Tiles:
    """The sampler of devices side by side.

    Args:
      devices: sequence of devices. Left to right.
    """

    def __init__(self, devices: Sequence[Any]):
        self.devices = tuple(devices)

    def sample(self, num_samples: int, seed: int, *, start: int = 0) -> np.ndarray:
        """Returns samples number start, start + 1, ..., uint8, shape `[num_samples, width]`."""
        return np.concatenate(draw_tiles(self.devices, num_samples, seed, start=start), axis=1)
