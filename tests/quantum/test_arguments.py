import numpy as np
import pytest

from qlatent_tf.quantum.arguments import (
    check_input_state,
    check_outcomes,
    check_photons_per_sample,
    check_sample_range,
    check_unitary,
)
from qlatent_tf.quantum.unitaries import haar_unitary


def test_legal_inputs_are_copied_and_converted():
    given = np.eye(3)
    unitary = check_unitary(given)
    assert unitary.dtype == np.complex128 and unitary is not given
    assert check_input_state([2.0, 0.0, 1.0], 3).tolist() == [2, 0, 1]
    assert check_outcomes(np.zeros((0, 3)), 3).shape == (0, 3)
    assert check_photons_per_sample([0, 2], 2, 2).tolist() == [0, 2]


@pytest.mark.parametrize(
    "matrix, message",
    [
        (np.ones((2, 3)), "square"),
        (np.zeros((0, 0)), "square"),
        (np.eye(2) * (1 + 1e-7), r"not unitary.* 2e-07"),
        (np.array([[1, np.nan], [0, 1]]), "nan at row 0, column 1"),
        (np.array([["a"]]), "numbers"),
        ([[1, 0], [0]], r"square matrix; received \[\[1, 0\], \[0\]\]"),
        # U^H U overflows to NaN, which no comparison calls too large.
        (haar_unitary(6, 1) * 1e200, "not unitary.* (nan|inf)"),
    ],
)
def test_bad_unitaries(matrix, message):
    with pytest.raises(ValueError, match=message):
        check_unitary(matrix)


@pytest.mark.parametrize("dtype", [np.complex64, np.float32])
def test_a_unitary_in_single_precision_is_replaced_by_the_nearest(dtype):
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((40, 40)))[0]
    rounded = rotation.astype(dtype)
    exact = rounded.astype(complex)
    assert np.abs(exact.T @ exact - np.eye(40)).max() > 1e-8
    unitary = check_unitary(rounded)
    np.testing.assert_allclose(unitary.conj().T @ unitary, np.eye(40), atol=1e-14)
    np.testing.assert_allclose(unitary, rotation, atol=1e-7)
    with pytest.raises(ValueError, match=rf"at most 1e-05 in {np.dtype(dtype)}"):
        check_unitary(rounded * dtype(1.0001))


def test_samples_are_numbered_up_to_63_bits():
    assert check_sample_range(4, 2**63 - 5, row_bytes=1) == (4, 2**63 - 5)
    for start in (2**63 - 1, 2**64):
        with pytest.raises(ValueError, match=rf"received start={start} and 4 samples"):
            check_sample_range(4, start, row_bytes=1)


@pytest.mark.parametrize(
    "state, message",
    [
        ([1, 1], r"shape \(3,\)"),
        ([1, -1, 0], "-1 at index 1"),
        ([1, 0, 0.5], "0.5 at index 2"),
        ([1, 0, np.nan], "nan at index 2"),
        ([1, 0, np.inf], "inf at index 2"),
        ([200, 100, 0], "255"),
        ([1, 2**63, 0], r"9.22\d*e\+18 at index 1"),
        ([2**62, 2**62, 2**62], "up to 2147483647; received .* at index 0"),
        ([0, 0, 1e30], r"1e\+30 at index 2"),
        (["1", "0", "0"], "dtype"),
        ([1j, 0, 0], "dtype complex128"),
        ([True, True, False], r"received \[True, True, False\]"),
        ([1, True, 0], r"received \[1, True, 0\]"),
        ([1, [1, 0], 0], r"shape \(3,\); received \[1, \[1, 0\], 0\]"),
    ],
)
def test_bad_input_states(state, message):
    with pytest.raises(ValueError, match=message):
        check_input_state(state, 3)


@pytest.mark.parametrize(
    "outcomes, message",
    [([1, 0], "shape"), ([[1]], "shape"), ([[1, 0], [0, -2]], r"-2 at index \(1, 1\)")],
)
def test_bad_outcomes(outcomes, message):
    with pytest.raises(ValueError, match=message):
        check_outcomes(outcomes, 2)


@pytest.mark.parametrize("kept", [[1], [1, 3], [1, -1]])
def test_bad_photons_per_sample(kept):
    with pytest.raises(ValueError, match="photons_per_sample"):
        check_photons_per_sample(kept, 2, 2)
