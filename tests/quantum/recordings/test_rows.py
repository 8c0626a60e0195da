import warnings

import numpy as np
import pytest

from qlatent_tf.quantum.recordings import rows as sample_rows

ROWS = np.random.default_rng(0).integers(0, 4, (37, 3), np.uint8)


@pytest.mark.parametrize(
    "index", [0, -1, slice(None), slice(5, 30), slice(30, 2, -7), [36, 0, 12, 12], []], ids=str
)
def test_stacked_rows_are_indexed_like_their_concatenation(index):
    stacked = sample_rows.StackedRows([ROWS[:10], ROWS[10:11], ROWS[11:]])
    assert stacked.shape == ROWS.shape and len(stacked) == 37
    np.testing.assert_array_equal(stacked[index], ROWS[index])


@pytest.mark.parametrize("index", [37, -38, [0, 40]], ids=str)
def test_rows_out_of_range_are_refused(index):
    with pytest.raises(IndexError, match="there are 37"):
        sample_rows.StackedRows([ROWS])[index]


def test_rows_are_chosen_by_whole_numbers():
    for index in (0.5, (0, 1)):
        with pytest.raises(TypeError, match="whole number"):
            sample_rows.StackedRows([ROWS])[index]


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_infinities_are_no_photon_numbers(kind):
    with pytest.raises(ValueError, match="row 2 .* holds inf in mode 1"):
        sample_rows.check_rows(np.array([[1, 2], [0, 0], [1, np.inf]], kind), "shots")


def test_more_shots_than_can_be_passed_over_are_refused():
    rows = sample_rows.CountedRows(ROWS[:2], np.array([6 * 10**9, 6 * 10**9]))
    with pytest.raises(ValueError, match="counts holds 12000000000 shots; at most 10000000000"):
        sample_rows.check_rows(rows, "counts")


def test_streamed_moments_equal_those_of_the_array(monkeypatch):
    monkeypatch.setattr(sample_rows, "BLOCK_ROWS", 10)
    np.testing.assert_allclose(sample_rows.row_mean(ROWS), ROWS.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(
        sample_rows.row_covariance(ROWS), np.cov(ROWS.T, bias=True), atol=1e-14
    )


def test_covariance_does_not_cancel_far_from_zero():
    far = ROWS.astype(np.float64) + 1e8
    np.testing.assert_allclose(
        sample_rows.row_covariance(far), np.cov(ROWS.T, bias=True), atol=1e-12
    )


def test_half_precision_is_read_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sample_rows.check_rows(np.array([[0, 2], [1, 1]], np.float16), "rows")
