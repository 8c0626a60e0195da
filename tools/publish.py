#!/usr/bin/env python3
"""Makes a preset of a finished run: weights, configuration, scores, samples and a card.

examples:
  qlatent-tf publish runs/molgan_boson_qm9 molgan_boson_qm9
  qlatent-tf publish runs/mine my_preset --models-dir ~/presets --metrics molecules fcd
  qlatent-tf publish runs/mine my_preset --with-checkpoint  # and train.py --continue-from my_preset
"""

import sys
from pathlib import Path

from qlatent_tf.tools.command_line import (
    Parser,
    add_inception_argument,
    add_trust_argument,
    run_tool,
    use_inception,
)

from qlatent_tf.storage.preset_files import new_preset_directory
from qlatent_tf.zoo import save_preset


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("publish", __doc__)
    arguments.add_argument("run", type=Path, help="the run's directory")
    arguments.add_argument("preset", help="the preset's name: MODEL_LATENT_DATASET")
    arguments.add_argument("--overwrite", action="store_true", help="replace a preset")
    arguments.add_argument(
        "--with-checkpoint",
        action="store_true",
        help="put the run's last checkpoint, with its optimizers, into the "
        "preset, so that training can be continued from there",
    )
    add_trust_argument(arguments)
    arguments.add_argument(
        "--models-dir",
        type=Path,
        help="where presets lie (default: a checkout's models/, else ./models)",
    )
    arguments.add_argument("--data-dir", help="where data files are looked for first")
    arguments.add_argument(
        "--num-samples", type=int, default=10_000, help="generated samples a seed (default: 10000)"
    )
    arguments.add_argument(
        "--metrics",
        nargs="+",
        default=[],
        help="registered metrics for the card (default: those that the run's "
        "configuration names, else all of the data set's)",
    )
    add_inception_argument(arguments)
    arguments.add_argument("--seeds", type=int, default=3, help="sampling seeds (default: 3)")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_publish, parser().parse_args(argv))


def _publish(arguments):
    from qlatent_tf.registry import metrics
    from qlatent_tf.runs.run_directory import RunDirectory, check_data

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
    evaluation = evaluate(
        model,
        dataset,
        num_samples=arguments.num_samples,
        seeds=range(arguments.seeds),
        metric_names=arguments.metrics or config.metrics or None,
        progress=True,
    )
    evaluation = {"step": step, **evaluation}
    if getattr(dataset, "test", None) is not None:
        real = evaluate_real(
            dataset,
            num_samples=arguments.num_samples,
            metric_names=arguments.metrics or config.metrics or None,
            progress=True,
        )
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
    save_preset(
        directory,
        model,
        config,
        metrics=evaluation,
        provenance=provenance,
        card=card,
        checkpoint=checkpoint_files(run.checkpoints, step) if arguments.with_checkpoint else (),
        pictures={
            name: encode_picture(picture)
            for name, picture in {
                **pictures,
                "samples": dataset.render(model.sample(36, seed=0)),
            }.items()
        },
    )
    print(f"{directory} holds the preset. Try: qlatent-tf sample {directory} --out samples.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
