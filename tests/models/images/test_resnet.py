import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from harness import tiny_config

from qlatent_tf.models.images.model import image_generator
from qlatent_tf.registry import models
from qlatent_tf.resolve import resolve

SEED = tf.constant([1, 2], tf.int32)
LEVELS = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1)
SMALL = {"resolution": 8, "filters": 4, "blocks": 2}


def resnet(latent_size=3, **options):
    keras.utils.set_random_seed(0)
    latent = tfp.distributions.MultivariateNormalDiag(tf.zeros(latent_size))
    return models.build("resnet", latent, **options)


def small_gan(**options):
    gan = resnet(**{**SMALL, "critic_steps": 2, **options})
    gan.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3), jit_compile=False)
    return gan


def images(count, channels=3, size=8):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (count, size, size, channels)).astype("uint8")


def trainable(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def moving(gan):
    return [variable.numpy() for variable in gan.generator.non_trainable_variables]


@pytest.mark.parametrize(
    ("dataset", "options", "expected"),
    [
        ("cifar10", {}, (32, 3, 3)),
        ("mnist", {}, (28, 1, 2)),
        ("fashion_mnist", {}, (28, 1, 2)),
        ("sat6", {"bands": 3}, (28, 3, 2)),
        ("naip28_small", {}, (28, 4, 2)),
        ("images", {"file": "absent.npy"}, (32, 3, 3)),
    ],
)
def test_sizes_follow_the_data(dataset, options, expected):
    config = tiny_config(model="resnet", dataset=dataset, dataset_options=options)
    found = resolve(dataclasses.replace(config, model_options={})).model_options
    assert tuple(found[name] for name in ("resolution", "channels", "blocks")) == expected
    given = resolve(dataclasses.replace(config, model_options={"resolution": 12, "channels": 3}))
    assert (given.model_options["resolution"], given.model_options["blocks"]) == (12, 2)
    assert given.model_options["channels"] == 3


@pytest.mark.parametrize("model", ["autoencoder", "last_qgan"])
def test_the_images_of_an_autoencoder_are_the_data_s(model):
    config = tiny_config(model=model, model_options={}, dataset="mnist", dataset_options={})
    assert resolve(config).model_options["image"] == [28, 28, 1]


def test_sizes_follow_the_paper():
    gan = resnet(128)
    assert trainable(gan.generator) == 1_204_483
    assert trainable(gan.critic) == 1_053_825
    assert gan.generator.output_shape == gan.critic.input_shape == (None, 32, 32, 3)
    # What is not trained: the moving mean and variance of seven normalisations.
    assert gan.generator.count_params() == 1_204_483 + 7 * 2 * 128
    assert gan.critic.count_params() == 1_053_825


@pytest.fixture
def channels_first():
    """What a user's keras.json may say."""
    keras.config.set_image_data_format("channels_first")
    yield
    keras.config.set_image_data_format("channels_last")


def test_images_have_channels_last_whatever_keras_json_says(channels_first):
    gan = resnet(**SMALL)
    assert gan.sample(1).shape == (1, 8, 8, 3)
    assert gan.critic(np.zeros((2, 8, 8, 3), "float32")).shape == (2, 1)
    coder = models.build("autoencoder", gan.latent, image=(8, 4, 2), filters=(4, 6), hidden=5)
    assert coder.sample(1).shape == (1, 8, 4, 2)
    assert coder.codes(np.zeros((2, 8, 4, 2), "uint8")).shape == (2, 3)


@pytest.mark.parametrize(
    ("resolution", "channels", "blocks", "start", "end"),
    [(28, 1, 2, 7, 14), (32, 4, 3, 4, 8), pytest.param(64, 3, 4, 4, 8, marks=pytest.mark.slow)],
)
def test_sizes_are_arguments(resolution, channels, blocks, start, end):
    gan = resnet(
        5, resolution=resolution, channels=channels, filters=4, blocks=blocks, critic_filters=6
    )
    assert gan.sample(2, seed=0).shape == (2, resolution, resolution, channels)
    up = 2 * (4 * 4 * 9 + 4) + 4 * 4 + 4 + 2 * 2 * 4
    assert trainable(gan.generator) == (
        (5 + 1) * start**2 * 4 + blocks * up + 2 * 4 + 9 * 4 * channels + channels
    )
    convolution, shortcut = 9 * 6 * 6 + 6, 6 * 6 + 6
    first = 9 * channels * 6 + 6 + convolution + channels * 6 + 6
    down = (blocks - 2) * (2 * convolution + shortcut)
    assert trainable(gan.critic) == first + down + 4 * convolution + 6 + 1
    assert gan.critic.layers[-3].output.shape == (None, end, end, 6)


def test_decoding_undoes_encoding():
    gan = resnet(resolution=16, channels=1, filters=2, dequantise=False)
    encoded = gan.encode(tf.constant(LEVELS), SEED).numpy()
    # The published map, 2 (x / 256 - 1 / 2).
    np.testing.assert_array_equal(encoded, 2 * (LEVELS / 256 - 0.5))
    decoded = gan.decode(encoded)
    assert decoded.dtype == tf.uint8
    np.testing.assert_array_equal(decoded, LEVELS)


def test_dequantised_levels_fill_their_interval_and_are_decoded_to_themselves():
    gan = resnet(resolution=16, channels=1, filters=2)
    levels = np.repeat(LEVELS, 40, axis=0)
    encoded = gan.encode(tf.constant(levels), SEED).numpy()
    noise = (encoded - 2 * (levels / 256 - 0.5)) * 128
    # Rounding to single precision near 1 is 2^-24, of which an interval holds 2^17.
    assert noise.min() >= -1e-5 and noise.max() <= 1 + 1e-5
    # 10,240 uniform numbers: four standard errors of their mean and of their variance.
    assert abs(noise.mean() - 1 / 2) < 4 / np.sqrt(12 * noise.size)
    assert abs(noise.var() - 1 / 12) < 4 / np.sqrt(180 * noise.size)
    np.testing.assert_array_equal(gan.decode(encoded), levels)
    assert not np.array_equal(encoded, gan.encode(tf.constant(levels), SEED + 1))


def test_outputs_are_rounded_down_to_levels():
    outputs = np.array([-1.0, -1 + 0.99 / 128, 0.0, 0.999, 1.0, 1.5, -1.5], "float32")
    levels = resnet(**SMALL).decode(outputs)
    np.testing.assert_array_equal(levels, [0, 0, 128, 255, 255, 255, 0])


def test_half_of_the_images_are_mirrored():
    real = np.stack([images(50), images(50)])
    gan = resnet(**SMALL, flip=np.True_, dequantise=False)
    found = gan.decode(gan.encode(tf.constant(real), SEED)).numpy()
    same = (found == real).all((2, 3, 4))
    mirrored = (found == real[..., ::-1, :]).all((2, 3, 4))
    assert (same ^ mirrored).all()
    # Four standard deviations of a share of 100.
    assert abs(mirrored.mean() - 0.5) < 4 * 0.5 / 10


def test_images_of_another_type_are_refused():
    with pytest.raises(ValueError, match="dtype uint8; received .*float32"):
        resnet(**SMALL).training_batches(images(9).astype("float32"), 4, seed=0)


def test_a_sample_depends_on_its_latent_alone():
    gan = small_gan()
    for seed in range(3):  # As training does, so that moving averages are not those of the start.
        gan.generator(gan.latent.sample(8, seed=seed), training=True)
    whole = gan.sample(12, seed=1)
    assert whole.dtype == np.uint8 and whole.std() > 0
    latents = gan.latent.sample(3, seed=SEED)
    alone = np.concatenate([gan.generate(latents[i : i + 1]) for i in range(3)])
    # A sum in another order may cross the border between two levels.
    for one, other in (
        (whole, gan.sample(12, seed=1, batch_size=5)),
        (gan.generate(latents), alone),
    ):
        assert np.abs(one.astype(int) - other).max() <= 1
    # In training the batch at hand counts.
    outputs = gan.generator(latents, training=True)
    assert not np.allclose(outputs[:1], gan.generator(latents[:1], training=True), atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_moving_averages_follow_every_batch_of_the_step(jit_compile):
    gan, by_hand = small_gan(), small_gan()
    batch = next(iter(gan.training_batches(images(40), 8, seed=0, generator_batch_size=12)))
    (tf.function(gan.train_step, jit_compile=True) if jit_compile else gan.train_step)(batch)
    # The first normalisation sees the dense layer's outputs; the critic's updates leave it alone.
    dense, first = by_hand.generator.layers[1], by_hand.generator.layers[3]
    mean, variance = np.zeros(4), np.ones(4)
    for latent in (*batch["latent"], batch["generator_latent"]):
        pixels = dense(latent).numpy().reshape(-1, 4)
        mean = 0.99 * mean + 0.01 * pixels.mean(axis=0)
        variance = 0.99 * variance + 0.01 * pixels.var(axis=0)
    assert isinstance(first, keras.layers.BatchNormalization)
    np.testing.assert_allclose(moving(gan)[0], mean, atol=1e-6)
    np.testing.assert_allclose(moving(gan)[1], variance, atol=1e-5)
    # The others follow too.
    for one, other in zip(moving(gan), moving(by_hand), strict=True):
        assert not np.array_equal(one, other)


@pytest.mark.slow
def test_trains_towards_the_data():
    # Bright images: the generator begins near grey level 128.
    real = np.full((32, 8, 8, 1), 230, "uint8")
    gan = small_gan(channels=1)
    for optimizer in (gan.critic_optimizer, gan.generator_optimizer):
        optimizer.learning_rate = 1e-2
    history = gan.fit(
        gan.training_batches(real, 16, seed=0, steps=60), verbose=0, shuffle=False
    ).history
    assert all(np.isfinite(value) for values in history.values() for value in values)
    assert gan.sample(50, seed=0).mean() > 170


def test_reduced_precision_is_near_single_and_ends_in_it():
    single = resnet(**SMALL)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        reduced = resnet(**SMALL)
    finally:
        keras.config.set_dtype_policy("float32")
    latents = single.latent.sample(5, seed=SEED)
    for one, other in ((single.generator, reduced.generator), (single.critic, reduced.critic)):
        assert other.layers[1].compute_dtype == "bfloat16" and other.output.dtype == "float32"
        made = one(latents)
        # Eight bits of mantissa, through a dozen layers.
        np.testing.assert_allclose(other(latents), made, atol=0.05 * np.abs(made).max())
        assert not np.array_equal(other(latents), made)
        latents = made


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolution": 30}, "blocks=3, resolution=30"),
        ({"blocks": 1}, "blocks=1"),
        ({"blocks": 2**30}, f"blocks={2**30}"),
        ({"blocks": 10**30}, r"^blocks is a positive int below 2\*\*31; received 10"),
        ({"blocks": 0}, r"^blocks is a positive int below 2\*\*31; received 0"),
        ({"filters": 0}, r"^filters is a positive int below 2\*\*31; received 0"),
        ({"critic_filters": 2.5}, r"^critic_filters is a positive int below 2\*\*31; received 2.5"),
        ({"channels": 2}, "1, 3 or 4; received 2"),
        ({"channels": True}, "1, 3 or 4; received True"),
        ({"flip": "no"}, "flip is True or False; received 'no'"),
        ({"dequantise": 0}, "dequantise is True or False; received 0"),
    ],
)
def test_sizes_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        resnet(**options)


def test_a_generator_makes_no_smaller_images_than_it_is_asked_for():
    with pytest.raises(ValueError, match="the resolution; received blocks=3, resolution=30"):
        image_generator(3, resolution=30, filters=2)
