#!/usr/bin/env python3
"""Makes a preset of a finished run: weights, configuration, scores, samples and a card.

The preset goes into ./models, where other commands find it by its name. With --card, the cards of
presets are written again from their scores and their records, and nothing else.

examples:
  qlatent-tf publish runs/molgan_boson_qm9 molgan_boson_qm9
  qlatent-tf publish runs/mine my_preset --models-dir ~/presets --metrics molecules fcd
  qlatent-tf publish runs/mine my_preset --with-checkpoint   # for train --continue-from my_preset
  qlatent-tf publish --card my_preset
"""

import sys
from pathlib import Path

from qlatent_tf.tools.command_line import (
    Parser,
    add_scoring_arguments,
    add_trust_argument,
    command,
    run_tool,
    trust_option,
)
from qlatent_tf.tools.sources import use_inception

from qlatent_tf.registry import metrics
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.storage.preset_files import new_preset_directory
from qlatent_tf.zoo import save_preset


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("publish", __doc__)
    arguments.add_argument("run", nargs="?", type=Path, help="the run's directory")
    arguments.add_argument("preset", nargs="?", help="the preset's name: MODEL_LATENT_DATASET")
    arguments.add_argument(
        "--card", nargs="+", metavar="PRESET", help="write the cards of presets again, and stop"
    )
    arguments.add_argument("--overwrite", action="store_true", help="replace a preset")
    arguments.add_argument(
        "--with-checkpoint",
        action="store_true",
        help="put the run's last checkpoint, with its optimizers, into the "
        "preset, so that training can be continued from there",
    )
    add_trust_argument(arguments)
    arguments.add_argument("--models-dir", type=Path, help="where presets lie (default: ./models)")
    arguments.add_argument("--data-dir", help="where data files are looked for first")
    add_scoring_arguments(
        arguments,
        seeds=3,
        default="those that the run's configuration names, else all of the data set's",
    )
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_publish, parser().parse_args(argv))


def _publish(arguments):
    if arguments.card:
        return _rewrite_cards(arguments)
    if arguments.preset is None:
        raise ValueError("Name the run's directory and the preset: qlatent-tf publish RUN PRESET.")
    from qlatent_tf.runs.run_directory import check_data

    for name in arguments.metrics:
        metrics.check(name)
    use_inception(arguments)
    directory = new_preset_directory(arguments.preset, arguments.models_dir, arguments.overwrite)
    run = RunDirectory(arguments.run)
    config = run.read_config(trust_code=arguments.trust_code)

    from qlatent_tf.drawing.png import encode_picture
    from qlatent_tf.experiments.published import published_figures
    from qlatent_tf.publishing.card import model_card
    from qlatent_tf.runs.evaluation import evaluate, evaluate_real
    from qlatent_tf.runs.starting_point import checkpoint_files
    from qlatent_tf.runs.training import load_dataset, restore_model

    model, step = restore_model(run, trust_code=arguments.trust_code)
    config = config.override(steps=step)  # The steps really made, if the run was cut short.
    dataset = load_dataset(config, data_dir=arguments.data_dir)
    # Its scores stand beside the record of what it was trained on.
    check_data(run.path, run.read_run(), dataset)
    how = {
        "num_samples": arguments.num_samples,
        "metric_names": arguments.metrics or config.metrics or None,
        "progress": True,
    }
    evaluation = {"step": step, **evaluate(model, dataset, seeds=range(arguments.seeds), **how)}
    if getattr(dataset, "test", None) is not None:
        real = evaluate_real(dataset, **how)
        evaluation.update({"real": real} if real["metrics"] else {})
    provenance = {**run.read_run(), "step": step}
    pictures = model.pictures(dataset)
    card = model_card(
        arguments.preset,
        model,
        config,
        evaluation,
        provenance,
        tuple(pictures),
        published_figures(config),
    )
    pictures = {**pictures, "samples": dataset.render(model.sample(36, seed=0))}
    save_preset(
        directory,
        model,
        config,
        metrics=evaluation,
        provenance=provenance,
        card=card,
        checkpoint=checkpoint_files(run.checkpoints, step) if arguments.with_checkpoint else (),
        pictures={name: encode_picture(picture) for name, picture in pictures.items()},
    )
    name = directory if arguments.models_dir else arguments.preset
    try_it = command("sample", name, "--out", "samples.png", *trust_option(config))
    print(f"{directory} holds the preset. Try: {try_it}")
    return 0


def _rewrite_cards(arguments):
    from qlatent_tf.experiments.published import published_figures
    from qlatent_tf.publishing.rescore import rewrite_card

    for name in arguments.card:
        rewrite_card(name, published=published_figures, trust_code=arguments.trust_code)
        print(f"The card of {name} is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
