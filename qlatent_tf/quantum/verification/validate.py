"""Whether samples look like identical photons: all the tests that apply."""

from typing import NamedTuple

import numpy as np

from qlatent_tf.checks import as_array, check_count, check_flag
from qlatent_tf.quantum.arguments import DETECTORS, check_input_state, check_unitary
from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.verification import assumptions, correlators, misfits, outcome_tests
from qlatent_tf.quantum.verification.correlators import MeasuredCorrelators
from qlatent_tf.quantum.verification.count_statistics import CountStatistics, count_statistics
from qlatent_tf.quantum.verification.report import Prediction, SampleReport
from qlatent_tf.text.names import check_choice

_HYPOTHESES = {"boson": True, "distinguishable": False}


class _Shots(NamedTuple):
    """The shots that are compared, and what was measured of them."""

    rows: np.ndarray | sample_rows.Rows
    counts: CountStatistics
    measured: MeasuredCorrelators


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
        rows = as_array(rows, "rows are of the shape (shots, modes)")
        sample_rows.check_rows(rows, "rows")
    (size, modes), notes = rows.shape, []
    if size < 2:
        raise ValueError("Two shots or more are compared; received 1.")
    unitary, input_state = _check_circuit(unitary, input_state, photons, modes)
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
    shots = _Shots(rows, counts, correlators.measure_correlators(rows, seed=seed))
    if input_state is None or not is_predicted:
        return SampleReport(counts, shots.measured, interferometer, tuple(notes))
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
        predictions = _predictions(shots, unitary, input_state, setting, seed, notes)
        likelihood = _likelihood(
            shots, unitary, input_state, setting, likelihood_shots, seed, notes
        )
        notes += misfits.notes_of_misfits(
            predictions.values(), counts, shots.measured.covariance, unitary,
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
        for name, identical in _HYPOTHESES.items()
    }
    return SampleReport(
        counts, shots.measured, interferometer, tuple(notes), photons, transmission,
        setting["collision_free"], predictions, ensembles, likelihood,
    )  # fmt: skip


def _check_circuit(unitary, input_state, photons, modes):
    """Returns the circuit and the photons sent in, each None where it is not known."""
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
    return unitary, input_state


def _predictions(shots, unitary, input_state, setting, seed, notes) -> dict[str, Prediction]:
    """Returns what each hypothesis says of a known circuit, but for one that the shots exclude."""
    predictions = {}
    for name, identical in _HYPOTHESES.items():
        try:
            predictions[name] = _predict(shots, unitary, input_state, identical, setting, seed)
        except correlators.AlwaysCollideError as error:
            notes.append(f"{error} None of these shots has a collision: such photons are excluded.")
    return predictions


def _predict(shots, unitary, input_state, identical, setting, seed) -> Prediction:
    mean, covariance = correlators.predicted_moments(
        unitary, input_state, identical=identical, **setting
    )
    variation = None
    rows, counts, measured = shots
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


def _likelihood(shots, unitary, input_state, setting, max_shots, seed, notes):
    """Returns the likelihood ratio of the two hypotheses, or None, which a note explains."""
    photons = int(input_state.sum())
    if not shots.counts.share_with(photons):
        notes.append("No shot holds just the photons sent in: there is no likelihood.")
        return None
    if photons > outcome_tests.MAX_LIKELIHOOD_PHOTONS:
        notes.append(f"The likelihood of {photons} photons would take too long.")
        return None
    return outcome_tests.likelihood_ratio(
        shots.rows,
        unitary,
        input_state,
        max_shots=max_shots,
        collision_free=setting["collision_free"],
        seed=seed,
    )
