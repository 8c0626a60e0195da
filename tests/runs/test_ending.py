"""What a run says at its end: few scores, in words."""

import math

import pytest
from qlatent_tf.tools import train as tool
from tiny_run import copy_of

from qlatent_tf.runs.ending import in_words, note_on_fragments, telling_scores
from qlatent_tf.scores import Score, measured
from qlatent_tf.storage.files import write_json


@pytest.mark.parametrize(
    ("metric", "mean", "said"),
    [
        ("right_total_share", 0.5303, ["right total", "53.0 %", "(higher is better)"]),
        ("fcd", 0.62789, ["0.628", "(lower is better)"]),
        ("scaffold_count", 1116.7, ["1,117"]),
        ("novel_share", math.nan, ["not defined"]),
        ("my_own", 3.0, ["my_own", "3"]),
    ],
)
def test_a_score_is_told_in_words(metric, mean, said):
    line = in_words(Score(metric=metric, mean=mean))
    assert all(part in line for part in said) and "\n" not in line


def test_of_molecules_valid_unique_and_novel_come_first():
    names = ("fcd", "qed", "novel_share", "valid_count", "unique_share", "valid_share")
    found = telling_scores(measured(dict.fromkeys(names, 0.5)))
    assert [score.metric for score in found] == ["valid_share", "unique_share", "novel_share"]


def test_samples_that_parse_and_are_no_whole_molecules_are_told_of():
    scores = measured({"valid_share": 0.05, "parsed_valid_share": 0.925})
    assert note_on_fragments(scores).startswith("92.5 % parse, but only 5.0 % are whole")
    assert note_on_fragments(measured({"valid_share": 0.8, "parsed_valid_share": 0.9})) is None
    assert note_on_fragments(measured({"integer_distance": 0.1})) is None


def test_a_run_ends_with_words_and_where_things_are(tiny_run, capsys):
    tool._report(tiny_run)
    said = capsys.readouterr().out
    assert said.startswith("Step 6, 50 samples, on quantum:\n  distance to integers")
    assert "right total" in said and f"Samples:      {tiny_run.samples}" in said
    assert len(said.splitlines()) == 9 and "None" not in said


@pytest.mark.parametrize(
    ("record", "here", "arguments"),
    [
        ({"molecules": 9}, False, "molecules"),
        ({"rows": 9}, False, "vector_neighbours"),
        ({"images": 9, "shape": [32, 32, 3]}, False, "classifier_scores"),
        ({"images": 9, "shape": [32, 32, 1]}, True, "inception_scores"),
        ({"images": 9}, False, "inception_scores --inception-weights PATH"),
    ],
)
def test_a_run_without_scores_ends_with_a_command_that_works(
    tiny_run, tmp_path, monkeypatch, capsys, record, here, arguments
):
    weights = tmp_path / "weights"
    monkeypatch.setenv("QLATENT_INCEPTION_WEIGHTS", str(weights))
    if here:
        weights.touch()
    run = copy_of(tiny_run, tmp_path / "run")
    write_json(run.path / "metrics.json", {"step": 6, "history": []})
    write_json(run.path / "run.json", {**run.read_run(), "dataset": {"name": "mine", **record}})
    tool._report(run)
    said = capsys.readouterr().out
    assert f"evaluate {run.path} --metrics {arguments}\n" in said and "none, for mine has" in said


@pytest.mark.parametrize(
    ("run_name", "preset"), [("my_run", "my_run"), ("mlp_boson_quantum", "my_mlp_boson_quantum")]
)
def test_a_run_ends_with_a_name_that_no_preset_has(tiny_run, tmp_path, capsys, run_name, preset):
    run = copy_of(tiny_run, tmp_path / run_name)
    tool._report(run)
    assert capsys.readouterr().out.endswith(f" publish {run.path} {preset}\n")


def test_the_help_explains_what_the_bar_shows():
    said = tool.parser().format_help()
    for name in ("distance", "penalty", "critic", "generator"):
        assert f"\n  {name:9} " in said
