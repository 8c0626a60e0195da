"""Exact moments of devices too large to enumerate; test_photonic_device.py has the small ones."""

import numpy as np
import pytest
from scipy.linalg import block_diag

from qlatent_tf.quantum.devices import moments
from qlatent_tf.quantum.devices import probabilities as outcome_law
from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.unitaries import haar_unitary


def test_moments_of_many_photons_agree_with_samples():
    unitary = haar_unitary(12, seed=2)
    options = dict(indistinguishability=0.8, transmission=np.linspace(0.6, 1, 12))
    for detector in ("number", "threshold"):
        device = PhotonicDevice(
            unitary, [1] * 6 + [0] * 6, detector=detector, dark_count_probability=0.02, **options
        )
        rows = device.sample(40_000, seed=1).astype(float)
        error = np.sqrt(device.variance() / len(rows))
        assert (np.abs(rows.mean(0) - device.mean()) < 4.5 * error).all()
        spread = np.sqrt(np.outer(device.variance(), device.variance()) / len(rows))
        assert (np.abs(np.cov(rows.T) - device.covariance()) < 7 * spread).all()


@pytest.mark.parametrize(
    "photons, options",
    [
        (40, {}),
        pytest.param(40, {"interfering_photons": 20}, marks=pytest.mark.slow),
        (120, {}),
    ],
)
def test_clicks_of_many_photons_of_one_mode(photons, options):
    unitary = haar_unitary(3, seed=2)
    device = PhotonicDevice(
        unitary, [photons, 0, 0], transmission=[1e-3, 0.2, 0.9], detector="threshold",
        method="loop", **options,
    )  # fmt: skip
    rates = device.transmission * np.abs(unitary[:, 0]) ** 2
    mean = 1 - (1 - rates) ** photons
    np.testing.assert_allclose(device.mean(), mean, atol=1e-12)
    np.testing.assert_allclose(device.variance(), mean * (1 - mean), atol=1e-12)
    both_silent = (1 - rates[:, None] - rates) ** photons
    expected = both_silent - np.outer(1 - mean, 1 - mean)
    if photons == 40:
        off_diagonal = ~np.eye(3, dtype=bool)
        np.testing.assert_allclose(
            device.covariance()[off_diagonal], expected[off_diagonal], atol=1e-11
        )


def test_the_variance_of_certain_clicks_is_not_negative():
    device = PhotonicDevice(
        haar_unitary(2, 0), [20, 0], interfering_photons=2, detector="threshold"
    )
    assert device.mean().max() <= 1 and device.variance().min() >= 0


def test_click_moments_of_a_large_device():
    # The Gaussian average at 12 photons against the permanents of the generating function.
    device = PhotonicDevice(
        haar_unitary(24, 0), [1] * 12 + [0] * 12, detector="threshold", indistinguishability=0.7
    )
    silent = np.ones((3, 24))
    silent[0, 3] = silent[1, 5] = silent[2, 3] = silent[2, 5] = 0
    first, second, both = outcome_law.generating_function(device, silent)
    np.testing.assert_allclose(1 - device.mean()[[3, 5]], [first, second], rtol=1e-12)
    np.testing.assert_allclose(device.covariance()[3, 5], both - first * second, atol=1e-13)


@pytest.mark.parametrize("indistinguishability", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("photons", [24, 36])
def test_totals_of_48_modes(indistinguishability, photons):
    options = dict(indistinguishability=indistinguishability)
    state = [2] * (photons - 24) + [1] * (48 - photons) + [0] * (48 - 24)
    device = PhotonicDevice(haar_unitary(48, 0), state, transmission=0.5, **options)
    # n photons each survive with probability 1/2, whatever the interferometer does.
    np.testing.assert_allclose(device.mean().sum(), photons / 2, rtol=1e-12)
    np.testing.assert_allclose(device.covariance().sum(), photons / 4, rtol=1e-10)


@pytest.mark.parametrize("indistinguishability", [0.0, 0.5, 1.0])
def test_clicks_of_a_permutation_are_certain(indistinguishability):
    device = PhotonicDevice(
        np.eye(30)[::-1],
        [1] * 20 + [0] * 10,
        detector="threshold",
        indistinguishability=indistinguishability,
    )
    np.testing.assert_allclose(device.mean(), [0] * 10 + [1] * 20, atol=1e-10)
    np.testing.assert_allclose(device.covariance(), 0, atol=1e-10)


@pytest.mark.parametrize("input_state", [[1] * 64 + [0] * 64, [3] * 20 + [0] * 108])
def test_clicks_of_many_distinguishable_photons(input_state):
    # Each photon stays away from a set of modes on its own.
    transmission = np.linspace(0.5, 1, 128)
    device = PhotonicDevice(
        haar_unitary(128, 0),
        input_state,
        detector="threshold",
        indistinguishability=0,
        transmission=transmission,
        dark_count_probability=0.1,
    )
    rates = transmission[:, None] * np.abs(device.unitary) ** 2
    silent = 0.9 * np.prod((1 - rates) ** device.input_state, axis=1)
    np.testing.assert_allclose(device.mean(), 1 - silent, rtol=1e-12)
    both = 0.81 * np.prod((1 - rates[3] - rates[90]) ** device.input_state)
    expected = both - silent[3] * silent[90]
    np.testing.assert_allclose(device.covariance()[[3, 90], [90, 3]], expected, atol=1e-15)


def test_pairs_of_clicks_of_too_many_photons_are_refused_before_they_take_hours():
    device = PhotonicDevice(np.eye(80), [1] * 80, detector="threshold", transmission=0.5)
    with pytest.raises(NoClosedForm, match="covariance of clicks .* steps; legal is up to 2.1e"):
        device.covariance()
    np.testing.assert_allclose(device.variance(), 0.25)


def test_moments_of_many_distinguishable_photons_are_refused_before_they_take_minutes():
    losses = np.linspace(0.5, 1, 64)
    device = PhotonicDevice(
        haar_unitary(64, 0), [1] * 16 + [0] * 48, indistinguishability=0, transmission=losses,
        postselect=(10, 16),
    )  # fmt: skip
    with pytest.raises(NoClosedForm, match="different losses in each mode take .* steps"):
        device.mean()


@pytest.mark.parametrize("seed", range(20))
def test_a_mode_without_variance_has_none(seed):
    circuit = block_diag(1, haar_unitary(3, seed))
    assert PhotonicDevice(circuit, [1, 1, 0, 0]).variance()[0] >= 0
    lossy = PhotonicDevice(haar_unitary(1, seed), [2], transmission=0.5, postselect=1)
    assert lossy.covariance()[0, 0] >= 0


def test_the_mean_of_clicks_needs_no_pairs(monkeypatch):
    monkeypatch.setattr(moments, "click_covariance", None)
    state, options = [1] * 36 + [0] * 36, dict(detector="threshold", indistinguishability=0.5)
    device = PhotonicDevice(haar_unitary(72, 0), state, **options)
    mean = device.mean()
    np.testing.assert_array_equal(device.variance(), mean * (1 - mean))
    ends = [
        PhotonicDevice(device.unitary, state, detector="threshold", indistinguishability=v)
        for v in (0, 1)
    ]
    assert (ends[1].mean() < mean).all() and (mean < ends[0].mean()).all()


@pytest.mark.slow
def test_click_moments_of_24_photons_are_a_law():
    device = PhotonicDevice(haar_unitary(48, 0), [1] * 24 + [0] * 24, detector="threshold")
    photons = PhotonicDevice(haar_unitary(48, 0), [1] * 24 + [0] * 24)
    assert (device.mean() < photons.mean()).all() and (device.mean() > 0.2).all()
    np.testing.assert_allclose(device.variance(), device.mean() * (1 - device.mean()), rtol=1e-12)
    assert np.linalg.eigvalsh(device.covariance()).min() > 0
