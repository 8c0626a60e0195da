#!/usr/bin/env python3
"""Scores a preset, or a run's last checkpoint, on all metrics of its data set.

While training, a run is scored on the fast ones among them. With --real, held-out
real samples are scored as if they had been generated: it tells what scores mean.

examples:
  tools/evaluate.py molgan_boson_qm9 --num-samples 10000 --seeds 3
  tools/evaluate.py runs/mlp_boson_quantum --metrics discreteness --json
  tools/evaluate.py --real --dataset cifar10 --metrics classifier_scores
  tools/evaluate.py my_preset --metrics my_file:my_metric --seeds 3 --save
"""

import argparse
import json
import sys

from qlatent_tf.tools.command_line import (
    add_data_arguments,
    add_inception_argument,
    add_source_arguments,
    run_tool,
    use_inception,
)

from qlatent_tf.runs.loading import is_preset, load_model, source_config


def parser() -> argparse.ArgumentParser:
    """Returns the tool's argument parser."""
    arguments = argparse.ArgumentParser(
        "evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_source_arguments(arguments, optional=True)
    add_data_arguments(arguments, default="the one it was trained on")
    arguments.add_argument(
        "--num-samples", type=int, default=10_000, help="generated samples a seed (default: 10000)"
    )
    arguments.add_argument(
        "--seeds",
        type=int,
        default=1,
        help="independent sample sets; errors are over these (default: 1)",
    )
    arguments.add_argument(
        "--metrics",
        nargs="+",
        default=[],
        help="registered metrics (default: all of the data set's)",
    )
    arguments.add_argument(
        "--save",
        action="store_true",
        help="write the scores into the preset and on its card, beside those "
        "of other metrics; samples and seeds are to be as many as theirs",
    )
    arguments.add_argument(
        "--real",
        action="store_true",
        help="score held-out real samples of the source's data set, or of --dataset alone",
    )
    add_inception_argument(arguments)
    arguments.add_argument("--json", action="store_true", help="print JSON")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_evaluate, parser().parse_args(argv))


def _evaluate(arguments):
    from qlatent_tf.registry import datasets, metrics
    from qlatent_tf.resolve import with_dataset

    for name in arguments.metrics:
        metrics.check(name)
    if arguments.dataset:
        datasets.check(arguments.dataset)
    if arguments.save and (arguments.real or not is_preset(arguments.source)):
        raise ValueError("--save writes into a preset: name one, without --real.")
    use_inception(arguments)
    if arguments.real:
        return _evaluate_real(arguments)
    if not arguments.source:
        raise ValueError("Name what to score: a preset or a run, or --real with --dataset.")
    model, config, step = load_model(arguments.source, arguments.trust_code)

    from qlatent_tf.experiments.published import published_figures
    from qlatent_tf.publishing.rescore import check_conditions, save_scores
    from qlatent_tf.runs.evaluation import evaluate
    from qlatent_tf.runs.training import load_dataset

    dataset = load_dataset(with_dataset(config, arguments.dataset), data_dir=arguments.data_dir)
    if arguments.save:
        check_conditions(
            arguments.source,
            dataset,
            arguments.num_samples,
            range(arguments.seeds),
            trust_code=arguments.trust_code,
        )
    evaluation = evaluate(
        model,
        dataset,
        num_samples=arguments.num_samples,
        seeds=range(arguments.seeds),
        metric_names=arguments.metrics or None,
        progress=True,
    )
    if arguments.save:
        save_scores(
            arguments.source,
            model,
            evaluation,
            published=published_figures(config),
            trust_code=arguments.trust_code,
        )
    _show(
        arguments,
        {"source": str(arguments.source), "step": step, **evaluation},
        f"{arguments.source}, step {step}, data set {dataset.name}, {arguments.num_samples} "
        f"samples x {arguments.seeds}",
    )
    return 0


def _evaluate_real(arguments):
    from qlatent_tf.resolve import with_dataset

    if arguments.source:
        config = source_config(arguments.source, arguments.trust_code)
        from qlatent_tf.runs.training import load_dataset

        dataset = load_dataset(with_dataset(config, arguments.dataset), data_dir=arguments.data_dir)
    elif arguments.dataset:
        from qlatent_tf.datasets.custom import load

        dataset = load(arguments.dataset, data_dir=arguments.data_dir)
    else:
        raise ValueError("Name whose real samples to score: a preset, a run or --dataset.")
    from qlatent_tf.runs.evaluation import evaluate_real

    evaluation = evaluate_real(
        dataset,
        num_samples=arguments.num_samples,
        metric_names=arguments.metrics or None,
        progress=True,
    )
    _show(
        arguments,
        {"source": f"{dataset.name}, held out", **evaluation},
        f"data set {dataset.name}, {evaluation['num_samples']} real samples, held out",
    )
    return 0


def _show(arguments, evaluation, title):
    if arguments.json:
        print(json.dumps(evaluation, indent=2))
        return
    print(title)
    for name, score in evaluation["metrics"].items():
        print(f"{name:36} {format_score(score)}")
    if not evaluation["metrics"]:
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
