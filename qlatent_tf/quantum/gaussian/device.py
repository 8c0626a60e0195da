"""A Gaussian boson sampler, or the same device fed with classical light."""

import functools
from typing import Any

import numpy as np

from qlatent_tf.checks import check_count, check_seed
from qlatent_tf.quantum.arguments import DETECTORS, check_sample_range, check_transmission
from qlatent_tf.quantum.gaussian import moments
from qlatent_tf.quantum.gaussian.classical_sampler import MOST, ClassicalLightSampler
from qlatent_tf.quantum.gaussian.exact_sampler import SqueezedLightSampler
from qlatent_tf.quantum.gaussian.light import (
    LIGHTS,
    check_squeezing,
    check_transfer,
    input_moments,
    normal_covariance,
    output_moments,
)
from qlatent_tf.quantum.gaussian.total_counts import (
    mode_photon_law,
    sampled_click_law,
    sampled_photon_law,
    total_photon_law,
)
from qlatent_tf.quantum.threads import check_num_threads
from qlatent_tf.text.names import check_choice

# Probability that may be cut off of squeezed light, and beyond a byte of any.
_CUT_OFF = 1e-6


class GaussianDevice:
    """Light of known squeezing behind a linear, lossy device, and its detectors.

    `light` says what enters: squeezed light (Gaussian boson sampling), or classical light of the
    same mean photon number in each input, see `qlatent_tf.quantum.gaussian.light`. The mean photon
    numbers of all modes are then the same, too.

    Sample number i depends on the device, the seed and i alone: not on batches, nor on threads.

    Args:
      transfer: complex array-like, shape `[modes, inputs]`. Amplitudes from inputs to output modes;
        its singular values are at most 1, and what they lack is lost.
      squeezing: float, or floats of shape `[inputs]`, or fewer: vacuum enters the others.
      light: str. `"squeezed"`, `"squashed"`, `"thermal"` or `"coherent"`.
      transmission: float in [0, 1], or floats of shape `[modes]`. Of each mode, beside the transfer
        matrix.
      detector: str. `"number"` or `"threshold"`.
      num_threads: int. Threads for classical light, None for all.

    Attributes:
      modes: int.
      transfer: complex128 array, shape `[modes, inputs]`, with the transmission.
      squeezing: float64 array, shape `[inputs]`.
      light, detector: str.

    Raises:
      ValueError: if an argument is out of range, or a mode holds more than 255 photons too often.

    Example:
      >>> device = GaussianDevice(haar_unitary(4, seed=0), 1.0, light="thermal")
      >>> device.mean().sum().round(3)
      5.524

    References:
      - Hamilton et al., "Gaussian boson sampling", arXiv:1612.01199.
      - Madsen et al., "Quantum computational advantage with a programmable photonic processor",
        Nature 606, 75 (2022) (classical light in place of a device's).
    """

    def __init__(
        self,
        transfer,
        squeezing,
        *,
        light: str = "squeezed",
        transmission=1.0,
        detector: str = "number",
        num_threads: int | None = None,
    ):
        matrix = check_transfer(transfer)
        self.modes = len(matrix)
        self.transfer = matrix * np.sqrt(check_transmission(transmission, self.modes))[:, None]
        self.squeezing = check_squeezing(squeezing, matrix.shape[1])
        self.light = check_choice("light", light, LIGHTS)
        self.detector = check_choice("detector", detector, DETECTORS)
        check_num_threads(num_threads)
        self._num_threads = num_threads
        self._photons, anomalous = input_moments(self.squeezing, self.light)
        self._number, self._anomalous = output_moments(self.transfer, self._photons, anomalous)
        self._most = self._largest_count()

    def sample(self, num_samples: int, seed: int, *, start: int = 0) -> np.ndarray:
        """Draws samples.

        Args:
          num_samples: int. The rows.
          seed: int. Taken modulo 2**64.
          start: int. The number of the first sample.

        Returns:
          uint8 array, shape `[num_samples, modes]`.

        Raises:
          ImportError: for squeezed light, if Piquasso is not installed.
          ValueError: if an argument is malformed.
        """
        rows = self._sampler.sample(num_samples, seed, start=start)
        return np.minimum(rows, 1) if self.detector == "threshold" else rows

    def sampling_seconds(self, num_samples: int) -> float:
        """Returns about how long one core takes for `sample`."""
        if self.light == "squeezed":
            # Hafnians double with each photon; as measured with 2 to 8 photons.
            return num_samples * 5e-5 * 2.0 ** min(np.real(np.diagonal(self._number)).sum(), 100.0)
        return num_samples * (5e-8 * sum(self.transfer.shape) + 8e-10 * self.transfer.size)

    def mean(self) -> np.ndarray:
        """Returns the exact mean of each mode, float64, shape `[modes]`."""
        return self._mean.copy()

    def variance(self) -> np.ndarray:
        """Returns the exact variance of each mode, float64, shape `[modes]`."""
        if self.detector == "threshold":
            return self._mean * (1.0 - self._mean)
        return np.diagonal(self._covariance).copy()

    def covariance(self) -> np.ndarray:
        """Returns the exact covariance, float64, shape `[modes, modes]`.

        Raises:
          NoClosedForm: for clicks of coherent light.
        """
        return self._covariance.copy()

    def total_distribution(self, num_samples: int = 20_000, seed: int = 0) -> np.ndarray:
        """Returns the distribution of the total count, over all modes.

        It is exact for photon numbers of squeezed, squashed and thermal light. For clicks and for
        coherent light it is an average over drawn intensities, see
        `qlatent_tf.quantum.gaussian.total_counts`, which warns where these are too few.

        Args:
          num_samples: int, from 1. How many intensities are drawn, where any are.
          seed: int. Of these, taken modulo 2**64.

        Returns:
          float64 array, shape `[most + 1]`: the probability of each total from 0. Photon numbers
          end where more are as improbable as 1e-15.

        Raises:
          ValueError: if `num_samples` is not a count from 1, or too many for the memory.

        Reference: Drummond, Opanchuk, Dellios, Reid, "Simulating complex networks in phase space:
          Gaussian boson sampling", arXiv:2102.10341.
        """
        num_samples = check_count(num_samples, "num_samples", least=1)
        num_samples, _ = check_sample_range(num_samples, 0, 8)
        seed = check_seed(seed)
        if self.detector == "number" and self.light != "coherent":
            return total_photon_law(self._number, self._anomalous)
        law = sampled_click_law if self.detector == "threshold" else sampled_photon_law
        return law(self.transfer, self.squeezing, self.light, num_samples=num_samples, seed=seed)

    def __repr__(self) -> str:
        photons = np.real(np.diagonal(self._number)).sum()
        return (
            f"GaussianDevice(modes={self.modes}, inputs={len(self.squeezing)}, light={self.light}, "
            f"photons={photons:.4g}, detector={self.detector})"
        )

    @functools.cached_property
    def _mean(self) -> np.ndarray:
        if self.detector == "number":
            return np.real(np.diagonal(self._number)).copy()
        return moments.click_mean(
            self.transfer, self._photons, self._number, self._anomalous, self.light
        )

    @functools.cached_property
    def _covariance(self) -> np.ndarray:
        if self.detector == "number":
            return moments.photon_covariance(
                self.transfer, self._photons, self._number, self._anomalous, self.light
            )
        return moments.click_covariance(self._mean, self._number, self._anomalous, self.light)

    @functools.cached_property
    def _sampler(self) -> Any:
        if self.light != "squeezed":
            return ClassicalLightSampler(
                self.transfer, self.squeezing, self.light, num_threads=self._num_threads
            )
        beyond_vacuum = 2.0 * normal_covariance(self._number, self._anomalous)
        return SqueezedLightSampler(np.eye(2 * self.modes) + beyond_vacuum, self._most)

    def _largest_count(self) -> int:
        """Returns the count that modes exceed with a probability of 1e-6 at most, all together."""
        tails = np.zeros(MOST + 1)
        for own, other in zip(
            np.real(np.diagonal(self._number)), np.abs(np.diagonal(self._anomalous)), strict=True
        ):
            law = mode_photon_law(own, other)
            tail = np.cumsum(law[::-1])[::-1][1 : MOST + 2]
            tails[: len(tail)] += tail
        if not tails[-1] <= _CUT_OFF:
            if self.detector == "threshold" and self.light != "squeezed":
                return MOST  # A click is a click, of however many photons.
            raise ValueError(
                f"Counts are stored in bytes, up to {MOST}; a mode of {self!r} holds more with "
                f"probability {min(tails[-1], 1.0):.2g}. Legal is up to {_CUT_OFF:g}: squeeze less."
            )
        return max(1, int(np.argmax(tails <= _CUT_OFF)))
