import keras
import numpy as np
import pytest
import tensorflow as tf

from qlatent_tf.gan.score_function import score_function_losses
from qlatent_tf.layers.photonic.interferometer import Interferometer
from qlatent_tf.layers.photonic.photonic_sampler import PhotonicSampler
from qlatent_tf.quantum import PhotonicDevice, reference

PHOTONS, MODES = 3, 5
OUTCOMES = reference.outcomes(MODES, PHOTONS)
# A loss of each outcome, which no sum over modes is.
LOSSES = np.random.default_rng(0).normal(2.0, 1.0, len(OUTCOMES))
STATISTICS = ["identical", "distinguishable"]


def loss_of(counts):
    same = tf.reduce_all(counts[:, None] == tf.constant(OUTCOMES, counts.dtype), axis=2)
    return tf.reduce_sum(tf.where(same, LOSSES, 0.0), axis=1)


def gradient_by_enumeration(layer, sampler):
    with tf.GradientTape() as tape:
        mean = tf.reduce_sum(tf.exp(sampler.log_prob(layer(), tf.constant(OUTCOMES))) * LOSSES)
    return tape.gradient(mean, layer.angles).numpy()


def test_each_baseline_is_the_mean_of_the_others():
    losses = tf.constant([1.0, 5.0, 9.0])
    np.testing.assert_allclose(score_function_losses(losses, tf.ones(3)), [1 - 7, 5 - 5, 9 - 3])
    with pytest.raises(ValueError, match="2 samples at least; received 1"):
        score_function_losses(tf.constant([1.0]), tf.ones(1))


@pytest.mark.parametrize("statistics", STATISTICS)
def test_the_gradient_by_enumeration_is_that_of_finite_differences(statistics):
    layer = Interferometer(MODES, seed=1, dtype="float64")
    gradient = gradient_by_enumeration(layer, PhotonicSampler(PHOTONS, statistics))
    start = layer.angles.numpy()
    state = [1] * PHOTONS + [0] * (MODES - PHOTONS)
    indistinguishability = float(statistics == "identical")

    def mean_loss(angles):
        layer.angles.assign(angles)
        device = PhotonicDevice(
            layer.exact_unitary(), state, indistinguishability=indistinguishability
        )
        return np.exp(device.log_prob(OUTCOMES)) @ LOSSES

    steps = 1e-5 * np.eye(len(start))
    found = [(mean_loss(start + step) - mean_loss(start - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(gradient, found, atol=1e-8)


@pytest.mark.parametrize(
    "statistics", ["identical", pytest.param("distinguishable", marks=pytest.mark.slow)]
)
def test_the_mean_of_the_estimator_is_the_gradient_by_enumeration(statistics):
    layer = Interferometer(MODES, seed=1, dtype="float64")
    sampler = PhotonicSampler(PHOTONS, statistics)

    @tf.function(autograph=False)
    def estimate(seed):
        with tf.GradientTape() as tape:
            unitary = layer()
            counts = sampler(unitary, num_samples=40, seed=seed)
            loss = tf.reduce_mean(
                score_function_losses(loss_of(counts), sampler.log_prob(unitary, counts))
            )
        return tape.gradient(loss, layer.angles)

    estimates = np.array([estimate(tf.constant([7, k])) for k in range(400)])
    error = estimates.std(axis=0, ddof=1) / len(estimates) ** 0.5
    deviation = (estimates.mean(axis=0) - gradient_by_enumeration(layer, sampler)) / error
    # Ten standard normal numbers, each farther than 4 from 0 once in 16,000 times.
    assert np.abs(deviation).max() < 4
    # That there is something to find: most components are many errors from 0.
    assert np.median(np.abs(estimates.mean(axis=0)) / error) > 5


def train(layer, sampler, losses, variables, steps=150, batch=100):
    optimizer = keras.optimizers.Adam(0.05)
    optimizer.build(variables)

    @tf.function(autograph=False)
    def step(seed):
        with tf.GradientTape() as tape:
            unitary = layer()
            counts = sampler(unitary, num_samples=batch, seed=seed)
            loss = tf.reduce_mean(
                score_function_losses(losses(counts), sampler.log_prob(unitary, counts))
            )
        optimizer.apply(tape.gradient(loss, variables), variables)

    for k in range(steps):
        step(tf.constant([1, k]))


def bunching(layer, sampler):
    outcomes = tf.constant([[2, 0], [0, 2]])
    return np.exp(sampler.log_prob(layer(), outcomes)).sum()


@pytest.mark.parametrize(
    "statistics, best",
    [("identical", 1.0), pytest.param("distinguishable", 0.5, marks=pytest.mark.slow)],
)
def test_an_angle_learns_the_balanced_splitter_on_which_photons_bunch(statistics, best):
    # A photon pair bunches with probability sin^2(2 theta), or half of that; theta starts near 0.
    layer = Interferometer(2, unitary=np.eye(2))
    layer.angles.assign([0.05])
    sampler = PhotonicSampler(2, statistics)
    assert bunching(layer, sampler) < 0.01
    train(layer, sampler, lambda counts: -tf.cast(counts[:, 0] != 1, "float32"), [layer.angles])
    assert bunching(layer, sampler) == pytest.approx(best, abs=0.02)


@pytest.mark.parametrize(
    "statistics, best",
    [("identical", 1.0), pytest.param("distinguishable", 0.5, marks=pytest.mark.slow)],
)
def test_a_phase_between_two_balanced_splitters_learns_to_bunch(statistics, best):
    # Where both splitters are fixed, the phase between them decides: a Mach-Zehnder interferometer.
    layer = Interferometer(2, "1-1")
    layer.angles.assign([np.pi / 4] * 2)
    layer.phases.assign([0.0, 0.05])
    sampler = PhotonicSampler(2, statistics)
    assert bunching(layer, sampler) < 0.01
    train(layer, sampler, lambda counts: -tf.cast(counts[:, 0] != 1, "float32"), [layer.phases])
    assert bunching(layer, sampler) == pytest.approx(best, abs=0.02)


@pytest.mark.parametrize("statistics", STATISTICS)
def test_the_mean_of_a_mode_learns_a_wanted_value(statistics):
    layer, sampler, wanted = Interferometer(4, seed=3), PhotonicSampler(2, statistics), 0.4

    def losses(counts):
        photons = tf.cast(counts[:, 3], "float32")
        # Of (mean - wanted)^2; the mean of the others does not depend on a sample.
        others = (tf.reduce_sum(photons) - photons) / (photons.shape[0] - 1)
        return 2 * (others - wanted) * photons

    def mean():
        return (np.abs(layer.exact_unitary()[3, :2]) ** 2).sum()

    assert abs(mean() - wanted) > 0.3
    train(layer, sampler, losses, layer.trainable_variables)
    assert mean() == pytest.approx(wanted, abs=0.05)
