import itertools

import keras
import numpy as np
import pytest

from qlatent_tf.models.invertible import Inverse
from qlatent_tf.registry import latents, models


def build(width=3, features=5, units=(3, 4), seed=0):
    latent = latents.build("boson", modes=width, center=False)
    keras.utils.set_random_seed(seed)
    return models.build("mlp", latent, features=features, units=units, invertible=True).generator


def by_hand(weights, slope=1.0):
    """A dense layer of given weights and a bias of ones; LeakyReLU behind it if it has a slope."""
    weights = np.array(weights, np.float32)
    parts = [keras.Input([weights.shape[0]]), keras.layers.Dense(weights.shape[1])]
    if slope != 1.0:
        parts.append(keras.layers.LeakyReLU(negative_slope=slope))
    model = keras.Sequential(parts)
    model.layers[0].set_weights([weights, np.ones(weights.shape[1], np.float32)])
    return model


def test_a_layer_is_inverted_as_by_hand():
    # (2, -3) W + 1 = (2, -3) diag(1, 2) + 1 = (3, -5); LeakyReLU(1/2) makes (3, -5/2).
    inverse = Inverse(by_hand([[1, 0], [0, 2]], slope=0.5))
    np.testing.assert_allclose(inverse([[3, -2.5]]), [[2, -3]])
    bounds = inverse.lipschitz()
    assert (bounds.generator, bounds.inverse) == pytest.approx((2.0, 1 / (1 * 0.5)))


@pytest.mark.parametrize("width, features, units", [(3, 5, (3, 4)), (4, 4, (4,)), (2, 2, ())])
def test_every_integer_latent_comes_back(width, features, units):
    generator = build(width, features, units)
    tried = np.array(list(itertools.product(range(-3, 4), repeat=width)))
    report = Inverse(generator).check(tried)
    assert report.tried == report.recovered == 7**width
    assert report.largest_error_double < 1e-10
    assert report.largest_error < min(1e-3, report.largest_error_bound)


def test_latents_that_are_not_whole_come_back_too():
    generator = build()
    latent = np.random.default_rng(0).normal(size=(200, 3))
    found = Inverse(generator)(np.asarray(generator(latent)))
    np.testing.assert_allclose(found, latent, atol=1e-4)


def test_distances_stay_within_the_bounds():
    generator = build(seed=1)
    bounds = Inverse(generator).lipschitz()
    latent = np.random.default_rng(1).normal(size=(2, 5000, 3))
    apart = np.linalg.norm(latent[0] - latent[1], axis=1)
    samples = [np.asarray(generator(part), np.float64) for part in latent]
    stretched = np.linalg.norm(samples[0] - samples[1], axis=1)
    assert np.all(stretched <= bounds.generator * apart * (1 + 1e-5))
    assert np.all(apart <= bounds.inverse * stretched * (1 + 1e-5))


def test_singular_weights_are_refused():
    with pytest.raises(ValueError, match="layer 1 have no full row rank"):
        Inverse(by_hand([[1, 2, 3], [2, 4, 6]]))
    with pytest.raises(ValueError, match="maps 2 numbers to 1"):
        Inverse(by_hand([[1], [2]]))


def test_a_sample_outside_the_range_is_refused():
    inverse = Inverse(by_hand([[1, 0, 0], [0, 1, 0]]))
    np.testing.assert_allclose(inverse([[3, 4, 1]]), [[2, 3]])
    with pytest.raises(ValueError, match="1 of 2 samples are none .* sample 1 by 0.5"):
        inverse([[3, 4, 1], [3, 4, 1.5]])
    with pytest.raises(ValueError, match="none that the generator can make"):
        inverse([[np.nan, 4, 1]])
    with pytest.raises(ValueError, match=r"shape \(n, 3\); received \(1, 2\)"):
        inverse([[3, 4]])


@pytest.mark.parametrize(
    "parts",
    [
        [keras.layers.Dense(4, activation="relu")],
        [keras.layers.Dense(4), keras.layers.BatchNormalization()],
        [keras.layers.LeakyReLU()],
    ],
)
def test_other_layers_are_refused(parts):
    with pytest.raises(ValueError, match="invertible=true"):
        Inverse(keras.Sequential([keras.Input([3]), *parts]))
