"""The distribution of rounded generated samples, compared with the exact one.

Reference:
  H. Wallner and W. R. Clements, "Towards an inductive bias for quantum statistics in GANs",
  figure 2.
"""

import math

import numpy as np
from scipy.stats import binom

from qlatent_tf.checks import check_distribution
from qlatent_tf.datasets.dataset import CountDataset
from qlatent_tf.metrics.vectors.rounding import check_vectors, outcome_keys, rounded
from qlatent_tf.scores import Score, measured

# Of the exact distribution: at least as many as say something, and more where they cost little.
_LEAST_DRAWS, _MOST_DRAWS, _DRAWN_OUTCOMES = 4, 1000, 2_000_000


def outcome_law(dataset: CountDataset, samples) -> list[Score]:
    """Compares the distribution of the rounded samples with the exact one; see `OutcomeLaw`.

    Args:
      dataset: CountDataset. With a `law`.
      samples: float array, shape `(n, modes)`.

    Returns:
      The scores of `OutcomeLaw.figures`.

    Raises:
      ValueError: if the exact distribution of the data set is not known.
    """
    law = OutcomeLaw.of(dataset)
    law.add(samples)
    return measured(law.figures(), num_samples=law.count)


class OutcomeLaw:
    """Counts rounded samples, batch by batch, against an exact distribution.

    Memory follows the number of distinct outcomes (about 16 bytes each), not that of samples.

    With the exact probabilities p(s) and the shares q(s) of n rounded samples:

        outcome_tv       = 1/2 sum_s |p(s) - q(s)|
        outcome_tv_floor = 1/2 sum_s E|p(s) - B_s / n|,  B_s ~ Binomial(n, p(s))
        possible_share   = q(S),  S the outcomes with p(s) > 0
        outcome_kl       = sum_{s in S} q(s|S) log(q(s|S) / p(s)),  in nats
        cumulative_gap   = max_i |F_i - G_i|
        cumulative_gap_floor: the same of n samples of p, mean over draws of a fixed seed: 1,000, or
                           4 of the paper's 490,314 outcomes

    The floors are what n exact samples show on average: a model that reaches them is as good as n
    samples can tell. F and G are the cumulative sums of p and q, each with its own outcomes sorted
    from the likeliest: F_i = sum_{s <= i} p_s. Where outcomes are more than samples, G rises too
    early and the gap says little: of the paper's data, 0.44 is the floor at 10^5 samples, 0.007 at
    10^7.

    Args:
      outcomes: int array, shape `(outcomes, modes)`. Distinct rows.
      probabilities: float array, shape `(outcomes,)`.

    Raises:
      ValueError: if an outcome is there twice or is of other than whole numbers, or the
        probabilities are no distribution of them.

    Example:
      >>> law = OutcomeLaw(*dataset.law())
      >>> for seed in range(100):
      ...     law.add(model.sample(100_000, seed=seed))
      >>> law.figures()["outcome_tv"]
    """

    def __init__(self, outcomes: np.ndarray, probabilities: np.ndarray):
        outcomes = np.asarray(outcomes)
        if outcomes.ndim != 2:
            raise ValueError(
                f"Outcomes have the shape (outcomes, modes); received {outcomes.shape}."
            )
        if outcomes.dtype.kind not in "biuf" or (outcomes != np.rint(outcomes)).any():
            raise ValueError("Outcomes are whole numbers; received others.")
        keys = outcome_keys(outcomes)
        if len(np.unique(keys)) < len(keys):
            raise ValueError("Outcomes have one probability each; received some of them twice.")
        order = np.argsort(keys)
        self._modes = outcomes.shape[1]
        self._keys = keys[order]
        self._probabilities = check_distribution(probabilities, len(keys))[order]
        self._counts = np.zeros(len(keys), dtype=np.int64)
        self._other_keys = np.zeros(0, dtype=np.uint64)
        self._other_counts = np.zeros(0, dtype=np.int64)

    @classmethod
    def of(cls, dataset: CountDataset) -> "OutcomeLaw":
        """Returns the law of a data set, if its exact distribution is known."""
        exact = getattr(dataset, "law", None)
        if exact is None:
            raise ValueError(
                f"The exact distribution of the data set {dataset.name!r} is not known."
            )
        return cls(*exact())

    @property
    def count(self) -> int:
        """How many samples have been added."""
        return int(self._counts.sum() + self._other_counts.sum())

    def add(self, samples: np.ndarray) -> None:
        """Counts a batch of samples.

        Args:
          samples: float array, shape `(n, modes)`.
        """
        samples = check_vectors(samples, width=self._modes)
        keys, counts = np.unique(outcome_keys(rounded(samples)), return_counts=True)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        known = self._keys[places] == keys
        self._counts[places[known]] += counts[known]
        others = np.concatenate([self._other_keys, keys[~known]])
        other_counts = np.concatenate([self._other_counts, counts[~known]])
        self._other_keys, inverse = np.unique(others, return_inverse=True)
        self._other_counts = np.zeros(len(self._other_keys), dtype=np.int64)
        np.add.at(self._other_counts, inverse, other_counts)

    def cumulative(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the cumulative sums F, exact, and G, of the samples, each with its own length."""
        shares = np.concatenate([self._counts, self._other_counts]) / self.count
        return cumulative_law(self._probabilities), cumulative_law(shares)

    def figures(self) -> dict[str, float]:
        """Returns the scores named above.

        Raises:
          ValueError: if no sample has been added.
        """
        count = self.count
        if not count:
            raise ValueError("There are no samples to compare; add some first.")
        exact, shares = self._probabilities, self._counts / count
        possible = exact > 0
        inside = self._counts[possible].sum() / count
        seen = possible & (shares > 0)
        given = shares[seen] / inside if inside else shares[seen]
        return {
            "outcome_tv": (np.abs(exact - shares).sum() + self._other_counts.sum() / count) / 2,
            "outcome_tv_floor": _mean_absolute_deviation(exact, count).sum() / 2,
            "possible_share": inside,
            "outcome_kl": np.sum(given * np.log(given / exact[seen])) if inside else math.nan,
            "cumulative_gap": _gap(*self.cumulative()),
            "cumulative_gap_floor": cumulative_gap_floor(exact, count),
        }


def cumulative_law(probabilities: np.ndarray) -> np.ndarray:
    """Returns F_i = sum of the i + 1 largest probabilities; impossible outcomes are left out."""
    probabilities = probabilities[probabilities > 0]
    return np.cumsum(np.sort(probabilities)[::-1])


def cumulative_gap_floor(probabilities: np.ndarray, count: int) -> float:
    """Returns the mean ``cumulative_gap`` of so many samples of the exact distribution itself.

    Args:
      probabilities: float array, shape `(outcomes,)`. The exact ones.
      count: int. Samples.
    """
    exact = cumulative_law(probabilities)
    # Few draws suffice for many outcomes, whose gap hardly varies from draw to draw.
    draws = min(max(_DRAWN_OUTCOMES // len(probabilities), _LEAST_DRAWS), _MOST_DRAWS)
    drawn = np.random.default_rng(0).multinomial(
        count, probabilities / probabilities.sum(), size=draws
    )
    return float(np.mean([_gap(exact, cumulative_law(row / count)) for row in drawn]))


def _gap(real: np.ndarray, generated: np.ndarray) -> float:
    """The largest distance of two cumulative sums, of which the shorter one stays at 1."""
    length = max(len(real), len(generated))
    real, generated = (
        np.pad(law, (0, length - len(law)), constant_values=1.0) for law in (real, generated)
    )
    return float(np.abs(real - generated).max())


def _mean_absolute_deviation(probabilities: np.ndarray, count: int) -> np.ndarray:
    """E|B/n - p| = 2 (1 - p) (m / n) P(B = m), m = floor(np) + 1 (De Moivre)."""
    above = np.floor(count * probabilities) + 1
    return 2 * (1 - probabilities) * above / count * binom.pmf(above, count, probabilities)
