"""The Frechet distance of streamed moments; test_fcd.py holds its closed forms."""

import numpy as np
import pytest

from qlatent_tf.metrics.frechet import Moments, MomentStream, frechet_distance
from qlatent_tf.metrics.images.tf_gan import tfgan


@pytest.mark.parametrize("sizes", [(1, 1, 98), (50, 0, 50), (7, 60, 33)])
def test_streamed_moments_are_those_of_one_pass(sizes):
    # A mean of a million deviations: sums of squares alone would lose the covariance.
    rows = np.random.default_rng(0).normal(size=(100, 4)) @ np.diag([1, 2, 3, 0]) + 1e6
    stream = MomentStream()
    for part in np.split(rows, np.cumsum(sizes)[:-1]):
        stream.add(part)
    moments, direct = stream.moments(), Moments.of(rows)
    assert moments.count == 100
    np.testing.assert_allclose(moments.mean, direct.mean, rtol=1e-12)
    np.testing.assert_allclose(moments.covariance, direct.covariance, atol=1e-8)


def test_moments_that_were_given_out_stay():
    rows = np.random.default_rng(0).normal(size=(20, 2))
    stream = MomentStream()
    stream.add(rows[:10])
    early = stream.moments()
    stream.add(rows[10:])
    np.testing.assert_allclose(early.mean, rows[:10].mean(axis=0))


def test_a_stream_of_one_row_has_no_moments():
    stream = MomentStream()
    stream.add(np.ones((1, 2)))
    with pytest.raises(ValueError, match="2 rows at least; received 1"):
        stream.moments()


def test_frechet_distance_is_that_of_tf_gan():
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(6, 6))
    first, second = rng.normal(size=(200, 6)) @ mix, rng.normal(size=(300, 6)) + 0.5
    theirs = tfgan().eval.frechet_classifier_distance_from_activations(first, second)
    ours = frechet_distance(Moments.of(first), Moments.of(second))
    assert ours == pytest.approx(float(theirs), rel=1e-9)
    assert frechet_distance(first, second) == frechet_distance(Moments.of(first), second) == ours
