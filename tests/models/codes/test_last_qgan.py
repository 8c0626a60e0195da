"""The GAN over codes: its parts' sizes, the way from images to codes and back, and its scores."""

import dataclasses
import re
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from qlatent_tf.configs.last_qgan import get_config
from quarters import CLASSICAL, SIZES, images

from qlatent_tf.metrics.neighbours import precision_and_recall
from qlatent_tf.models.codes import model as last_qgan
from qlatent_tf.models.codes.model import CodeGAN, classical_generator, code_critic
from qlatent_tf.registry import models
from qlatent_tf.runs import training
from qlatent_tf.scores import means
from qlatent_tf.seeds import some_rows

pytestmark = pytest.mark.usefixtures("eager_steps")
SEED = tf.constant([1, 2], tf.int32)


def gaussian(size):
    return tfp.distributions.MultivariateNormalDiag(tf.zeros(size))


def gan(size=5, **options):
    return models.build("last_qgan", gaussian(size), **{**CLASSICAL, **options})


def parameters(network):
    return sum(np.prod(weight.shape) for weight in network.trainable_weights)


def test_the_classical_generator_has_the_published_size():
    assert parameters(classical_generator(10, 10)) == 705_162
    narrow = classical_generator(10, 6, width=2)
    dense = (10 + 1) * 2 + (2 + 1) * 4 + (4 + 1) * 8 + (8 + 1) * 16 + (16 + 1) * 6
    assert parameters(narrow) == dense + 2 * (4 + 8 + 16)


def test_the_critic_has_the_published_layers():
    assert parameters(code_critic(10)) == 11 * 512 + 513 * 256 + 257
    assert parameters(code_critic(3, width=1)) == 4 + 2 + 2


def test_the_code_is_as_wide_as_the_readout():
    assert gan().generator.output_shape == (None, 6)
    assert gan(readout="z").generator.output_shape == (None, 3)


def test_images_and_their_codes_are_encoded_alike():
    model = gan()
    real = images()
    codes = model.precompute(real)
    assert codes.shape == (40, 6) and np.abs(codes).max() <= 1
    blocks = tf.reshape(real, (4, 10, 8, 12, 4))
    np.testing.assert_allclose(tf.reshape(model.encode(blocks, SEED), (40, 6)), codes, atol=1e-5)
    np.testing.assert_array_equal(model.encode(tf.constant(codes), SEED), codes)


def test_real_images_are_encoded_once():
    model = gan()
    real = images()
    assert model.precompute(real) is model.precompute(real)
    batches = model.training_batches(model.precompute(real), 4, seed=0, steps=1)
    again = model.training_batches(real, 4, seed=0, steps=1)
    for one, other in zip(batches, again, strict=True):
        np.testing.assert_allclose(one["real"], other["real"], atol=1e-5)


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"shape \(8, 12, 3\).*model_options.image"):
        gan().training_batches(images()[..., :3], 4, seed=0)


def test_data_of_another_shape_are_refused_in_one_sentence(dataset):
    model, wrong = gan(), images()[..., :3]
    said = r"^The images have the shape \(8, 12, 3\); the autoencoder takes \(8, 12, 4\): give .*"
    other = dataclasses.replace(dataset, source=wrong, test=None)
    for act in (
        lambda: model.precompute(wrong),
        lambda: model.own_scores(other, 5, 0),
        lambda: model.pictures(other),
        lambda: last_qgan.features_of(model.encoder, wrong),
    ):
        with pytest.raises(ValueError, match=said):
            act()
    for source in ({"atoms": wrong}, gaussian(6), images()[0]):
        with pytest.raises(ValueError, match=r"have the shape \((|12, 4)\); the autoencoder takes"):
            model.own_scores(dataclasses.replace(other, source=source), 5, 0)


@pytest.mark.parametrize("shape", [(2, 5), (6,), (2, 6, 1)])
def test_codes_of_another_width_are_refused(shape):
    said = f"The codes have the shape {shape[1:]}; the decoder takes (6,)."
    with pytest.raises(ValueError, match=re.escape(said)):
        gan().decode(np.zeros(shape, "float32"))


@pytest.mark.parametrize(
    ("width", "legal"),
    [
        (4, "model_options.qubits=4 with readout=z, or model_options.qubits=2 with readout=xz."),
        (5, "model_options.qubits=5 with readout=z."),
    ],
)
def test_an_autoencoder_of_other_codes_is_refused_with_the_qubits_that_fit(width, legal):
    sizes = {name: SIZES[name] for name in ("image", "filters", "hidden")}
    trained = models.build("autoencoder", gaussian(width), **sizes)
    said = f"The trained autoencoder's codes are {width} wide; this model's are 6. Set {legal}"
    with pytest.raises(ValueError, match=re.escape(said)):
        gan().adopt(trained)


def test_without_an_image_shape_codes_are_the_data():
    model = gan(image=None)
    assert type(model) is CodeGAN
    assert model.sample(7, seed=0).shape == (7, 6)


def test_codes_of_a_distribution_are_scored():
    codes = tfp.distributions.Sample(tfp.distributions.Uniform(-1.0, 1.0), 6)
    scores = gan(image=None).own_scores(SimpleNamespace(name="codes", source=codes), 50, seed=0)
    found = {score.name: score for score in scores}
    assert found["critic_slope"].reference_size == 50 and found["critic_slope"].mean > 0


def test_samples_are_what_the_decoder_makes_of_generated_codes():
    model = gan()
    codes = model.generated_codes(5, seed=3)
    samples = model.sample(5, seed=3)
    assert samples.dtype == np.uint8 and samples.shape == (5, 8, 12, 4)
    pixels = 255 * np.asarray(model.decoder(codes))
    assert np.abs(samples - pixels).max() <= 0.5 + 1e-3


def test_codes_are_those_of_averaged_weights_where_samples_are():
    model = gan(image=None, critic_steps=1)
    optimizers = [keras.optimizers.Adam(0.1, use_ema=average) for average in (False, True)]
    model.compile(*optimizers, jit_compile=False)
    real = np.zeros((8, 6), "float32")
    model.fit(model.training_batches(real, 4, seed=0, steps=3), verbose=0, shuffle=False)
    codes = model.generated_codes(9, seed=0)
    np.testing.assert_allclose(codes, model.sample(9, seed=0), atol=1e-6)
    trained = model.generator(model.sample_latents(9, seed=0), training=False)
    assert not np.allclose(codes, trained, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("generator", ["quantum", "classical"])
def test_codes_are_scored_where_networks_compute_in_reduced_precision(dataset, generator):
    model = training.prepare(
        get_config("gaussian").override(
            precision="mixed_bfloat16",
            model_options={**SIZES, "generator": generator, "width": 4},
        )
    )
    assert model.encoder.layers[1].compute_dtype == "bfloat16"
    networks = (model.generator, model.critic, model.encoder, model.decoder)
    assert {network.layers[-1].compute_dtype for network in networks} == {"float32"}
    assert model.precompute(dataset.source).dtype == np.float32
    assert all(np.isfinite(score.mean) for score in model.own_scores(dataset, 20, 0))


def test_a_wide_circuit_has_noise_by_random_errors():
    options = {"generator": "quantum", "qubits": 10, "circuit_layers": 1, "depolarizing": 0.01}
    with pytest.raises(ValueError, match="up to 6 qubits; received 10. With trajectories=N"):
        gan(**options)
    circuit = gan(**options, trajectories=2, shot_seed=3).generator.get_layer("circuit")
    assert (circuit.depolarizing, circuit.trajectories, circuit.shot_seed) == (0.01, 2, 3)


def test_noise_of_a_circuit_that_a_classical_generator_lacks_is_warned_of(caplog):
    with caplog.at_level("WARNING", logger="absl"):
        gan(generator="classical", depolarizing=0.0, shots=None, ansatz="se")
        assert not caplog.text
        gan(generator="classical", depolarizing=0.01, shots=100)
    assert "without effect are depolarizing=0.01, shots=100." in caplog.text


def test_the_features_of_real_images_are_computed_once(dataset, monkeypatch):
    # What does not change is computed once: the reference's features, not those of what is made.
    model, seen = gan(), []
    features = last_qgan.features_of
    monkeypatch.setattr(
        last_qgan,
        "features_of",
        lambda encoder, images: (seen.append(len(images)), features(encoder, images))[1],
    )
    first, again = (model.own_scores(dataset, 20, 0) for _ in range(2))
    assert first == again and seen == [40, 20, 20]


def test_images_are_compared_with_their_neighbours_by_the_encoders_features(dataset, monkeypatch):
    model = gan()
    real, generated = (
        last_qgan.features_of(model.encoder, part) for part in (dataset.source, model.sample(20, 0))
    )
    scores = means(model.own_scores(dataset, 20, 0))
    for name, value in precision_and_recall(some_rows(real, 20), generated).items():
        assert scores[f"{name}_encoder_16_quarters_20@20"] == pytest.approx(value, abs=0.026)
    # One image again and again leaves out all others.
    code = model.precompute(dataset.source)[:1]
    monkeypatch.setattr(model, "generated_codes", lambda count, seed: np.repeat(code, count, 0))
    assert means(model.own_scores(dataset, 20, 0))["recall_encoder_16_quarters_20@20"] == 0


def test_scores_of_a_linear_critic_are_exact(dataset):
    model = gan(image=None)
    linear = keras.Sequential([keras.Input([6]), keras.layers.Dense(1)])
    linear.set_weights([np.full((6, 1), 2.0), np.ones(1)])
    model.critic = linear
    codes = np.linspace(-0.5, 0.5, 240, dtype="float32").reshape(40, 6)
    scores = means(model.own_scores(dataclasses.replace(dataset, source=codes), 30, seed=0))
    drawn = model.generated_codes(30, seed=0)
    rows = codes[np.linspace(0, 39, 30).astype(int)]
    np.testing.assert_allclose(
        scores["critic_distance_quarters_30@30"],
        2 * (rows.sum(1).mean() - drawn.sum(1).mean()),
        rtol=1e-4,
    )
    np.testing.assert_allclose(scores["critic_slope_quarters_30@30"], 2 * np.sqrt(6), rtol=1e-5)
    assert {name.partition("_quarters")[0] for name in scores} == {
        "code_frechet",
        "code_marginal_js_50",
        "critic_distance",
        "critic_slope",
    }


@pytest.mark.parametrize(
    "options",
    [
        {"generator": "magic"},
        {"readout": "y"},
        {"width": 0},
        {"critic_width": 1.5},
        {"filters": []},
        {"image": [9, 12, 4]},
        {"hidden": 0},
    ],
)
def test_values_that_are_not_legal_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        gan(**options)
