import math

import pytest
from qlatent_tf.configs.last_qgan import get_config

from qlatent_tf.experiments.capacity.optima import (
    Judgement,
    best_score,
    bound,
    judge,
    optima,
    smallest_optimal,
)


def history(scores, distance=1.0, slope=1.0):
    return [
        {
            "step": step,
            "code_frechet_codes_50@20": score,
            "code_marginal_js_50_codes_50@20": 0.1,
            "critic_distance_codes_20@20": distance,
            "critic_slope_codes_20@20": slope,
        }
        for step, score in enumerate(scores)
    ]


def test_a_calm_run_is_accepted_at_the_median_of_its_last_scores():
    run = judge(history([9, 9, 1.0, 1.1, 1.2, 1.3, 1.4]), code=4)
    assert run == Judgement(1.2, bounded=True, steady=True) and run.accepted


@pytest.mark.parametrize(
    "changes",
    [
        {"distance": 4.01},
        {"distance": -4.01},
        {"distance": math.nan},
        {"slope": 2.01},
        {"slope": math.nan},
    ],
)
def test_a_critic_beyond_what_its_slope_allows_is_not_bounded(changes):
    assert not judge(history([1.0] * 6, **changes), code=4).bounded
    assert judge(history([1.0] * 6, distance=3.99, slope=1.99), code=4).bounded


def test_one_bad_evaluation_anywhere_is_enough():
    rows = history([1.0] * 8)
    rows[0]["critic_distance_codes_20@20"] = 100.0
    assert not judge(rows, code=4).bounded


def test_scores_that_jump_are_not_steady():
    assert judge(history([1, 1, 1, 1, 1.5]), code=4).steady
    assert not judge(history([1, 1, 1, 1, 1.51]), code=4).steady
    assert judge(history([9, 1, 1, 1, 1, 1]), code=4).steady  # Before the last five.


def test_runs_that_are_too_short_or_lack_scores_are_not_accepted():
    assert not judge(history([1.0] * 4), code=4).accepted
    assert not judge([], code=4).accepted
    assert judge([{"step": 1}] * 6, code=4).score == math.inf


def runs(*entries):
    return [(capacity, Judgement(score, accepted, True)) for capacity, score, accepted in entries]


def test_the_smallest_within_the_tolerance_of_the_best_is_optimal():
    sweep = runs((10, 5.0, True), (20, 1.25, True), (40, 1.0, True), (80, 1.1, True))
    assert smallest_optimal(sweep) == 20
    assert smallest_optimal(sweep, tolerance=0.2) == 40
    assert smallest_optimal(sweep, target=4.0) == 10
    assert best_score(sweep) == 1.0


@pytest.mark.parametrize(
    ("kind", "optimum", "side"),
    [
        ("critic", 10, "upper"),
        ("critic", 20, ""),
        ("critic", 40, "lower"),
        ("critic", None, ""),
        ("generator", 5, "upper"),
        ("generator", 50, ""),
    ],
)
def test_an_optimum_at_the_edge_of_a_sweep_is_a_bound(kind, optimum, side):
    tried = {"smallest_tried": {"critic": 10, "generator": 5}, "largest_tried": {"critic": 40}}
    assert bound({kind: optimum, **tried}, kind) == side


def test_an_optimum_of_one_size_is_no_measure_at_all():
    point = {"critic": 10, "smallest_tried": {"critic": 10}, "largest_tried": {"critic": 10}}
    assert bound(point, "critic") == "both"


def test_generators_beside_critics_of_two_widths_are_not_compared():
    def cell(critic):
        row = {"generator": "classical", "code": 4, "layers": "", "width": 2, "critic": critic}
        options = {"latent_options.modes": 2, "model_options.width": 2}
        config = get_config("gaussian").override(**options)
        return {"row": row, "config": config, "history": history([1.0] * 5)}

    with pytest.raises(ValueError, match="one width; received 128 and 16, at 4 codes in seed 0"):
        optima([cell(128), cell(16)])


def test_runs_that_are_not_accepted_neither_win_nor_set_the_best():
    sweep = runs((10, 1.0, False), (20, 0.1, False), (40, 1.0, True))
    assert smallest_optimal(sweep) == 40 and best_score(sweep) == 1.0
    assert smallest_optimal(runs((10, 1.0, False))) is None
    assert smallest_optimal(sweep, target=0.5) is None
    assert smallest_optimal(sweep, target=math.inf) is None
