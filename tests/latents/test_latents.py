"""What holds for every latent that is drawn live."""

import math
import threading

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from qlatent_tf.latents import BosonSampling, RandomBits
from qlatent_tf.quantum import memory
from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.registry import latents

LATENTS = {
    "gaussian": ("gaussian", dict(modes=6)),
    "gaussian tiles": ("gaussian", dict(modes=3, tiles=2)),
    "bernoulli": ("bernoulli", dict(modes=6)),
    "bernoulli bits": ("bernoulli", dict(modes=6, center=False)),
    "photonic": ("photonic", dict(modes=6)),
    "boson": ("boson", dict(modes=6)),
    "boson counts": ("boson", dict(modes=6, center=False)),
    "boson glynn": ("boson", dict(modes=6, method="glynn", precision="single")),
    "boson tiles": ("boson", dict(modes=6, tiles=3)),
    "boson loops": ("boson", dict(modes=6, interferometer="1-3", input_state=[1, 1, 0, 2, 0, 0])),
    "boson imperfect": (
        "boson",
        dict(
            modes=6,
            indistinguishability=0.8,
            transmission=[0.9, 0.8, 0.7, 0.9, 0.9, 0.6],
            dark_count_probability=0.05,
        ),
    ),
    "boson clicks": ("boson", dict(modes=6, tiles=2, detector="threshold", postselect=[2, 3])),
    "photonic loss": ("photonic", dict(modes=6, transmission=0.6, tiles=2)),
}
every_latent = pytest.mark.parametrize("name", LATENTS)


@pytest.fixture(scope="module")
def build():
    built = {}

    def build(name):
        if name not in built:
            builder, options = LATENTS[name]
            built[name] = latents.build(builder, **options)
        return built[name]

    return build


def test_all_are_registered():
    assert {"gaussian", "bernoulli", "photonic", "boson", "samples"} <= set(latents.names())


@every_latent
def test_shapes_and_dtype(build, name):
    latent = build(name)
    _, options = LATENTS[name]
    width = options["modes"] * options.get("tiles", 1)
    assert isinstance(latent, tfp.distributions.Distribution)
    assert latent.event_shape == (width,) and latent.batch_shape == ()
    assert latent.event_shape_tensor().numpy().tolist() == [width]
    for shape, sample_shape in ((5, (5, width)), ((2, 3), (2, 3, width)), ((), (width,))):
        draws = latent.sample(shape, seed=(0, 1))
        assert draws.shape == sample_shape and draws.dtype == tf.float32 == latent.dtype
    assert latent.sample(0, seed=(0, 1)).shape == (0, width)
    assert latent.log_prob(latent.sample((2, 3), seed=(0, 1))).shape == (2, 3)
    assert latent.log_prob(latent.sample(seed=(0, 1))).shape == ()


@every_latent
def test_moments_are_those_of_samples(build, name):
    latent = build(name)
    draws = latent.sample(30_000, seed=(7, 8)).numpy().astype(np.float64)
    variance = latent.variance().numpy()
    error = np.sqrt(variance / len(draws))
    assert (np.abs(draws.mean(0) - latent.mean()) < 4.5 * error).all()
    # The covariance of n draws is off by about sqrt(var var / n) an entry, more with heavy tails.
    spread = np.sqrt(np.outer(variance, variance) / len(draws))
    assert (np.abs(np.cov(draws.T) - latent.covariance()) < 8 * spread).all()
    np.testing.assert_allclose(np.diag(latent.covariance()), variance, rtol=1e-6)
    np.testing.assert_allclose(latent.stddev(), np.sqrt(variance), rtol=1e-5)
    if LATENTS[name][1].get("center", True):
        np.testing.assert_allclose(latent.mean(), 0, atol=1e-6)


@every_latent
def test_log_prob_is_the_frequency_of_samples(build, name):
    latent = build(name)
    draws = latent.sample(64, seed=(1, 1))
    assert np.isfinite(latent.log_prob(draws)).all()
    if "gaussian" not in name:
        rows, counts = np.unique(
            latent.sample(20_000, seed=(1, 2)).numpy(), axis=0, return_counts=True
        )
        common = rows[np.argsort(counts)[-5:]]
        expected = np.exp(latent.log_prob(common)) * 20_000
        assert (np.abs(np.sort(counts)[-5:] - expected) < 5 * np.sqrt(expected) + 1).all()
        assert np.isneginf(latent.log_prob(common + 0.25)).all()
        assert np.isneginf(latent.log_prob(common - 40)).all()


@every_latent
def test_log_prob_comes_with_samples(build, name):
    latent = build(name)
    draws, log_probs = latent.experimental_sample_and_log_prob((2, 4), seed=(3, 3))
    np.testing.assert_array_equal(draws, latent.sample((2, 4), seed=(3, 3)))
    np.testing.assert_allclose(log_probs, latent.log_prob(draws), rtol=1e-4)


@every_latent
def test_one_seed_pair_gives_one_batch_everywhere(build, name):
    latent = build(name)
    pair = tf.constant([11, -12])
    expected = latent.sample(40, seed=pair).numpy()
    np.testing.assert_array_equal(latent.sample(40, seed=(11, -12)), expected)

    @tf.function
    def draw(seed):
        draws = latent.sample(40, seed=seed)
        assert draws.shape == (40, latent.event_shape[0])
        return draws

    np.testing.assert_array_equal(draw(pair), expected)
    pairs = tf.data.Dataset.from_tensor_slices([[1, 2], [11, -12], [3, 4]])
    batches = pairs.map(lambda seed: latent.sample(40, seed=seed), num_parallel_calls=2)
    assert batches.element_spec.shape == (40, latent.event_shape[0])
    np.testing.assert_array_equal(list(batches)[1], expected)


@every_latent
@pytest.mark.parametrize("other", [(11, 13), (12, 12), (12, 11), (-11, 12)])
def test_neighbouring_seeds_are_independent(build, name, other):
    latent = build(name)
    first, second = (
        (latent.sample(400, seed=seed) - latent.mean()).numpy() for seed in ((11, 12), other)
    )
    for shift in range(-2, 3):
        product = first[2:-2] * second[2 + shift : 398 + shift]
        correlation = product.mean(axis=0) / latent.variance().numpy()
        # Of independent batches: 0 +- 1/sqrt(396) = 0.05; of shifted streams: 1.
        assert np.abs(correlation).max() < 0.35
        assert np.abs(correlation).mean() < 0.12


@pytest.mark.parametrize("name", ["boson", "boson glynn", "boson imperfect", "boson clicks"])
def test_many_threads_may_draw_at_once(name):
    builder, options = LATENTS[name]
    latent = latents.build(builder, **options)  # unused so far: its sampler is built in the race
    results = {}

    def draw(number):
        results[number] = latent.sample(300, seed=(number, 0)).numpy()

    threads = [threading.Thread(target=draw, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, draws in results.items():
        np.testing.assert_array_equal(draws, latent.sample(300, seed=(number, 0)))
    assert len(results) == 8


@pytest.mark.parametrize("name", ["boson", "boson imperfect"])
def test_a_pipeline_of_many_batches_is_reproducible(build, name):
    latent = build(name)
    batches = tf.data.Dataset.range(40).map(
        lambda index: latent.sample((3, 20), seed=tf.stack([5, tf.cast(index, tf.int32)])),
        num_parallel_calls=8,
        deterministic=True,
    )
    first, second = (np.stack(list(batches.prefetch(4))) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first.sum(axis=(1, 2)), axis=0)) > 30


@every_latent
def test_parameters_rebuild_the_latent(build, name):
    latent = build(name)
    again = type(latent)(**latent.parameters)
    np.testing.assert_array_equal(again.sample(10, seed=(1, 2)), latent.sample(10, seed=(1, 2)))
    assert str(latent.event_shape[0]) in repr(latent) or "x PhotonicDevice" in repr(latent)


@pytest.mark.parametrize("name", ["gaussian", "bernoulli", "photonic", "boson"])
@pytest.mark.parametrize("option, value", [("modes", 0), ("modes", 1.5), ("tiles", 0)])
def test_bad_widths_are_refused(name, option, value):
    with pytest.raises(ValueError, match=option):
        latents.build(name, **{option: value})


@pytest.mark.parametrize("name", ["gaussian", "bernoulli", "photonic", "boson"])
def test_unknown_options_are_refused(name):
    with pytest.raises(ValueError, match="Unknown option nz.*Legal: .*modes.*, standardize"):
        latents.build(name, nz=3)


def test_a_latent_without_probabilities_says_so_of_every_value():
    latent = latents.build("boson", modes=4, photons=2, g2=0.02)
    for value in (np.zeros((1, 4), "float32"), latent.sample(1, seed=(0, 1))):
        with pytest.raises(NoClosedForm, match="without second photons"):
            latent.log_prob(value)


@pytest.mark.parametrize("name", latents.names())
def test_the_first_draws_do_not_depend_on_how_many_follow(name, tmp_path):
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).poisson(1.0, (50, 6)))
    options = {"file": tmp_path / "rows.npy"} if name == "samples" else {"modes": 6}
    latent = latents.build(name, **options)
    draws = latent.sample(400, seed=(3, 4)).numpy()
    for size in (1, 7, 399):
        np.testing.assert_array_equal(latent.sample(size, seed=(3, 4)), draws[:size])


@pytest.mark.parametrize("name", latents.names())
@pytest.mark.parametrize("sample_shape", [4294967301, 10**12, (2**20, 2**20), tf.constant(2**40)])
def test_more_samples_than_can_be_counted_are_refused(name, sample_shape, tmp_path):
    np.save(tmp_path / "rows.npy", np.arange(10).reshape(5, 2))
    options = {"file": tmp_path / "rows.npy"} if name == "samples" else {"modes": 2}
    latent = latents.build(name, **options)
    with pytest.raises(ValueError, match=r"At most 2,147,483,647 samples .* which are \d"):
        latent.sample(sample_shape, seed=(0, 1))


def test_samples_that_memory_does_not_hold_are_refused(build, monkeypatch):
    monkeypatch.setattr(memory, "memory_limit", lambda: 2**30)
    latent = build("boson")
    for draw in (latent.sample, latent.experimental_sample_and_log_prob):
        with pytest.raises(ValueError, match="2,000,000,000 samples of 6 numbers take 44.7 GiB"):
            draw(2 * 10**9, seed=(0, 1))
    with pytest.raises(ValueError, match="sample_shape is at least 0; received -1"):
        latent.sample(-1, seed=(0, 1))


def test_a_pair_decides_the_draws_and_an_integer_begins_a_sequence(build):
    latent = build("boson")
    first, second = (latent.sample(20, seed=(0, 1)).numpy() for _ in range(2))
    np.testing.assert_array_equal(first, second)
    first, second = (latent.sample(20, seed=1).numpy() for _ in range(2))
    assert (first != second).any()


@pytest.mark.parametrize("name", latents.names())
def test_options_of_another_type_are_refused(name, tmp_path):
    np.save(tmp_path / "rows.npy", np.arange(10).reshape(5, 2))
    options = {"file": tmp_path / "rows.npy"} if name == "samples" else {}
    wrong = {"modes": True} if name == "gaussian" else {"center": "no"}
    with pytest.raises(ValueError, match="received (True|'no')"):
        latents.build(name, **options, **wrong)


@pytest.mark.parametrize("seed", ["a", 1.5, (0, 1, 2), (0, 1.5), np.zeros(2), np.zeros(3, int)])
def test_a_seed_is_an_integer_or_a_pair(build, seed):
    for name in ("boson", "gaussian"):
        with pytest.raises(ValueError, match=r"a pair of integers, such as \[0, 0\]; received"):
            build(name).sample(3, seed=seed)


@every_latent
def test_a_seed_of_numpy_is_one_of_python(build, name):
    pair = np.random.SeedSequence(0).generate_state(2)
    assert pair.max() >= 2**31
    drawn = (build(name).sample(5, seed=seed) for seed in (pair, pair.view(np.int32).tolist()))
    np.testing.assert_array_equal(*drawn)
    assert build(name).sample(5, seed=pair[0]).shape == (5, *build(name).event_shape)


def test_draws_are_floats():
    with pytest.raises(ValueError, match="dtype is of floats, such as float32; received int32"):
        RandomBits(4, dtype="int32")


def test_a_sampler_is_no_device():
    sampler = BosonSampler(np.eye(2), [1, 0])
    with pytest.raises(ValueError, match="takes one PhotonicDevice or several; received .*Sampler"):
        BosonSampling(sampler)


@pytest.mark.parametrize("loc", [0.3, 0.05, -0.5, -0.9, -0.8, -0.65])
def test_moved_bits_have_the_probability_of_bits(loc):
    latent = RandomBits(4, loc=loc)
    draws = latent.sample(200, seed=(0, 1))
    np.testing.assert_allclose(latent.log_prob(draws), -4 * math.log(2), rtol=1e-6)
    bits = np.array([0.0, 1.0, 0.0, 1.0])
    assert float(latent.log_prob(bits + loc)) == pytest.approx(-4 * math.log(2))
    assert np.isneginf(latent.log_prob(draws + 0.1)).all()


@pytest.mark.parametrize("loc", [math.nan, math.inf, "a", [-0.5] * 4])
def test_bits_are_moved_by_a_finite_number(loc):
    with pytest.raises(ValueError, match="loc"):
        RandomBits(4, loc=loc)


def test_bits_of_another_width_are_refused():
    with pytest.raises(ValueError, match="have the width 4; received shape"):
        RandomBits(4).log_prob([0.0, 1.0, 0.0])


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_centred_counts_keep_their_probability_in_every_precision(dtype):
    device = PhotonicDevice(haar_unitary(2, seed=0), [6, 6])
    latent = BosonSampling(device, loc=-device.mean() + 0.3, dtype=dtype)
    draws = latent.sample(500, seed=(0, 1))
    assert np.isfinite(np.asarray(latent.log_prob(draws), np.float64)).all()


@pytest.mark.parametrize("seed", [True, (True, 1), (2**40, 1), (0, -(2**31) - 1), 0.5])
def test_a_seed_is_of_legal_integers(seed):
    with pytest.raises(ValueError, match="seed"):
        latents.build("boson", modes=4).sample(2, seed=seed)
