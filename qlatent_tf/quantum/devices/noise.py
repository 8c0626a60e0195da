"""Noise of single-photon devices, by the names, units and limits of Perceval's `NoiseModel`.

A source emits with probability `brightness`; g2 = 2 p_2 / (p_1 + 2 p_2)^2 tells the probability p_2
that it emits two photons, p_1 + p_2 = brightness. The second photon is distinguishable from all
others. Each phase of the circuit, a triangle of Mach-Zehnder interferometers, errs by a uniform
number from -phase_error to phase_error radians and is then rounded to a multiple of
`phase_imprecision`.

References:
  - Pont et al., "Quantifying n-photon indistinguishability with a cyclic integrated
    interferometer", Physical Review X 12, 031033 (2022) (the source).
  - Reck, Zeilinger, Bernstein, Bertani, "Experimental realization of any discrete unitary
    operator", Physical Review Letters 73, 58 (1994) (the triangle).
"""

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from qlatent_tf.checks import check_flag, check_probability, check_real
from qlatent_tf.quantum.unitaries import random_state
from qlatent_tf.text.names import did_you_mean


@dataclasses.dataclass(frozen=True)
class Noise:
    """What Perceval's `NoiseModel` holds; the defaults are a perfect device.

    Attributes:
      brightness: float in [0, 1]. The probability that a source emits.
      indistinguishability: float in [0, 1]. The Hong-Ou-Mandel visibility of any two photons.
      g2: float in [0, 1]. The second order correlation of a source's light, 2 p_2 / (p_1 + 2 p_2)^2
        where it emits k photons with probability p_k, and p_1 + p_2 = brightness.
      g2_distinguishable: bool. True: other second photons are not simulated.
      transmittance: float in [0, 1]. The probability that a photon is detected.
      phase_imprecision: float from 0, radians. Phases are multiples of it.
      phase_error: float from 0 to pi, radians. Each phase errs by a uniform number up to it.

    Raises:
      ValueError: if a value is out of range.

    Reference: Pont et al., "Quantifying n-photon indistinguishability with a cyclic integrated
      interferometer", Physical Review X 12, 031033 (2022) (the source).
    """

    brightness: float = 1.0
    indistinguishability: float = 1.0
    g2: float = 0.0
    g2_distinguishable: bool = True
    transmittance: float = 1.0
    phase_imprecision: float = 0.0
    phase_error: float = 0.0

    def __post_init__(self):
        for name in ("brightness", "indistinguishability", "g2", "transmittance"):
            check_probability(getattr(self, name), name)
        for name, most in (("phase_imprecision", math.inf), ("phase_error", math.pi)):
            value = check_real(getattr(self, name), name)
            if value.shape != () or not 0 <= value <= most:
                limit = "from 0" if math.isinf(most) else "from 0 to pi"
                raise ValueError(f"{name} is a number {limit}; received {value}.")
        if not check_flag(self.g2_distinguishable, "g2_distinguishable") and self.g2 > 0:
            raise ValueError(
                "Second photons are simulated as distinguishable ones, g2_distinguishable=True; "
                "received False."
            )
        if not 2 * self.g2 * self.brightness <= 1:
            raise ValueError(
                f"A source of brightness {self.brightness:g} has a g2 up to "
                f"{1 / (2 * self.brightness):g} if it emits at most two photons; received "
                f"{self.g2:g}."
            )

    @property
    def second_photon(self) -> float:
        """The probability p_2 that a source emits a second photon."""
        if self.g2 == 0:
            return 0.0
        # The smaller root of g2 (b + p_2)^2 = 2 p_2, written without a difference of near numbers.
        half = 1 - self.g2 * self.brightness
        root = math.sqrt(max(1 - 2 * self.g2 * self.brightness, 0.0))
        return self.g2 * self.brightness**2 / (half + root)


def read_noise(noise) -> Noise:
    """Returns the noise that Perceval's `NoiseModel`, a dict of its parameters, or None describes.

    Raises:
      ValueError: if a name is unknown or a value out of range.
    """
    if noise is None or isinstance(noise, Noise):
        return noise or Noise()
    names = [field.name for field in dataclasses.fields(Noise)]
    if not isinstance(noise, Mapping):
        if not all(hasattr(noise, name) for name in ("g2", "transmittance", "phase_error")):
            raise ValueError(
                f"noise is Perceval's NoiseModel or a dict with {', '.join(names)}; received "
                f"{noise!r}."
            )
        noise = {name: getattr(noise, name) for name in names if hasattr(noise, name)}
    unknown = [name for name in noise if name not in names]
    if unknown:
        raise ValueError(
            f"Unknown noise {unknown[0]!r}.{did_you_mean(str(unknown[0]), names)} Legal: "
            f"{', '.join(names)}."
        )
    return Noise(**noise)


def combined_noise(noise, g2, phase_error, indistinguishability, transmission) -> Noise:
    """Returns the noise of a device that may be given whole or by its parts.

    Raises:
      ValueError: if it is given both ways, or not legal.
    """
    if noise is None:
        return Noise(
            g2=0.0 if g2 is None else g2, phase_error=0.0 if phase_error is None else phase_error
        )
    beside = {"g2": g2, "phase_error": phase_error}
    beside = {name: value for name, value in beside.items() if value is not None}
    if np.any(np.asarray(indistinguishability) != 1):
        beside["indistinguishability"] = indistinguishability
    if np.any(np.asarray(transmission) != 1):
        beside["transmission"] = transmission
    if beside:
        shown = ", ".join(f"{name}={value!r}" for name, value in beside.items())
        raise ValueError(f"noise holds all of a device's noise; received {shown} beside it.")
    return read_noise(noise)


def noisy_unitary(unitary: np.ndarray, noise: Noise, seed: int) -> np.ndarray:
    """Returns the interferometer with errors in its phases, as they are drawn for a seed.

    The interferometer is taken for a triangle of Mach-Zehnder interferometers, each with a phase
    inside and one before it. Phases behind the last ones change no counts, and have no errors.

    Args:
      unitary: complex array, shape `[modes, modes]`.
      noise: Noise. Its `phase_error` and `phase_imprecision` count.
      seed: int, from 0 to 2**32 - 1.

    Returns:
      complex128 array, shape `[modes, modes]`.
    """
    if noise.phase_error == 0 and noise.phase_imprecision == 0:
        return unitary
    inside, before, behind = mesh_phases(unitary)
    inside, before = noisy_phases(np.array([inside, before]), noise, seed)
    return mesh_unitary(inside, before, behind)


def noisy_phases(phases: np.ndarray, noise: Noise, seed: int) -> np.ndarray:
    """Returns phases with errors, and rounded, float64 of the same shape."""
    errors = random_state(seed).uniform(-noise.phase_error, noise.phase_error, phases.shape)
    if noise.phase_imprecision < np.finfo(float).eps:  # below what rounding does anyway
        return phases + errors
    return noise.phase_imprecision * np.round((phases + errors) / noise.phase_imprecision)


def mesh_phases(unitary: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the phases of a triangle of interferometers that make up a unitary.

    Returns:
      The phases inside and before each of the n (n - 1) / 2 interferometers, float64, in the order
      in which light meets them, and factors behind all, complex128, shape `[n]`.
    """
    rest = np.array(unitary, np.complex128)
    inside, before = [], []
    for row, column in _places(len(rest)):
        # rest[row, column] vanishes behind the inverse of an interferometer of both columns.
        first, second = rest[row, column], rest[row, column + 1]
        inside.append(2 * math.atan2(abs(second), abs(first)))
        before.append(float(np.angle(-first * np.conj(second))) if first and second else 0.0)
        pair = slice(column, column + 2)
        rest[:, pair] = rest[:, pair] @ _interferometer(inside[-1], before[-1]).conj().T
    return np.array(inside), np.array(before), np.diagonal(rest).copy()


def mesh_unitary(inside: np.ndarray, before: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """Returns the unitary of a triangle of interferometers, see `mesh_phases`."""
    unitary = np.eye(len(behind), dtype=np.complex128)
    for (_, column), inner, outer in zip(_places(len(behind)), inside, before, strict=True):
        pair = slice(column, column + 2)
        unitary[pair] = _interferometer(inner, outer) @ unitary[pair]
    return behind[:, None] * unitary


def _places(modes: int) -> list[tuple[int, int]]:
    return [(row, column) for row in range(modes - 1, 0, -1) for column in range(row)]


def _interferometer(inside: float, before: float) -> np.ndarray:
    """Two balanced beam splitters with a phase between them, and a phase before the first."""
    sin, cos = math.sin(inside / 2), math.cos(inside / 2)
    turn = np.exp(1j * before)
    return 1j * np.exp(0.5j * inside) * np.array([[turn * sin, cos], [turn * cos, -sin]])
