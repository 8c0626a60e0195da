"""The Frechet distance between two samples, each taken for a Gaussian.

Reference:
  D. C. Dowson and B. V. Landau, "The Frechet distance between multivariate normal
  distributions", Journal of Multivariate Analysis 12 (1982).
"""

import dataclasses
import math
from typing import Any

import numpy as np
import scipy.linalg
from absl import logging


@dataclasses.dataclass(frozen=True, eq=False)
class Moments:
    """The first two moments of a sample.

    Attributes:
      mean: float array, shape `(width,)`.
      covariance: float array, shape `(width, width)`. With the divisor `count - 1`.
      count: int. The size of the sample.
    """

    mean: np.ndarray
    covariance: np.ndarray
    count: int

    @classmethod
    def of(cls, rows: np.ndarray) -> "Moments":
        """Returns the moments of the rows of an array, in double precision.

        Args:
          rows: float array, shape `(count, width)`. At least two rows.
        """
        if np.ndim(rows) != 2 or len(rows) < 2:
            raise ValueError(
                f"Moments are of 2 rows at least; received an array of shape {np.shape(rows)}."
            )
        if np.iscomplexobj(rows):
            raise ValueError("Moments are of real numbers; received complex ones.")
        rows = np.asarray(rows, dtype=np.float64)
        covariance = np.atleast_2d(np.cov(rows, rowvar=False))
        return cls(rows.mean(axis=0), covariance, len(rows))


def known_moments(rows: np.ndarray) -> Moments | None:
    """Returns the moments of rows; None for fewer than two, or where they are not finite.

    A generator that diverges is scored: its `frechet_distance` is NaN.
    """
    if len(rows) < 2 or not np.isfinite(rows).all():
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        moments = Moments.of(rows)
    return moments if np.isfinite(moments.covariance).all() else None


class MomentStream:
    """The moments of rows that come in parts, in memory that does not grow with their number.

    Parts are joined by the formula of Chan, Golub and LeVeque: deviations are from the mean of a
    part, so that no digits are lost where the mean is large.
    """

    def __init__(self):
        self._count = 0
        self._mean: Any = 0.0
        self._scatter: Any = 0.0

    def add(self, rows: np.ndarray) -> None:
        """Takes in rows of shape `(n, width)`; `n` may be 0."""
        rows = np.asarray(rows, dtype=np.float64)
        if not len(rows):
            return
        mean = rows.mean(axis=0)
        centred, shift = rows - mean, mean - self._mean
        total = self._count + len(rows)
        between = np.outer(shift, shift) * (self._count * len(rows) / total)
        self._scatter = self._scatter + centred.T @ centred + between
        # A new array: moments that were given out stay what they were.
        self._mean = self._mean + shift * (len(rows) / total)
        self._count = total

    def moments(self) -> Moments:
        """Returns the moments of all rows so far, which are 2 at least."""
        if self._count < 2:
            raise ValueError(f"Moments are of 2 rows at least; received {self._count}.")
        return Moments(self._mean, self._scatter / (self._count - 1), self._count)


def warn_of_low_rank(distance: str, count: int, things: str, width: int) -> None:
    """Warns of a distance of so few rows that their covariance has no full rank."""
    if 2 <= count <= width:
        logging.warning(
            "%s of %d %s says little: %d features have a covariance of full rank only from %d on.",
            distance,
            count,
            things,
            width,
            width + 1,
        )


def frechet_distance(
    first: Moments | np.ndarray | None, second: Moments | np.ndarray | None
) -> float:
    """Returns the squared Fréchet distance, as is customary in scores of generators.

        d^2 = |m_1 - m_2|^2 + tr(C_1 + C_2) - 2 tr (C_1 C_2)^(1/2)

    The last trace is the sum of the singular values of R_1 R_2, where R is the symmetric root of C.
    This needs no root of the product, which is not symmetric: the usual code takes that root and
    adds a small number to both diagonals where it fails or becomes complex, as it does for
    covariances of low rank (fewer rows than columns). Here nothing is added and nothing can fail.

    Args:
      first: float array, shape `(n, width)`, such as the features of n samples, n at least 2; or
        its Moments; or None where there are none, and the distance is NaN.
      second: float array, shape `(m, width)`, or Moments, or None. Of the same width.

    Raises:
      ValueError: if the widths differ, or a side has fewer than two rows or is not finite.

    Reference:
      Dowson and Landau, The Frechet distance between multivariate normal distributions, Journal of
      Multivariate Analysis 12 (1982).
    """
    if first is None or second is None:
        return math.nan
    first, second = (
        side if isinstance(side, Moments) else Moments.of(side) for side in (first, second)
    )
    if first.mean.shape != second.mean.shape:
        raise ValueError(
            f"Both samples have the same width; received {first.mean.shape} and "
            f"{second.mean.shape}."
        )
    singular = np.asarray(scipy.linalg.svdvals(_root(first.covariance) @ _root(second.covariance)))
    shift = first.mean - second.mean
    spread = np.trace(first.covariance) + np.trace(second.covariance) - 2 * singular.sum()
    return float(max(shift @ shift + spread, 0.0))


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = scipy.linalg.eigh(covariance)
    # What rounding made slightly negative is zero.
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
