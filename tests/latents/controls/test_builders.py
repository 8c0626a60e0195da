import inspect

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import dirichlet_multinomial

from qlatent_tf.latents.photons import boson
from qlatent_tf.quantum.devices import marginals
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.registry import latents

CONTROLS = ("dirichlet_multinomial", "negative_binomial", "shuffled", "copula")
SETTINGS = {
    "plain": {"modes": 8, "unitary_seed": 3},
    "lossy tiles": {"modes": 5, "photons": 3, "tiles": 2, "transmission": 0.7},
    "several photons a mode": {"modes": 4, "input_state": [3, 0, 0, 2]},
}


@pytest.fixture(params=CONTROLS)
def name(request):
    return request.param


@pytest.fixture(params=SETTINGS)
def options(request):
    return SETTINGS[request.param]


def test_moments_are_those_of_the_samples(name, options):
    latent = latents.build(name, **options)
    draws = latent.sample(60_000, seed=(1, 2)).numpy().astype(np.float64)
    products = draws[:, :, None] * draws[:, None, :]
    mean_error = draws.std(axis=0) / np.sqrt(len(draws))
    error = products.std(axis=0) / np.sqrt(len(draws))
    np.testing.assert_array_equal(latent.mean(), np.zeros(draws.shape[1]))
    assert (np.abs(draws.mean(axis=0)) < 4.5 * mean_error).all()
    assert (np.abs(products.mean(axis=0) - latent.covariance()) < 4.5 * error + 1e-4).all()
    np.testing.assert_allclose(latent.variance(), np.diag(latent.covariance()))
    np.testing.assert_allclose(latent.stddev() ** 2, latent.variance(), rtol=1e-5)


def test_uncentred_draws_are_counts_with_the_boson_means(name, options):
    latent = latents.build(name, **options, center=False)
    draws = latent.sample(100, seed=(1, 2)).numpy()
    np.testing.assert_array_equal(draws, draws.round())
    assert draws.min() == 0
    np.testing.assert_allclose(
        latent.mean(), latents.build("boson", **options, center=False).mean(), rtol=1e-5
    )


def test_the_seed_decides_in_eager_graph_and_pipeline(name):
    latent = latents.build(name, modes=6)
    expected = latent.sample(20, seed=(3, 4)).numpy()
    np.testing.assert_array_equal(
        tf.function(lambda seed: latent.sample(20, seed=seed))(tf.constant([3, 4])), expected
    )
    pipeline = tf.data.Dataset.from_tensors(tf.constant([3, 4])).map(
        lambda seed: latent.sample(20, seed=seed)
    )
    assert pipeline.element_spec.shape == (20, 6)
    np.testing.assert_array_equal(next(iter(pipeline)), expected)


@pytest.mark.parametrize("other", [(3, 5), (4, 4), (4, 3)])
def test_neighbouring_seeds_are_independent(name, other):
    latent = latents.build(name, modes=16)
    first = latent.sample(2000, seed=(3, 4)).numpy().ravel()
    second = latent.sample(2000, seed=other).numpy().ravel()
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03


def test_modes_and_draws_are_no_shifted_copies_of_each_other(name):
    """TensorFlow's stateless_categorical would fail this: batch rows repeat with a lag."""
    draws = latents.build(name, modes=6, tiles=2, transmission=0.5).sample(4000, seed=(0, 3))
    spectrum = np.fft.fft(draws.numpy() / draws.numpy().std(axis=0), axis=0)
    for first in range(12):
        for second in range(first, 12):
            lags = np.fft.ifft(spectrum[:, first] * spectrum[:, second].conj()).real / 4000
            # The largest of 4000 independent correlations is about 3.7 / sqrt(4000) = 0.06.
            assert np.abs(lags[1:]).max() < 0.1, (first, second)


def test_every_control_takes_the_options_of_boson(name):
    builder = latents.get(name)
    assert inspect.signature(builder).parameters == inspect.signature(boson).parameters
    with pytest.raises(ValueError, match="Unknown option photon .*Legal: modes, photons"):
        latents.build(name, photon=3)


def test_repr_and_shapes(name):
    latent = latents.build(name, modes=6)
    assert "width=6" in repr(latent) and "photons=3" in repr(latent)
    assert latent.event_shape == (6,) and latent.sample(seed=(1, 1)).shape == (6,)
    assert latent.sample((2, 3), seed=(1, 1)).shape == (2, 3, 6)


def test_dirichlet_multinomial_keeps_photon_number_and_total_variance(options):
    latent = latents.build("dirichlet_multinomial", **options, center=False)
    variance = latents.build("boson", **options).variance()
    np.testing.assert_allclose(latent.variance().numpy().sum(), variance.numpy().sum(), rtol=1e-5)
    totals = latent.sample(200, seed=(0, 1)).numpy().sum(axis=1)
    if "transmission" in options:
        assert totals.max() <= 6 and len(set(totals)) > 2
    else:
        assert set(totals) == {totals[0]}


def test_dirichlet_multinomial_has_its_own_law():
    options = {"modes": 4, "photons": 3, "unitary_seed": 2, "center": False}
    boson_latent = latents.build("boson", **options)
    share = boson_latent.mean().numpy().astype(float) / 3
    dispersion = boson_latent.variance().numpy().sum() / (3 * (1 - (share**2).sum()))
    law = dirichlet_multinomial(share * (3 - dispersion) / (dispersion - 1), 3)
    draws = latents.build("dirichlet_multinomial", **options).sample(40_000, seed=(1, 1)).numpy()
    outcomes, counts = np.unique(draws.astype(int), axis=0, return_counts=True)
    expected = 40_000 * law.pmf(outcomes)
    assert len(outcomes) == 20 and expected.sum() == pytest.approx(40_000)
    # Chi-square with 19 degrees of freedom exceeds 44 with probability 1e-3.
    assert ((counts - expected) ** 2 / expected).sum() < 44


@pytest.mark.parametrize("kind", ["HOM", "identity", "one photon", "classical"])
def test_limits_stay_finite(name, kind, tmp_path):
    splitter = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    np.save(tmp_path / "unitary.npy", splitter if kind == "HOM" else np.eye(2))
    options = {"modes": 2, "unitary_file": str(tmp_path / "unitary.npy"), "input_state": [1, 1]}
    if kind == "one photon":
        options = {"modes": 4, "photons": 1}
    elif kind == "classical":
        options = {"modes": 4, "indistinguishability": 0.0}
    latent = latents.build(name, **options, center=False)
    draws = latent.sample(500, seed=(1, 1)).numpy()
    assert np.isfinite(draws).all() and np.isfinite(latent.covariance()).all()
    error = np.sqrt(latent.variance() / 500) + 1e-6
    assert (np.abs(draws.mean(axis=0) - latent.mean()) < 4.5 * error).all()
    if kind == "HOM" and name == "dirichlet_multinomial":
        assert (draws.max(axis=1) == 2).mean() > 0.98


@pytest.mark.parametrize("control", ["shuffled", "copula"])
def test_marginal_laws_are_the_bosons(control):
    options = {"modes": 6, "unitary_seed": 5, "center": False}
    draws = latents.build(control, **options).sample(40_000, seed=(2, 2)).numpy()
    boson_draws = latents.build("boson", **options).sample(40_000, seed=(2, 2)).numpy()
    for count in range(4):
        frequency, expected = (draws == count).mean(axis=0), (boson_draws == count).mean(axis=0)
        error = np.sqrt(expected * (1 - expected) * 2 / 40_000) + 1e-4
        assert (np.abs(frequency - expected) < 4.5 * error).all()


def test_copula_keeps_the_pattern_of_the_correlations():
    options = {"modes": 16, "unitary_seed": 1}
    pairs = np.triu_indices(16, 1)
    expected = latents.build("boson", **options).covariance().numpy()[pairs]
    covariance = latents.build("copula", **options).covariance().numpy()[pairs]
    assert np.corrcoef(covariance, expected)[0, 1] > 0.95
    assert 0.5 < covariance.mean() / expected.mean() < 1


def test_copula_reaches_correlations_that_normal_numbers_can_have():
    """Where most photons are lost no total is fixed, so no eigenvalue is raised."""
    options = {"modes": 6, "transmission": 0.2}
    np.testing.assert_allclose(
        latents.build("copula", **options).covariance(),
        latents.build("boson", **options).covariance(),
        atol=2e-4,
    )


def test_post_selected_latents_are_matched_to_samples():
    options = {"modes": 4, "transmission": [0.9, 0.8, 0.7, 0.6], "postselect": 2}
    reference = latents.build("boson", **options, center=False).sample(20_000, seed=(1, 1))
    for name in CONTROLS:
        latent = latents.build(name, **options, center=False)
        np.testing.assert_allclose(latent.mean(), reference.numpy().mean(axis=0), atol=0.04)


@pytest.mark.parametrize("name", ["shuffled", "negative_binomial"])
def test_only_a_missing_closed_form_is_replaced_by_samples(monkeypatch, name):
    def fail(*_):
        raise ValueError("a bug")

    monkeypatch.setattr(marginals, "photon_marginals", fail)
    monkeypatch.setattr(PhotonicDevice, "covariance", fail)
    with pytest.raises(ValueError, match="a bug"):
        latents.build(name, modes=2)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"detector": "threshold"}, "takes detector='number'"),
        ({"dark_count_probability": 0.1}, "dark counts need"),
        ({"g2": 0.1}, "without second photons; received g2=0.1"),
        ({"transmission": 0.5, "postselect": [1, 3]}, "names one number"),
        ({"photons": 0}, "photons is at least 1"),
    ],
)
def test_dirichlet_multinomial_needs_one_total(options, message):
    with pytest.raises(ValueError, match=message):
        latents.build("dirichlet_multinomial", modes=4, **options)
