#!/usr/bin/env python3
"""Lists the presets that come with the package, and what can be trained.

Names of models, latents, data sets, metrics and rewards are those that the other tools take.

examples:
  tools/list_models.py
  tools/list_models.py --json
"""

import json
import sys

from qlatent_tf.tools.command_line import Parser, run_tool

from qlatent_tf.registry import datasets, latents, metrics, models, rewards
from qlatent_tf.storage.files import read_json
from qlatent_tf.storage.preset_files import list_presets, preset_directory, read_description


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("list_models", __doc__)
    arguments.add_argument("--json", action="store_true", help="print JSON")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_list, parser().parse_args(argv))


def _list(arguments):
    presets = [_summary(name) for name in list_presets(kind=None)]
    known = {
        "models": models.names(),
        "latents": latents.names(),
        "datasets": datasets.names(),
        "metrics": metrics.names(),
        "rewards": rewards.names(),
    }
    if arguments.json:
        print(json.dumps({"presets": presets, **known}, indent=2))
        return 0
    for preset in presets:
        steps = "some" if preset["steps"] is None else f"{preset['steps']:,}"
        print(f"{preset['name']} ({preset['kind']}): {steps} steps on {preset['dataset']}")
        for name, value in preset["metrics"].items():
            print(f"    {name:32} {value:.4g}")
    for kind, names in known.items():
        print(f"{kind + ':':10} {', '.join(names)}")
    return 0


def _summary(name):
    preset = read_description(name)
    scores = preset_directory(name) / "metrics.json"
    metrics_file = read_json(scores) if scores.is_file() else {"metrics": {}}
    return {
        "name": name,
        "kind": preset["kind"],
        "dataset": preset["config"].get("dataset"),
        "steps": preset["provenance"].get("step"),
        "metrics": {
            metric: score["mean"]
            for metric, score in metrics_file["metrics"].items()
            if score["mean"] is not None
        },
    }


if __name__ == "__main__":
    sys.exit(main())
