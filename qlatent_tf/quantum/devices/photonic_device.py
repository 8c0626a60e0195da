"""A boson sampler as a laboratory has it: imperfect photons, lossy modes, real detectors."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from qlatent_tf.checks import check_count, check_probability
from qlatent_tf.quantum.arguments import (
    DETECTORS,
    MAX_PHOTONS,
    check_input_state,
    check_outcomes,
    check_postselect,
    check_sample_range,
    check_transmission,
    check_unitary,
)
from qlatent_tf.quantum.devices import moments, second_photons
from qlatent_tf.quantum.devices import probabilities as outcome_law
from qlatent_tf.quantum.devices.count_law import CountLaw, check_counts_are_possible
from qlatent_tf.quantum.devices.noise import combined_noise, noisy_unitary
from qlatent_tf.quantum.devices.post_selection import keep_shots
from qlatent_tf.quantum.devices.shots import ShotSampler
from qlatent_tf.quantum.samplers.boson_sampler import METHODS, PRECISIONS
from qlatent_tf.quantum.samplers.fock_table import DEFAULT_MAX_TABLE_BYTES
from qlatent_tf.quantum.unitaries import check_circuit_seed
from qlatent_tf.text.names import check_choice


class PhotonicDevice:
    """Photons in an interferometer, with what goes wrong in an experiment.

    In the order in which it happens:

    - Each photon is good with probability sqrt(indistinguishability), independently. Good photons
      interfere with each other; a bad one interferes with nobody. A Hong-Ou-Mandel experiment then
      has the visibility `indistinguishability`. At 1 this is boson sampling, at 0 all photons are
      distinguishable, i.e. classical particles.
      With `interfering_photons` = k, only k of the n photons, a random set in each shot, may be
      good: 1 is as distinguishable photons, n as without it, and sampling costs 2^k.
    - A source emits a second photon now and then, as `g2` says: it interferes with nobody. The
      circuit's phases err by `phase_error`, once for the device.
    - Mode i keeps each of its photons with probability `transmission[i]`.
    - Each detector adds one dark count with probability `dark_count_probability`.
    - Threshold detectors tell "none" from "some": outcomes are clicks, 0 or 1.
    - Post-selection keeps the shots with a total count (of photons or clicks, dark counts
      included) in a range.

    Sample number i depends on the device, the seed and i alone: not on batches, nor on threads.

    Post-selection with number-resolving detectors and equal loss costs nothing: the totals are
    drawn from their conditional distribution. Otherwise shots are repeated until one is kept.

    Args:
      unitary: complex array-like, shape `[modes, modes]`.
      input_state: integers, shape `[modes]`. Photons sent into each mode, several allowed.
      indistinguishability: float in [0, 1]. The Hong-Ou-Mandel visibility of any two photons.
      transmission: float in [0, 1], or floats of shape `[modes]`, one for each output mode.
      detector: str. `"number"` or `"threshold"`.
      dark_count_probability: float in [0, 1]. Of each mode, in each shot.
      postselect: int, or pair of ints (least, most). The total counts that are kept; None for all.
      interfering_photons: int, from 1 to the photons. See above; None for all.
      g2: float in [0, 1]. The second order correlation of each source, see `Noise`.
      phase_error: float from 0 to pi. The largest error of each of the circuit's phases.
      noise: Perceval's `NoiseModel`, or a dict of its parameters, in place of `g2`, `phase_error`,
        `indistinguishability` and `transmission`; see `Noise`.
      phase_seed: int, from 0 to 2**32 - 1. Names the errors of the phases.
      method: str. The method of `BosonSampler`. Loss and distinguishability exclude `"table"`.
      precision: str. `"double"` or `"single"`, for `BosonSampler`.
      max_table_bytes: int. The memory a table may take.
      expected_samples: int. How many samples will be asked for in all, to choose the method.
      num_threads: int. Threads to use, None for all.

    Attributes:
      modes, photons: int. The width and the number of photons sent.
      unitary: complex128 array, shape `[modes, modes]`, with the errors of its phases.
      input_state: int64 array, shape `[modes]`.
      transmission: float64 array, shape `[modes]`, with the sources' brightness.
      noise: Noise.
      postselect: pair of ints, or None.
      Others: as given, after checks.

    Raises:
      ValueError: if the matrix is not unitary, an occupation is not a count, a probability is out
        of range, an option is unknown, or the post-selection can never be met.

    Example:
      >>> device = PhotonicDevice(haar_unitary(4, seed=0), [1, 1, 0, 0], transmission=0.5)
      >>> device.mean().sum().round(6)
      1.0

    References:
      - Clifford, Clifford, "The classical complexity of boson sampling", arXiv:1706.01260.
      - Tichy, "Sampling of partially distinguishable bosons and the relation to the
        multidimensional permanent", arXiv:1410.7687.
      - Renema et al., "Efficient classical algorithm for boson sampling with partially
        distinguishable photons", arXiv:1707.02793.
      - Moylett, Garcia-Patron, Renema, Turner, "Classically simulating near-term partially
        distinguishable and lossy boson sampling", arXiv:1907.00022.
    """

    def __init__(
        self,
        unitary,
        input_state,
        *,
        indistinguishability: float = 1.0,
        transmission: float | Sequence[float] | np.ndarray = 1.0,
        detector: str = "number",
        dark_count_probability: float = 0.0,
        postselect=None,
        interfering_photons: int | None = None,
        g2: float | None = None,
        phase_error: float | None = None,
        noise=None,
        phase_seed: int = 0,
        method: str = "auto",
        precision: str = "double",
        max_table_bytes: int = DEFAULT_MAX_TABLE_BYTES,
        expected_samples: int = 1_000_000,
        num_threads: int | None = None,
    ):
        self.noise = combined_noise(noise, g2, phase_error, indistinguishability, transmission)
        if noise is not None:
            indistinguishability = self.noise.indistinguishability
            transmission = self.noise.transmittance
        self.unitary = noisy_unitary(
            check_unitary(unitary), self.noise, check_circuit_seed(phase_seed, "phase_seed")
        )
        self.modes = len(self.unitary)
        self.input_state = check_input_state(input_state, self.modes)
        self.photons = int(self.input_state.sum())
        self.indistinguishability = check_probability(indistinguishability, "indistinguishability")
        self.interfering_photons = self.photons
        if interfering_photons is not None:
            name = "interfering_photons"
            self.interfering_photons = check_count(interfering_photons, name, least=1)
            if self.interfering_photons > self.photons:
                raise ValueError(
                    f"{name} are at most the {self.photons} that are sent; received "
                    f"{interfering_photons}."
                )
            if self.interfering_photons == 1:  # with whom?
                self.indistinguishability = 0.0
        # A source that does not emit is a photon that is lost.
        self.transmission = check_transmission(transmission, self.modes) * self.noise.brightness
        self.detector = check_choice("detector", detector, DETECTORS)
        self.dark_count_probability = check_probability(
            dark_count_probability, "dark_count_probability"
        )
        if self.dark_count_probability > 0 and self.photons >= MAX_PHOTONS:
            raise ValueError(
                f"With dark counts, at most {MAX_PHOTONS - 1} photons can be counted; received "
                f"{self.photons}."
            )
        if self.noise.second_photon > 0 and 2 * self.photons >= MAX_PHOTONS:
            raise ValueError(
                f"With second photons, at most {MAX_PHOTONS // 2} are sent; received "
                f"{self.photons}."
            )
        self.postselect = check_postselect(postselect)
        self.method = check_choice("method", method, METHODS)
        self.precision = check_choice("precision", precision, PRECISIONS)
        # The loss that all modes share is taken at the input, where it saves work.
        self.common_transmission = float(self.transmission.max())
        self.kept = self.transmission / (self.common_transmission or 1.0)
        self.count_law = self._build_count_law()
        self._shots = ShotSampler(
            self,
            max_table_bytes=check_count(max_table_bytes, "max_table_bytes"),
            expected_samples=check_count(expected_samples, "expected_samples"),
            num_threads=num_threads,
        )

    def _build_count_law(self) -> CountLaw:
        least, most = self.postselect or (0, np.inf)
        if self.rejects_shots:
            check_counts_are_possible(self)
            most = np.inf  # a necessary condition only: fewer counts may be left in the end
            if self.noise.second_photon > 0:  # second photons come on top
                least = 0
        return CountLaw.build(
            self.photons,
            self.modes,
            self.common_transmission,
            self.dark_count_probability,
            (least, most),
        )

    @property
    def is_ideal(self) -> bool:
        """Whether each outcome is the whole photon number distribution of identical photons."""
        return (
            self.indistinguishability == 1
            and self.interfering_photons == self.photons
            and self.noise.second_photon == 0
            and self.detector == "number"
            and self.dark_count_probability == 0
            and bool((self.transmission == 1).all())
        )

    @property
    def rejects_shots(self) -> bool:
        """Whether sampling has to repeat shots to meet the post-selection."""
        return self.postselect is not None and (
            self.detector == "threshold"
            or self.noise.second_photon > 0
            or bool((self.kept < 1).any())
        )

    def sample(
        self, num_samples: int, seed: int, *, start: int = 0, return_log_prob: bool = False
    ) -> Any:
        """Draws samples.

        Args:
          num_samples: int. The rows.
          seed: int. Taken modulo 2**64.
          start: int. The number of the first sample.
          return_log_prob: bool. Whether to return the log-probability of each row as well: at no
            cost for an ideal device, at that of `log_prob` else.

        Returns:
          uint8 array, shape `[num_samples, modes]`; with `return_log_prob` also a float64 array,
          shape `[num_samples]`.

        Raises:
          NoClosedForm: if the device is too large for `return_log_prob`.
          ValueError: if an argument is malformed, or the post-selection keeps fewer than one in
            10,000 shots.
        """
        num_samples, start = check_sample_range(num_samples, start, self.modes)
        if return_log_prob:
            if self.is_ideal:
                return self._shots.whole_sampler.sample(
                    num_samples, seed, start=start, return_log_prob=True
                )
            outcome_law.check_size(self)
        if self.postselect is not None and self.rejects_shots:
            rows = keep_shots(
                lambda num_shots, first: self._shots.sample(num_shots, seed, first),
                self.postselect,
                num_samples,
                start,
            )
        else:
            rows = self._shots.sample(num_samples, seed, start)
        return (rows, self.log_prob(rows)) if return_log_prob else rows

    def sampling_seconds(self, num_samples: int) -> float:
        """Returns about how long one core takes for `sample`, if no shot is repeated."""
        return self._shots.seconds(num_samples)

    def mean(self) -> np.ndarray:
        """Returns the exact mean of each mode, float64, shape `[modes]`.

        Raises:
          NoClosedForm: if a post-selection makes it too long a sum, see `covariance`, or sources of
            second photons are dim.
          ValueError: if a post-selection keeps next to nothing.
        """
        return self._mean.copy()

    def variance(self) -> np.ndarray:
        """Returns the exact variance of each mode, float64, shape `[modes]`.

        Raises:
          NoClosedForm: if a post-selection makes it too long a sum, see `covariance`, or sources of
            second photons are dim.
          ValueError: if a post-selection keeps next to nothing.
        """
        if self._clicks_freely:
            return self._mean * (1.0 - self._mean)
        return np.diagonal(self._moments[1]).copy()

    def covariance(self) -> np.ndarray:
        """Returns the exact covariance, float64, shape `[modes, modes]`.

        `qlatent_tf.quantum.devices.moments` derives it, in closed form: of counts for every size,
        of clicks for up to about 50 photons that interfere. A post-selection keeps the closed form
        for number-resolving detectors and equal loss; otherwise the distribution is summed, up to
        about 9 photons or 16 click detectors.

        Raises:
          NoClosedForm: if that takes too long.
          ValueError: if it keeps less than a share of 1e-8 where it has no closed form.
        """
        return self._moments[1].copy()

    def log_prob(self, outcomes) -> np.ndarray:
        """Returns exact log-probabilities, conditional on the post-selection.

        `qlatent_tf.quantum.devices.probabilities` holds the formulas and what they cost: one
        permanent for perfect photons or distinguishable ones, sums of permanents in between.

        Args:
          outcomes: integers, shape `[batch, modes]`.

        Returns:
          float64 array, shape `[batch]`; -inf where an outcome cannot happen.

        Raises:
          NoClosedForm: if the device is too large, or its sources emit second photons.
          ValueError: if the outcomes are malformed or too large, or the post-selection keeps next
            to nothing.
        """
        outcomes = check_outcomes(outcomes, self.modes)
        if self.is_ideal:
            return self._shots.boson_sampler.log_prob(outcomes)
        second_photons.check_free(self)
        return outcome_law.log_prob(self, outcomes)

    def __repr__(self) -> str:
        state = self.input_state.tolist()
        least, most = self.transmission.min(), self.transmission.max()
        shown = {
            "modes": self.modes,
            "photons": self.photons,
            "input_state": "".join(map(str, state)) if max(state) < 10 else state,
        }
        if self.indistinguishability != 1:
            shown["indistinguishability"] = f"{self.indistinguishability:g}"
        if 1 < self.interfering_photons < self.photons:
            shown["interfering_photons"] = self.interfering_photons
        if self.noise.g2:
            shown["g2"] = f"{self.noise.g2:g}"
        if least < 1:
            shown["transmission"] = f"{least:g}" if least == most else f"{least:g}..{most:g}"
        if self.detector != "number":
            shown["detector"] = self.detector
        if self.dark_count_probability:
            shown["dark_count_probability"] = f"{self.dark_count_probability:g}"
        if self.postselect is not None:
            shown["postselect"] = "..".join(map(str, self.postselect))
        return f"PhotonicDevice({', '.join(f'{name}={it}' for name, it in shown.items())})"

    @functools.cached_property
    def overlaps(self) -> list[tuple[complex, complex]]:
        """Overlaps x of two photons, and weights with which results for them are added up.

        What photons do that are good with probability x each is a polynomial in x, since the j
        photons of a term have to be good. If only k of n may be, the term x^j is weighed with
        s_j = k (k - 1) .. / (n (n - 1) ..), j factors each, the share of sets of k that hold the
        given j. The n + 1 coefficients follow from as many points on a circle:

            sum_j s_j c_j x^j = sum_r w_r p(x e^{2 pi i r / (n + 1)}) ,   w = DFT of s / (n + 1)
        """
        overlap = math.sqrt(self.indistinguishability)
        photons, chosen = self.photons, self.interfering_photons
        if overlap == 0 or chosen == photons:
            return [(overlap, 1.0)]
        factors = (chosen - np.arange(photons)) / (photons - np.arange(photons))
        shares = np.cumprod(np.append(1.0, factors))
        turns = np.exp(2j * np.pi * np.arange(photons + 1) / (photons + 1))
        return list(zip(overlap * turns, np.fft.fft(shares) / (photons + 1), strict=True))

    @property
    def pair_interference(self) -> float:
        """How much a pair of photons interferes: the visibility where all pairs may, or less."""
        chosen, photons = self.interfering_photons, self.photons
        share = chosen * (chosen - 1) / max(photons * (photons - 1), 1)
        return self.indistinguishability * (1.0 if chosen == photons else share)

    @property
    def _clicks_freely(self) -> bool:
        return self.detector == "threshold" and self.postselect is None

    @functools.cached_property
    def _mean(self) -> np.ndarray:
        # The mean of clicks takes far less time than their covariance.
        return moments.click_mean(self) if self._clicks_freely else self._moments[0]

    @functools.cached_property
    def _moments(self) -> tuple[np.ndarray, np.ndarray]:
        mean, covariance = self._exact_moments()
        # Rounding makes the variance of a mode that has none negative.
        np.fill_diagonal(covariance, np.maximum(np.diagonal(covariance), 0.0))
        return mean, covariance

    def _exact_moments(self) -> tuple[np.ndarray, np.ndarray]:
        if self.detector == "number" and not self.rejects_shots:
            first = moments.photon_moments(
                self.unitary, self.input_state, self.pair_interference, self.kept, self.count_law
            )
            return second_photons.add_to_counts(self, *first)
        if self._clicks_freely:
            return self._mean, moments.click_covariance(self)
        if self.detector == "threshold":
            return moments.click_moments(self)
        return moments.count_moments(self)
