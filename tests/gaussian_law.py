"""Laws of small Gaussian devices by brute force: Fock amplitudes, and integrals over phases."""

import itertools
import math

import numpy as np

from qlatent_tf.quantum.gaussian.device import GaussianDevice
from qlatent_tf.quantum.unitaries import haar_unitary

# A circuit of four modes, two of which are lost: squeezed light enters the first two.
UNITARY = haar_unitary(4, seed=3)
SQUEEZING = (0.4, -0.3)
TRANSFER = UNITARY[:2, :2]
CLASSICAL = ("squashed", "thermal", "coherent")


def small_device(light: str, **options) -> GaussianDevice:
    return GaussianDevice(TRANSFER, SQUEEZING, light=light, **options)


def squeezed_law(most: int = 14) -> np.ndarray:
    """The probability of each outcome (n_1, n_2), up to `most` photons in each of the four modes.

    The state of squeezed vacuum behind U is exp(a^dag B a^dag / 2) |0>, up to its norm, with
    B = U diag(tanh r) U^T: amplitudes are the coefficients of a power series.
    """
    rates = np.tanh([*SQUEEZING, 0.0, 0.0])
    pairs = (UNITARY * rates) @ UNITARY.T
    series = np.zeros((most + 1,) * 4, np.complex128)
    series[0, 0, 0, 0] = 1.0
    for outcome in itertools.product(range(most + 1), repeat=4):
        if sum(outcome) == 0 or sum(outcome) % 2:
            continue
        first = next(mode for mode in range(4) if outcome[mode])
        rest = list(outcome)
        rest[first] -= 1
        total = 0.0
        for mode in range(4):
            if rest[mode]:
                rest[mode] -= 1
                total += pairs[first, mode] * series[tuple(rest)]
                rest[mode] += 1
        series[outcome] = total / outcome[first]
    factorials = np.array([math.factorial(n) for n in range(most + 1)], np.float64)
    law = np.abs(series) ** 2
    for axis in range(4):
        law *= factorials.reshape([-1 if mode == axis else 1 for mode in range(4)])
    return law.sum(axis=(2, 3)) / np.cosh(SQUEEZING).prod()


def intensities(light: str) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (nodes, 2) and weights (nodes,) of the intensities behind `TRANSFER`."""
    strength = np.sinh(np.abs(SQUEEZING))
    if light == "squashed":
        x, w = np.polynomial.hermite_e.hermegauss(40)
        grid = np.array(list(itertools.product(x, x)))
        weights = np.outer(w, w).ravel() / w.sum() ** 2
        # The second input is squeezed the other way.
        amplitudes = grid * strength * np.array([1.0, 1j])
    else:
        phases = 2 * np.pi * np.arange(48) / 48  # only the difference matters
        if light == "coherent":
            powers, w = np.array([1.0]), np.array([1.0])
        else:
            powers, w = np.polynomial.laguerre.laggauss(30)
        grid = np.array(list(itertools.product(powers, powers, phases)))
        weights = np.repeat(np.outer(w, w).ravel(), len(phases)) / len(phases)
        amplitudes = np.sqrt(grid[:, :2]) * strength * np.exp(1j * np.outer(grid[:, 2], [0, 1]))
    return np.abs(amplitudes @ TRANSFER.T) ** 2, weights


def classical_law(light: str, most: int = 14) -> np.ndarray:
    """The probability of each outcome (n_1, n_2) of classical light, up to `most` a mode."""
    rates, weights = intensities(light)
    counts = np.arange(most + 1)
    factorials = np.array([math.factorial(n) for n in counts], np.float64)
    poisson = np.exp(-rates[:, :, None]) * rates[:, :, None] ** counts / factorials
    return np.einsum("s,si,sj->ij", weights, poisson[:, 0], poisson[:, 1])


def law(light: str, most: int = 14) -> np.ndarray:
    return squeezed_law(most) if light == "squeezed" else classical_law(light, most)


def moments(law: np.ndarray, clicks: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the covariance of two modes, of their counts or of their clicks."""
    values = np.arange(len(law), dtype=np.float64)
    if clicks:
        values = np.minimum(values, 1)
    mean = np.array([law.sum(axis=1) @ values, law.sum(axis=0) @ values])
    squares = law.sum(axis=1) @ values**2, law.sum(axis=0) @ values**2
    product = values @ law @ values
    second = np.array([[squares[0], product], [product, squares[1]]])
    return mean, second - np.outer(mean, mean)
