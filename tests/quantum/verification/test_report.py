import json
import os
from pathlib import Path

import numpy as np
import pytest

from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.recordings.open_samples import open_samples
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.quantum.verification import outcome_tests
from qlatent_tf.quantum.verification.report import validate_samples

UNITARY = haar_unitary(10, seed=7)
STATE = np.r_[np.ones(5, int), np.zeros(5, int)]
OTHER = {"boson": "distinguishable", "distinguishable": "boson"}
INDISTINGUISHABILITY = {"boson": 1.0, "distinguishable": 0.0}


def _rows(kind: str, shots: int = 20_000, **options) -> np.ndarray:
    device = PhotonicDevice(
        UNITARY, STATE, indistinguishability=INDISTINGUISHABILITY[kind], **options
    )
    return device.sample(shots, seed=11)


@pytest.mark.parametrize("kind", OTHER)
@pytest.mark.parametrize("collision_free", [False, True])
def test_every_test_tells_the_two_kinds_of_photons_apart(kind, collision_free):
    rows = _rows(kind)
    if collision_free:
        rows = rows[rows.max(axis=1) <= 1]
    report = validate_samples(rows, unitary=UNITARY, circuits=30)
    right, wrong = report.predictions[kind], report.predictions[OTHER[kind]]
    assert report.photons == 5 and report.collision_free == collision_free
    assert right.correlator_deviation < 2 and wrong.correlator_deviation > 4
    assert right.total_variation.measured < 1.1 * right.total_variation.expected
    assert wrong.total_variation.measured > 1.1 * wrong.total_variation.expected
    assert report.likelihood.confidence == pytest.approx(float(kind == "boson"), abs=1e-6)


@pytest.mark.parametrize("kind", OTHER)
def test_an_unknown_circuit_is_compared_with_random_ones(kind):
    report = validate_samples(_rows(kind), photons=5)
    assert report.predictions == {} and report.likelihood is None
    assert np.abs(report.ensemble_distance(kind)[:2]).max() < 3
    assert abs(report.ensemble_distance(OTHER[kind]).normalised_mean) > 5


@pytest.mark.parametrize("kind", OTHER)
def test_loss_is_estimated_and_allowed_for(kind):
    rows = _rows(kind, shots=60_000, transmission=0.6)
    report = validate_samples(rows, unitary=UNITARY, input_state=STATE, circuits=30)
    assert report.transmission == pytest.approx(0.6, abs=0.01)
    assert report.predictions[kind].correlator_deviation < 2
    assert report.predictions[OTHER[kind]].correlator_deviation > 4
    assert report.likelihood.skipped > 0
    assert "transmission" in " ".join(report.notes)


def test_without_a_photon_number_nothing_is_predicted():
    report = validate_samples(_rows("boson", transmission=0.6))
    assert report.ensembles == {} and report.photons is None
    assert "Name the input state" in report.notes[0]


def test_clicks_are_not_mistaken_for_photon_numbers_in_silence():
    report = validate_samples(_rows("boson", detector="threshold"), photons=5, circuits=2)
    assert "only none from some" in " ".join(report.notes)


def test_more_photons_than_sent_are_noted():
    report = validate_samples(np.array([[2, 1], [1, 0]]), input_state=[1, 1], circuits=2)
    assert "1 of 2 shots hold more photons (up to 3) than were sent in (2)" in report.notes[0]


def test_many_photons_are_judged_by_their_correlators_alone():
    unitary, state = haar_unitary(40, seed=0), np.r_[np.ones(30, int), np.zeros(10, int)]
    rows = PhotonicDevice(unitary, state, indistinguishability=0.0).sample(5000, seed=0)
    report = validate_samples(rows, unitary=unitary, input_state=state, circuits=2)
    assert report.likelihood is None and report.predictions["boson"].total_variation is None
    assert report.predictions["distinguishable"].correlator_deviation < 1.5
    assert report.predictions["boson"].correlator_deviation > 2


def test_shots_that_all_lost_photons_are_not_compared_with_the_whole_law():
    rows = np.array([[1, 0], [0, 1], [0, 0]])
    report = validate_samples(rows, unitary=np.eye(2), input_state=[1, 1], circuits=2)
    assert report.predictions["boson"].total_variation is None


def test_what_goes_wrong_in_a_test_is_said(monkeypatch):
    def total_variation(*_, **__):
        raise ValueError("a bug")

    monkeypatch.setattr(outcome_tests, "total_variation", total_variation)
    with pytest.raises(ValueError, match="a bug"):
        validate_samples(np.eye(2, dtype=int), unitary=np.eye(2), circuits=2)


def test_json_holds_no_nan():
    report = validate_samples(np.array([[1, 0], [0, 1]]), unitary=np.eye(2), circuits=2)
    text = json.dumps(report.to_json(), allow_nan=False)
    assert json.loads(text)["photons"] == 1


def test_what_does_not_fit_is_refused():
    rows = _rows("boson", shots=10)
    with pytest.raises(ValueError, match="has 4 modes; the samples have 10"):
        validate_samples(rows, unitary=np.eye(4))
    with pytest.raises(ValueError, match="contradicts an input state of 5"):
        validate_samples(rows, input_state=STATE, photons=4)
    with pytest.raises(ValueError, match="not unitary"):
        validate_samples(rows, unitary=2 * np.eye(10))
    with pytest.raises(ValueError, match="at least one photon; received none"):
        validate_samples(rows, input_state=0 * STATE)
    for name in ("circuits", "photons"):
        with pytest.raises(ValueError, match=f"{name} is at least .; received -1"):
            validate_samples(rows, **{name: -1})
    with pytest.raises(ValueError, match="max_shots is at least 1; received 0"):
        validate_samples(rows, unitary=UNITARY, likelihood_shots=0)


@pytest.mark.parametrize("rows", [[[1, np.nan]], [[1, -1]], np.zeros((0, 2)), [1, 0]])
def test_rows_that_hold_no_photon_numbers_are_refused(rows):
    with pytest.raises(ValueError, match="^rows"):
        validate_samples(rows, photons=1)


def test_shots_and_numbers_may_come_as_lists_and_of_numpy():
    rows = [[1, 0, 1], [0, 1, 1]]
    report = validate_samples(rows, photons=np.int64(2), circuits=2)
    assert report.photons == 2 and report.ensembles


def test_collision_free_shots_that_lack_photons_are_refused():
    rows = _rows("boson", transmission=0.5)
    rows = rows[rows.max(axis=1) <= 1]
    with pytest.raises(ValueError, match="all 5 photons; received .* of shots with fewer"):
        validate_samples(rows, unitary=UNITARY, input_state=STATE, collision_free=True)
    # Nor are they taken for such where all lack as many.
    same = rows[rows.sum(axis=1) == 4]
    report = validate_samples(same, unitary=UNITARY, input_state=STATE, circuits=2)
    assert not report.collision_free and report.transmission == 0.8


@pytest.mark.skipif(not os.environ.get("QLATENT_DATA_DIR"), reason="needs QLATENT_DATA_DIR")
def test_loop_hardware_is_no_haar_circuit():
    """Neighbouring time bins share most of their photons, which no Haar circuit's modes do."""
    path = Path(os.environ["QLATENT_DATA_DIR"]) / "boson_loop_hardware.npz"
    rows = open_samples(path, key="loop_6photon_10mode_samples")
    report = validate_samples(rows, circuits=30)
    assert report.collision_free and report.photons == 6
    assert report.measured.covariance[0, 1] < -0.1
    for kind in OTHER:
        assert report.ensemble_distance(kind).normalised_mean > 10
