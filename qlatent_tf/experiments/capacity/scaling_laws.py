"""Which law do positive points follow: exponential, power or linear?

Errors are taken for multiplicative: a law is fitted to the logarithm of y by least squares. All
three have two parameters, so that Akaike's criterion compares their residuals alone.

Reference:
  K. P. Burnham and D. R. Anderson, "Model Selection and Multimodel Inference", Springer (2002),
  sections 2.2 and 2.4.
"""

import dataclasses
import math

import numpy as np
import scipy.optimize

RESAMPLES = 1000
_FEWEST = 4
# Residuals below it are rounding; without a least one, exact points would have an infinite score.
_LEAST = 1e-12


@dataclasses.dataclass(frozen=True)
class Fit:
    """One law, fitted.

    Attributes:
      law: str. A name in `LAWS`.
      a, b: float. Its parameters.
      a_interval, b_interval: (low, high). Percentiles 2.5 and 97.5 of bootstrap resamples.
      aicc: float. Akaike's criterion for small samples; the smaller, the better.
      residual: float. Root of the mean square of the residuals of ln y.
      wins: float. Share of resamples in which this law has the smallest criterion.
    """

    law: str
    a: float
    b: float
    a_interval: tuple[float, float]
    b_interval: tuple[float, float]
    aicc: float
    residual: float
    wins: float

    def __call__(self, x):
        """Returns the law's values, ``(count,)``."""
        return LAWS[self.law](np.asarray(x, dtype=float), self.a, self.b)

    def __str__(self) -> str:
        return FORMULAS[self.law].format(a=self.a, b=self.b)


LAWS = {
    "exponential": lambda x, a, b: a * np.exp(b * x),
    "power": lambda x, a, b: a * x**b,
    "linear": lambda x, a, b: a + b * x,
}
FORMULAS = {
    "exponential": "{a:.4g} exp({b:.3g} x)",
    "power": "{a:.4g} x^{b:.3g}",
    "linear": "{a:.4g} + {b:.4g} x",
}


def fit_laws(x, y, groups=None, resamples=RESAMPLES, seed=0) -> dict[str, Fit]:
    """Fits the three laws.

    Args:
      x: array, ``(count,)``. Above 0, of two values at least.
      y: array, ``(count,)``. Above 0.
      groups: sequence, ``(count,)``. Points of one group, such as seeds of one setting, are drawn
        together when points are drawn anew. Default: each point is a group.
      resamples: int. Bootstrap resamples.
      seed: int. Chooses them.

    Returns:
      dict. Name -> `Fit`, the best one first.

    Raises:
      ValueError: if there are fewer than four points or values are not positive.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.shape != y.shape or x.ndim != 1 or len(x) < _FEWEST or len(set(x)) < 2:
        raise ValueError(
            f"A law is fitted to {_FEWEST} points at least, of two x at least; received x of "
            f"shape {x.shape} with {len(set(x.ravel()))} values and y of shape {y.shape}."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all() and x.min() > 0 and y.min() > 0):
        raise ValueError(f"x and y are finite and above 0; received x {x} and y {y}.")
    if resamples < 1:
        raise ValueError(f"resamples is a positive number; received {resamples}.")
    fitted = {law: _fit(law, x, y) for law in LAWS}
    drawn = _resampled_fits(x, y, groups, resamples, seed)
    best = [min(LAWS, key=lambda law: sample[law][2]) for sample in drawn]
    fits = []
    for law, (a, b, rss) in fitted.items():
        parameters = np.array([sample[law][:2] for sample in drawn])
        a_interval, b_interval = np.percentile(parameters, [2.5, 97.5], axis=0).T.tolist()
        fits.append(
            Fit(
                law,
                float(a),
                float(b),
                tuple(a_interval),
                tuple(b_interval),
                aicc=_aicc(rss, len(x)),
                residual=math.sqrt(rss / len(x)),
                wins=best.count(law) / len(best),
            )
        )
    return {fit.law: fit for fit in sorted(fits, key=lambda fit: fit.aicc)}


def _resampled_fits(x, y, groups, resamples, seed):
    generator = np.random.default_rng(seed)
    names = np.arange(len(x)) if groups is None else np.unique(groups, return_inverse=True)[1]
    members = [np.flatnonzero(names == name) for name in np.unique(names)]
    drawn = []
    while len(drawn) < resamples:
        chosen = generator.integers(0, len(members), len(members))
        rows = np.concatenate([members[group] for group in chosen])
        # Through two x all laws pass alike, where there are more: none of them would win.
        if len(set(x[rows])) > min(2, len(set(x)) - 1):
            drawn.append({law: _fit(law, x[rows], y[rows]) for law in LAWS})
    return drawn


def _fit(law, x, y):
    """Returns a, b and the sum of the squared residuals of ln y.

    A law is written by the logarithms of its values at the ends of x, which keeps it positive
    between them: on a scale of its own, it is a straight line from one end to the other.
    """
    scale = np.log if law == "power" else np.asarray
    first, last = x.min(), x.max()
    length = math.log(last / first) if law == "power" else last - first
    place = (np.log(x / first) if law == "power" else x - first) / length
    goal = np.log(y)
    line = np.polynomial.polynomial.polyfit(place, goal, 1)
    start = np.array([line[0], line.sum()])
    if law == "linear":

        def residuals(ends):
            low, high = np.exp(ends)
            return np.log(low + (high - low) * place) - goal

        found = scipy.optimize.least_squares(residuals, start)
        low, high = np.exp(found.x)
        b = (high - low) / length
        return low - b * first, b, float(2 * found.cost)
    rise = start[1] - start[0]
    b = rise / length
    rss = float(np.sum((start[0] + rise * place - goal) ** 2))
    with np.errstate(over="ignore"):  # Steep laws have a factor beyond all numbers.
        return float(np.exp(start[0] - b * scale(first))), b, rss


def _aicc(rss, count):
    parameters = 3  # Two of the law, and the errors' variance.
    correction = 2 * parameters * (parameters + 1) / max(count - parameters - 1, 1)
    return count * math.log(max(rss / count, _LEAST)) + 2 * parameters + correction
