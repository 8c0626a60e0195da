import json

import numpy as np
import pytest

from qlatent_tf.registry import datasets


@pytest.mark.parametrize(
    "name, options",
    [
        ("quantum", {"modes": 4, "photons": 2, "unitary_seed": 3}),
        ("photonic", {"modes": 4, "photons": 3, "unitary_seed": 3}),
        ("dirichlet_multinomial", {"modes": 4, "photons": 3, "unitary_seed": 3}),
        ("bernoulli", {"modes": 4}),
    ],
)
def test_samples_follow_the_law(name, options):
    dataset = datasets.build(name, **options)
    assert dataset.name == name
    assert options.items() <= dataset.provenance.items()
    outcomes, probabilities = dataset.law()
    assert probabilities.sum() == pytest.approx(1)
    samples = dataset.source.sample(20_000, seed=(1, 2)).numpy()
    assert samples.dtype == np.float32
    shares = (samples[:, None] == outcomes).all(-1).mean(axis=0)
    assert shares.sum() == pytest.approx(1)
    errors = np.sqrt(probabilities * (1 - probabilities) / len(samples))
    assert np.all(np.abs(shares - probabilities) <= 5 * errors)
    totals = np.bincount(outcomes.sum(axis=1), weights=probabilities)
    np.testing.assert_allclose(dataset.total_law, totals, atol=1e-12)


def test_the_unitary_seed_names_the_circuit():
    first, again, other = (
        datasets.build("quantum", modes=4, photons=2, unitary_seed=seed).law()[1]
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_thermal_counts_are_independent_and_geometric():
    dataset = datasets.build("thermal", modes=3, photons=2)
    samples = dataset.source.sample(50_000, seed=(1, 2)).numpy()
    assert dataset.law is None and "outcome_law" not in dataset.metrics
    counts, mean = np.arange(6), 2 / 3
    law = mean**counts / (1 + mean) ** (counts + 1)
    shares = (samples[:, :, None] == counts).mean(axis=0)
    assert np.all(np.abs(shares - law) <= 5 * np.sqrt(law / len(samples)))
    together = (samples[:, 0] == 0) & (samples[:, 1] == 0)
    assert together.mean() == pytest.approx(law[0] ** 2, abs=5 * law[0] / 50_000**0.5)
    assert dataset.total_law.sum() == pytest.approx(1, abs=1e-11)
    assert dataset.total_law @ np.arange(len(dataset.total_law)) == pytest.approx(2)
    assert (samples.sum(axis=1) == 2).mean() == pytest.approx(dataset.total_law[2], abs=0.01)
    np.testing.assert_allclose(
        dataset.source.covariance(), np.eye(3) * mean * (1 + mean), atol=1e-6
    )


@pytest.mark.parametrize(
    "name, options",
    [
        ("quantum", {"modes": 48, "photons": 24}),
        ("bernoulli", {"modes": 30}),
    ],
)
def test_a_law_of_too_many_outcomes_is_not_asked_for(name, options):
    dataset = datasets.build(name, **options)
    assert dataset.law is None and "outcome_law" not in dataset.metrics
    assert dataset.total_law.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "name, options",
    [
        ("quantum", {"modes": 0}),
        ("quantum", {"photons": -1}),
        ("thermal", {"photons": 0}),
        ("bernoulli", {"modes": 0}),
    ],
)
def test_options_out_of_range_are_refused(name, options):
    with pytest.raises(ValueError, match="received"):
        datasets.build(name, **options)


@pytest.mark.parametrize(
    "photons, why",
    [(1000, "Counts are stored in bytes"), (10**30, "squeezing is from -5 to 5"), (10**999, "int")],
)
def test_more_light_than_a_device_takes_is_refused(photons, why):
    with pytest.raises(ValueError, match=f"^photons=10*(,000)+ in modes=4 is too much: .*{why}"):
        datasets.build("thermal", modes=4, photons=photons)


def test_more_bits_than_memory_holds_are_refused():
    with pytest.raises(ValueError, match="The totals of 1,000,000,000,000 modes take .* of memory"):
        datasets.build("bernoulli", modes=10**12)


@pytest.mark.parametrize("name", ["quantum", "photonic", "dirichlet_multinomial"])
def test_fewer_modes_than_photons_are_refused_with_what_the_data_take(name):
    with pytest.raises(ValueError, match="received photons=8. Set photons, which is 8 by default"):
        datasets.build(name, modes=4)


@pytest.mark.parametrize("name, others", [("quantum", {"photons": 2}), ("bernoulli", {})])
def test_whole_numbers_of_numpy_are_whole_numbers(name, others):
    data = datasets.build(name, modes=np.int64(4), **others)
    assert json.loads(json.dumps(data.provenance))["modes"] == 4
