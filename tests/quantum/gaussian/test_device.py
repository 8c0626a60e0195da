import numpy as np
import pytest
from scipy.stats import nbinom

from qlatent_tf.quantum.gaussian.device import GaussianDevice
from qlatent_tf.quantum.gaussian.light import check_squeezing, check_transfer
from qlatent_tf.quantum.unitaries import haar_unitary


@pytest.mark.parametrize(
    "matrix, message",
    [
        (np.eye(3) * 1.001, "singular values are at most 1.*received is 1.001"),
        (np.full((2, 2), np.nan), "finite; received nan"),
        (np.full((2, 2), np.inf), "finite; received .*inf"),
        (np.ones(3), r"shape \(modes, inputs\); received float64 of shape \(3,\)"),
        (np.zeros((0, 2)), "shape"),
        (np.array([["a", "b"]]), "holds numbers"),
    ],
)
def test_transfer_matrices_lose_light_and_are_finite(matrix, message):
    with pytest.raises(ValueError, match=message):
        check_transfer(matrix)


def test_a_transfer_matrix_in_single_precision_is_rounded():
    rounded = haar_unitary(40, 0).astype(np.complex64)
    np.testing.assert_array_equal(check_transfer(rounded), rounded.astype(np.complex128))
    with pytest.raises(ValueError, match="1e-08 in complex128"):
        check_transfer(haar_unitary(4, 0) * (1 + 1e-6))
    check_transfer((haar_unitary(4, 0) * (1 + 1e-6)).astype(np.complex64))


@pytest.mark.parametrize(
    "value, message",
    [
        (np.nan, "from -5 to 5; received nan"),
        (5.1, "from -5 to 5"),
        ([0.1] * 4, "a list of up to 3"),
        ([], "a list of up to 3"),
        ("a", "is a number"),
        ([[0.1]], "is a number"),
        (True, "is a number"),
    ],
)
def test_squeezing_is_one_number_or_one_an_input(value, message):
    with pytest.raises(ValueError, match=message):
        check_squeezing(value, 3)


def test_vacuum_enters_the_inputs_that_are_not_named():
    np.testing.assert_array_equal(check_squeezing([0.5, -1], 4), [0.5, -1, 0, 0])
    np.testing.assert_array_equal(check_squeezing(0.5, 2), [0.5, 0.5])
    unitary = haar_unitary(4, 1)
    few, all_named = GaussianDevice(unitary, [0.5]), GaussianDevice(unitary[:, :1], 0.5)
    np.testing.assert_allclose(few.covariance(), all_named.covariance(), atol=1e-15)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"light": "laser"}, "light is one of squeezed, squashed, thermal, coherent"),
        ({"detector": "eye"}, "detector is one of number, threshold"),
        ({"transmission": 1.5}, "transmission holds numbers from 0 to 1"),
        ({"transmission": [1, 1]}, "transmission"),
        ({"num_threads": 0}, "num_threads is at least 1; received 0"),
        ({"num_threads": "all", "light": "coherent"}, "num_threads is an integer; received 'all'"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        GaussianDevice(haar_unitary(3, 0), 0.5, **options)


@pytest.mark.parametrize("light, detector", [("thermal", "number"), ("coherent", "threshold")])
@pytest.mark.parametrize(
    "num_samples, message",
    [
        (0, "num_samples is at least 1; received 0"),
        (-1, "num_samples is at least 1; received -1"),
        (1.5, "num_samples is an integer; received 1.5"),
        (2**62, "samples take .* of memory"),
    ],
)
def test_totals_of_no_samples_or_too_many_are_refused(light, detector, num_samples, message):
    device = GaussianDevice(haar_unitary(3, 0), 0.5, light=light, detector=detector)
    with pytest.raises(ValueError, match=message):
        device.total_distribution(num_samples)
    with pytest.raises(ValueError, match="A seed is an integer; received None"):
        device.total_distribution(10, seed=None)


def test_more_than_a_byte_counts_is_refused():
    with pytest.raises(ValueError, match="up to 255.* squeeze less"):
        GaussianDevice(np.eye(2), 3.0)
    # The law of squeezed vacuum is that of pairs, a negative binomial one.
    r = 1.5
    device = GaussianDevice(np.eye(1), r)
    tails = [nbinom.sf(np.floor(count / 2), 0.5, 1 / np.cosh(r) ** 2) for count in range(256)]
    assert device._most == int(np.argmax(np.array(tails) <= 1e-6))


def test_it_shows_what_it_is():
    device = GaussianDevice(haar_unitary(4, 0), 0.5, light="thermal")
    assert repr(device) == (
        "GaussianDevice(modes=4, inputs=4, light=thermal, photons=1.086, detector=number)"
    )


def test_clicks_of_bright_classical_light_need_no_counts():
    device = GaussianDevice(haar_unitary(3, 0), 3.5, light="thermal", detector="threshold")
    np.testing.assert_allclose(device.sample(20_000, seed=0).mean(axis=0), device.mean(), atol=4e-3)
    with pytest.raises(ValueError, match="Counts are stored in bytes"):
        GaussianDevice(haar_unitary(3, 0), 3.5, light="thermal")
