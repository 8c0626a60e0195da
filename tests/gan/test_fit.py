"""Training as a user of Keras does it: arrays, tf.data, names of optimizers."""

import re
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from harness import eagerly

from qlatent_tf.datasets import from_arrays
from qlatent_tf.gan.wgan_gp import WGANGP
from qlatent_tf.models.perceptrons import perceptron

REAL = np.random.default_rng(0).normal(3.0, 1.0, (96, 2))


def small_gan(optimizer="adam", **options):
    keras.utils.set_random_seed(0)
    latent = tfp.distributions.MultivariateNormalDiag(tf.zeros(3))
    gan = WGANGP(latent, perceptron(3, 2, [8]), perceptron(2, 1, [8]), critic_steps=2)
    gan.compile(optimizer, jit_compile=False, **options)
    return gan


def weights(gan):
    return np.concatenate([part.ravel() for part in gan.generator.get_weights()])


def test_arrays_are_fitted_epoch_by_epoch_without_a_warning():
    gan = small_gan()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = gan.fit(REAL, batch_size=16, epochs=2, verbose=0)
    # 96 samples, of which a step takes two batches of 16.
    assert gan.step == 2 * 3 and len(history.history["critic_loss"]) == 2
    halves = small_gan()
    for _ in range(2):
        halves.fit(REAL.tolist(), batch_size=16, verbose=0)
    np.testing.assert_array_equal(weights(gan), weights(halves))


def test_a_dataset_of_batches_is_fitted_and_keeps_its_order():
    data = tf.data.Dataset.from_tensor_slices(REAL.astype("float32")).batch(24)
    gan = small_gan()
    with eagerly():
        gan.fit(data, verbose=0)
    assert gan.step == 96 // (24 * 2)
    first, second = gan.training_batches(data, 10, seed=0, steps=2)
    np.testing.assert_array_equal(np.reshape(first["real"], (20, 2)), REAL[:20].astype("float32"))
    (resumed,) = gan.training_batches(data, 10, seed=0, start_step=1, steps=2)
    for part in second:
        np.testing.assert_array_equal(second[part], resumed[part])
    # Behind the last sample the first one follows.
    *_, last = gan.training_batches(data, 10, seed=0, steps=5)
    np.testing.assert_array_equal(
        np.reshape(last["real"], (20, 2))[-4:], REAL[:4].astype("float32")
    )


def test_what_has_no_known_number_needs_steps():
    gan = small_gan()
    endless = tf.data.Dataset.from_tensor_slices(REAL).batch(8).repeat()
    for real in (gan.latent, endless):
        with pytest.raises(ValueError, match="give steps_per_epoch"):
            gan.fit(real)
    gan.fit(endless, steps_per_epoch=1, verbose=0)
    assert gan.step == 1
    with pytest.raises(ValueError, match="no targets"):
        gan.fit(REAL, REAL)
    with pytest.raises(ValueError, match="fit takes the real samples"):
        gan.fit()
    with pytest.raises(ValueError, match="call compile first"):
        WGANGP(gan.latent, gan.generator, gan.critic).fit(REAL)
    with pytest.raises(ValueError, match=r"shape \(3,\); the critic takes \(2,\)"):
        gan.fit(np.zeros((8, 3)))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"batch_size": 0}, "batch_size is at least 1; received 0"),
        ({"batch_size": True}, "batch_size is an integer; received True"),
        ({"batch_size": "8"}, "batch_size is an integer; received '8'"),
        ({"steps_per_epoch": 0}, "steps_per_epoch is at least 1; received 0"),
        ({"x": iter(REAL)}, "an array or a tf.data.Dataset; received <"),
        ({"seed": None}, "A seed is an integer; received None"),
        ({"seed": 1.0}, "A seed is an integer; received 1.0"),
        ({"x": np.full((8, 2), "text")}, "Real samples are numbers; received text"),
        ({"x": tf.data.Dataset.from_tensor_slices(REAL).batch(4).take(0)}, "is empty"),
    ],
)
def test_what_cannot_be_trained_with_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        small_gan().fit(**{"x": REAL, "verbose": 0, **options})


def test_other_numbers_that_are_not_legal_are_refused():
    gan = small_gan()
    with pytest.raises(ValueError, match="generator_batch_size is at least 1; received -3"):
        gan.training_batches(REAL, 4, 0, generator_batch_size=-3)
    with pytest.raises(ValueError, match="start_step is at least 0; received -1"):
        gan.training_batches(REAL, 4, 0, start_step=-1)
    for size in (-1, 2.5):
        with pytest.raises(ValueError, match=f"batch_size is .* received {size}"):
            gan.sample(4, batch_size=size)
    for shape in ((0, 3), (2, 4), (3,)):
        with pytest.raises(ValueError, match=rf"\(count, 3\), .* received {re.escape(str(shape))}"):
            gan.generate(np.zeros(shape))
    with pytest.raises(ValueError, match="Latents are finite numbers"):
        gan.generate(np.full((2, gan.latent.event_shape[0]), np.nan))
    for seed in ((0, 1, 2), "0", 1.5, None):
        with pytest.raises(ValueError, match="A seed is an integer, or a pair of them; received"):
            gan.sample(4, seed)


def test_an_epoch_is_of_whole_executions():
    gan = small_gan(steps_per_execution=2)
    with pytest.raises(ValueError, match="3 steps is no multiple of steps_per_execution=2"):
        gan.fit(REAL, batch_size=16)
    gan.fit(REAL, batch_size=16, steps_per_epoch=4, epochs=2, verbose=0)
    assert gan.step == 8


def test_steps_are_counted_where_an_optimizer_accumulates_gradients():
    gan = small_gan(keras.optimizers.Adam(1e-3, gradient_accumulation_steps=3))
    with eagerly():
        gan.fit(REAL, batch_size=16, verbose=0)
    assert gan.step == 3 and int(gan.generator_optimizer.iterations) == 1


class Frame:
    """What a data frame has that a distribution has, too, and an array."""

    def __init__(self, rows):
        self._rows = rows

    def __len__(self):
        return len(self._rows)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._rows, dtype)

    def sample(self, count):
        raise AssertionError("A frame is no distribution.")


def test_a_data_frame_is_no_distribution():
    gan = small_gan()
    with eagerly():
        gan.fit(Frame(REAL), batch_size=16, verbose=0)
    assert gan.step == 3


@pytest.mark.parametrize("optimizer", ["rmsprop", keras.optimizers.RMSprop(0.5)])
def test_one_optimizer_stands_for_two_of_its_kind(optimizer):
    for gan in (small_gan(optimizer), small_gan(optimizer=optimizer)):
        pair = gan.critic_optimizer, gan.generator_optimizer
        assert pair[0] is not pair[1]
        assert {type(one) for one in pair} == {keras.optimizers.RMSprop}
        assert float(pair[0].learning_rate) == float(pair[1].learning_rate)


def test_samples_have_a_seed_by_default():
    gan = small_gan()
    np.testing.assert_array_equal(gan.sample(4), gan.sample(4, seed=0))


def test_saving_says_what_to_do_instead(tmp_path):
    with pytest.raises(NotImplementedError, match="model.generator.save.*save_weights"):
        small_gan().save(tmp_path / "gan.keras")


def test_a_data_set_is_fitted_as_its_samples_are():
    gan, other = small_gan(), small_gan()
    gan.fit(from_arrays(REAL), batch_size=16, verbose=0)
    other.fit(REAL, batch_size=16, verbose=0)
    np.testing.assert_array_equal(weights(gan), weights(other))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_leave_the_weights_as_they_are(value, tmp_path):
    gan = small_gan()
    before = weights(gan)
    with pytest.raises(ValueError, match="Real samples are finite numbers"):
        gan.fit(np.where(REAL > 3.5, value, REAL), batch_size=16, verbose=0)
    np.save(tmp_path / "real.npy", np.where(REAL > 3.5, value, REAL).astype(np.float32))
    with pytest.raises(ValueError, match="Real samples are finite numbers"):
        gan.fit(np.load(tmp_path / "real.npy", mmap_mode="r"), batch_size=16, verbose=0)
    np.testing.assert_array_equal(weights(gan), before)


def test_what_a_model_without_targets_cannot_do_says_what_to_do_instead():
    gan = small_gan()
    for call, instead in {
        lambda: gan.evaluate(REAL): "qlatent_tf.evaluate",
        lambda: gan.test_on_batch(REAL): "qlatent_tf.evaluate",
        lambda: gan.predict(REAL): "model.sample",
        lambda: gan.train_on_batch(REAL): "steps_per_epoch=1",
    }.items():
        with pytest.raises(NotImplementedError, match=instead):
            call()
    gan.fit(REAL, batch_size=16, verbose=0, validation_data=None, validation_split=0.0)
    for option in ({"validation_data": REAL}, {"validation_split": 0.1}):
        with pytest.raises(ValueError, match="has no validation loss"):
            gan.fit(REAL, batch_size=16, verbose=0, **option)
