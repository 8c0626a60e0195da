import numpy as np
import pytest
import scipy.stats

from qlatent_tf.quantum import reference
from qlatent_tf.quantum.verification.chi_square import chi_square_p_value, outcome_counts

OUTCOMES = np.array([[2, 0], [1, 1], [0, 2]])


def rows_of(counts):
    return np.repeat(OUTCOMES, counts, axis=0)


def test_counts_each_outcome():
    np.testing.assert_array_equal(outcome_counts([rows_of([3, 0, 4])], OUTCOMES), [3, 0, 4])


@pytest.mark.parametrize("modes, photons", [(8, 4), (3, 5), (4, 0), (1, 2), (400, 2)])
def test_each_outcome_has_its_place_in_any_list(modes, photons):
    outcomes = reference.outcomes(modes, photons)
    drawn = np.random.default_rng(0).integers(len(outcomes), size=500)
    expected = np.bincount(drawn, minlength=len(outcomes))
    np.testing.assert_array_equal(outcome_counts([outcomes[drawn]], outcomes), expected)


def test_an_impossible_sample_is_named():
    with pytest.raises(ValueError, match=r"Row 1, \[1, 0\]"):
        outcome_counts([[[2, 0], [1, 0]]], OUTCOMES)


def test_p_value_is_scipys():
    law = np.array([0.2, 0.3, 0.5])
    expected = scipy.stats.chisquare([30, 25, 45], law * 100).pvalue
    assert chi_square_p_value(rows_of([30, 25, 45]), OUTCOMES, law) == pytest.approx(expected)


def test_rare_outcomes_are_pooled():
    # Expected 2 and 2 of 100 together are less than 5: they join the least likely other, alone.
    law = np.array([0.02, 0.02, 0.96])
    assert np.isnan(chi_square_p_value(rows_of([1, 2, 97]), OUTCOMES, law))
    law = np.array([0.04, 0.04, 0.92])
    expected = scipy.stats.chisquare([7, 93], [8, 92]).pvalue
    assert chi_square_p_value(rows_of([3, 4, 93]), OUTCOMES, law) == pytest.approx(expected)


def test_a_wrong_law_is_found():
    rows = np.random.default_rng(0).choice(3, 10_000, p=[0.2, 0.3, 0.5])
    assert chi_square_p_value(OUTCOMES[rows], OUTCOMES, [0.2, 0.3, 0.5]) > 1e-3
    assert chi_square_p_value(OUTCOMES[rows], OUTCOMES, [0.23, 0.27, 0.5]) < 1e-6


def test_a_forbidden_outcome_is_never_right():
    assert chi_square_p_value(rows_of([60, 10, 30]), OUTCOMES, [0.6, 0.4, 1e-33]) == 0
    assert chi_square_p_value(rows_of([60, 40, 0]), OUTCOMES, [0.6, 0.4, 0.0]) == 1


@pytest.mark.parametrize(
    ("law", "message"),
    [
        ([0.5, 0.5], "as many probabilities"),
        ([0.5, 0.2, 0.2], "sum to 1; received a sum of 0.9"),
        ([1.5, -0.5, 0.0], "the least -0.5"),
        ([np.nan, 0.5, 0.5], "sum to 1"),
        ([0.5j, 0.5, 0.5], "complex128 of the shape"),
    ],
)
def test_what_is_no_law_is_refused(law, message):
    with pytest.raises(ValueError, match=message):
        chi_square_p_value(rows_of([1, 1, 1]), OUTCOMES, law)


def test_samples_that_are_not_whole_are_refused():
    with pytest.raises(ValueError, match="whole numbers; received the type float64"):
        chi_square_p_value([[1.9, 0.2]], OUTCOMES, [0.2, 0.3, 0.5])


@pytest.mark.parametrize(
    ("rows", "outcomes", "message"),
    [
        ([[1, 0, 0]], OUTCOMES, r"shape \(batch, 2\); received shape \(1, 3\)"),
        ([1, 0], OUTCOMES, r"received shape \(2,\)"),
        ([[1, 0], [1]], OUTCOMES, r"shape \(shots, 2\); received"),
        ([[2, 0]], OUTCOMES + 0.5, "non-negative integers"),
        ([[2, 0]], np.empty((0, 2), int), "no outcomes"),
    ],
)
def test_what_are_no_samples_or_outcomes_is_refused(rows, outcomes, message):
    with pytest.raises(ValueError, match=message):
        chi_square_p_value(rows, outcomes, [0.2, 0.3, 0.5])


@pytest.mark.parametrize("counts", [[0, 0, 0], [1, 1, 1]])
def test_samples_too_few_to_tell_have_no_p_value(counts):
    assert np.isnan(chi_square_p_value(rows_of(counts), OUTCOMES, np.full(3, 1 / 3)))
