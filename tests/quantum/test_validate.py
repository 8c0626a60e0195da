import numpy as np
import pytest

from qlatent_tf.quantum.validate import (
    check_input_state,
    check_outcomes,
    check_photons_per_sample,
    check_seed,
    check_unitary,
)


def testLegalInputsAreCopiedAndConverted():
    given = np.eye(3)
    unitary = check_unitary(given)
    assert unitary.dtype == np.complex128 and unitary is not given
    assert check_input_state([2.0, 0.0, 1.0], 3).tolist() == [2, 0, 1]
    assert check_outcomes(np.zeros((0, 3)), 3).shape == (0, 3)
    assert check_photons_per_sample([0, 2], 2, 2).tolist() == [0, 2]
    assert check_seed(np.int32(-1)) == 2**64 - 1


@pytest.mark.parametrize(
    "matrix, message",
    [
        (np.ones((2, 3)), "square"),
        (np.zeros((0, 0)), "square"),
        (np.eye(2) * (1 + 1e-7), r"not unitary.* 2e-07"),
        (np.array([[1, np.nan], [0, 1]]), "nan at row 0, column 1"),
        (np.array([["a"]]), "numbers"),
    ],
)
def testBadUnitaries(matrix, message):
    with pytest.raises(ValueError, match=message):
        check_unitary(matrix)


@pytest.mark.parametrize(
    "state, message",
    [
        ([1, 1], r"shape \(3,\)"),
        ([1, -1, 0], "-1 at index 1"),
        ([1, 0, 0.5], "0.5 at index 2"),
        ([1, 0, np.nan], "nan at index 2"),
        ([1, 0, np.inf], "inf at index 2"),
        ([200, 100, 0], "255"),
        (["1", "0", "0"], "dtype"),
    ],
)
def testBadInputStates(state, message):
    with pytest.raises(ValueError, match=message):
        check_input_state(state, 3)


@pytest.mark.parametrize(
    "outcomes, message",
    [([1, 0], "shape"), ([[1]], "shape"), ([[1, 0], [0, -2]], r"-2 at index \(1, 1\)")],
)
def testBadOutcomes(outcomes, message):
    with pytest.raises(ValueError, match=message):
        check_outcomes(outcomes, 2)


@pytest.mark.parametrize("kept", [[1], [1, 3], [1, -1]])
def testBadPhotonsPerSample(kept):
    with pytest.raises(ValueError, match="photons_per_sample"):
        check_photons_per_sample(kept, 2, 2)
