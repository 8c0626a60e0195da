#!/usr/bin/env python3
"""Trains the classifier of images whose features score generated images, and publishes it.

The same command takes up again what was interrupted, at the last whole epoch.

examples:
  tools/train_classifier.py --data-dir ~/data --preset cifar_classifier
  tools/train_classifier.py --workdir runs/wide --set widths=[64,128,256] --set epochs=30
"""

import argparse
import json
import sys
from pathlib import Path

from qlatent_tf.tools.command_line import add_data_arguments, run_tool
from qlatent_tf.tools.evaluate import format_score


def parser() -> argparse.ArgumentParser:
    """Returns the tool's argument parser."""
    arguments = argparse.ArgumentParser(
        "train_classifier",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_data_arguments(arguments, default="cifar10")
    arguments.add_argument(
        "--workdir", type=Path, help="the run's directory (default: runs/classifier_DATASET)"
    )
    arguments.add_argument("--epochs", type=int, help="times each image is seen (default: 12)")
    arguments.add_argument("--seed", type=int, help="decides weights, order and augmentation")
    arguments.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="settings",
        help="any other value of the configuration, such as learning_rate=0.1; may be repeated",
    )
    arguments.add_argument("--preset", help="the preset to make of it when training has ended")
    arguments.add_argument(
        "--models-dir",
        type=Path,
        help="where presets lie (default: a checkout's models/, else ./models)",
    )
    arguments.add_argument("--overwrite", action="store_true", help="replace a preset")
    arguments.add_argument(
        "--dry-run", action="store_true", help="print the configuration and stop"
    )
    arguments.add_argument("--quiet", action="store_true", help="no progress bars")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_train, parser().parse_args(argv))


def _train(arguments):
    from qlatent_tf.config import parse_setting
    from qlatent_tf.metrics.images.classifier import ClassifierConfig
    from qlatent_tf.publishing.classifier_card import publish_classifier
    from qlatent_tf.registry import datasets
    from qlatent_tf.runs.classifier_training import train_classifier
    from qlatent_tf.storage.preset_files import new_preset_directory

    changes = dict(parse_setting(text) for text in arguments.settings)
    for name in ("dataset", "epochs", "seed"):
        if getattr(arguments, name) is not None:
            changes[name] = getattr(arguments, name)
    config = ClassifierConfig.from_json({**ClassifierConfig().to_json(), **changes})
    if arguments.dry_run:
        print(json.dumps(config.to_json(), indent=2))
        return 0
    directory = None
    if arguments.preset:
        directory = new_preset_directory(
            arguments.preset, arguments.models_dir, arguments.overwrite
        )
    progress = not arguments.quiet
    dataset = datasets.build(config.dataset, data_dir=arguments.data_dir, progress=progress)
    name = config.dataset.rpartition(":")[2]
    workdir = arguments.workdir or Path("runs") / f"classifier_{name}"
    try:
        model = train_classifier(config, workdir, dataset=dataset, progress=progress)
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on at the last whole epoch.", file=sys.stderr)
        return 130
    print(f"\nThe run is in {workdir}. Look at it:   tensorboard --logdir {workdir.parent}")
    if directory:
        scores = publish_classifier(model, config, workdir, dataset, directory)
        for name, score in scores["metrics"].items():
            print(f"{name:40} {format_score(score)}")
        print(f"{directory} holds the preset.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
