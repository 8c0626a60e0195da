import numpy as np
import pytest
from damage import FUZZ, assert_read_or_refused, damaged
from hypothesis import given

from qlatent_tf.quantum.gaussian.calibrations import read_calibration
from qlatent_tf.quantum.gaussian.device import GaussianDevice
from qlatent_tf.quantum.unitaries import haar_unitary

TRANSFER = (0.8 * haar_unitary(6, 0)[:, :4]).astype(np.complex64)
SQUEEZING = np.array([0.9, 0.8, 0.7, 1.0])


def write(path, **changes):
    arrays = {
        "wide_T": TRANSFER,
        "wide_r": SQUEEZING,
        "wide_mean_counts": np.full(6, 0.5),
        "wide_total_dist": np.full(10, 0.1),
        "tall_T": TRANSFER.T,
        "tall_r": SQUEEZING,
        "square_T": haar_unitary(3, 1),
        "square_r": np.array([0.1, 0.2, 0.3]),
        "pairs_T": TRANSFER,
        "pairs_r": np.array([-0.5, 0.5, -0.6, 0.6]),
        "note": np.zeros(2),
        "lonely_T": TRANSFER,
    }
    arrays.update(changes)
    np.savez_compressed(path, **{name: one for name, one in arrays.items() if one is not None})
    return path


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "devices.npz")


def test_a_device_is_read(file):
    wide = read_calibration(f"{file}:wide")
    np.testing.assert_array_equal(wide.transfer, TRANSFER.astype(np.complex128))
    np.testing.assert_array_equal(wide.squeezing, SQUEEZING)
    np.testing.assert_array_equal(wide.mean_counts, np.full(6, 0.5))
    np.testing.assert_array_equal(wide.total_distribution, np.full(10, 0.1))


def test_modes_are_found_in_columns_too(file):
    tall = read_calibration(f"{file}:tall")
    np.testing.assert_array_equal(tall.transfer, TRANSFER.astype(np.complex128))
    assert tall.mean_counts is None and tall.total_distribution is None
    np.testing.assert_array_equal(read_calibration(f"{file}:square").transfer, haar_unitary(3, 1))


def test_sources_of_pairs_are_two_mode_squeezed(file):
    pairs = read_calibration(f"{file}:pairs")
    anomalous = (pairs.transfer * np.sinh(2 * pairs.squeezing) / 2) @ pairs.transfer.T
    # Photons of one source enter inputs 2 k and 2 k + 1: <a_0 a_1> is all there is.
    couples = np.kron(np.diag(np.sinh([1.0, 1.2]) / 2), np.array([[0, 1], [1, 0]]))
    exact = TRANSFER.astype(np.complex128)
    np.testing.assert_allclose(anomalous, exact @ couples @ exact.T, atol=1e-12)
    thermal = GaussianDevice(exact, pairs.squeezing, light="thermal")
    paired = GaussianDevice(pairs.transfer, pairs.squeezing, light="thermal")
    np.testing.assert_allclose(paired.covariance(), thermal.covariance(), atol=1e-12)


def test_data_folders_are_searched(file, monkeypatch, empty_folder):
    monkeypatch.setenv("QLATENT_DATA_DIR", str(file.parent))
    assert read_calibration("devices.npz:wide").name == "wide"


@pytest.mark.parametrize(
    "name, error, message",
    [
        ("absent.npz:wide", FileNotFoundError, "no file of calibrations absent.npz"),
        ("wide", ValueError, "FILE:NAME.*received 'wide'"),
    ],
)
def test_a_device_that_is_not_there(name, error, message, empty_folder):
    with pytest.raises(error, match=message):
        read_calibration(name)


def test_an_unknown_device_lists_the_legal_ones(file):
    with pytest.raises(ValueError, match="no device 'wid'. Did you mean wide.*Legal: pairs, squ"):
        read_calibration(f"{file}:wid")
    np.savez(file, other=np.zeros(3))
    with pytest.raises(ValueError, match="Legal: none"):
        read_calibration(f"{file}:wide")


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"wide_T": 2 * TRANSFER}, "singular values are at most 1"),
        ({"wide_T": TRANSFER * np.nan}, "finite"),
        ({"wide_T": TRANSFER[0]}, "shape"),
        ({"wide_r": SQUEEZING[:3]}, "received 3"),
        ({"wide_r": SQUEEZING[:, None]}, "one axis"),
        ({"wide_r": SQUEEZING * np.nan}, "squeezing is from"),
        ({"wide_r": SQUEEZING.astype(str)}, "squeezing is a number"),
        ({"wide_mean_counts": np.ones(5)}, "6 modes have as many means"),
        ({"wide_mean_counts": np.full(6, -1.0)}, "finite numbers from 0"),
        ({"wide_mean_counts": np.full(6, np.inf)}, "finite numbers from 0"),
        ({"wide_mean_counts": np.full(6, "a")}, "finite numbers from 0"),
        ({"wide_total_dist": np.full(10, 0.2)}, "the sum 2.0"),
        ({"wide_total_dist": np.full(10, np.nan)}, "finite numbers from 0"),
        ({"wide_total_dist": np.full((2, 5), 0.1)}, "one axis"),
    ],
)
def test_a_device_that_does_not_fit_is_refused_by_name(tmp_path, changes, message):
    file = write(tmp_path / "bad.npz", **changes)
    with pytest.raises(ValueError, match=f"bad.npz, device wide: .*{message}"):
        read_calibration(f"{file}:wide")


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return write(tmp_path_factory.mktemp("whole") / "whole.npz").read_bytes()


def test_damaged_files_are_refused_by_name(content, tmp_path):
    @FUZZ
    @given(damaged(content))
    def check(changed):
        assert_read_or_refused(
            lambda path: read_calibration(f"{path}:wide"), tmp_path / "damaged.npz", changed
        )

    check()
