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
        (dict(transmission=-0.1), "transmission"),
        (dict(transmission=float("nan")), "transmission"),
        (dict(transmission=[0.5, 0.5]), r"shape \(4,\)"),
        (dict(detector="bucket"), "number, threshold"),
        (dict(dark_count_probability=2), "dark_count_probability"),
        (dict(postselect=(3, 2)), "in this order"),
        (dict(postselect=(1, 2, 3)), "pair"),
        (dict(postselect=1.5), "integer"),
        (dict(postselect=3), "never happens"),
        (dict(transmission=0.5, postselect=5), "never happens"),
        (dict(detector="threshold", dark_count_probability=0.1, postselect=5), "never click 5"),
        (dict(method="fast"), "method"),
        (dict(method="table", transmission=0.5), "table"),
        (dict(method="table", indistinguishability=0.5), "table"),
        (dict(precision="half"), "precision"),
        (dict(expected_samples=-1), "expected_samples"),
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
        (haar_unitary(50, 0), [1] * 50, "up to 40 photons"),
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
