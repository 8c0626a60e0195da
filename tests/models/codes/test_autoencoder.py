import types

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from qlatent_tf.configs.autoencoder import get_config

from qlatent_tf.datasets.images.arrays import image_dataset
from qlatent_tf.gan.compiled import compiled
from qlatent_tf.models.codes.image_codes import (
    alternate,
    batch_map,
    features_of,
    reconstruction_scores,
    to_unit,
)
from qlatent_tf.registry import models
from qlatent_tf.runs import training
from qlatent_tf.scores import means

DARK = np.zeros((300, 8, 12, 2), np.uint8)


def autoencoder(code=6, **options):
    options = {"image": [8, 12, 2], "filters": [4, 6], "hidden": 16, **options}
    latent = tfp.distributions.MultivariateNormalDiag(tf.zeros(code))
    return models.build("autoencoder", latent, **options)


def dataset(images, test=None):
    return image_dataset(
        "some", {"x_train": images, "x_test": test}, class_names=(), classes=None, provenance={}
    )


def parameters(network):
    return sum(np.prod(weight.shape) for weight in network.trainable_weights)


def test_sizes_are_those_of_the_layers():
    model = autoencoder(code=5)
    # Convolutions have no bias, for the normalization behind them, of two numbers a channel, has.
    convolutions = 16 * 2 * 4 + 2 * 4 + 16 * 4 * 6 + 2 * 6
    assert parameters(model.encoder) == convolutions + (2 * 3 * 6 + 1) * 16 + 17 * 5
    transposed = 16 * 6 * 4 + 2 * 4 + 16 * 4 * 2 + 2
    assert parameters(model.decoder) == 6 * 16 + 17 * 36 + transposed
    assert model.encoder.output_shape == (None, 5)
    assert model.decoder.output_shape == (None, 8, 12, 2)


def test_published_sizes_are_the_default():
    model = models.build("autoencoder", tfp.distributions.MultivariateNormalDiag(tf.zeros(20)))
    dense = (7 * 7 * 128 + 1) * 1024 + 1025 * 20
    assert parameters(model.encoder) == 16 * 4 * 64 + 128 + 16 * 64 * 128 + 256 + dense


@pytest.mark.parametrize(
    "options",
    [
        {"image": [8, 10, 2]},
        {"image": [8, 12]},
        {"filters": [4, 0]},
        {"filters": []},
        {"filters": [2, 2, 2]},
        {"hidden": 1.5},
        {"depth": 3},
    ],
)
def test_sizes_that_are_not_legal_are_refused(options):
    with pytest.raises(ValueError, match="filters|image|hidden"):
        autoencoder(**options)


@pytest.mark.parametrize(
    "changes",
    [
        {"critic_steps": 2},
        {"critic_learning_rate": 1e-3},
        {"gradient_penalty_weight": 1},
        {"generator_batch_size": 8},
        {"generator_ema": 0.9},
    ],
)
def test_what_only_gans_have_is_refused(changes):
    with pytest.raises(
        ValueError, match="neither a critic nor averages.*received .*" + next(iter(changes))
    ):
        trained(0, **changes)


def test_several_devices_are_refused(monkeypatch):
    strategy = types.SimpleNamespace(num_replicas_in_sync=2)
    monkeypatch.setattr(tf.distribute, "get_strategy", lambda: strategy)
    with pytest.raises(ValueError, match="on one device; received a strategy of 2"):
        autoencoder().compile_for(get_config("gaussian"))


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape \(8, 12, 1\).*model_options.image"):
        autoencoder().training_batches(DARK[..., :1], 4, seed=0)


def test_data_of_another_shape_are_refused_in_one_sentence():
    model, wrong = autoencoder(), DARK[:4, ..., :1]
    said = r"^The images have the shape \(8, 12, 1\); the autoencoder takes \(8, 12, 2\): give .*"
    for act in (
        lambda: model.codes(wrong),
        lambda: model.own_scores(dataset(wrong), 5, 0),
        lambda: model.pictures(dataset(wrong)),
    ):
        with pytest.raises(ValueError, match=said):
            act()


def test_images_of_other_numbers_are_refused():
    model, floats = autoencoder(), DARK.astype("float32")
    model.compile("adam", jit_compile=False)
    for real in (floats, tf.data.Dataset.from_tensor_slices(floats).batch(4)):
        with pytest.raises(ValueError, match="Images are whole numbers, uint8; received .*float32"):
            model.fit(real, batch_size=4, verbose=0)


def test_codes_and_images_stay_in_their_ranges():
    model = autoencoder()
    images = np.random.default_rng(0).integers(0, 256, (7, 8, 12, 2), np.uint8)
    assert np.abs(model.codes(images)).max() <= 1
    assert (np.asarray(features_of(model.encoder, images)) >= 0).all()
    np.testing.assert_array_equal(model.decode(to_unit(images)), images)
    np.testing.assert_array_equal(model.decode(tf.constant([-1.0, 0.5, 3.0])), [0, 128, 255])


def test_a_sample_is_the_image_of_a_code_in_range():
    model = autoencoder()
    far = 50 * np.ones((1, 6), "float32")
    pixels = 255 * np.asarray(model.decoder(np.ones((1, 6), "float32")))
    assert np.abs(model.generate(far) - pixels).max() <= 0.5 + 1e-3


def test_training_lowers_the_error_that_is_reported():
    model = autoencoder()
    model.compile(keras.optimizers.AdamW(1e-2), jit_compile=False)
    bright = DARK.copy()
    bright[::2] = 255
    data = dataset(bright, test=bright[:10])
    name = "reconstruction_mse_some_test_10"
    before = means(model.own_scores(data, 1, 0))
    history = model.fit(
        model.training_batches(bright, 16, seed=0, steps=60), verbose=0, shuffle=False
    )
    after = means(model.own_scores(data, 1, 0))
    assert model.step == 60 and list(history.history) == ["reconstruction_mse"]
    # Traced once for both evaluations: TensorFlow warns of functions that are traced again.
    errors = compiled(model.decoder, f"errors {id(model.encoder)}", pytest.fail)
    assert errors.experimental_get_tracing_count() == 1
    assert after[name] < 0.1 < 0.2 < before[name]
    np.testing.assert_allclose(
        after["reconstruction_psnr_some_test_10"], -10 * np.log10(after[name])
    )


def trained(count=3, **changes):
    """The autoencoder after some steps on dark and bright images."""
    config = get_config("gaussian").override(
        **{
            "latent_options.modes": 6,
            "optimizer": "SGD",
            "optimizer_options": {"learning_rate": 0.3},
            "model_options": {"image": [8, 12, 2], "filters": [4, 6], "hidden": 16},
            **changes,
        }
    )
    model = training.prepare(config)
    bright = DARK.copy()
    bright[::2] = 255
    if count:
        model.fit(model.training_batches(bright, 16, seed=0, steps=count), verbose=0, shuffle=False)
    return model, bright


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_reduced_precision_trains_close_to_single_precision(precision):
    (before, _), (single, _), (mixed, images) = trained(0), trained(), trained(precision=precision)
    assert mixed.step == 3 and mixed.encoder.layers[1].compute_dtype == precision[6:]
    assert mixed.codes(images).dtype == np.float32
    for start, expected, found in zip(
        *(model.get_weights() for model in (before, single, mixed)), strict=True
    ):
        # Far closer to each other than to where both began.
        assert np.abs(found - expected).max() <= 0.1 * np.abs(expected - start).max() + 2e-3


def test_the_learning_rate_falls_with_the_steps():
    model, _ = trained(steps=6, learning_rate_decay_steps=6)
    assert list(model.learning_rates()) == ["learning_rate"]
    np.testing.assert_allclose(float(model.learning_rates()["learning_rate"]), 0.15, rtol=1e-6)


def test_the_error_is_the_mean_over_pixels_and_images():
    model = autoencoder()
    images = np.random.default_rng(0).integers(0, 256, (300, 8, 12, 2), np.uint8)
    rebuilt = np.asarray(model.decoder(model.encoder(images / 255)))
    scores = means(model.own_scores(dataset(images), 1, 0))
    np.testing.assert_allclose(
        scores["reconstruction_mse_some_train_300"],
        np.mean((rebuilt - images / 255) ** 2),
        rtol=1e-5,
    )


def test_rows_of_a_map_do_not_depend_on_the_batches():
    rows = np.arange(601.0)[:, np.newaxis]
    np.testing.assert_array_equal(batch_map(lambda batch: 2 * batch, rows), 2 * rows)


def test_rows_of_a_grid_alternate():
    upper, lower = np.arange(6)[:, np.newaxis], np.arange(10, 16)[:, np.newaxis]
    np.testing.assert_array_equal(
        alternate(upper, lower, 3).ravel(), [0, 1, 2, 10, 11, 12, 3, 4, 5, 13, 14, 15]
    )


def test_each_decoder_has_its_own_reconstruction_scores():
    encoder, first = autoencoder().encoder, autoencoder().decoder
    second = keras.Sequential([first, keras.layers.Lambda(lambda images: 0 * images)])
    scores = [
        reconstruction_scores(encoder, decoder, DARK[:20], "dark")[0].mean
        for decoder in (first, second)
    ]
    assert scores[0] > 0 == scores[1]


def test_the_picture_shows_images_over_what_their_codes_hold():
    picture = autoencoder().pictures(dataset(DARK))["reconstructions"]
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    # Rows of dark images, which a decoder that was never trained does not make.
    margin = 96  # For the names of the rows.
    assert not picture[:50, margin:].min(axis=(0, 2)).all()
    assert picture[:50, margin + 20].max() == 0


def test_models_count_their_own_traces():
    first, second = (compiled(autoencoder(), "decode", lambda: batch_map) for _ in range(2))
    assert first is not second
    assert first._key_for_call_stats is not second._key_for_call_stats
