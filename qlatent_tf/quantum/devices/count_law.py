"""How many photons survive and how many dark counts join them, before anything is sampled.

Loss that is equal in all modes commutes with the interferometer: each of the n input photons
survives with probability eta, whatever happens later. So the number k of surviving photons and
the number d of dark counts follow

    P(k, d) = Binomial(k; n, eta) Binomial(d; modes, p)

and, given k and d, the surviving photons and the modes that count in the dark are uniformly
random subsets. A post-selection on the total k + d is a restriction of this law: it costs no
rejected samples.
"""

import dataclasses
import math

import numpy as np
from scipy.special import comb
from scipy.stats import binom, hypergeom


@dataclasses.dataclass(frozen=True)
class CountLaw:
    """The joint distribution of surviving photons and dark counts.

    Attributes:
      probabilities: float64 array, shape `[photons + 1, modes + 1]`. P(k, d), of sum 1.
      acceptance: float. The share of shots that the post-selection keeps.
    """

    probabilities: np.ndarray
    acceptance: float

    @classmethod
    def build(
        cls,
        photons: int,
        modes: int,
        survival: float,
        dark_count_probability: float,
        total_range: tuple[int, float] = (0, np.inf),
    ) -> "CountLaw":
        """Returns the distribution, restricted to totals in `total_range` (both ends included).

        Raises:
          ValueError: if no total in the range has a probability above 1e-100.
        """
        survivors, dark_counts = np.arange(photons + 1), np.arange(modes + 1)
        joint = np.outer(
            binom.pmf(survivors, photons, survival),
            binom.pmf(dark_counts, modes, dark_count_probability),
        )
        total = survivors[:, None] + dark_counts
        joint[(total < total_range[0]) | (total > total_range[1])] = 0.0
        acceptance = float(joint.sum())
        if not acceptance >= 1e-100:
            raise ValueError(
                f"The post-selection on a total of {total_range[0]} to {total_range[1]} never "
                f"happens: {photons} photons with transmission {survival:g} and a dark count "
                f"probability of {dark_count_probability:g} in {modes} modes."
            )
        return cls(joint / acceptance, min(acceptance, 1.0))

    def draw(self, uniform: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns surviving photons and dark counts, int64 arrays, one a uniform number."""
        cumulative = np.cumsum(self.probabilities)
        last = np.flatnonzero(self.probabilities)[-1]
        index = np.minimum(np.searchsorted(cumulative, uniform, side="right"), last)
        return np.divmod(index, self.probabilities.shape[1])

    def factorial_moment(self, survivors: int, dark_counts: int) -> float:
        """Returns `E[k (k-1) .. / (n (n-1) ..) * d (d-1) .. / (m (m-1) ..)]`, 0 to 2 factors each.

        It is the probability that so many given input photons survive and so many given modes count
        in the dark.
        """
        return float(
            _falling_share(self.probabilities.shape[0] - 1, survivors)
            @ self.probabilities
            @ _falling_share(self.probabilities.shape[1] - 1, dark_counts)
        )


def _falling_share(total: int, order: int) -> np.ndarray:
    """Returns, for each count 0 .. total, the share of ordered `order`-tuples that it covers."""
    return np.asarray(comb(np.arange(total + 1), order)) / max(math.comb(total, order), 1)


def draw_binomial(
    uniform: np.ndarray, trials: np.ndarray, probability: float | np.ndarray
) -> np.ndarray:
    """Returns binomial numbers by inversion, one for each uniform number, int64.

    `trials` has the shape of `uniform`; `probability` is a number, or one for each place of the
    last axis.
    """
    probability = np.broadcast_to(np.asarray(probability, np.float64), uniform.shape[-1:])
    columns, column = np.unique(probability, return_inverse=True)
    counts = np.arange(int(trials.max(initial=0)) + 1)
    # cumulative[column, trials, count]; most entries have no trials, and are not looked up.
    cumulative = binom.cdf(counts, counts[:, None], columns[:, None, None])
    drawn = np.zeros(uniform.shape, np.int64)
    active = np.nonzero(trials)
    u, t, c = uniform[active], trials[active], np.broadcast_to(column, uniform.shape)[active]
    drawn[active] = sum((u >= cumulative[c, t, count]).astype(np.int64) for count in counts[:-1])
    return drawn


def draw_hypergeometric(
    uniform: np.ndarray, draws: np.ndarray, chosen: int, total: int
) -> np.ndarray:
    """Returns, by inversion, how many of `draws` random items of `total` are among the chosen ones.

    `draws` has the shape of `uniform`, `[batch]`.
    """
    cumulative = hypergeom.cdf(np.arange(chosen), total, chosen, np.arange(total + 1)[:, None])
    return (uniform[:, None] >= cumulative[draws]).sum(axis=1)


def check_counts_are_possible(device) -> None:
    """Refuses a device that post-selects more or fewer counts than there can be.

    Raises:
      ValueError: naming how many there can be.
    """
    least, most = device.postselect
    dark = device.dark_count_probability
    if device.detector == "threshold":
        fewest, largest, what = device.modes * (dark == 1), device.modes, "clicks"
    else:
        sent = device.photons * (1 + (device.noise.second_photon > 0))
        fewest, largest, what = 0, sent + device.modes * (dark > 0), "counts"
    if least > largest or most < fewest:
        raise ValueError(
            f"There are from {fewest} to {largest} {what}, never those that postselect="
            f"{device.postselect} asks for."
        )


def random_subsets(keys: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Returns a bool mask, shape `[batch, items]`, with the `sizes[i]` smallest keys of row i.

    Keys that are uniform numbers give uniformly random subsets.
    """
    if not keys.shape[1]:
        return np.zeros(keys.shape, bool)
    ordered = np.sort(keys, axis=1)
    border = ordered[np.arange(len(keys)), np.maximum(sizes, 1) - 1]
    return (keys <= border[:, None]) & (sizes > 0)[:, None]
