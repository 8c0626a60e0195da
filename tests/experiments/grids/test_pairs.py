"""Paired differences of rows, and the intervals of their mean."""

import types

import numpy as np
import pytest

from qlatent_tf.experiments.grids.paired_tables import in_words, write_paired
from qlatent_tf.experiments.grids.pairs import (
    bootstrap_interval,
    paired_differences,
    pairs_needed,
    student_interval,
)


def _cell(seed, value, **row):
    return {
        "row": row,
        "config": types.SimpleNamespace(seed=seed, dataset="quantum"),
        "evaluation": {"metrics": {"mean_error@9": {"mean": value, "standard_error": None}}},
    }


CELLS = [
    _cell(seed, value, data=data, latent=latent)
    for data in ("quantum", "bernoulli")
    for latent, values in {"boson": (1, 2, 4), "gaussian": (3, 5, 5)}.items()
    for seed, value in enumerate(values)
    if (data, latent, seed) != ("bernoulli", "boson", 1)
]


def test_rows_are_compared_with_the_baseline_in_the_seeds_that_have_both():
    first, second = paired_differences(CELLS, ["mean_error"], {"latent": "boson"})
    assert first["row"] == {"data": "quantum", "latent": "gaussian"}
    assert first["values"] == [2, 3, 1] and first["seeds"] == [0, 1, 2]
    assert first["mean"] == 2 and first["standard_error"] == pytest.approx(1 / 3**0.5)
    assert second["seeds"] == [0, 2] and second["values"] == [2, 1]
    assert paired_differences(CELLS, ["fcd"], {"latent": "boson"}) == []
    assert paired_differences(CELLS, ["mean_error"], {"latent": "copula"}) == []


def test_what_differs_by_rounding_alone_does_not_differ():
    pair = _cell(0, 1.0, latent="boson"), _cell(0, 1 - 2**-53, latent="gaussian")
    (found,) = paired_differences(pair, ["mean_error"], {"latent": "boson"})
    assert found["values"] == [0] and in_words(found)[3] == "0 of 1"
    endless = _cell(0, float("inf"), latent="boson"), _cell(0, float("inf"), latent="gaussian")
    assert paired_differences(endless, ["mean_error"], {"latent": "boson"})[0]["mean"] is None
    apart = _cell(0, 1.0, latent="boson"), _cell(0, 1 - 1e-12, latent="gaussian")
    (found,) = paired_differences(apart, ["mean_error"], {"latent": "boson"})
    assert found["values"] == [pytest.approx(-1e-12, rel=1e-3)]


def test_the_interval_is_the_bootstrap_of_the_mean():
    values = np.random.default_rng(1).normal(size=40)
    low, high = bootstrap_interval(values)
    error = values.std() / 40**0.5
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)
    # Over three seeds it reaches from the least to the largest: 1 - 2 / 2^3 of the cases, 75 %.
    assert bootstrap_interval([0.1, 0.5, 2.0]) == pytest.approx([0.1, 2.0])
    assert bootstrap_interval([3.0]) is None
    assert bootstrap_interval([3.0, float("nan"), 3.0]) == [3, 3]


def test_students_interval_is_that_of_a_table_of_t():
    low, high = student_interval([1.0, 2.0, 3.0, float("inf")])
    assert (low, high) == pytest.approx((2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), rel=1e-4)
    assert student_interval([3.0]) is None
    assert student_interval([3.0, 3.0]) == [3, 3]


def test_differences_in_words():
    row = {"mean": -0.25, "standard_error": 0.1, "values": [-0.5, 0.1, -0.35, None]}
    row |= {"student": [-0.5, 0.1], "interval": [-0.4, 0.05], "pairs_needed": 9}
    assert in_words(row) == ["-0.25 ± 0.1", "[-0.5, +0.1]", "[-0.4, +0.05]", "2 of 3", "9"]
    assert in_words({**row, "pairs_needed": 1001})[-1] == "over 1,000"
    # Nothing is needed where the interval excludes 0.
    assert in_words({**row, "student": [-0.5, -0.1]})[-1] == ""
    one = {"mean": 0.5, "standard_error": None, "values": [0.5], "interval": None}
    assert in_words(one) == ["+0.5", "", "", "1 of 1", ""]
    assert in_words({**one, "mean": None}) == ["undefined", "", "", "", ""]


def test_the_pairs_needed_find_a_difference_in_four_cases_of_five():
    # Of an effect of one standard deviation, 10 pairs are needed (Cohen 1988 has 0.80 there), and
    # of half of one, 34.
    assert pairs_needed([0.0, 1.0, 2.0]) == 10
    assert pairs_needed([-0.5, 0.5, 1.5]) == 34
    assert pairs_needed([0.5, -0.5, -1.5, np.nan]) == 34
    draws = np.random.default_rng(0).normal(1, 1, (20_000, 10))
    found = np.abs(draws.mean(1)) / (draws.std(1, ddof=1) / 10**0.5) > 2.2622
    assert found.mean() == pytest.approx(0.80, abs=0.01)
    assert pairs_needed([-1.0, 1.0]) == pairs_needed([0.0, 0.0]) == 1001
    assert pairs_needed([1.0, 1.0]) == 2
    assert pairs_needed([1.0]) is None


@pytest.mark.parametrize("own", [False, True])
def test_the_caption_says_what_the_runs_of_a_seed_share(own, tmp_path):
    cells = [_cell(seed, seed + own, latent=name) for seed in (0, 1) for name in ("boson", "bits")]
    for place, cell in enumerate(cells):
        cell["config"].latent_options = {"unitary_seed": 7 + own * place}
    table = {"columns": {"mean_error": "error"}, "labels": ["latent"], "steps": 5}
    write_paired(tmp_path / "one", cells, table, {"latent": "boson"})
    text = (tmp_path / "one.md").read_text()
    assert ("each latent has a circuit of its own" in text) == own
    assert ("share circuits, data and," in text) != own
    # Without the baseline there is nothing to write.
    write_paired(tmp_path / "other", cells, table, {"latent": "copula"})
    assert not (tmp_path / "other.md").exists()
