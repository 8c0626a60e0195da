import importlib.util
import inspect

import numpy as np
import pytest
import tensorflow as tf
from qlatent_tf.tools import sample_latent

from qlatent_tf.latents.gaussian_light import coherent, gaussian_boson, squashed, thermal
from qlatent_tf.latents.gaussian_photons import GaussianPhotons
from qlatent_tf.quantum.gaussian.device import GaussianDevice
from qlatent_tf.quantum.recordings.open_samples import open_samples
from qlatent_tf.quantum.unitaries import haar_unitary, loop_unitary
from qlatent_tf.registry import latents

CONTROLS = (squashed, thermal, coherent)
every_control = pytest.mark.parametrize("control", CONTROLS, ids=lambda one: one.__name__)


@pytest.fixture
def piquasso():
    return pytest.importorskip("piquasso")


@pytest.fixture
def calibration(tmp_path):
    path = tmp_path / "devices.npz"
    np.savez(path, one_T=0.7 * haar_unitary(5, 0), one_r=np.linspace(0.5, 0.9, 5))
    return f"{path}:one"


def test_all_are_registered_with_the_same_options():
    options = list(inspect.signature(gaussian_boson).parameters)
    for control in CONTROLS:
        assert latents.get(control.__name__) is control
        assert list(inspect.signature(control).parameters) == options
    assert latents.get("gaussian_boson") is gaussian_boson


@every_control
def test_defaults_are_half_a_photon_a_mode(control):
    latent = control(center=False)
    assert latent.event_shape == (16,) and latent.dtype == tf.float32
    np.testing.assert_allclose(latent.mean(), 0.5, atol=0.01)
    (device,) = latent.devices
    np.testing.assert_array_equal(device.transfer, haar_unitary(16, 0))


@every_control
def test_moments_are_those_of_centred_samples(control):
    latent = control(modes=5, tiles=2, transmission=0.8, squeezing=[0.9, 0.5, -0.7])
    draws = latent.sample(20_000, seed=(7, 8)).numpy().astype(np.float64)
    np.testing.assert_allclose(latent.mean(), 0, atol=1e-6)
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0)) < 4.5 * error).all()
    covariance = latent.covariance().numpy()
    np.testing.assert_array_equal(covariance[:5, 5:], 0)
    np.testing.assert_allclose(np.diag(covariance), latent.variance(), rtol=1e-6)
    for i in range(10):
        products = draws * draws[:, i : i + 1]
        error = products.std(axis=0) / np.sqrt(len(draws))
        assert (np.abs(products.mean(axis=0) - covariance[i]) < 5 * error).all()


@every_control
def test_one_seed_pair_gives_one_batch_everywhere(control):
    latent = control(modes=6, tiles=2)
    expected = latent.sample(40, seed=(11, -12)).numpy()
    drawn = tf.function(lambda seed: latent.sample(40, seed=seed))(tf.constant([11, -12]))
    np.testing.assert_array_equal(drawn, expected)
    np.testing.assert_array_equal(latent.sample(25, seed=(11, -12)), expected[:25])
    pairs = tf.data.Dataset.from_tensor_slices([[1, 2], [11, -12], [3, 4]])
    batches = pairs.map(lambda seed: latent.sample(40, seed=seed), num_parallel_calls=2)
    assert batches.element_spec.shape == (40, 12)
    np.testing.assert_array_equal(list(batches)[1], expected)
    assert latent.sample((2, 3), seed=(0, 1)).shape == (2, 3, 12)
    again = type(latent)(**latent.parameters)
    np.testing.assert_array_equal(again.sample(40, seed=(11, -12)), expected)


def test_counts_are_samples_without_tensorflow():
    latent = squashed(modes=4, tiles=2)
    rows = latent.counts(30, seed=(3 << 32) | 4)
    assert rows.dtype == np.uint8 and rows.shape == (30, 8)
    np.testing.assert_array_equal(latent.counts(10, (3 << 32) | 4, start=20), rows[20:])
    assert (rows[:, :4] != rows[:, 4:]).any()


def test_gaussian_boson_has_the_moments_of_its_samples(piquasso):
    latent = gaussian_boson(modes=2, tiles=2, squeezing=0.5, unitary_seed=3)
    draws = latent.sample(400, seed=(0, 1)).numpy()
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0)) < 4.5 * error).all()
    whole = draws - latent.loc
    np.testing.assert_allclose(whole, np.rint(whole), atol=1e-5)
    classical = squashed(modes=2, tiles=2, squeezing=0.5, unitary_seed=3)
    np.testing.assert_allclose(latent.loc, classical.loc, rtol=1e-6)
    assert (latent.variance() > classical.variance()).numpy().all()


def test_wide_latents_are_known_to_be_slow(piquasso):
    wide, narrow = gaussian_boson(modes=16), gaussian_boson(modes=4)
    assert wide.sampling_seconds(500) > 3 > narrow.sampling_seconds(500) > 0.05
    assert wide.covariance().shape == (16, 16)
    assert 1e-4 < squashed(modes=16).sampling_seconds(500) < 1e-2


def test_without_piquasso_the_latent_names_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"qlatent_tf\[gbs\]"):
        gaussian_boson(modes=2)
    assert squashed(modes=2).event_shape == (2,)


def test_threshold_detectors_click():
    latent = thermal(modes=6, detector="threshold", center=False, squeezing=1.0)
    draws = latent.sample(500, seed=(0, 1)).numpy()
    assert set(np.unique(draws)) == {0, 1}
    np.testing.assert_allclose(latent.mean(), 1 - 1 / np.cosh(1.0) ** 2, rtol=1e-5)


def test_a_calibrated_device(calibration):
    latent = squashed(device=calibration, center=False)
    expected = GaussianDevice(0.7 * haar_unitary(5, 0), np.linspace(0.5, 0.9, 5))
    np.testing.assert_allclose(latent.mean(), expected.mean(), rtol=1e-6)
    first = squashed(device=calibration, modes=3, tiles=2, center=False)
    np.testing.assert_allclose(first.mean()[3:], expected.mean()[:3], rtol=1e-6)
    with pytest.raises(ValueError, match="comes with its squeezing; received.*0.5"):
        squashed(device=calibration, squeezing=0.5)
    with pytest.raises(ValueError, match="has 5 modes; received modes=6"):
        squashed(device=calibration, modes=6)


def test_a_transfer_matrix_from_a_file(tmp_path):
    matrix = 0.9 * haar_unitary(4, 1)[:, :3]
    np.save(tmp_path / "t.npy", matrix)
    latent = thermal(transfer_file=str(tmp_path / "t.npy"), squeezing=[0.5, 0.6, 0.7])
    np.testing.assert_array_equal(latent.devices[0].transfer, matrix)
    with pytest.raises(ValueError, match="unitary_seed is at least 0; received -1"):
        thermal(transfer_file=str(tmp_path / "t.npy"), unitary_seed=-1)
    np.save(tmp_path / "t.npy", 2 * matrix)
    with pytest.raises(ValueError, match=r"t.npy: .*singular values"):
        thermal(transfer_file=str(tmp_path / "t.npy"))


def test_loops_replace_the_haar_unitary():
    (device,) = coherent(modes=8, interferometer="1-3", unitary_seed=2).devices
    np.testing.assert_array_equal(device.transfer, loop_unitary(8, "1-3", seed=2))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"modes": 0}, "modes is at least 1"),
        ({"tiles": 0}, "tiles is at least 1"),
        ({"tiles": 10**28}, "circuits of 16 modes take"),
        ({"device": "a:b", "transfer_file": "c.npy"}, "Name the circuit once; received device='a:"),
        ({"device": "a:b", "interferometer": "1-1"}, "once; received .*interferometer='1-1'"),
        ({"squeezing": 9.0}, "squeezing is from"),
        ({"interferometer": None}, "'haar', or .* received None"),
        ({"detector": "eye"}, "detector is one of"),
        ({"photons": 3}, "Unknown option photons"),
        ({"squeezing": 0.0}, "No photon arrives"),
        ({"transmission": 0.0, "detector": "threshold"}, "No photon arrives"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        latents.build("thermal", **options)


@pytest.mark.parametrize(
    "devices, loc", [([], None), ([3], None), (None, [1.0]), (None, [np.nan] * 2)]
)
def test_bad_devices_and_shifts_are_refused(devices, loc):
    devices = [GaussianDevice(np.eye(2), 0.5)] if devices is None else devices
    with pytest.raises(ValueError, match="one GaussianDevice|loc holds (2|finite real) numbers"):
        GaussianPhotons(devices, loc)


def test_a_bank_has_the_law_of_the_live_latent(tmp_path, calibration, capsys):
    command = ["--latent", "squashed", "--num-samples", "3000", "--shard-size", "1000"]
    device = ["--device", calibration, "--modes", "4"]
    assert sample_latent.main([str(tmp_path / "bank"), *command, *device]) == 0
    latent = squashed(device=calibration, modes=4, center=False)
    rows = open_samples(tmp_path / "bank")[:]
    np.testing.assert_array_equal(rows, latent.counts(3000, seed=0))
    other = [str(tmp_path / "bank"), *command, "--modes", "4", "--squeezing", "0.3,0.4"]
    assert sample_latent.main(other) == 1
    assert "transfer_sha256" in capsys.readouterr().err
