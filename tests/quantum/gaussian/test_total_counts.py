import gaussian_law
import numpy as np
import pytest
from gaussian_law import small_device
from scipy.stats import nbinom

from qlatent_tf.quantum.gaussian.device import GaussianDevice
from qlatent_tf.quantum.gaussian.light import LIGHTS
from qlatent_tf.quantum.gaussian.total_counts import sampled_click_law, sampled_photon_law
from qlatent_tf.quantum.unitaries import haar_unitary

SAMPLES = 100_000


def totals(law, clicks=False):
    """The law of the total of two modes."""
    if clicks:
        return np.array([law[0, 0], law[1:, 0].sum() + law[0, 1:].sum(), law[1:, 1:].sum()])
    return np.bincount(np.add.outer(*[np.arange(len(law))] * 2).ravel(), law.ravel())


def distance(first, second) -> float:
    size = max(len(first), len(second))
    padded = [np.pad(law, (0, size - len(law))) for law in (first, second)]
    return np.abs(padded[0] - padded[1]).sum() / 2


@pytest.mark.parametrize("light", LIGHTS)
def test_photons_are_those_of_brute_force(light):
    law = small_device(light).total_distribution(SAMPLES)
    assert law.sum() == pytest.approx(1, abs=1e-12) and (law >= 0).all()
    # Only coherent light needs samples; few photons make their error small.
    tolerance = 1e-3 if light == "coherent" else 1e-6
    assert distance(law, totals(gaussian_law.law(light))) < tolerance


@pytest.mark.parametrize("light", LIGHTS)
def test_clicks_are_those_of_brute_force(light):
    law = small_device(light, detector="threshold").total_distribution(SAMPLES)
    assert law.sum() == pytest.approx(1, abs=1e-12)
    # A click law is an average of numbers around 0 to 1 that vary by 0.3 or less.
    expected = totals(gaussian_law.law(light), clicks=True)
    np.testing.assert_allclose(law, expected, atol=4.5 * 0.3 / np.sqrt(SAMPLES))


def test_many_equal_squeezers_emit_pairs():
    """Lossless light of one squeezing: half the modes' failures, whatever the circuit."""
    device = GaussianDevice(haar_unitary(40, 0), 1.2)
    law = device.total_distribution()
    pairs = nbinom.pmf(np.arange(len(law) // 2 + 1), 20, 1 / np.cosh(1.2) ** 2)
    np.testing.assert_allclose(law[::2], pairs[: len(law[::2])], atol=1e-13)
    np.testing.assert_allclose(law[1::2], 0, atol=1e-13)


def test_thermal_light_of_one_intensity_is_a_negative_binomial():
    device = GaussianDevice(haar_unitary(30, 0), 1.0, light="thermal", transmission=0.5)
    law = device.total_distribution()
    n = 0.5 * np.sinh(1.0) ** 2
    np.testing.assert_allclose(law, nbinom.pmf(np.arange(len(law)), 30, 1 / (1 + n)), atol=1e-13)


@pytest.mark.parametrize("light", ["squashed", "thermal"])
def test_drawn_intensities_lead_to_the_exact_law(light):
    device = GaussianDevice(haar_unitary(6, 1)[:, :4] * 0.8, [0.9, -0.6, 0.7, 1.1], light=light)
    drawn = sampled_photon_law(
        device.transfer, device.squeezing, light, num_samples=SAMPLES, seed=1
    )
    # The mean of SAMPLES laws that have about 10 likely totals.
    assert distance(drawn, device.total_distribution()) < 10 / np.sqrt(SAMPLES)


def test_too_few_intensities_for_bright_squeezed_light_are_warned_of(caplog):
    bright = GaussianDevice(np.eye(24), 1.5, detector="threshold")
    for num_samples in (500, 20_000):
        bright.total_distribution(num_samples, seed=0)
        assert (
            "known to about" in caplog.text and f"num_samples={num_samples * 10:,}" in caplog.text
        )
        caplog.clear()
    GaussianDevice(np.eye(4), 0.5, detector="threshold").total_distribution(seed=0)
    assert not caplog.text


@pytest.mark.parametrize("light", LIGHTS)
def test_the_number_of_clicks_has_the_moments_of_the_modes(light):
    device = GaussianDevice(
        haar_unitary(8, 1) * 0.9, [0.9, -0.6, 0.7, 1.1], light=light, detector="threshold"
    )
    laws = np.array(
        [
            sampled_click_law(device.transfer, device.squeezing, light, num_samples=4000, seed=seed)
            for seed in range(10)
        ]
    )
    clicks = np.arange(9)
    means, squares = laws @ clicks, laws @ clicks**2
    error = means.std(ddof=1) / np.sqrt(10)
    assert abs(means.mean() - device.mean().sum()) < 5 * error
    if light != "coherent":
        expected = device.covariance().sum() + device.mean().sum() ** 2
        assert abs(squares.mean() - expected) < 5 * squares.std(ddof=1) / np.sqrt(10)
