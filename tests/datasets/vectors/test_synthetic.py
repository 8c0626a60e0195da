import numpy as np
import pytest

from qlatent_tf.registry import datasets


@pytest.mark.parametrize(
    "name, options",
    [
        ("quantum", {"modes": 4, "photons": 2, "unitary_seed": 3}),
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
        ("bernoulli", {"modes": 0}),
    ],
)
def test_options_out_of_range_are_refused(name, options):
    with pytest.raises(ValueError, match="received"):
        datasets.build(name, **options)
