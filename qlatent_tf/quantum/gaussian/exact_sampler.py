"""Exact samples of squeezed light behind a device, by Piquasso."""

import importlib.util
import random  # noqa: TID251 - Piquasso seeds it; its state is put back

import numpy as np

from qlatent_tf.quantum.arguments import check_sample_range
from qlatent_tf.quantum.random_streams import stream_key


def check_piquasso() -> None:
    """Refuses to go on where Piquasso is not installed.

    Raises:
      ImportError: naming the extra that brings it.
    """
    if importlib.util.find_spec("piquasso") is None:
        raise ImportError(
            "Exact samples of squeezed light are drawn by Piquasso, which is not installed: "
            "pip install 'qlatent_tf[gbs]'. The latents squashed, thermal and coherent need none."
        )


class SqueezedLightSampler:
    """Photon counts of a Gaussian state, by the chain rule over its modes.

    A count of `most` is the largest that is drawn: the distribution is cut off there. Its total
    variation distance to the whole one is at most the sum over modes of the probability of more.

    Args:
      covariance: float64 array, shape `[2 modes, 2 modes]`. All x, then all p; 1 in vacuum.
      most: int. The largest count of a mode.

    Raises:
      ImportError: if Piquasso is not installed.

    Reference: Quesada et al., "Quadratic speed-up for simulating Gaussian boson sampling",
      arXiv:2010.15595.
    """

    def __init__(self, covariance: np.ndarray, most: int):
        check_piquasso()
        self._modes = len(covariance) // 2
        # Piquasso's order: x and p of the first mode, then of the second.
        order = np.arange(2 * self._modes).reshape(2, -1).T.ravel()
        self._covariance = covariance[np.ix_(order, order)]
        self._most = most

    def sample(self, num_samples: int, seed: int, *, start: int = 0) -> np.ndarray:
        """Draws samples.

        Args:
          num_samples: int. The rows.
          seed: int. Taken modulo 2**64. Sample number start + i depends on (seed, start + i).
          start: int. The number of the first sample.

        Returns:
          uint8 array, shape `[num_samples, modes]`.
        """
        num_samples, start = check_sample_range(num_samples, start, self._modes)
        if num_samples == 0:
            return np.zeros((0, self._modes), np.uint8)
        import piquasso as pq

        state = random.getstate()
        try:
            # Shot i is seeded with this number + i; 0 would be no seed.
            config = pq.Config(
                seed_sequence=int(stream_key(seed, "light squeezed")) + 1 + start,
                measurement_cutoff=self._most + 1,
            )
            with pq.Program() as program:
                pq.Q() | pq.Vacuum()  # pyright: ignore
                pq.Q() | pq.Covariance(self._covariance)  # pyright: ignore
                pq.Q() | pq.ParticleNumberMeasurement()  # pyright: ignore
            simulator = pq.GaussianSimulator(d=self._modes, config=config)
            # Not `samples`, which are shuffled by a seed of the whole batch.
            shots = simulator.execute(program, shots=num_samples).branches
        finally:
            random.setstate(state)
        rows = np.array([shot.outcome for shot in shots], np.uint8)
        return rows.reshape(num_samples, self._modes)
