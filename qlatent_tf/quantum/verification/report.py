"""Whether samples look like identical photons: one report from all tests that apply."""

import dataclasses
import math
from typing import Any

import numpy as np

from qlatent_tf.quantum.arguments import (
    DETECTORS,
    check_count,
    check_flag,
    check_input_state,
    check_unitary,
)
from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.verification import assumptions, correlators, misfits, outcome_tests
from qlatent_tf.quantum.verification.correlators import MeasuredCorrelators, Signature
from qlatent_tf.quantum.verification.count_statistics import CountStatistics, count_statistics
from qlatent_tf.quantum.verification.outcome_tests import LikelihoodRatio, TotalVariation
from qlatent_tf.text.names import check_choice

HYPOTHESES = {"boson": True, "distinguishable": False}


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


def validate_samples(
    rows,
    *,
    unitary: np.ndarray | None = None,
    input_state: np.ndarray | None = None,
    photons: int | None = None,
    interferometer: str = "haar",
    detector: str | None = None,
    collision_free: bool | None = None,
    circuits: int = 100,
    likelihood_shots: int | None = None,
    seed: int = 0,
) -> SampleReport:
    """Compares samples with identical and with distinguishable photons.

    A known circuit gives exact expectations, a likelihood ratio and, if the system is small, the
    distance to the whole distribution. An unknown one is compared with random circuits.

    How many photons arrive is taken as it was measured, whatever loss or selection made it so. Of
    clicks, which do not count photons, the shots are compared in which as many detectors clicked as
    photons were sent in: each click is one photon there.

    Args:
      rows: array-like, shape (shots, modes), as `open_samples` returns.
      unitary: complex array, shape (modes, modes). The circuit, if known.
      input_state: int array, shape (modes,). Photons sent into each mode. Default: one into each
        of the first `photons` modes.
      photons: int. Default: those of the input state, or the total if all shots have the same.
      interferometer: str. What kind the random circuits are: "haar", or loops such as "1-1".
      detector: str. "number" or "threshold". Default: "threshold" if many shots ought to have
        collisions and none has.
      collision_free: bool. Whether shots with collisions were discarded; those that lack photons
        are left out then. Default: if none of the shots has any while all hold all the photons, two
        or more.
      circuits: int, from 2. Random circuits to compare with.
      likelihood_shots: int, from 1. Shots for the likelihood ratio; see `likelihood_ratio`.
      seed: int. Decides the random circuits and the bootstrap.

    Returns:
      A SampleReport.

    Raises:
      ValueError: if the rows are no photon numbers or a single shot, the circuit or the input state
        does not fit them, or collisions are there that ought not to be.

    Example:
      >>> report = validate_samples(open_samples("bank"), unitary=haar_unitary(16, 0))
      >>> report.likelihood.confidence
      1.0

    References:
      - Walschaers et al., "Statistical benchmark for BosonSampling", New Journal of Physics 18,
        032001 (2016) (the signature).
      - Bentivegna et al., "Bayesian approach to boson sampling validation", International Journal
        of Quantum Information 12, 1560028 (2014) (the likelihood ratio).
    """
    seed = check_count(seed, "seed")
    circuits = check_count(circuits, "circuits", least=2)  # One has no spread.
    if detector is not None:
        check_choice("detector", detector, DETECTORS)
    if photons is not None:
        photons = check_count(photons, "photons")
    if collision_free is not None:
        collision_free = check_flag(collision_free, "collision_free")
    if likelihood_shots is not None:
        likelihood_shots = check_count(likelihood_shots, "likelihood_shots", least=1)
    if not isinstance(rows, sample_rows.Rows):
        rows = np.asarray(rows)
        sample_rows.check_rows(rows, "rows")
    (shots, modes), notes = rows.shape, []
    if shots < 2:
        raise ValueError("Two shots or more are compared; received 1.")
    if unitary is not None:
        unitary = check_unitary(unitary)
        if len(unitary) != modes:
            raise ValueError(f"The unitary has {len(unitary)} modes; the samples have {modes}.")
    if input_state is not None:
        input_state = check_input_state(input_state, modes)
        if not input_state.any():
            raise ValueError("An input state holds at least one photon; received none.")
        if photons not in (None, int(input_state.sum())):
            raise ValueError(
                f"photons={photons} contradicts an input state of {input_state.sum()} photons."
            )
    counts = count_statistics(rows)
    input_state = assumptions.choose_input_state(counts, input_state, photons, notes)
    assumptions.check_collisions(counts, detector, collision_free)
    is_predicted = input_state is not None
    if input_state is not None and assumptions.hide_collisions(
        counts, input_state, unitary, detector, collision_free
    ):
        why = {"threshold": "The detectors click."}.get(detector or "")
        why = why or ("Shots with collisions were discarded." if collision_free else None)
        whole = assumptions.whole_shots(rows, int(input_state.sum()), notes, why)
        is_predicted = whole is not None
        if whole is not None:
            rows, counts, collision_free = whole, count_statistics(whole), True
    measured = correlators.measure_correlators(rows, seed=seed)
    if input_state is None or not is_predicted:
        return SampleReport(counts, measured, interferometer, tuple(notes))
    photons = int(input_state.sum())
    totals = assumptions.shares_of_totals(counts, photons)
    transmission = float(totals @ np.arange(photons + 1)) / photons
    setting = {
        "totals": totals,
        "collision_free": assumptions.choose_collision_free(counts, photons, collision_free, notes),
    }
    if totals[-1] < 1:
        notes.append(
            "Predictions take the totals as measured, whatever loss or selection made them, and no "
            f"mode to lose more than others: these shots hold {transmission:.1%} of the photons "
            "sent in."
        )
    predictions, likelihood = {}, None
    if unitary is not None:
        for name, identical in HYPOTHESES.items():
            try:
                predictions[name] = _predict(
                    rows, counts, measured, unitary, input_state, identical, setting, seed
                )
            except correlators.AlwaysCollideError as error:
                notes.append(
                    f"{error} None of these shots has a collision: such photons are excluded."
                )
        if not counts.share_with(photons):
            notes.append("No shot holds just the photons sent in: there is no likelihood.")
        elif photons <= outcome_tests.MAX_LIKELIHOOD_PHOTONS:
            likelihood = outcome_tests.likelihood_ratio(
                rows,
                unitary,
                input_state,
                max_shots=likelihood_shots,
                collision_free=setting["collision_free"],
                seed=seed,
            )
        else:
            notes.append(f"The likelihood of {photons} photons would take too long.")
        notes += misfits.notes_of_misfits(
            predictions.values(), counts, measured.covariance, unitary,
            lambda circuit: correlators.predicted_moments(
                circuit, input_state, identical=False, **setting
            ),
        )  # fmt: skip
        if not outcome_tests.can_compare_outcomes(modes, photons):
            notes.append("There are too many outcomes to compare with the whole distribution.")
    if setting["collision_free"]:
        circuits = assumptions.affordable_circuits(circuits, modes, photons, notes)
    ensembles = {
        name: correlators.circuit_signatures(
            input_state,
            identical=identical,
            interferometer=interferometer,
            circuits=circuits,
            seed=seed,
            **setting,
        )
        for name, identical in HYPOTHESES.items()
    }
    return SampleReport(
        counts, measured, interferometer, tuple(notes), photons, transmission,
        setting["collision_free"], predictions, ensembles, likelihood,
    )  # fmt: skip


def _predict(rows, counts, measured, unitary, input_state, identical, setting, seed) -> Prediction:
    mean, covariance = correlators.predicted_moments(
        unitary, input_state, identical=identical, **setting
    )
    variation = None
    photons = int(input_state.sum())
    # Where no shot holds all photons, the other tests still stand.
    if counts.share_with(photons) and outcome_tests.can_compare_outcomes(len(unitary), photons):
        variation = outcome_tests.total_variation(
            rows,
            unitary,
            input_state,
            identical=identical,
            collision_free=setting["collision_free"],
            seed=seed,
        )
    return Prediction(
        mean,
        covariance,
        correlators.signature(covariance, mean.sum()),
        misfits.mean_deviation(counts, measured.covariance, mean),
        misfits.correlator_deviation(counts, measured, mean, covariance),
        variation,
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
