"""What a comparison of samples with identical and with distinguishable photons found."""

import dataclasses
import math
from typing import Any

import numpy as np

from qlatent_tf.quantum.verification import misfits
from qlatent_tf.quantum.verification.correlators import MeasuredCorrelators, Signature
from qlatent_tf.quantum.verification.count_statistics import CountStatistics
from qlatent_tf.quantum.verification.outcome_tests import LikelihoodRatio, TotalVariation


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What one hypothesis says of a known circuit.

    Attributes:
      mean: float64 array, shape (modes,).
      covariance: float64 array, shape (modes, modes).
      signature: Signature.
      mean_deviation: float. The mean of (measured - predicted)^2 / variance over the mean photon
        numbers of all modes: 1 where only shot noise separates them.
      correlator_deviation: float. The mean of (measured - predicted)^2 / variance over all
        pairs: 1 where only shot noise separates them.
      total_variation: TotalVariation, or None where the outcomes are too many.
    """

    mean: np.ndarray
    covariance: np.ndarray
    signature: Signature
    mean_deviation: float
    correlator_deviation: float
    total_variation: TotalVariation | None


@dataclasses.dataclass(frozen=True)
class SampleReport:
    """The result of `validate_samples`.

    Attributes:
      counts: CountStatistics. Of the shots that are compared: of clicks, those with one for each
        photon.
      measured: MeasuredCorrelators. Of these, too.
      photons: int or None. The photons that were sent in, where that is known and predicts
        anything of these shots.
      transmission: float. The share of them that was detected, in these shots.
      collision_free: bool. Whether predictions hold for shots without collisions only.
      predictions: dict from hypothesis to Prediction. Empty if the circuit is unknown, and without
        one that the shots exclude.
      ensembles: dict from hypothesis to float64 array, shape (circuits, 3). Signatures of random
        circuits. Empty if the photons sent in are unknown.
      interferometer: str. What the random circuits are, see `circuit_signatures`.
      likelihood: LikelihoodRatio, or None if the circuit is unknown or the photons too many.
      notes: tuple of str. What was assumed, and what could not be computed and why.
    """

    counts: CountStatistics
    measured: MeasuredCorrelators
    interferometer: str
    notes: tuple[str, ...]
    photons: int | None = None
    transmission: float = 1.0
    collision_free: bool = False
    predictions: dict[str, Prediction] = dataclasses.field(default_factory=dict)
    ensembles: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    likelihood: LikelihoodRatio | None = None

    @property
    def fits(self) -> bool:
        """Whether a prediction is as near to the shots as shot noise allows; True without any."""
        return not self.predictions or misfits.fits(self.predictions.values())

    def ensemble_distance(self, hypothesis: str) -> Signature:
        """Returns how many standard deviations the signature is from that of random circuits.

        The deviation is that between circuits and that of the measurement together.

        Args:
          hypothesis: str. A key of `ensembles`: ``"boson"`` or ``"distinguishable"``.
        """
        ensemble = self.ensembles[hypothesis]
        spread = np.hypot(ensemble.std(axis=0), self.measured.errors)
        with np.errstate(divide="ignore", invalid="ignore"):
            return Signature(*(self.measured.signature - ensemble.mean(axis=0)) / spread)

    def to_json(self) -> dict:
        """Returns the numbers of the report as JSON values; what is undefined is None."""
        likelihood = None
        if self.likelihood is not None:
            ratios = self.likelihood.log_ratios
            likelihood = {
                "shots": len(ratios),
                "log_ratio": float(ratios.sum()),
                "log_ratio_per_shot": float(ratios.mean()) if len(ratios) else None,
                "posterior_boson": self.likelihood.confidence,
                "shots_to_95_percent": self.likelihood.shots_needed(0.95),
                "shots_to_99_percent": self.likelihood.shots_needed(0.99),
                "skipped": self.likelihood.skipped,
                "impossible": self.likelihood.impossible,
            }
        return _as_json(
            {
                **self.counts._asdict(),
                "photons": self.photons,
                "transmission": self.transmission,
                "collision_free": self.collision_free,
                "signature": self.measured.signature,
                "signature_errors": self.measured.errors,
                "predictions": {
                    name: {
                        "signature": prediction.signature,
                        "mean_deviation": prediction.mean_deviation,
                        "correlator_deviation": prediction.correlator_deviation,
                        "total_variation": prediction.total_variation,
                    }
                    for name, prediction in self.predictions.items()
                },
                "random_circuits": {
                    "interferometer": self.interferometer,
                    **{
                        name: {
                            "mean": Signature(*ensemble.mean(axis=0)),
                            "deviation": Signature(*ensemble.std(axis=0)),
                            "distance": self.ensemble_distance(name),
                        }
                        for name, ensemble in self.ensembles.items()
                    },
                },
                "likelihood": likelihood,
                "notes": self.notes,
            }
        )


def _as_json(value) -> Any:
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: _as_json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_as_json(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value
