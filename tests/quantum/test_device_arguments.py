import numpy as np
import pytest

from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.unitaries import haar_unitary

UNITARY = haar_unitary(4, seed=1)


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(indistinguishability=1.2), "indistinguishability"),
        (dict(indistinguishability="high"), "indistinguishability"),
        (dict(indistinguishability=True), "indistinguishability"),
        (dict(transmission=True), "transmission"),
        (dict(transmission=0.5j), "transmission"),
        (dict(postselect=True), "postselect"),
        (dict(method=["auto"]), "method"),
        (dict(transmission=-0.1), "transmission"),
        (dict(transmission=float("nan")), "transmission"),
        (dict(transmission=[0.5, 0.5]), "a number, or a list of 4"),
        (dict(detector="bucket"), "number, threshold"),
        (dict(dark_count_probability=2), "dark_count_probability"),
        (dict(postselect=(3, 2)), "in this order"),
        (dict(postselect=(1, 2, 3)), "pair"),
        (dict(postselect=1.5), "integer"),
        (dict(postselect=3), "never happens"),
        (dict(transmission=0.5, postselect=5), "never happens"),
        (
            dict(detector="threshold", dark_count_probability=0.1, postselect=5),
            "from 0 to 4 clicks",
        ),
        (dict(detector="threshold", dark_count_probability=1, postselect=2), "from 4 to 4 clicks"),
        (dict(g2=0.1, postselect=5), r"from 0 to 4 counts, never those that postselect=\(5, 5\)"),
        (dict(g2=0.1, dark_count_probability=0.1, postselect=9), "from 0 to 8 counts"),
        (dict(transmission=[0.5, [0.5], 1, 1]), "a number, or a list of 4"),
        (dict(method="fast"), "method"),
        (dict(method="table", transmission=0.5), "table"),
        (dict(interfering_photons=3), "at most the 2 that are sent; received 3"),
        (dict(interfering_photons=0), "interfering_photons is at least 1"),
        (dict(interfering_photons=True), "interfering_photons is an integer"),
        (dict(method="table", indistinguishability=0.5), "table"),
        (dict(precision="half"), "precision"),
        (dict(expected_samples=-1), "expected_samples"),
        (dict(indistinguishability=0, max_table_bytes=-1), "max_table_bytes is at least 0"),
        (dict(max_table_bytes="all"), "max_table_bytes is an integer"),
        (dict(phase_seed=-1), "phase_seed is at least 0; received -1"),
        (dict(phase_seed=2**32), r"phase_seed is at most 2\*\*32 - 1; received 4294967296"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        PhotonicDevice(UNITARY, [1, 1, 0, 0], **options)


@pytest.mark.parametrize(
    "unitary, input_state, message",
    [
        (np.ones((2, 2)), [1, 1], "not unitary"),
        (UNITARY, [1, 1, 0], r"shape \(4,\)"),
        (UNITARY, [1, -1, 0, 0], "non-negative"),
        (UNITARY, [0.5, 0, 0, 0], "non-negative integers"),
        (haar_unitary(50, 0), [1] * 50, "No method samples more than 40"),
    ],
)
def test_bad_circuits_are_refused(unitary, input_state, message):
    with pytest.raises(ValueError, match=message):
        PhotonicDevice(unitary, input_state)


def test_log_prob_refuses_large_devices():
    state = [1] * 13 + [0] * 3
    device = PhotonicDevice(haar_unitary(16, 0), state, indistinguishability=0.9)
    with pytest.raises(ValueError, match="up to 12 photons"):
        device.log_prob([state])
    classical = PhotonicDevice(haar_unitary(16, 0), state, indistinguishability=0, transmission=0.5)
    assert np.isfinite(classical.log_prob([state])).all()


@pytest.mark.parametrize(
    "modes, photons, options, message",
    [
        (16, 13, dict(indistinguishability=0.9), "up to 12 photons"),
        (16, 11, dict(dark_count_probability=0.1), "up to 10 photons"),
        (20, 17, dict(dark_count_probability=0.1, indistinguishability=0), "up to 16 photons"),
        (20, 4, dict(detector="threshold", postselect=3), "up to 16 modes"),
    ],
)
def test_log_probs_are_refused_before_sampling(monkeypatch, modes, photons, options, message):
    state = [1] * photons + [0] * (modes - photons)
    device = PhotonicDevice(haar_unitary(modes, 0), state, **options)
    monkeypatch.setattr(device, "_shots", None)
    with pytest.raises(ValueError, match=message):
        device.sample(10**6, seed=0, return_log_prob=True)


def test_log_prob_refuses_malformed_outcomes():
    with pytest.raises(ValueError, match=r"\(batch, 4\)"):
        PhotonicDevice(UNITARY, [1, 1, 0, 0], transmission=0.5).log_prob([1, 1, 0, 0])


@pytest.mark.parametrize(
    "options",
    [
        dict(indistinguishability=0.9),
        dict(indistinguishability=0.9, detector="threshold"),
        dict(transmission=0.5, dark_count_probability=0.1),
        dict(indistinguishability=0.0, transmission=np.linspace(0.1, 1, 16)),
    ],
)
def test_what_cannot_happen_is_improbable_in_large_devices_too(options):
    device = PhotonicDevice(haar_unitary(16, 0), [2] * 13 + [0] * 3, **options)
    impossible = np.full((3, 16), 2**31 - 1)
    np.testing.assert_array_equal(device.log_prob(impossible), np.full(3, -np.inf))


def test_the_time_of_samples_is_that_of_their_photons():
    unitary, state = haar_unitary(128, 0), np.r_[np.ones(24, int), np.zeros(104, int)]
    whole = PhotonicDevice(unitary, state)
    assert 0.01 < whole.sampling_seconds(1) < 1  # 24 photons: 40 to 100 ms
    assert whole.sampling_seconds(64) == pytest.approx(64 * whole.sampling_seconds(1))
    lossy = PhotonicDevice(unitary, state, transmission=0.5)
    assert lossy.sampling_seconds(1) < whole.sampling_seconds(1) / 30
    classical = PhotonicDevice(unitary, state, indistinguishability=0)
    assert classical.sampling_seconds(1) < 1e-5
