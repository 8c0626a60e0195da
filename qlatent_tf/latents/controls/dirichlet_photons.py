"""The Dirichlet-multinomial distribution that stands in for the photons of a device."""

from typing import NamedTuple

import numpy as np

# So concentrated, it is a multinomial distribution, to 1e-6 of its variance.
MOST_CONCENTRATED = 1e6


class DirichletPhotons(NamedTuple):
    """Photons that follow one another: photon k + 1 joins an earlier one with k / (A + k).

    Attributes:
      total: int. The number of photons.
      concentration: float. A; the smaller, the more the photons bunch.
      share: float64 array, shape (modes,), of sum 1. Where a photon goes that joins none. Of a
        lossy device the last entry is for lost photons.
    """

    total: int
    concentration: float
    share: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """n p_i, shape (modes,)."""
        return self.total * self.share

    @property
    def covariance(self) -> np.ndarray:
        """n (d_ij p_i - p_i p_j) (n + A) / (1 + A), shape (modes, modes)."""
        inflation = (self.total + self.concentration) / (1.0 + self.concentration)
        return self.total * inflation * (np.diag(self.share) - np.outer(self.share, self.share))


def check_one_total(device) -> int:
    """Returns the total count of a device's shots, lost photons included.

    Raises:
      ValueError: if shots have no such total, or clicks are counted instead of photons.
    """
    total, most = device.postselect or (device.photons,) * 2
    if total < most or (device.postselect is None and device.dark_count_probability > 0):
        raise ValueError(
            "dirichlet_multinomial has one total count: a post-selection names one number, and "
            f"dark counts need such a post-selection; received postselect={device.postselect} and "
            f"dark_count_probability={device.dark_count_probability:g}."
        )
    if device.noise.second_photon > 0:
        raise ValueError(
            "dirichlet_multinomial has one total count, without second photons; received "
            f"g2={device.noise.g2:g}."
        )
    if device.detector != "number":
        raise ValueError(
            "dirichlet_multinomial counts photons: it takes detector='number'; received "
            f"detector={device.detector!r}."
        )
    return total


def match_moments(
    total: int, mean: np.ndarray, covariance: np.ndarray, *, lossy: bool
) -> DirichletPhotons:
    """Returns the distribution with the given means and sum of variances.

    With f = (n + A) / (1 + A), the sum of the variances is f n (1 - sum p_i^2), hence

        p_i = mean_i / n ,   A = (n - f) / (f - 1) .

    Where that asks for f <= 1 the distribution is as good as multinomial: it has the means only.
    Photons that can be lost (`lossy`) make one more mode.
    """
    share = np.maximum(np.append(mean, total - mean.sum()) if lossy else mean, 0.0)
    share = share / share.sum()
    seen = share[: len(mean)]
    multinomial = total * (seen @ (1.0 - seen))
    dispersion = np.trace(covariance) / multinomial if multinomial > 0 else 1.0
    concentration = MOST_CONCENTRATED
    if total > 1 and dispersion > 1:
        concentration = max(total - dispersion, 0.0) / (dispersion - 1.0)
    return DirichletPhotons(total, min(concentration, MOST_CONCENTRATED), share)
