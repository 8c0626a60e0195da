"""Scores of a user's own images, beside those of a data set and of whole arrays."""

import math
import types

import numpy as np
import pytest
import tensorflow as tf

from qlatent_tf.metrics import (
    FeatureNetwork,
    frechet_distance,
    frechet_inception_distance,
    image_scores,
    inception_score,
    kernel_inception_distance,
)


def _run(images):
    features = tf.reduce_mean(tf.cast(images, tf.float32), axis=[1, 2]) / 100
    return features, 5 * features


NETWORK = FeatureNetwork(
    name="bands",
    score="score",
    frechet="frechet",
    kernel="kernel",
    identity="1",
    image_shape=(4, 4, 3),
    width=3,
    run=_run,
    batch_size=16,
)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (40, 4, 4, 3)).astype(np.uint8)


@pytest.fixture
def reference():
    return np.random.default_rng(1).integers(0, 200, (60, 4, 4, 3)).astype(np.uint8)


def test_scores_are_those_beside_a_data_set(images, reference, tmp_path, monkeypatch):
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(tmp_path))
    scores = image_scores(types.SimpleNamespace(name="x", source=reference), images, NETWORK)
    expected = {score.key: score.mean for score in scores}
    assert [
        *inception_score(images, network=NETWORK),
        frechet_inception_distance(images, reference, network=NETWORK),
        kernel_inception_distance(images, reference, network=NETWORK),
    ] == pytest.approx(
        [
            expected["score_bands@40"],
            expected["score_deviation_bands@40"],
            expected["frechet_bands_x_60@40"],
            expected["kernel_bands_x_60@40"],
        ]
    )


@pytest.mark.parametrize("few", [0, 1])
def test_of_less_than_two_images_no_kernel_distance_is_known(images, few):
    assert np.isnan(kernel_inception_distance(images, images[:few], network=NETWORK))
    assert np.isnan(kernel_inception_distance(images[:few], images, network=NETWORK))


def test_frechet_distance_is_that_of_the_features(images, reference):
    first, second = (_run(part)[0].numpy() for part in (images, reference))
    distance = frechet_inception_distance(images, reference, network=NETWORK)
    assert distance == pytest.approx(frechet_distance(first, second), rel=1e-6)


def test_what_is_no_image_or_has_no_classes_is_refused(images):
    with pytest.raises(ValueError, match=r"takes uint8 images of shape \(n, 4, 4, 3\)"):
        frechet_inception_distance(images.astype(float), images, network=NETWORK)
    with pytest.raises(ValueError, match="received list of shape"):
        frechet_inception_distance(list(images), images, network=NETWORK)
    plain = FeatureNetwork(**{**vars(NETWORK), "run": lambda part: (_run(part)[0], None)})
    with pytest.raises(ValueError, match="bands has no classes"):
        inception_score(images, network=plain)
    with pytest.raises(ValueError, match="2 rows at least; received 1"):
        frechet_inception_distance(images[:1], images, network=NETWORK)
    assert math.isnan(kernel_inception_distance(images[:1], images, network=NETWORK))
