"""How far shots are from what a circuit predicts, and what may be wrong where nothing fits."""

from collections.abc import Collection, Iterator

import numpy as np

from qlatent_tf.quantum.verification import correlators

_RARE = 10  # shots with a mode, or a pair of them
_NONE = 1e-3  # of them
_UNLIKE = 5  # times shot noise


def mean_deviation(counts, covariance, mean) -> float:
    """Returns the mean over modes of (measured - predicted)^2 / variance: 1 for shot noise alone.

    Args:
      counts: CountStatistics.
      covariance: float64 array, shape (modes, modes). Measured.
      mean: float64 array, shape (modes,). Predicted mean photon numbers.
    """
    noise = _noise(np.diag(covariance) / counts.shots, mean, counts.shots)
    return _mean_square(counts.mean_photons - mean, noise)


def correlator_deviation(counts, measured, mean, covariance) -> float:
    """Returns the mean over pairs of (measured - predicted)^2 / variance: 1 for shot noise alone.

    Args:
      counts: CountStatistics.
      measured: MeasuredCorrelators.
      mean, covariance: float64 arrays, shapes (modes,) and (modes, modes). Predicted.
    """
    deviations = correlators.pairs(measured.covariance) - correlators.pairs(covariance)
    together = correlators.pairs(covariance + np.outer(mean, mean))
    # A correlator is a mean of products less a product of means, which has noise of its own.
    spread = np.outer(mean**2, np.diag(covariance))
    of_means = correlators.pairs(spread + spread.T + 2 * np.outer(mean, mean) * covariance)
    noise = _noise(measured.noise, together, counts.shots, of_means / counts.shots)
    return _mean_square(deviations, noise)


def fits(predictions: Collection) -> bool:
    """Returns whether one of the predictions is as far from the shots as shot noise may be."""
    return any(max(one.mean_deviation, one.correlator_deviation) <= _UNLIKE for one in predictions)


def notes_of_misfits(
    predictions: Collection, counts, covariance, unitary, moments
) -> Iterator[str]:
    """Says where neither kind of photons fits: the likelihood ratio weighs these two alone.

    Args:
      predictions: collection of Prediction.
      counts: CountStatistics.
      covariance: float64 array, shape (modes, modes). Measured.
      unitary: complex array, shape (modes, modes).
      moments: callable. Returns the predicted mean and covariance of a circuit.
    """
    if not predictions or fits(predictions):
        return
    means = min(one.mean_deviation for one in predictions)
    if means > _UNLIKE:
        yield (
            f"The mean photon numbers deviate from this circuit's by {means:,.0f} times shot "
            "noise, whatever the photons are: another circuit or input state, modes in another "
            "order, or losses that differ between modes. Entry (i, j) of the matrix leads from "
            f"input j to output i.{_what_fits(counts, covariance, unitary, moments)}"
        )
        return
    deviations = [f"{one.correlator_deviation:,.0f}" for one in predictions]
    yield (
        "Neither identical nor distinguishable photons give these correlators, which deviate "
        f"by {' and '.join(deviations)} times shot noise. Photons may be partly distinguishable, "
        "or the device may have changed. A likelihood ratio then says which of the two is closer, "
        "not that it is right."
    )


def _what_fits(counts, covariance, unitary, moments) -> str:
    """Names the usual mistakes that would explain the mean photon numbers."""
    turned = {
        "the transposed matrix": unitary.T,
        "the outputs in reverse order": unitary[::-1],
        "the inputs in reverse order": unitary[:, ::-1],
    }
    found = []
    for name, other in turned.items():
        try:
            mean, _ = moments(np.ascontiguousarray(other))
        except correlators.AlwaysCollideError:
            continue
        if mean_deviation(counts, covariance, mean) <= _UNLIKE:
            found.append(name)
    return f" With {' or '.join(found)} they fit." if found else ""


def _noise(measured, expected, shots, beside=0.0):
    """The variances by shot noise; of what few shots hold, shots do not tell it, and it is counted.

    A count where none can be would be infinitely many deviations: it is one. `beside` is the noise
    that what is counted has besides.
    """
    counted = np.where(shots * expected < _NONE, 1 / shots, expected) / shots
    # What is the same in all shots has no noise, but a count more or less in one would be seen.
    return np.where(shots * expected < _RARE, counted + beside, np.maximum(measured, 1 / shots**2))


def _mean_square(deviations, variances) -> float:
    if not len(deviations):
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.where(deviations == 0, 0.0, deviations**2 / variances)
    return float(squares.mean())
