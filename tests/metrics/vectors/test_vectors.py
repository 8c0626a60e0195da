"""The metrics of vectors of whole numbers."""

import itertools
import math
import types

import numpy as np
import pytest
from harness import scored

from qlatent_tf.datasets import from_arrays
from qlatent_tf.datasets.vectors.mixture import mixture
from qlatent_tf.metrics.frechet import frechet_distance
from qlatent_tf.metrics.vectors.codes import code_scores
from qlatent_tf.metrics.vectors.outcome_law import (
    OutcomeLaw,
    cumulative_gap_floor,
    cumulative_law,
)
from qlatent_tf.metrics.vectors.pair_correlation import moment_errors
from qlatent_tf.metrics.vectors.rounding import outcome_keys, rounded
from qlatent_tf.registry import metrics

# Three outcomes of two photons in two modes.
OUTCOMES = np.array([[2, 0], [1, 1], [0, 2]], np.uint8)
PROBABILITIES = np.array([0.5, 0.0, 0.5])
DATASET = types.SimpleNamespace(
    name="pair", law=lambda: (OUTCOMES, PROBABILITIES), total_law=np.array([0.0, 0.0, 1.0])
)
VECTOR_METRICS = ("discreteness", "total_number", "outcome_law", "pair_correlation")


def _rows(**counts):
    """`_20=3` gives the row (2, 0) three times."""
    rows = [[int(digit) for digit in name[1:]] for name in counts]
    return np.repeat(np.array(rows, float), list(counts.values()), axis=0)


@pytest.mark.parametrize(
    "samples, distance",
    [
        ([[0.0, 1.0], [-2.0, 7.0]], 0.0),
        ([[0.25, -0.25], [1.4, 3.5]], 0.35),
        ([[2.9]], 0.1),
    ],
)
def test_distance_to_the_nearest_integer(samples, distance):
    figures = scored("discreteness", None, np.array(samples))
    assert figures == {f"integer_distance@{len(samples)}": pytest.approx(distance)}


def test_numbers_that_know_nothing_of_integers_are_a_quarter_away():
    samples = np.random.default_rng(0).normal(scale=10, size=(100_000, 4))
    figures = scored("discreteness", None, samples)
    # Uniform on [0, 1/2]: variance 1/48.
    assert figures["integer_distance@100000"] == pytest.approx(0.25, abs=5 / math.sqrt(48 * 4e5))


def test_totals():
    samples = _rows(_20=5, _11=2, _10=2, _33=1) + 0.3
    assert scored("total_number", DATASET, samples) == {
        "right_total_share@10": pytest.approx(0.7),
        "total_number_tv@10": pytest.approx(0.3),
        "total_number_mean@10": pytest.approx(2.2),
    }


def test_outcomes_by_hand():
    figures = scored("outcome_law", DATASET, _rows(_20=5, _02=2, _11=2, _30=1) - 0.2)
    share = np.array([5, 2]) / 7
    assert figures == {
        # 1/2 (|.5 - .5| + |0 - .2| + |.5 - .2| + .1)
        "outcome_tv@10": pytest.approx(0.3),
        "outcome_tv_floor@10": pytest.approx(_floor(10)),
        "possible_share@10": pytest.approx(0.7),
        "outcome_kl@10": pytest.approx(np.sum(share * np.log(share / 0.5))),
        # F = .5, 1, 1, 1 and G = .5, .7, .9, 1
        "cumulative_gap@10": pytest.approx(0.3),
        # Of ten fair coins, the larger side is ahead by E|B - 5| / 10 = 0.123 on average; the mean
        # over 1,000 draws has an error of 0.003.
        "cumulative_gap_floor@10": pytest.approx(_floor(10), abs=0.013),
    }


def _floor(count):
    """Mean of |1/2 - B / n| over a fair binomial B, twice, and halved: by its definition."""
    return sum(
        math.comb(count, heads) / 2**count * abs(0.5 - heads / count) for heads in range(count + 1)
    )


@pytest.mark.parametrize("count", [1, 2, 7, 50])
def test_floor_equals_its_definition(count):
    law = OutcomeLaw(OUTCOMES, PROBABILITIES)
    law.add(np.zeros((count, 2)))
    assert law.figures()["outcome_tv_floor"] == pytest.approx(_floor(count))


def test_real_samples_reach_the_floor():
    rng = np.random.default_rng(0)
    outcomes = np.array(list(itertools.product(range(3), repeat=5)))
    probabilities = rng.dirichlet(np.ones(len(outcomes)))
    law = OutcomeLaw(outcomes, probabilities)
    law.add(outcomes[rng.choice(len(outcomes), 20_000, p=probabilities)])
    figures = law.figures()
    assert figures["outcome_tv"] == pytest.approx(figures["outcome_tv_floor"], rel=0.2)
    assert figures["possible_share"] == 1
    # 2 n KL follows chi square with 242 degrees of freedom, standard deviation 22.
    assert 2 * 20_000 * figures["outcome_kl"] == pytest.approx(242, abs=5 * 22)


def test_batches_add_up():
    rng = np.random.default_rng(1)
    samples = rng.poisson(0.8, (999, 2)) + rng.uniform(-0.4, 0.4, (999, 2))
    whole, parts = (OutcomeLaw(OUTCOMES, PROBABILITIES) for _ in range(2))
    whole.add(samples)
    for batch in np.array_split(samples, 7):
        parts.add(batch)
    assert whole.count == parts.count == 999
    assert whole.figures() == parts.figures()
    real, generated = parts.cumulative()
    np.testing.assert_allclose(real, [0.5, 1.0])
    shares = np.unique(np.rint(samples), axis=0, return_counts=True)[1] / 999
    np.testing.assert_allclose(generated, np.cumsum(np.sort(shares)[::-1]))


def test_cumulative_law_is_sorted_and_without_impossible_outcomes():
    np.testing.assert_allclose(cumulative_law(np.array([0.1, 0.6, 0.0, 0.3])), [0.6, 0.9, 1.0])


def test_keys_tell_outcomes_apart():
    outcomes = np.array(list(itertools.product(range(-3, 5), repeat=6)))
    keys = outcome_keys(outcomes)
    assert keys.dtype == np.uint64 and len(np.unique(keys)) == len(outcomes)
    np.testing.assert_array_equal(keys, outcome_keys(outcomes.astype(np.int8)))


def test_pair_correlations_by_hand():
    real = np.array([[0.0, 0.0, 1.0], [2.0, 2.0, 1.0], [0.0, 2.0, 1.0], [2.0, 0.0, 1.0]])
    dataset = types.SimpleNamespace(source=real)
    # Means 1, 1, 1; the samples' covariance of modes 0 and 1 is 4/3 instead of 0.
    samples = np.array([[0.0, 0.0, 3.0], [2.0, 2.0, 3.0], [0.0, 0.0, 3.0], [2.0, 2.0, 3.0]])
    assert scored("pair_correlation", dataset, samples) == {
        "pair_correlation_error@4": pytest.approx(math.sqrt((4 / 3) ** 2 / 3)),
        "variance_error@4": pytest.approx(0),
        "mean_error@4": pytest.approx(math.sqrt(4 / 3)),
    }


def test_pair_correlations_of_a_distribution_are_exact():
    rng = np.random.default_rng(2)
    covariance = np.array([[2.0, 0.5], [0.5, 1.0]])
    source = types.SimpleNamespace(mean=lambda: np.zeros(2), covariance=lambda: covariance)
    samples = rng.multivariate_normal(np.zeros(2), covariance, 40_000)
    figures = scored("pair_correlation", types.SimpleNamespace(source=source), samples)
    # The variance of a Gaussian's covariance estimate is (C_ii C_jj + C_ij^2) / n.
    assert figures["pair_correlation_error@40000"] < 5 * math.sqrt(2.25 / 40_000)
    assert figures["mean_error@40000"] < 5 * math.sqrt(2 / 40_000)


def test_a_share_of_all_is_exactly_one():
    # Shares of a sixth add up to less than 1 in floats, counts to 6.
    bits = np.eye(6, dtype=np.uint8).cumsum(axis=1, dtype=np.uint8)
    law = (bits, np.full(6, 1 / 6))
    dataset = types.SimpleNamespace(name="bits", law=lambda: law, total_law=np.full(7, 1 / 7))
    assert sum([1 / 6] * 6) < 1
    assert scored("total_number", dataset, bits)["right_total_share@6"] == 1
    assert scored("outcome_law", dataset, bits)["possible_share@6"] == 1


def test_a_generator_gone_astray_is_scored():
    samples = np.array([[np.nan, 0.0], [np.inf, 1e300], [-np.inf, -1e300], [2.0, 0.0]])
    assert np.abs(rounded(samples)).max() == 2**31
    assert scored("total_number", DATASET, samples)["right_total_share@4"] == 0.25
    figures = scored("outcome_law", DATASET, samples)
    assert figures["possible_share@4"] == 0.25 and figures["outcome_tv@4"] == 0.75
    assert math.isnan(scored("discreteness", DATASET, samples)["integer_distance@4"])
    # What is no number adds up to none, also where infinities would cancel.
    cancelling = np.array([[np.inf, -np.inf, 2.0], [1.0, 1.0, 0.0]])
    totals = scored("total_number", DATASET, cancelling)
    assert totals["right_total_share@2"] == totals["total_number_tv@2"] == 0.5
    assert math.isnan(totals["total_number_mean@2"])
    errors = moment_errors(np.full((4, 3), np.inf), np.eye(3))
    assert all(map(math.isnan, errors.values()))


@pytest.mark.filterwarnings("error")
def test_one_sample_has_a_mean_alone():
    errors = moment_errors(np.ones((1, 2)), np.array([[0.0, 1.0], [2.0, 1.0]]))
    assert errors.pop("mean_error") == 0 and all(map(math.isnan, errors.values()))


def test_nothing_possible_has_no_divergence():
    figures = scored("outcome_law", DATASET, np.ones((3, 2)))
    assert figures["outcome_tv@3"] == 1 and math.isnan(figures["outcome_kl@3"])


@pytest.mark.parametrize("name", VECTOR_METRICS)
@pytest.mark.parametrize("samples", [np.zeros((0, 2)), np.zeros(2), np.zeros((2, 2, 2))])
def test_what_is_no_batch_of_vectors_is_refused(name, samples):
    dataset = types.SimpleNamespace(**vars(DATASET), source=np.eye(2))
    with pytest.raises(ValueError, match="Vectors have shape"):
        scored(name, dataset, samples)


def test_complex_vectors_are_refused():
    with pytest.raises(ValueError, match="real numbers; received complex"):
        scored("discreteness", DATASET, np.array([[1 + 0.5j, 0]]))
    with pytest.raises(ValueError, match="real numbers; received complex"):
        frechet_distance(np.ones((3, 2), complex), np.ones((3, 2)))


@pytest.mark.parametrize("name", ["outcome_law", "pair_correlation"])
def test_another_width_is_refused(name):
    dataset = types.SimpleNamespace(**vars(DATASET), source=np.eye(2))
    with pytest.raises(ValueError, match=r"\(n, 2\), n at least 1; received \(3, 4\)"):
        scored(name, dataset, np.zeros((3, 4)))


def test_a_law_that_is_not_known_is_an_error():
    with pytest.raises(ValueError, match="exact distribution of the data set 'big' is not known"):
        scored("outcome_law", types.SimpleNamespace(name="big", law=None), np.eye(2))
    with pytest.raises(ValueError, match="add some first"):
        OutcomeLaw(OUTCOMES, PROBABILITIES).figures()


@pytest.mark.parametrize(
    ("outcomes", "probabilities", "message"),
    [
        ([[0, 1], [1, 0]], [0.5, 0.25, 0.25], "2 outcomes have as many probabilities"),
        ([[0, 1], [1, 0]], [1.0, 1.0], "received a sum of 2"),
        ([[0, 1], [1, 0]], [1.5, -0.5], "the least -0.5"),
        ([[0, 1], [0, 1]], [0.5, 0.5], "some of them twice"),
        ([[0, 1.7], [1, 0]], [0.5, 0.5], "whole numbers"),
        ([0, 1], [0.5, 0.5], r"shape \(outcomes, modes\); received \(2,\)"),
    ],
)
def test_what_is_no_law_is_refused(outcomes, probabilities, message):
    with pytest.raises(ValueError, match=message):
        OutcomeLaw(outcomes, probabilities)


def test_the_floor_of_the_cumulative_gap_is_what_exact_samples_show():
    probabilities = np.random.default_rng(1).dirichlet(np.full(2000, 0.5))
    outcomes = np.arange(2000)[:, None]
    gaps = []
    for seed in range(8):
        drawn = np.random.default_rng(100 + seed).choice(2000, 3000, p=probabilities)
        law = OutcomeLaw(outcomes, probabilities)
        law.add(drawn[:, None].astype(float))
        gaps.append(law.figures()["cumulative_gap"])
    floor = cumulative_gap_floor(probabilities, 3000)
    # Gaps vary by an eighth from draw to draw.
    assert floor == pytest.approx(np.mean(gaps), rel=0.25) and floor > 0.05
    assert cumulative_gap_floor(probabilities, 3_000_000) < 0.01
    assert cumulative_gap_floor(probabilities, 3000) == floor


def test_the_floor_of_few_outcomes_is_known_to_a_few_per_cent():
    probabilities = np.random.default_rng(1).dirichlet(np.full(56, 1.0))
    exact, drawn = np.cumsum(np.sort(probabilities)[::-1]), np.random.default_rng(7)
    gaps = []
    for counts in drawn.multinomial(10_000, probabilities, size=3000):
        shares = np.cumsum(np.sort(counts / 10_000)[::-1])
        gaps.append(np.abs(exact - shares).max())
    # Both are means, of 3,000 and of 1,000 draws that vary by half.
    assert cumulative_gap_floor(probabilities, 10_000) == pytest.approx(np.mean(gaps), rel=0.06)


def test_probabilities_are_what_they_are_up_to_rounding():
    law = OutcomeLaw([[0], [1], [2]], [0.5, 0.5 + 5e-10, -5e-10])
    law.add(np.array([[0.0], [1.0]]))
    figures = law.figures()
    assert figures["outcome_tv"] == pytest.approx(0, abs=1e-9) and figures["possible_share"] == 1
    law = OutcomeLaw([[0], [1]], [0.5 + 4e-7, 0.5])
    law.add(np.array([[0.0], [1.0]]))
    assert law.figures()["outcome_kl"] == pytest.approx(0, abs=1e-12)


def test_codes_of_a_generator_that_diverges_or_of_one_are_scored():
    real = np.random.default_rng(0).uniform(-1, 1, (50, 3))
    diverged = np.array([[0.0, np.inf, 0.0], [0.0, 0.0, 0.0]])
    assert all(math.isnan(score.mean) for score in code_scores(real, diverged, "codes"))
    far, _ = code_scores(real, 1e200 * real, "codes")  # Its squares overflow.
    assert math.isnan(far.mean)
    distance, divergence = code_scores(real, real[:1], "codes")
    assert math.isnan(distance.mean) and 0 < divergence.mean <= 1


def test_data_without_what_a_metric_compares_with_are_refused():
    dataset = from_arrays(np.zeros((9, 2)), name="mine")
    rows = np.zeros((4, 2))
    with pytest.raises(ValueError, match="total number of the data set 'mine' is not known"):
        metrics.build("total_number", dataset, rows)
    with pytest.raises(ValueError, match="those of the data set mixture; received 'mine'"):
        metrics.build("blobs", dataset, rows)
    with pytest.raises(ValueError, match="moments of the data set 'mixture' are not known"):
        metrics.build("pair_correlation", mixture(), rows)


def test_a_single_real_code_has_no_distance():
    found = {score.name: score.mean for score in code_scores(np.zeros((1, 4)), np.ones((3, 4)), "")}
    assert math.isnan(found["code_frechet"]) and found["code_marginal_js_50"] == 1
