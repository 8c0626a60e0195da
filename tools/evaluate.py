#!/usr/bin/env python3
"""Scores a preset, or a run's last checkpoint, on all metrics of its data set.

While training, a run is scored on the fast ones among them. With --real, held-out
real samples are scored as if they had been generated, which shows what scores mean.

examples:
  qlatent-tf evaluate molgan_boson_qm9 --num-samples 10000 --seeds 3
  qlatent-tf evaluate runs/mlp_boson_quantum --metrics discreteness --json
  qlatent-tf evaluate --real --dataset cifar10 --metrics classifier_scores
  qlatent-tf evaluate my_preset --metrics my_file:my_metric --seeds 3 --save
"""

import json
import sys

from qlatent_tf.tools.asked_data import check_dataset, data_as_asked, source_data
from qlatent_tf.tools.command_line import (
    Parser,
    add_data_arguments,
    add_scoring_arguments,
    add_settings_argument,
    add_source_arguments,
    command,
    run_tool,
)
from qlatent_tf.tools.sources import (
    check_memory,
    load_model,
    use_inception,
)

from qlatent_tf.glossary import entries, explain
from qlatent_tf.registry import metrics
from qlatent_tf.runs.loading import is_preset, source_config
from qlatent_tf.scores import read_scores


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("evaluate", __doc__)
    add_source_arguments(arguments, optional=True)
    add_data_arguments(arguments, default="the one it was trained on")
    add_scoring_arguments(arguments, seeds=1, default="all of the data set's")
    add_settings_argument(
        arguments,
        "an option of the data, such as dataset_options.file=mine.smi; may be repeated",
    )
    arguments.add_argument(
        "--save",
        action="store_true",
        help="write the scores into the preset and on its card, beside those "
        "of other metrics; samples and seeds must be as many as theirs",
    )
    arguments.add_argument(
        "--real",
        action="store_true",
        help="score held-out real samples of the source's data set, or of --dataset alone",
    )
    arguments.add_argument("--json", action="store_true", help="print JSON")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_evaluate, parser().parse_args(argv))


def _evaluate(arguments):
    for name in arguments.metrics:
        _check_metric(name)
    if arguments.dataset:
        check_dataset(arguments.dataset)
    if arguments.save and (arguments.real or not is_preset(arguments.source)):
        raise ValueError("--save writes into a preset: name one, without --real.")
    if arguments.real and arguments.seeds > 1:
        raise ValueError(
            "--seeds is for generated samples; --real draws its samples once. Received --seeds "
            f"{arguments.seeds}."
        )
    if not arguments.source and not (arguments.real and arguments.dataset):
        raise ValueError("Name what to score: a preset or a run, or --real with --dataset.")
    use_inception(arguments)
    if arguments.real:
        return _evaluate_real(arguments)
    model, config, step = load_model(arguments.source, arguments.trust_code)

    from qlatent_tf.experiments.published import published_figures
    from qlatent_tf.publishing.rescore import check_conditions, save_scores
    from qlatent_tf.runs.evaluation import evaluate

    dataset, seeds = source_data(arguments, config), range(arguments.seeds)
    trust = {"trust_code": arguments.trust_code}
    if arguments.save:
        check_conditions(arguments.source, dataset, arguments.num_samples, seeds, **trust)
    check_memory(model, arguments.num_samples)
    evaluation = evaluate(model, dataset, seeds=seeds, **_scoring(arguments))
    if arguments.save:
        published = published_figures(config)
        save_scores(arguments.source, model, evaluation, published=published, **trust)
    _show(
        arguments,
        {"source": str(arguments.source), "step": step, **evaluation},
        f"{arguments.source}, step {step}, data set {dataset.name}, {arguments.num_samples} "
        f"samples x {arguments.seeds}",
    )
    return 0


def _check_metric(name):
    """Refuses a metric that is unknown, and a score, of which a metric returns several."""
    returned_by = [entry.metric for entry in entries() if entry.name == name and entry.metric]
    if name not in metrics.names() and returned_by:
        raise ValueError(
            f"{name!r} is a score; name a metric that returns it: {' '.join(returned_by)}."
        )
    metrics.check(name)


def _evaluate_real(arguments):
    from qlatent_tf.runs.evaluation import evaluate_real

    if arguments.source:
        dataset = source_data(arguments, source_config(arguments.source, arguments.trust_code))
    else:
        dataset = data_as_asked(arguments, arguments.dataset)
    evaluation = evaluate_real(dataset, **_scoring(arguments))
    _show(
        arguments,
        {"source": f"{dataset.name}, held out", **evaluation},
        f"data set {dataset.name}, {evaluation['num_samples']} real samples, held out",
    )
    return 0


def _scoring(arguments):
    return {
        "num_samples": arguments.num_samples,
        "metric_names": arguments.metrics or None,
        "progress": True,
    }


def _show(arguments, evaluation, title):
    if arguments.json:
        print(json.dumps(evaluation, indent=2))
        return
    print(title)
    scores = read_scores(evaluation["metrics"], evaluation["dataset"])
    for score, (key, found) in zip(scores, evaluation["metrics"].items(), strict=True):
        entry = explain(score.metric)
        better = f"({entry.better} is better)" if entry and entry.better else ""
        said = f"{entry.title} {better}" if entry else ""
        print(f"{key:48} {format_score(found):22} {said}".rstrip())
    if any(score.metric == "parsed_valid_count" and score.mean == 0 for score in scores):
        print("No sample is a molecule: what is computed of molecules is undefined.")
    if evaluation["metrics"]:
        print(f"What they mean: {command('list_models', '--metrics')}")
    else:
        print(f"{evaluation['dataset']} has no metrics of its own; name some with --metrics.")


def format_score(score: dict) -> str:
    """Returns ``mean +- standard error`` in four significant digits."""
    if score["mean"] is None:
        return "undefined"
    text = f"{score['mean']:.4g}"
    if score["standard_error"] is not None:
        text += f" +- {score['standard_error']:.2g}"
    return text


if __name__ == "__main__":
    sys.exit(main())
