#!/usr/bin/env python3
"""Scores a preset, or a run's last checkpoint, on all metrics of its data set.

While training, a run is scored on the fast ones among them.

examples:
  tools/evaluate.py molgan_boson_qm9 --num-samples 10000 --seeds 3
  tools/evaluate.py runs/mlp_boson_quantum --metrics discreteness --json
"""

import argparse
import json
import sys

from qlatent_tf.tools.command_line import (
    add_data_arguments, add_source_arguments, load_model, run_tool,
)


def parser() -> argparse.ArgumentParser:
    """Returns the tool's argument parser."""
    arguments = argparse.ArgumentParser(
        "evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_source_arguments(arguments)
    add_data_arguments(arguments, default="the one it was trained on")
    arguments.add_argument("--num-samples", type=int, default=10_000,
                           help="generated samples a seed (default: 10000)")
    arguments.add_argument("--seeds", type=int, default=1,
                           help="independent sample sets; errors are over these (default: 1)")
    arguments.add_argument("--metrics", nargs="+", default=[],
                           help="registered metrics (default: all of the data set's)")
    arguments.add_argument("--json", action="store_true", help="print JSON")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_evaluate, parser().parse_args(argv))


def _evaluate(arguments):
    from qlatent_tf.evaluation import evaluate
    from qlatent_tf.training import load_dataset

    model, config, step = load_model(arguments.source, arguments.trust_code)
    if arguments.dataset:
        config = config.override(dataset=arguments.dataset, dataset_options={})
    dataset = load_dataset(config, data_dir=arguments.data_dir)
    evaluation = evaluate(
        model, dataset, num_samples=arguments.num_samples, seeds=range(arguments.seeds),
        metric_names=arguments.metrics or None, progress=True,
    )
    if arguments.json:
        print(json.dumps({"source": str(arguments.source), "step": step, **evaluation}, indent=2))
    else:
        print(f"{arguments.source}, step {step}, data set {dataset.name}, "
              f"{arguments.num_samples} samples x {arguments.seeds}")
        for name, score in evaluation["metrics"].items():
            print(f"{name:36} {format_score(score)}")
        if not evaluation["metrics"]:
            print(f"{dataset.name} has no metrics of its own; name some with --metrics.")
    return 0


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
