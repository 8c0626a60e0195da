import json

import numpy as np
import pytest
from scipy.stats import norm

from qlatent_tf.registry import datasets

SAMPLES = 20_000


@pytest.fixture(scope="module")
def dataset():
    return datasets.build("mixture")


@pytest.fixture(scope="module")
def polar(dataset):
    x, y = dataset.source.sample(SAMPLES, seed=(0, 1)).numpy().astype(float).T
    turn = np.arctan2(y, x)[:, None] - dataset.angles
    turn = (turn + np.pi) % (2 * np.pi) - np.pi
    nearest = np.abs(turn).argmin(axis=1)
    return np.hypot(x, y), turn[np.arange(SAMPLES), nearest], nearest


def test_there_are_seven_blobs_at_equal_distances(dataset):
    np.testing.assert_allclose(np.diff(dataset.angles), 2 * np.pi / 7)
    assert np.abs(dataset.angles).min() == pytest.approx(0)


def test_distance_and_angle_follow_their_normal_laws(polar):
    distance, turn, _ = polar
    for values, mean, scale in ((distance, 5.0, 0.2), (turn, 0.0, 0.05)):
        # Five standard errors of the mean, and of the standard deviation of normal numbers.
        assert abs(values.mean() - mean) < 5 * scale / np.sqrt(SAMPLES)
        assert abs(values.std() - scale) < 5 * scale / np.sqrt(2 * SAMPLES)
    assert abs(np.corrcoef(distance, turn)[0, 1]) < 5 / np.sqrt(SAMPLES)


def test_blobs_are_equally_likely(polar):
    shares = np.bincount(polar[2], minlength=7) / SAMPLES
    assert np.abs(shares - 1 / 7).max() < 5 * np.sqrt(1 / 7 * 6 / 7 / SAMPLES)


def test_the_density_is_that_of_the_formula(dataset):
    points = np.array([[5.1, 0.2], [-4.5, 2.1], [0.5, 0.5]], np.float32)
    distance, angle = np.hypot(*points.T), np.arctan2(points[:, 1], points[:, 0])
    blobs = norm.pdf(angle[:, None], dataset.angles, 0.05).mean(axis=1)
    density = norm.pdf(distance, 5, 0.2) * blobs / distance
    found = np.exp(dataset.source.log_prob(points).numpy())
    np.testing.assert_allclose(found, density, rtol=1e-3, atol=1e-30)


@pytest.mark.parametrize("blobs", [1, 2, 3, 8])
def test_no_blob_is_cut(blobs):
    source = datasets.build("mixture", blobs=blobs).source
    points = np.array(source.sample(20_000, seed=(0, 0)))
    # Of blobs far apart: the entropy of one, of the choice, and of the radius in the plane.
    expected = -np.log(2 * np.pi * 0.2 * 0.05) - 1 - np.log(blobs) - np.log(5)
    assert source.log_prob(points).numpy().mean() == pytest.approx(expected, abs=0.03)


def test_a_picture_is_drawn(dataset):
    picture = dataset.render(dataset.source.sample(36, seed=(0, 0)).numpy())
    assert picture.dtype == np.uint8 and picture.shape == (480, 480, 3)
    assert (picture != 255).any()
    assert dataset.render(np.full([3, 2], np.nan)).shape == picture.shape
    with pytest.raises(ValueError, match=r"received \(3, 4\)"):
        dataset.render(np.zeros([3, 4]))


@pytest.mark.parametrize(
    "options", [{"blobs": 0}, {"blobs": 2.5}, {"angle_scale": -1.0}, {"radius": 0}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match="received"):
        datasets.build("mixture", **options)


def test_more_blobs_than_memory_holds_are_refused():
    with pytest.raises(ValueError, match="1,000,000,000,000 blobs take .* of memory"):
        datasets.build("mixture", blobs=10**12)
    with pytest.raises(ValueError, match="blobs take 1e.300 PiB of memory"):
        datasets.build("mixture", blobs=10**400)


def test_numbers_may_be_of_numpy():
    data = datasets.build(
        "mixture", blobs=np.int64(3), radius=np.float32(2), angle_scale=np.float64(0.1)
    )
    assert json.loads(json.dumps(data.provenance))["radius"] == 2
    assert data.source.sample(4, seed=(0, 1)).shape == (4, 2)
