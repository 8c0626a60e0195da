"""Samples of classical light behind a device: amplitudes at random, then Poisson counts."""

import numpy as np

from qlatent_tf.quantum.arguments import check_sample_range
from qlatent_tf.quantum.compiled import kernel
from qlatent_tf.quantum.gaussian.light import LIGHTS, input_moments
from qlatent_tf.quantum.random_streams import GAMMA, stream_key, stream_state, uniform
from qlatent_tf.quantum.threads import check_num_threads, run_chunks

LANES = 16  # samples side by side, each with the arithmetic it has alone
SAMPLES_PER_CHUNK = 4 * LANES
SQUASHED = LIGHTS.index("squashed")
THERMAL = LIGHTS.index("thermal")
MOST = 255


@kernel
def poisson_count(rate, drawn):
    """The smallest count whose cumulative Poisson probability exceeds a uniform number."""
    probability = np.exp(-rate)
    cumulative = probability
    count = 0
    # Beyond the mean, a probability below the rounding error adds nothing any more.
    while drawn >= cumulative and count < MOST and (count < rate or probability > 1e-18):
        count += 1
        probability *= rate / count
        cumulative += probability
    return count


@kernel
def _draw_counts(real, imaginary, light, key, start, first, last, rows):
    """Fills rows first .. last; real + i imaginary is the transfer of unit amplitudes."""
    modes, inputs = real.shape
    states = np.empty(LANES, np.uint64)
    in_real, in_imaginary = np.empty((inputs, LANES)), np.empty((inputs, LANES))
    out_real, out_imaginary = np.empty(LANES), np.empty(LANES)
    for block in range(first, last, LANES):
        for lane in range(LANES):
            state = stream_state(key, start + block + lane)
            for j in range(inputs):
                state += GAMMA
                # Exponential: the intensity of thermal light of one photon on average.
                intensity = -np.log(1.0 - uniform(state))
                state += GAMMA
                phase = 2.0 * np.pi * uniform(state)
                if light == SQUASHED:
                    # One quadrature has all the fluctuations, the other none.
                    in_real[j, lane] = np.sqrt(2.0 * intensity) * np.cos(phase)
                    in_imaginary[j, lane] = 0.0
                else:
                    radius = np.sqrt(intensity) if light == THERMAL else 1.0
                    in_real[j, lane] = radius * np.cos(phase)
                    in_imaginary[j, lane] = radius * np.sin(phase)
            states[lane] = state
        for i in range(modes):
            out_real[:] = 0.0
            out_imaginary[:] = 0.0
            for j in range(inputs):
                a, b = real[i, j], imaginary[i, j]
                for lane in range(LANES):
                    out_real[lane] += a * in_real[j, lane] - b * in_imaginary[j, lane]
                    out_imaginary[lane] += a * in_imaginary[j, lane] + b * in_real[j, lane]
            for lane in range(min(LANES, last - block)):
                states[lane] += GAMMA
                rate = out_real[lane] ** 2 + out_imaginary[lane] ** 2
                rows[block + lane, i] = poisson_count(rate, uniform(states[lane]))


class ClassicalLightSampler:
    """Photon counts of squashed, thermal or coherent light behind a device.

    A sample costs one product of the transfer matrix with a vector: microseconds, at any size.

    Args:
      transfer: complex array, shape `[modes, inputs]`.
      squeezing: float array, shape `[inputs]`. Of the light that is imitated.
      light: str. `"squashed"`, `"thermal"` or `"coherent"`.
      num_threads: int. Threads to use, None for all; has no influence on the samples.
    """

    def __init__(
        self,
        transfer: np.ndarray,
        squeezing: np.ndarray,
        light: str,
        *,
        num_threads: int | None = None,
    ):
        photons, _ = input_moments(squeezing, light)
        scaled = transfer * np.sqrt(photons) * np.where(squeezing < 0, 1j, 1.0)
        self._real = np.ascontiguousarray(np.real(scaled))
        self._imaginary = np.ascontiguousarray(np.imag(scaled))
        self._light = light
        check_num_threads(num_threads)
        self._num_threads = num_threads

    def sample(self, num_samples: int, seed: int, *, start: int = 0) -> np.ndarray:
        """Draws samples.

        Args:
          num_samples: int. The rows.
          seed: int. Taken modulo 2**64. Sample number start + i depends on (seed, start + i).
          start: int. The number of the first sample.

        Returns:
          uint8 array, shape `[num_samples, modes]`.
        """
        num_samples, start = check_sample_range(num_samples, start, len(self._real))
        key = stream_key(seed, f"light {self._light}")
        rows = np.empty((num_samples, len(self._real)), np.uint8)
        light = LIGHTS.index(self._light)

        def draw(first, last):
            _draw_counts(self._real, self._imaginary, light, key, start, first, last, rows)

        run_chunks(draw, num_samples, self._num_threads, SAMPLES_PER_CHUNK)
        return rows
