"""The distribution of the total count of a Gaussian device.

**Photons of Gaussian light.** Squeezed, squashed and thermal light have the generating function

    E[z^total] = det(1 + (1 - z) R)^(-1/2) = prod_k (1 + (1 - z) l_k)^(-1/2)

with the eigenvalues l_k > -1/2 of R, see `light`. On |z| = 1 the real part of each factor is
positive, so that its principal root is the right one, and a Fourier transform gives the
distribution: exact for every transfer matrix and any number of modes.

**Clicks, and photons of coherent light.** Given the intensities I_i of the modes, counts are
independent Poisson numbers, and clicks have the probabilities c_i = 1 - exp(-I_i). The distribution
is the average of a Poisson one, or of that of sums of independent bits, over drawn intensities.

This holds for squeezed light too, in the positive P representation: the amplitude of an input and
its conjugate are u x + v y and u x - v y, with independent normal x and y, u^2 = (m + n) / 2 and
v^2 = (m - n) / 2, so that intensities are complex, and only their averages mean something.

Reference: Drummond, Opanchuk, Dellios, Reid, "Simulating complex networks in phase space: Gaussian
  boson sampling", arXiv:2102.10341.
"""

from collections.abc import Iterator

import numpy as np
from absl import logging

from qlatent_tf.quantum.compiled import kernel
from qlatent_tf.quantum.gaussian.light import input_moments, normal_covariance
from qlatent_tf.quantum.random_streams import uniforms

_SAMPLES_PER_CHUNK = 1024
_KNOWN = 0.01  # the error that nobody is warned of


def total_photon_law(number: np.ndarray, anomalous: np.ndarray) -> np.ndarray:
    """Returns the exact distribution of the total photon number of Gaussian light.

    Args:
      number: complex array N, shape `[modes, modes]`.
      anomalous: complex array M, shape `[modes, modes]`.

    Returns:
      float64 array: the probability of 0, 1, 2, ... photons, up to where it is below 1e-15.
    """
    return _law(np.linalg.eigvalsh(normal_covariance(number, anomalous)))


def mode_photon_law(number: float, anomalous: float) -> np.ndarray:
    """Returns the distribution of the photon number of one mode, as `total_photon_law`.

    Args:
      number: float. N_ii.
      anomalous: float. |M_ii|.
    """
    return _law(np.array([number - anomalous, number + anomalous]))


def sampled_click_law(
    transfer: np.ndarray, squeezing: np.ndarray, light: str, *, num_samples: int, seed: int
) -> np.ndarray:
    """Returns the distribution of the number of clicks, averaged over drawn intensities.

    Those of squeezed light are complex and far from the mean where it is bright: the average comes
    close slowly. Where it is off by more than about a hundredth, in total variation, a warning
    says so.

    Args:
      transfer: complex array, shape `[modes, inputs]`.
      squeezing: float array, shape `[inputs]`.
      light: str. One of `LIGHTS`.
      num_samples: int. How many intensities are drawn.
      seed: int. Taken modulo 2**64.

    Returns:
      float64 array, shape `[modes + 1]`. Not clipped: a rare number of clicks may come out slightly
      negative for squeezed light.
    """
    laws, drawn_by = np.zeros((2, len(transfer) + 1), np.complex128), np.zeros((2, 1), int)
    for drawn in _intensities(transfer, squeezing, light, num_samples, seed):
        clicks = -np.expm1(-drawn.astype(np.complex128))
        for half in range(2):
            _add_click_laws(clicks[half::2], laws[half])
            drawn_by[half] += len(clicks[half::2])
    if drawn_by.all():
        halves = laws.real / drawn_by
        # Half the halves' total variation is about the error of their mean.
        error = np.abs(halves[0] - halves[1]).sum() / 4
        if error > _KNOWN:
            logging.warning(
                "The distribution of clicks from %s drawn intensities is known to about %.0f %%: "
                "draw more, num_samples=%s.",
                f"{num_samples:,}", 100 * error, f"{num_samples * 10:,}",
            )  # fmt: skip
    return laws.sum(axis=0).real / num_samples


def sampled_photon_law(
    transfer: np.ndarray, squeezing: np.ndarray, light: str, *, num_samples: int, seed: int
) -> np.ndarray:
    """Returns the distribution of the photon number of classical light.

    It is averaged over drawn intensities.

    Args:
      transfer: complex array, shape `[modes, inputs]`.
      squeezing: float array, shape `[inputs]`.
      light: str. One of `LIGHTS` but squeezed.
      num_samples: int. How many intensities are drawn.
      seed: int. Taken modulo 2**64.

    Returns:
      float64 array, up to a number that is exceeded with probability 1e-15 at most.
    """
    # Imported here, for it takes a while and few devices need it.
    from scipy.stats import poisson

    totals = np.concatenate(
        [drawn.sum(axis=1) for drawn in _intensities(transfer, squeezing, light, num_samples, seed)]
    )
    counts = np.arange(int(poisson.isf(1e-15, totals.max())) + 1)
    return np.array([poisson.pmf(count, totals).mean() for count in counts])


@kernel
def _add_click_laws(clicks, law):
    """Adds, for each row of click probabilities, the probability of each number of clicks."""
    modes = clicks.shape[1]
    one = np.empty(modes + 1, np.complex128)
    for row in range(len(clicks)):
        one[:] = 0.0
        one[0] = 1.0
        for mode in range(modes):
            click = clicks[row, mode]
            for count in range(mode + 1, 0, -1):
                one[count] += click * (one[count - 1] - one[count])
            one[0] -= click * one[0]
        law += one


def _law(eigenvalues: np.ndarray) -> np.ndarray:
    mean = eigenvalues.sum() / 2
    spread = np.sqrt((eigenvalues**2).sum() / 2 + mean)
    # The tail falls by l / (1 + l) a photon at least, for the largest eigenvalue l.
    size = int(mean + 12 * spread + 40 * (1 + eigenvalues.max())) + 16
    z = np.exp(-2j * np.pi * np.arange(size) / size)
    log = np.zeros(size, np.complex128)
    for eigenvalue in eigenvalues:
        log -= 0.5 * np.log1p((1.0 - z) * eigenvalue)
    return np.maximum(np.fft.ifft(np.exp(log)).real, 0.0)


def _intensities(transfer, squeezing, light, num_samples, seed) -> Iterator[np.ndarray]:
    """Yields intensities of the output modes, arrays of shape `[some samples, modes]`."""
    photons, anomalous = input_moments(squeezing, light)
    # A negative squeezing is a positive one, turned by a quarter of a cycle.
    turned = transfer * np.where(squeezing < 0, 1j, 1.0)
    for start in range(0, num_samples, _SAMPLES_PER_CHUNK):
        size = min(_SAMPLES_PER_CHUNK, num_samples - start)
        drawn = uniforms(seed, f"intensities {light}", size, 2 * len(squeezing), start=start)
        phases = np.exp(2j * np.pi * drawn[:, 1::2])
        normal = np.sqrt(-2.0 * np.log1p(-drawn[:, ::2])) * phases
        if light == "squeezed":
            common = np.sqrt((np.abs(anomalous) + photons) / 2) * np.real(normal)
            apart = np.sqrt((np.abs(anomalous) - photons) / 2) * np.imag(normal)
            yield ((common + apart) @ turned.T) * ((common - apart) @ turned.conj().T)
            continue
        if light == "squashed":
            amplitudes = np.sqrt(photons) * np.real(normal)
        elif light == "thermal":
            amplitudes = np.sqrt(photons / 2) * normal
        else:
            amplitudes = np.sqrt(photons) * phases
        yield np.abs(amplitudes @ turned.T) ** 2
