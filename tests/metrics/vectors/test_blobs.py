import math

import numpy as np
import pytest

from qlatent_tf.registry import datasets, metrics


@pytest.fixture(scope="module")
def dataset():
    return datasets.build("mixture")


def points(dataset, sigmas_out=0.0, sigmas_round=0.0, blobs=slice(None), distance=None):
    """A point of each blob, so many standard deviations off its centre."""
    radius = 5 + 0.2 * sigmas_out if distance is None else distance
    angles = dataset.angles[blobs] + 0.05 * sigmas_round
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def score(dataset, samples):
    scores = metrics.get("blobs")(dataset, samples)
    assert {score.num_samples for score in scores} == {len(samples)}
    return {score.name: score.mean for score in scores}


@pytest.mark.parametrize(
    "out, around, rate",
    [
        (0, 0, 0),
        (2.99, 0, 0),
        (3.01, 0, 1),
        (0, 2.99, 0),
        (0, -3.01, 1),
        (2.1, 2.1, 0),
        (2.2, 2.1, 1),
    ],
)
def test_a_region_is_the_ellipse_of_three_standard_deviations(dataset, out, around, rate):
    assert score(dataset, points(dataset, out, around))["interpolation_rate"] == rate


def test_points_in_three_of_seven_blobs(dataset):
    found = score(dataset, points(dataset, blobs=slice(3)))
    assert found["mode_coverage"] == pytest.approx(3 / 7)
    # Three blobs have 1/3 each and four have nothing: 1/2 (3 (1/3 - 1/7) + 4/7) = 4/7.
    assert found["blob_tv"] == pytest.approx(4 / 7)


def test_a_tenth_of_the_points_covers_a_blob(dataset):
    most = np.repeat(points(dataset, blobs=slice(1)), 138, axis=0)
    for few, coverage in ((1, 1), (2, 2)):  # Of 140 points, a blob's tenth is two.
        one = np.repeat(points(dataset, blobs=slice(1, 2)), few, axis=0)
        rest = np.zeros([140 - 138 - few, 2])
        found = score(dataset, np.concatenate([most, one, rest]))
        assert found["mode_coverage"] == pytest.approx(coverage / 7)


def test_real_points_are_outside_as_often_as_the_normal_law_says(dataset):
    count = 50_000
    found = score(dataset, dataset.source.sample(count, seed=(0, 2)).numpy())
    expected = math.exp(-4.5)
    error = math.sqrt(expected * (1 - expected) / count)
    assert found["interpolation_rate"] == pytest.approx(expected, abs=5 * error)
    assert found["mode_coverage"] == 1 and found["blob_tv"] < 0.02


@pytest.mark.parametrize("blobs", [2, 4])
def test_a_blob_at_the_angle_pi_is_one(blobs):
    dataset = datasets.build("mixture", blobs=blobs)
    assert np.isclose(np.abs(dataset.angles), np.pi).any()
    drawn = dataset.source.sample(20_000, seed=(0, 2)).numpy()
    found = score(dataset, drawn)
    assert found["interpolation_rate"] < 0.02 and found["blob_tv"] < 0.02


def test_points_between_all_blobs(dataset):
    found = score(dataset, points(dataset, distance=0.0))
    assert found["interpolation_rate"] == 1 and found["mode_coverage"] == 0
    assert math.isnan(found["blob_tv"])


def test_points_that_are_not_finite_are_outside(dataset):
    assert score(dataset, np.array([[np.nan, 1.0], [np.inf, 0.0]]))["interpolation_rate"] == 1


def test_other_shapes_are_refused(dataset):
    with pytest.raises(ValueError, match=r"received \(4, 3\)"):
        score(dataset, np.zeros([4, 3]))
