"""How scores are printed: of one source a line each, of several a table."""

import json

from qlatent_tf.tools.command_line import command, print_table

from qlatent_tf.glossary import explain
from qlatent_tf.scores import read_scores


def show(evaluations, as_json: bool, several: bool) -> None:
    """Prints the scores of one or several sources.

    Args:
      evaluations: sequence of dict. What `evaluate` returns, with the `source`; of a model with
        its `step`.
      as_json: bool. Whether to print JSON.
      several: bool. Whether several were asked for, of which JSON has a list.
    """
    first, *others = evaluations
    if as_json:
        print(json.dumps(evaluations if several else first, indent=2))
        return
    seeds = len(first["seeds"])
    told = f"data set {first['dataset']}, {first['num_samples']} samples x {seeds}"
    if others:
        print(told)
        _show_side_by_side(evaluations)
    else:
        step = f", step {first['step']}" if "step" in first else ""
        print(f"{first['source']}{step}, {told}")
        _show_one(first)
    print(f"What they mean: {command('list_models', '--metrics')}")


def _show_one(evaluation):
    scores = read_scores(evaluation["metrics"], evaluation["dataset"])
    for score, (key, found) in zip(scores, evaluation["metrics"].items(), strict=True):
        print(f"{key:48} {format_score(found):22} {_explained(score)}".rstrip())
    if any(score.metric == "parsed_valid_count" and score.mean == 0 for score in scores):
        print("No sample is a molecule: what is computed of molecules is undefined.")


def _show_side_by_side(evaluations):
    """Prints a row for each score and a column for each source."""
    steps = ("?" if one["step"] is None else f"{one['step']:,}" for one in evaluations)
    rows = [["", *(one["source"] for one in evaluations), ""], ["step", *steps, ""]]
    scores = {
        score.key: score
        for one in evaluations
        for score in read_scores(one["metrics"], one["dataset"])
    }
    for key, score in scores.items():
        found = (one["metrics"].get(key) for one in evaluations)
        each = ("-" if one is None else format_score(one) for one in found)
        rows.append([key, *each, _explained(score)])
    print_table(rows)


def _explained(score):
    entry = explain(score.metric)
    if not entry:
        return ""
    return f"{entry.title} ({entry.better} is better)" if entry.better else entry.title


def format_score(score: dict) -> str:
    """Returns ``mean +- standard error`` in four significant digits."""
    if score["mean"] is None:
        return "undefined"
    text = f"{score['mean']:.4g}"
    if score["standard_error"] is not None:
        text += f" +- {score['standard_error']:.2g}"
    return text
