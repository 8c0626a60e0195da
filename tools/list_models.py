#!/usr/bin/env python3
"""Lists the presets that come with the package, and what can be trained.

Names of models, latents, data sets, metrics and rewards are those that the other tools take.

examples:
  qlatent-tf list_models
  qlatent-tf list_models --all          # every score of each preset
  qlatent-tf list_models hf://user/name # a preset on the Hub
  qlatent-tf list_models --metrics      # what the scores mean
  qlatent-tf list_models --json
"""

import json
import sys
import textwrap

from qlatent_tf.tools.arguments import Parser
from qlatent_tf.tools.command_line import print_table, run_tool

from qlatent_tf import glossary
from qlatent_tf.registry import datasets, latents, metrics, models, rewards
from qlatent_tf.runs.evaluation import mean_scores
from qlatent_tf.scores import read_scores
from qlatent_tf.storage.files import read_json
from qlatent_tf.storage.preset_files import list_presets, preset_directory, read_description
from qlatent_tf.storage.shapes import SCORE

_HEADS = ("preset", "model", "latent", "data", "steps", "key scores")


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("list_models", __doc__)
    arguments.add_argument(
        "presets", nargs="*", help="the presets to list: names, directories, or hf://USER/NAME"
    )
    shown = arguments.add_mutually_exclusive_group()
    shown.add_argument("--all", action="store_true", help="print every score of each preset")
    shown.add_argument("--metrics", action="store_true", help="explain the scores")
    shown.add_argument("--json", action="store_true", help="print JSON")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_list, parser().parse_args(argv))


def _list(arguments):
    if arguments.metrics:
        if arguments.presets:
            raise ValueError(
                "--metrics explains all scores, whatever preset has them; received "
                f"{' '.join(arguments.presets)}."
            )
        _explain_metrics()
        return 0
    presets, damaged = [], {}
    for name in arguments.presets or list_presets(kind=None):
        try:
            presets.append(_summary(name))
        except (OSError, ValueError) as error:
            damaged[name] = str(error)
    # One that is asked for by its name is an error; of all that are here, the others are listed.
    code = int(bool(arguments.presets and damaged))
    known = {
        "models": models.names(),
        "latents": latents.names(),
        "datasets": datasets.names(),
        "metrics": metrics.names(),
        "rewards": rewards.names(),
    }
    if arguments.json:
        print(json.dumps({"presets": presets, "damaged": damaged, **known}, indent=2))
        return code
    print_table([_HEADS, *map(_row, presets)])
    for name, problem in damaged.items():
        print(f"the preset {name} cannot be read: {problem}", file=sys.stderr)
    if arguments.all:
        for preset in presets:
            print(f"\n{preset['name']}")
            for name, value in preset["metrics"].items():
                print(f"    {name:48} {'undefined' if value is None else f'{value:.4g}'}")
    print("\nWhat the scores mean: qlatent-tf list_models --metrics\n")
    for kind, names in known.items():
        print(textwrap.fill(f"{kind + ':':10} {', '.join(names)}", 100, subsequent_indent=" " * 11))
    return code


def _summary(name):
    preset = read_description(name)
    config, kind = preset["config"], preset["kind"]
    file = preset_directory(name) / "metrics.json"
    evaluation = {"dataset": "", "metrics": {}}
    if file.is_file():
        evaluation = read_json(file, {"dataset": str, "metrics": {str: SCORE}})
    scores = read_scores(mean_scores(evaluation), evaluation["dataset"])
    return {
        "name": name,
        "kind": kind,
        "model": config.get("model", kind),
        "latent": config.get("latent"),
        "dataset": config.get("dataset"),
        "steps": preset["provenance"].get("step"),
        "key_scores": {glossary.title(one.metric): one.mean for one in glossary.key_scores(scores)},
        "metrics": {name: score["mean"] for name, score in evaluation["metrics"].items()},
    }


def _row(preset):
    names = (preset[part] or "-" for part in ("name", "model", "latent", "dataset"))
    steps = "?" if preset["steps"] is None else f"{preset['steps']:,}"
    return [*names, steps, ", ".join(f"{key} {v:.4g}" for key, v in preset["key_scores"].items())]


def _explain_metrics():
    for section, notes in glossary.NOTES.items():
        print(f"{section}. {notes}\n".replace("`", ""))
        for entry in glossary.entries():
            if entry.section == section:
                better = f"{entry.better} is better" if entry.better else "neither way is better"
                source = f" [{entry.metric}]" if entry.metric else ""
                print(f"  {entry.name}: {entry.title}{source}")
                print(f"      {entry.formula}")
                print(f"      {entry.range}; {better}")
        print()


if __name__ == "__main__":
    sys.exit(main())
