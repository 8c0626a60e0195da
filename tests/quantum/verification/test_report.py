import json
import os
from pathlib import Path

import numpy as np
import pytest
from harness import needs_file
from scipy.linalg import block_diag

from qlatent_tf.drawing.photon_report import sample_figure
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.recordings import rows as sample_rows
from qlatent_tf.quantum.recordings.open_samples import open_samples
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.quantum.verification import assumptions, outcome_tests
from qlatent_tf.quantum.verification.validate import validate_samples

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


def test_a_device_that_changed_between_shots_is_neither():
    halves = [_rows(kind) for kind in OTHER]
    for rows, changed in [(np.concatenate(halves), True), *((half, False) for half in halves)]:
        report = validate_samples(rows, unitary=UNITARY, photons=5, circuits=5)
        assert any(note.startswith("Neither identical") for note in report.notes) == changed


@pytest.mark.parametrize("kind", OTHER)
def test_an_unknown_circuit_is_compared_with_random_ones(kind):
    report = validate_samples(_rows(kind), photons=5)
    assert report.predictions == {} and report.likelihood is None
    assert np.abs(report.ensemble_distance(kind)[:2]).max() < 3
    assert abs(report.ensemble_distance(OTHER[kind]).normalised_mean) > 5


@pytest.mark.parametrize("kind", OTHER)
def test_distances_to_random_circuits_are_in_units_of_all_that_is_uncertain(kind):
    report = validate_samples(_rows(kind, shots=200), photons=5, circuits=20)
    ensemble = report.ensembles[kind]
    away = report.measured.signature.normalised_mean - ensemble[:, 0].mean()
    spread = np.hypot(ensemble[:, 0].std(), report.measured.errors.normalised_mean)
    assert spread > 1.1 * ensemble[:, 0].std()
    assert report.ensemble_distance(kind).normalised_mean == pytest.approx(away / spread)


@pytest.mark.parametrize("kind", OTHER)
def test_loss_is_estimated_and_allowed_for(kind):
    rows = _rows(kind, shots=60_000, transmission=0.6)
    report = validate_samples(rows, unitary=UNITARY, input_state=STATE, circuits=30)
    assert report.transmission == pytest.approx(0.6, abs=0.01)
    assert report.predictions[kind].correlator_deviation < 2
    assert report.predictions[OTHER[kind]].correlator_deviation > 4
    assert report.likelihood.skipped > 0
    assert "these shots hold" in " ".join(report.notes)


def test_without_a_photon_number_nothing_is_predicted():
    report = validate_samples(_rows("boson", transmission=0.6))
    assert report.ensembles == {} and report.photons is None
    assert "Name the input state" in report.notes[0]


@pytest.mark.parametrize("kind", OTHER)
@pytest.mark.parametrize("transmission", [1.0, 0.7])
def test_clicks_are_judged_by_the_shots_in_which_each_is_one_photon(kind, transmission):
    rows = _rows(kind, shots=60_000, detector="threshold", transmission=transmission)
    report = validate_samples(rows, unitary=UNITARY, photons=5, circuits=2)
    assert report.counts.shots == (rows.sum(axis=1) == 5).sum() < 60_000
    assert report.predictions[kind].correlator_deviation < 2
    assert report.predictions[OTHER[kind]].correlator_deviation > 2
    assert report.likelihood.confidence == pytest.approx(float(kind == "boson"), abs=1e-6)
    assert "taken for clicks" in " ".join(report.notes)


def test_clicks_of_which_none_are_all_photons_are_compared_with_nothing():
    rows = np.tile([[1, 1, 0, 0], [0, 1, 1, 0]], (100, 1))
    report = validate_samples(rows, unitary=haar_unitary(4, 0), photons=3, circuits=2)
    assert report.predictions == report.ensembles == {} and report.likelihood is None
    assert "too few" in report.notes[-1]


@pytest.mark.parametrize("kind", OTHER)
def test_of_clicks_no_shots_were_discarded(kind):
    rows = _rows(kind, shots=60_000, detector="threshold", transmission=0.7)
    told = {"detector": "threshold", "collision_free": False}
    report = validate_samples(rows, unitary=UNITARY, photons=5, circuits=2, **told)
    assert report.collision_free and report.predictions[kind].correlator_deviation < 2
    assert report.likelihood.confidence == pytest.approx(float(kind == "boson"), abs=1e-6)


@pytest.mark.parametrize("told", [{"detector": "threshold"}, {"collision_free": True}])
def test_collisions_that_ought_not_to_be_are_refused(told):
    with pytest.raises(ValueError, match="no shot has two photons in a mode; received .*% of sh"):
        validate_samples(_rows("boson", shots=50), photons=5, **told)


def test_a_circuit_in_which_photons_never_meet_makes_no_clicks_of_counts():
    device = PhotonicDevice(np.eye(8), STATE[1:9], transmission=0.3)
    report = validate_samples(
        device.sample(1000, seed=0), unitary=np.eye(8), input_state=STATE[1:9], circuits=2
    )
    assert report.counts.shots == 1000
    assert report.transmission == pytest.approx(0.3, abs=0.03)


def test_shots_of_clicks_stay_where_they_are():
    rows = np.tile([[1, 1, 0, 0], [0, 1, 0, 0]], (500, 1)).astype(np.uint8)
    taken = []

    class Counted(sample_rows.Rows):
        def _take(self, indices):
            taken.append(len(indices))
            return rows[indices]

    report = validate_samples(Counted(1000, 4, np.uint8), photons=2, detector="threshold")
    assert report.counts.shots == 500 and taken


def test_many_random_circuits_that_take_long_are_fewer():
    notes = []
    assert assumptions.affordable_circuits(100, 20, 6, notes) < 50 and "in place of 100" in notes[0]
    assert assumptions.affordable_circuits(100, 10, 4, notes) == 100 and len(notes) == 1


def test_few_shots_without_collisions_are_no_clicks_unless_it_is_said():
    rows = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]])
    loose = validate_samples(rows, photons=2, circuits=2)
    assert loose.counts.shots == 3 and "only none from some" in " ".join(loose.notes)
    assert validate_samples(rows, photons=2, circuits=2, detector="threshold").counts.shots == 2
    with pytest.raises(ValueError, match="detector is one of number, threshold"):
        validate_samples(rows, photons=2, detector="clicks")


@pytest.mark.parametrize("kind", OTHER)
def test_a_post_selection_is_no_sign_of_other_photons(kind):
    rows = _rows(kind, transmission=0.5, postselect=(3, 5))
    report = validate_samples(rows, unitary=UNITARY, photons=5, circuits=2)
    assert report.predictions[kind].correlator_deviation < 2
    assert report.predictions[OTHER[kind]].correlator_deviation > 10


def test_pairs_that_were_never_seen_do_not_make_the_deviation_infinite():
    # Next to no light gets into the last mode.
    unitary = block_diag(haar_unitary(4, seed=0), 1)
    turn = np.eye(5)
    turn[np.ix_([0, 4], [0, 4])] = [[np.cos(0.01), -np.sin(0.01)], [np.sin(0.01), np.cos(0.01)]]
    unitary = turn @ unitary
    rows = PhotonicDevice(unitary, [1, 1, 0, 0, 0]).sample(2000, seed=0)
    assert not rows[:, 4].any()
    report = validate_samples(rows, unitary=unitary, circuits=2)
    assert 0.1 < report.predictions["boson"].correlator_deviation < 3


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [([[1, 0]], {}, "Two shots or more"), (np.eye(2, dtype=int), {"circuits": 1}, "circuits")],
)
def test_what_has_no_spread_is_refused(rows, options, message):
    with pytest.raises(ValueError, match=message):
        validate_samples(np.array(rows), **options)


def test_without_a_shot_of_the_photons_sent_in_there_is_no_likelihood():
    report = validate_samples(np.eye(4, dtype=int), unitary=np.eye(4), photons=2, circuits=2)
    assert report.likelihood is None and "no likelihood" in " ".join(report.notes)


@pytest.mark.parametrize("kind", OTHER)
def test_the_deviation_of_sparse_shots_is_that_of_counting(kind):
    unitary, state = haar_unitary(60, seed=0), np.eye(60, dtype=int)[:2].sum(axis=0)
    device = PhotonicDevice(unitary, state, indistinguishability=INDISTINGUISHABILITY[kind])
    report = validate_samples(device.sample(2000, seed=1), unitary=unitary, circuits=2)
    assert 0.7 < report.predictions[kind].correlator_deviation < 1.4


def test_more_photons_than_sent_are_noted():
    report = validate_samples(np.array([[2, 1], [1, 0]]), input_state=[1, 1], circuits=2)
    # Two of two photons, and one of two.
    assert report.transmission == pytest.approx(0.75)
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
    for name in ("circuits", "photons", "likelihood_shots"):
        with pytest.raises(ValueError, match=f"{name} is at least .; received -1"):
            validate_samples(rows, **{name: -1})
    with pytest.raises(ValueError, match="collision_free is True or False; received 'no'"):
        validate_samples([[1, 0], [0, 1]], collision_free="no")


@pytest.mark.parametrize("rows", [[[1, np.nan]], [[1, -1]], np.zeros((0, 2)), [1, 0]])
def test_rows_that_hold_no_photon_numbers_are_refused(rows):
    with pytest.raises(ValueError, match="^rows"):
        validate_samples(rows, photons=1)


def test_shots_and_numbers_may_come_as_lists_and_of_numpy():
    rows = [[1, 0, 1], [0, 1, 1]]
    report = validate_samples(rows, photons=np.int64(2), circuits=2)
    assert report.photons == 2 and report.ensembles


def test_of_shots_without_collisions_those_that_lack_photons_are_left_out():
    rows = _rows("boson", transmission=0.8)
    rows = rows[rows.max(axis=1) <= 1]
    report = validate_samples(rows, unitary=UNITARY, input_state=STATE, collision_free=True)
    assert report.collision_free and report.transmission == 1
    assert report.counts.shots == (rows.sum(axis=1) == 5).sum() < len(rows)
    assert report.likelihood.confidence > 0.999
    # Where all lack as many, nothing is left.
    same = rows[rows.sum(axis=1) == 4]
    report = validate_samples(same, unitary=UNITARY, input_state=STATE, circuits=2)
    assert report.predictions == {} and "too few" in report.notes[-1]


@needs_file("boson_loop_hardware.npz")
def test_loop_hardware_is_no_haar_circuit():
    """Neighbouring time bins share most of their photons, which no Haar circuit's modes do."""
    path = Path(os.environ["QLATENT_DATA_DIR"]) / "boson_loop_hardware.npz"
    rows = open_samples(path, key="loop_6photon_10mode_samples")
    report = validate_samples(rows, circuits=30)
    assert report.collision_free and report.photons == 6
    assert report.measured.covariance[0, 1] < -0.1
    # 21 and 15 standard deviations by 400 circuits; that of 30 may be twice as large.
    for kind in OTHER:
        assert report.ensemble_distance(kind).normalised_mean > 5


def test_two_photons_that_always_meet_are_told_from_such_as_do_not():
    """Hong, Ou and Mandel: behind a balanced splitter, identical photons are never apart."""
    splitter = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    report = validate_samples(np.array([[1, 1]] * 100), unitary=splitter)
    assert report.likelihood.confidence == 0 and set(report.predictions) == {"distinguishable"}
    assert any("2 identical photons collide in every shot" in note for note in report.notes)
    sample_figure(report, "a coincidence").canvas.draw()


def test_whole_numbers_may_be_floats():
    rows = _rows("boson", 200)
    reports = [validate_samples(one, unitary=UNITARY, circuits=2) for one in (rows, rows * 1.0)]
    first, second = (report.predictions["boson"].total_variation for report in reports)
    assert first == second


def test_one_photon_meets_no_other():
    rows = np.array([[1, 0], [0, 1], [0, 0], [1, 0]])
    report = validate_samples(rows, unitary=np.eye(2), photons=1, collision_free=True)
    assert not report.collision_free and report.transmission == 0.75


@pytest.mark.parametrize(
    "circuit, hint",
    [
        (UNITARY.T, "With the transposed matrix they fit."),
        (UNITARY[::-1], "With the outputs in reverse order they fit."),
        (UNITARY[np.roll(np.arange(len(UNITARY)), 1)], "leads from input j to output i."),
    ],
)
def test_another_circuit_is_seen_in_the_means_and_usual_mistakes_are_named(circuit, hint):
    rows = _rows("boson")
    right = validate_samples(rows, unitary=UNITARY, circuits=5)
    assert right.fits and right.predictions["boson"].mean_deviation < 2.5
    report = validate_samples(rows, unitary=circuit, circuits=5)
    (note,) = (note for note in report.notes if note.startswith("The mean photon numbers"))
    assert note.endswith(hint) and not report.fits
    assert not any(note.startswith("Neither") for note in report.notes)


def test_a_few_counts_where_none_can_be_are_no_misfit():
    circuit = block_diag(UNITARY, np.eye(2))
    rows = np.pad(_rows("boson"), ((0, 0), (0, 2)))
    rows[0, -2:] = 1
    report = validate_samples(rows, unitary=circuit, photons=5, circuits=5)
    found = report.predictions["boson"]
    assert found.mean_deviation < 2.5 and found.correlator_deviation < 2.5 and report.fits


@pytest.mark.parametrize("seed", range(4))
def test_a_photon_that_passes_with_certainty_is_no_misfit(seed):
    circuit = block_diag(np.eye(1), haar_unitary(3, seed))
    state = np.array([1, 0, 1, 0])
    rows = PhotonicDevice(circuit, state).sample(5000, seed=seed)
    report = validate_samples(rows, unitary=circuit, input_state=state, circuits=2)
    assert report.fits and report.predictions["boson"].mean_deviation < 4
