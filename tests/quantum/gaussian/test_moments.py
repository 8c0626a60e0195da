import gaussian_law
import numpy as np
import pytest
from gaussian_law import small_device

from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.quantum.gaussian.device import GaussianDevice
from qlatent_tf.quantum.gaussian.light import LIGHTS
from qlatent_tf.quantum.unitaries import haar_unitary

every_light = pytest.mark.parametrize("light", LIGHTS)


@every_light
def test_photon_numbers_are_those_of_brute_force(light):
    law = gaussian_law.law(light)
    assert law.sum() == pytest.approx(1, abs=1e-6)
    device, (mean, covariance) = small_device(light), gaussian_law.moments(law)
    np.testing.assert_allclose(device.mean(), mean, atol=1e-5)
    np.testing.assert_allclose(device.covariance(), covariance, atol=1e-4)
    np.testing.assert_array_equal(device.variance(), np.diag(device.covariance()))


@every_light
def test_clicks_are_those_of_brute_force(light):
    device = small_device(light, detector="threshold")
    mean, covariance = gaussian_law.moments(gaussian_law.law(light), clicks=True)
    np.testing.assert_allclose(device.mean(), mean, atol=1e-7)
    np.testing.assert_allclose(device.variance(), np.diag(covariance), atol=1e-7)
    if light == "coherent":
        with pytest.raises(NoClosedForm, match="random phases"):
            device.covariance()
    else:
        np.testing.assert_allclose(device.covariance(), covariance, atol=1e-7)


@every_light
def test_one_mode_has_textbook_moments(light):
    """Squeezed vacuum, a squashed state, thermal light and a laser pulse, without any circuit."""
    r = 0.9
    n = np.sinh(r) ** 2
    device = GaussianDevice(np.eye(1), r, light=light)
    variance = {"squeezed": 2 * n * (n + 1), "squashed": 2 * n * n + n, "thermal": n * n + n}
    assert device.mean() == pytest.approx([n])
    assert device.variance() == pytest.approx([variance.get(light, n)])
    silent = {
        "squeezed": 1 / np.cosh(r),
        "squashed": 1 / np.sqrt(1 + 2 * n),
        "thermal": 1 / (1 + n),
        "coherent": np.exp(-n),
    }
    clicks = GaussianDevice(np.eye(1), r, light=light, detector="threshold")
    assert clicks.mean() == pytest.approx([1 - silent[light]], abs=1e-12)


def test_a_dark_mode_of_coherent_light_has_no_negative_variance():
    device = GaussianDevice(haar_unitary(8, 0), 0.0, light="coherent", detector="threshold")
    assert device.variance().min() >= 0


def test_two_mode_squeezed_light_is_one_number_twice():
    """A beam splitter makes pairs of light squeezed by r and -r: both modes count the same."""
    splitter = np.array([[1, 1], [-1, 1]]) / np.sqrt(2)
    device = GaussianDevice(splitter, [0.7, -0.7])
    covariance = device.covariance()
    np.testing.assert_allclose(covariance, np.full((2, 2), covariance[0, 0]), rtol=1e-12)


def test_all_lights_have_the_same_mean_and_less_of_it_fluctuates():
    devices = [GaussianDevice(haar_unitary(9, 2)[:, :5], 0.8, light=light) for light in LIGHTS]
    for device in devices[1:]:
        np.testing.assert_allclose(device.mean(), devices[0].mean(), rtol=1e-12)
    totals = [device.covariance().sum() for device in devices]
    assert totals == sorted(totals, reverse=True) and totals[0] > 1.5 * totals[-1]


def test_a_transmission_is_a_weaker_transfer_matrix():
    unitary, kept = haar_unitary(5, 0), np.array([1, 0.5, 0, 0.9, 0.2])
    lossy = GaussianDevice(unitary, 0.8, transmission=kept)
    weaker = GaussianDevice(np.sqrt(kept)[:, None] * unitary, 0.8)
    np.testing.assert_array_equal(lossy.covariance(), weaker.covariance())
    np.testing.assert_allclose(lossy.mean(), kept * np.sinh(0.8) ** 2, atol=1e-12)


def test_clicks_of_a_bright_wide_device_of_coherent_light():
    """Against samples of phases: the integral over Bessel functions oscillates fastest here."""
    transfer, rng = haar_unitary(64, 5)[:3] * 0.9, np.random.default_rng(0)
    device = GaussianDevice(transfer, 1.5, light="coherent", detector="threshold")
    phases = np.exp(2j * np.pi * rng.random((20_000, 64)))
    clicks = -np.expm1(-(np.abs(phases @ transfer.T * np.sinh(1.5)) ** 2))
    error = clicks.std(axis=0) / np.sqrt(len(clicks))
    assert (np.abs(clicks.mean(axis=0) - device.mean()) < 4.5 * error).all()
