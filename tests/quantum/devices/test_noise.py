import numpy as np
import pytest

from qlatent_tf.latents.photons import boson
from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.quantum.devices.noise import (
    Noise,
    mesh_phases,
    mesh_unitary,
    noisy_unitary,
    read_noise,
)
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.unitaries import haar_unitary, loop_unitary

UNITARY, STATE = haar_unitary(5, seed=2), [1, 1, 1, 0, 0]
NOISES = {
    "g2": dict(g2=0.1),
    "dim": dict(g2=0.08, brightness=0.6),
    "all": dict(g2=0.05, brightness=0.7, indistinguishability=0.8, transmittance=0.9),
    "lossy": dict(g2=0.1, indistinguishability=0.9, transmittance=0.7),
}
every_noise = pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)


def outcome_shares(rows, size):
    """The share of each outcome, flat, with counts up to `size` - 1 a mode."""
    index = rows.astype(np.int64) @ size ** np.arange(rows.shape[1])
    return np.bincount(index, minlength=size ** rows.shape[1]) / len(rows)


@every_noise
def test_samples_are_those_of_percevals_noisy_processor(noise):
    pcvl = pytest.importorskip("perceval")
    model = pcvl.NoiseModel(**noise)
    processor = pcvl.Processor("SLOS", pcvl.Unitary(pcvl.Matrix(UNITARY)), noise=model)
    processor.min_detected_photons_filter(0)
    processor.with_input(pcvl.BasicState(STATE))
    law = np.zeros(7**5)
    for outcome, probability in processor.probs()["results"].items():
        law[np.array(list(outcome)) @ 7 ** np.arange(5)] += probability
    samples = 100_000
    rows = PhotonicDevice(UNITARY, STATE, noise=model).sample(samples, seed=1)
    distance = np.abs(outcome_shares(rows, 7) - law).sum() / 2
    # An outcome of probability p comes with an error of sqrt(p / n), whose mean size is 0.8 of it.
    expected = 0.4 * np.sqrt(law * (1 - law) / samples).sum()
    assert law.sum() == pytest.approx(1, abs=1e-6) and distance < 1.15 * expected
    # Half a percent of the second photons in excess would show.
    bare = PhotonicDevice(UNITARY, STATE, noise={**noise, "g2": 0.0}).sample(samples, seed=1)
    assert np.abs(outcome_shares(bare, 7) - law).sum() / 2 > 2 * expected


@every_noise
@pytest.mark.parametrize("options", [{}, {"dark_count_probability": 0.1}])
def test_moments_are_those_of_samples(noise, options):
    device = PhotonicDevice(UNITARY, [1, 2, 1, 0, 0], noise=noise, **options)
    rows = device.sample(60_000, seed=3).astype(np.float64)
    error = rows.std(axis=0) / np.sqrt(len(rows))
    assert (np.abs(rows.mean(axis=0) - device.mean()) < 4.5 * error).all()
    centred, covariance = rows - device.mean(), device.covariance()
    for mode in range(5):
        products = centred * centred[:, mode : mode + 1]
        error = products.std(axis=0) / np.sqrt(len(rows))
        assert (np.abs(products.mean(axis=0) - covariance[mode]) < 4.5 * error).all()


def test_clicks_with_second_photons():
    device = PhotonicDevice(UNITARY, STATE, g2=0.2, transmission=0.8, detector="threshold")
    rows = device.sample(60_000, seed=4).astype(np.float64)
    error = np.sqrt(device.variance() / len(rows))
    assert (np.abs(rows.mean(axis=0) - device.mean()) < 4.5 * error).all()
    np.testing.assert_allclose(np.cov(rows.T), device.covariance(), atol=4.5 * 0.25 / 60_000**0.5)
    dim = PhotonicDevice(UNITARY, STATE, noise=NOISES["dim"], detector="threshold")
    with pytest.raises(NoClosedForm, match="brightness below 1; received 0.6"):
        dim.mean()


def test_a_source_without_a_circuit():
    """g2 is 2 p_2 / (p_1 + 2 p_2)^2, measured on one source."""
    for g2, brightness in ((0.1, 1.0), (0.3, 0.8), (0.5, 1.0), (1e-6, 1.0)):
        noise = Noise(g2=g2, brightness=brightness)
        second = noise.second_photon
        assert 2 * second / (brightness + second) ** 2 == pytest.approx(g2)
        device = PhotonicDevice(np.eye(1), [1], noise=noise)
        mean, variance = device.mean()[0], device.covariance()[0, 0]
        assert mean == pytest.approx(brightness + second)
        assert (variance - mean + mean**2) / mean**2 == pytest.approx(g2)
    rows = PhotonicDevice(np.eye(1), [1], g2=0.5).sample(50, seed=0)
    np.testing.assert_array_equal(rows, np.full((50, 1), 2))


def test_counts_of_dim_sources_have_their_closed_form():
    """A source sends two photons with p_2 and one with b - p_2, each to mode i with r_i alone."""
    noise = Noise(g2=0.4, brightness=0.6, indistinguishability=0.0, transmittance=0.9)
    unitary, state, second = haar_unitary(2, seed=1), [1, 2], noise.second_photon
    mean, covariance = np.zeros(2), np.zeros((2, 2))
    for sources, rates in zip(state, 0.9 * np.abs(unitary.T) ** 2, strict=True):
        one = (0.6 + second) * rates
        mean += sources * one
        products = np.diag(one) + 2 * second * np.outer(rates, rates)
        covariance += sources * (products - np.outer(one, one))
    device = PhotonicDevice(unitary, state, noise=noise)
    np.testing.assert_allclose(device.mean(), mean, atol=1e-12)
    np.testing.assert_allclose(device.covariance(), covariance, atol=1e-12)


@every_noise
def test_a_sample_depends_on_the_seed_and_its_number_alone(noise):
    device = PhotonicDevice(UNITARY, STATE, noise=noise)
    rows = device.sample(400, seed=5)
    np.testing.assert_array_equal(device.sample(90, seed=5), rows[:90])
    np.testing.assert_array_equal(device.sample(50, seed=5, start=333), rows[333:383])


def test_no_noise_changes_no_sample():
    plain = PhotonicDevice(UNITARY, STATE, transmission=0.7, indistinguishability=0.9)
    noise = {"transmittance": 0.7, "indistinguishability": 0.9, "g2": 0.0}
    noisy = PhotonicDevice(UNITARY, STATE, noise=noise)
    np.testing.assert_array_equal(plain.sample(300, seed=0), noisy.sample(300, seed=0))
    dim = PhotonicDevice(UNITARY, STATE, noise={"brightness": 0.7, "indistinguishability": 0.9})
    np.testing.assert_array_equal(plain.sample(300, seed=0), dim.sample(300, seed=0))
    np.testing.assert_array_equal(plain.covariance(), dim.covariance())


def test_post_selected_second_photons_are_sampled():
    device = PhotonicDevice(UNITARY, STATE, g2=0.2, transmission=0.7, postselect=4)
    assert (device.sample(200, seed=1).sum(axis=1) == 4).all()
    for ask in (device.mean, lambda: device.log_prob([[4, 0, 0, 0, 0]])):
        with pytest.raises(NoClosedForm, match="second photons; received g2=0.2"):
            ask()


@pytest.mark.parametrize("modes", [1, 2, 7])
def test_a_mesh_is_its_unitary(modes):
    for unitary in (haar_unitary(modes, seed=1), np.eye(modes), np.eye(modes)[::-1]):
        np.testing.assert_allclose(mesh_unitary(*mesh_phases(unitary)), unitary, atol=1e-13)


def test_errors_of_phases():
    noise = Noise(phase_error=1e-3)
    noisy = noisy_unitary(UNITARY, noise, seed=4)
    np.testing.assert_allclose(noisy.conj().T @ noisy, np.eye(5), atol=1e-13)
    np.testing.assert_array_equal(noisy_unitary(UNITARY, noise, seed=4), noisy)
    assert 1e-4 < np.abs(noisy - UNITARY).max() < 1e-2
    assert np.abs(noisy_unitary(UNITARY, noise, seed=5) - noisy).max() > 1e-4
    # Uniform from -e to e: of the variance e^2 / 3.
    phases = np.concatenate(mesh_phases(haar_unitary(40, 0))[:2])
    errors = np.angle(
        np.exp(
            1j
            * (
                np.concatenate(mesh_phases(noisy_unitary(haar_unitary(40, 0), noise, 1))[:2])
                - phases
            )
        )
    )
    assert np.abs(errors).max() == pytest.approx(1e-3, rel=0.01)
    assert errors.std() == pytest.approx(1e-3 / np.sqrt(3), rel=0.05)
    coarse = mesh_phases(noisy_unitary(UNITARY, Noise(phase_imprecision=0.25), seed=0))
    np.testing.assert_allclose(np.exp(2j * np.pi * coarse[0] / 0.25), 1, atol=1e-9)


@pytest.mark.parametrize("step", [1e-320, 1e-17])
def test_steps_of_phases_finer_than_rounding_change_nothing(step):
    fine = noisy_unitary(UNITARY, Noise(phase_imprecision=step), seed=0)
    np.testing.assert_allclose(fine, UNITARY, atol=1e-13)


def test_errors_of_phases_keep_the_structure_of_loops():
    perfect = loop_unitary(8, "1-1", seed=3)
    latent = boson(modes=8, interferometer="1-1", unitary_seed=3, phase_error=0.1, center=False)
    noisy = latent.devices[0].unitary
    np.testing.assert_array_equal(noisy == 0, perfect == 0)
    assert 0.005 < np.abs(noisy - perfect).max() < 0.5


def test_a_latent_takes_noise():
    latent = boson(modes=4, tiles=2, noise={"g2": 0.1, "phase_error": 0.2, "transmittance": 0.9})
    exact = [haar_unitary(4, 0), boson(modes=4, tiles=2).devices[1].unitary]
    for device, unitary in zip(latent.devices, exact, strict=True):
        assert device.noise.g2 == 0.1 and 0.01 < np.abs(device.unitary - unitary).max() < 1
    draws = latent.sample(4000, seed=(0, 1)).numpy()
    assert (np.abs(draws.mean(axis=0)) < 4.5 * draws.std(axis=0) / np.sqrt(4000)).all()


@pytest.mark.parametrize(
    "noise, message",
    [
        ({"g2": 1.5}, "g2 is a number from 0 to 1; received 1.5"),
        ({"g2": 0.6}, "brightness 1 has a g2 up to 0.5"),
        ({"g2": float("nan")}, "g2 is a number"),
        ({"phase_error": 4.0}, "phase_error is a number from 0 to pi"),
        ({"phase_imprecision": -1.0}, "phase_imprecision is a number from 0"),
        ({"brightness": -0.1}, "brightness is a number"),
        ({"g2": 0.1, "g2_distinguishable": False}, "g2_distinguishable=True; received False"),
        ({"transmission": 0.5}, "Unknown noise 'transmission'. Did you mean transmittance"),
        (0.5, "Perceval's NoiseModel or a dict"),
    ],
)
def test_bad_noise_is_refused(noise, message):
    with pytest.raises(ValueError, match=message):
        read_noise(noise)


def test_noise_is_given_once():
    with pytest.raises(ValueError, match="received g2=0.1, transmission=0.5 beside it"):
        PhotonicDevice(UNITARY, STATE, noise={}, g2=0.1, transmission=0.5)
