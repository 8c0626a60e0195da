"""Whether samples look like identical photons: one report from all tests that apply."""

import dataclasses
import math
from typing import Any

import numpy as np

from qlatent_tf.quantum.arguments import check_count, check_input_state, check_unitary
from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.verification import correlators, outcome_tests
from qlatent_tf.quantum.verification.correlators import MeasuredCorrelators, Signature
from qlatent_tf.quantum.verification.count_statistics import CountStatistics, count_statistics
from qlatent_tf.quantum.verification.outcome_tests import LikelihoodRatio, TotalVariation

HYPOTHESES = {"boson": True, "distinguishable": False}


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What one hypothesis says of a known circuit.

    Attributes:
      mean: float64 array, shape (modes,).
      covariance: float64 array, shape (modes, modes).
      signature: Signature.
      correlator_deviation: float. The mean of (measured - predicted)^2 / variance over all
        pairs: 1 where only shot noise separates them.
      total_variation: TotalVariation, or None where the outcomes are too many.
    """

    mean: np.ndarray
    covariance: np.ndarray
    signature: Signature
    correlator_deviation: float
    total_variation: TotalVariation | None


@dataclasses.dataclass(frozen=True)
class SampleReport:
    """The result of `validate_samples`.

    Attributes:
      counts: CountStatistics.
      measured: MeasuredCorrelators.
      photons: int or None. The photons that were sent in, where that is known.
      transmission: float. The share of them that was detected.
      collision_free: bool. Whether predictions hold for shots without collisions only.
      predictions: dict from hypothesis to Prediction. Empty if the circuit is unknown.
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

    def ensemble_distance(self, hypothesis: str) -> Signature:
        """Returns how many standard deviations the signature is from that of random circuits.

        The deviation is that between circuits and that of the measurement together.
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
    collision_free: bool | None = None,
    circuits: int = 100,
    likelihood_shots: int | None = None,
    seed: int = 0,
) -> SampleReport:
    """Compares samples with identical and with distinguishable photons.

    A known circuit gives exact expectations, a likelihood ratio and, if the system is small, the
    distance to the whole distribution. An unknown one is compared with random circuits.

    Args:
      rows: array-like, shape (shots, modes), as `open_samples` returns.
      unitary: complex array, shape (modes, modes). The circuit, if known.
      input_state: int array, shape (modes,). Photons sent into each mode. Default: one into each
        of the first `photons` modes.
      photons: int. Default: those of the input state, or the total if all shots have the same.
      interferometer: str. What kind the random circuits are: "haar", or loops such as "1-1".
      collision_free: bool. Whether shots with collisions were discarded. Default: if none of
        the shots has any while all hold all the photons, two or more.
      circuits: int. Random circuits to compare with.
      likelihood_shots: int. Shots for the likelihood ratio; see `likelihood_ratio`.
      seed: int. Decides the random circuits and the bootstrap.

    Returns:
      A SampleReport.

    Raises:
      ValueError: if the rows are no photon numbers, the circuit or the input state does not fit
        them, or shots with collisions were discarded and others lack photons.

    Example:
      >>> report = validate_samples(open_samples("bank"), unitary=haar_unitary(16, 0))
      >>> report.likelihood.confidence
      1.0
    """
    seed = check_count(seed, "seed")
    circuits = check_count(circuits, "circuits", least=1)
    if photons is not None:
        photons = check_count(photons, "photons")
    if not isinstance(rows, sample_rows.Rows):
        rows = np.asarray(rows)
        sample_rows.check_rows(rows, "rows")
    modes, notes = rows.shape[1], []
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
    input_state = _choose_input_state(counts, input_state, photons, notes)
    measured = correlators.measure_correlators(rows, seed=seed)
    if input_state is None:
        return SampleReport(counts, measured, interferometer, tuple(notes))
    photons = int(input_state.sum())
    # Sums of means are not exact: no loss shall not look like one of 1e-16.
    transmission = min(round(float(counts.mean_photons.sum()) / photons, 12), 1.0)
    setting = {
        "transmission": transmission,
        "collision_free": _choose_collision_free(counts, photons, collision_free, notes),
    }
    if transmission < 1:
        notes.append(
            f"Predictions take a loss that all modes share: transmission {transmission:.4f}."
        )
    predictions, likelihood = {}, None
    if unitary is not None:
        predictions = {
            name: _predict(rows, counts, measured, unitary, input_state, identical, setting, seed)
            for name, identical in HYPOTHESES.items()
        }
        if photons <= outcome_tests.MAX_LIKELIHOOD_PHOTONS:
            likelihood = outcome_tests.likelihood_ratio(
                rows,
                unitary,
                input_state,
                max_shots=likelihood_shots,
                collision_free=setting["collision_free"],
            )
        else:
            notes.append(f"The likelihood of {photons} photons would take too long.")
        if not outcome_tests.can_compare_outcomes(modes, photons):
            notes.append("There are too many outcomes to compare with the whole distribution.")
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
        counts, measured, interferometer, tuple(notes), photons, **setting,
        predictions=predictions, ensembles=ensembles, likelihood=likelihood,
    )  # fmt: skip


def _choose_input_state(counts, input_state, photons, notes) -> np.ndarray | None:
    if input_state is None:
        if photons is None and counts.total_law.max() == 1.0:
            photons = len(counts.total_law) - 1
        if photons is None:
            notes.append(
                "Totals vary and the number of photons sent in is not known: nothing is "
                "predicted. Name the input state, or the number of photons."
            )
            return None
        if not 1 <= photons <= counts.modes:
            notes.append(
                f"{photons} photons do not go one into each of {counts.modes} modes: nothing is "
                "predicted. Name the input state."
            )
            return None
        input_state = np.zeros(counts.modes, np.int64)
        input_state[:photons] = 1
        notes.append(f"Input state taken to be one photon in each of the first {photons} modes.")
    sent = int(input_state.sum())
    if len(counts.total_law) - 1 > sent:
        more = round(counts.total_law[sent + 1 :].sum() * counts.shots)
        notes.append(
            f"{more:,} of {counts.shots:,} shots hold more photons (up to "
            f"{len(counts.total_law) - 1}) than were sent in ({sent}): dark counts, or another "
            "input state."
        )
    return input_state


def _choose_collision_free(counts, photons, collision_free, notes) -> bool:
    if collision_free is None:
        whole = bool(counts.total_law[photons:][:1].sum() == 1.0)
        collision_free = counts.largest_count == 1 and whole and photons >= 2
    if counts.largest_count == 1 and not collision_free and photons >= 2:
        notes.append(
            "No shot has two photons in a mode. If the detectors tell only none from some, the "
            "predictions, which count photons, do not apply."
        )
    fewer = counts.total_law[:photons].sum()
    if collision_free and fewer:
        raise ValueError(
            "Where shots with collisions are discarded, what is expected is known of shots with "
            f"all {photons} photons; received {fewer:.2%} of shots with fewer. Select the others, "
            "rows[rows.sum(axis=1) == photons], or leave collision_free out."
        )
    if collision_free and not correlators.can_enumerate_collision_free(counts.modes, photons):
        notes.append(
            "No shot has a collision, but the outcomes without one are too many to be listed: "
            "predictions allow for collisions."
        )
        return False
    if collision_free:
        notes.append("Predictions hold for shots without collisions, as these are.")
    return collision_free


def _predict(rows, counts, measured, unitary, input_state, identical, setting, seed) -> Prediction:
    mean, covariance = correlators.predicted_moments(
        unitary, input_state, identical=identical, **setting
    )
    deviations = correlators.pairs(measured.covariance) - correlators.pairs(covariance)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = np.where(deviations == 0, 0.0, deviations**2 / measured.noise)
    variation = None
    photons = int(input_state.sum())
    # Where no shot holds all photons, the other tests still stand.
    whole_shots = counts.total_law[photons:][:1].any()
    if whole_shots and outcome_tests.can_compare_outcomes(len(unitary), photons):
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
        float(squares.mean()) if len(squares) else math.nan,
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
