#!/usr/bin/env python3
"""Trains a GAN with a quantum or classical latent.

examples:
  qlatent-tf train --model molgan --latent boson
  qlatent-tf train --model molgan --latent boson --dataset qm9 --data-dir ~/data --steps 300
  qlatent-tf train --model mlp --latent photonic --photons 4 --modes 8
  qlatent-tf train --model molgan --latent samples --latent-file shots.npy --modes 16
  qlatent-tf train --model molgan --latent my_file:my_latent
  qlatent-tf train --model resnet --latent boson --variant small
  qlatent-tf train --model molgan --latent boson --reward qed --workdir runs/molgan_qed
  qlatent-tf train --config molgan_boson_qm9 --latent gaussian --seed 1
  qlatent-tf train --continue-from my_preset --steps 40000
  qlatent-tf train --model last_qgan --generator classical --latent gaussian --dataset naip28
"""

import json
import shlex
import sys
from pathlib import Path

from qlatent_tf.tools.arguments import (
    Parser,
    add_data_arguments,
    add_inception_argument,
    add_settings_argument,
    add_trust_argument,
    count,
)
from qlatent_tf.tools.asked_data import with_fallback_dataset
from qlatent_tf.tools.command_line import command, run_tool, trust_option
from qlatent_tf.tools.sources import (
    check_files,
    config_from_arguments,
    use_inception,
)

from qlatent_tf.quantum.unitaries import UNITARY_SUFFIXES
from qlatent_tf.runs.interrupted import Interrupted

# Scores that are printed at the end where someone named the metrics.
_MOST_SHOWN = 12
_LOSSES = """\
what the progress bar shows of a GAN with the critic D, per step:
  distance   E D(real) - E D(generated), the critic's estimate of the distance between generated and
             real samples; it rises while the critic learns and falls as the generator improves
  penalty    E (|gradient of D| - 1)^2; near 0 where the critic is as steep as it may be
  critic     weight * penalty - distance, which the critic minimises (the weight is 10)
  generator  -E D(generated), which the generator minimises; its level has no meaning
with --reward also:
  reward_error   E (reward network - reward)^2, over real and generated molecules
  replay_reward  the mean reward of the generated molecules that were scored last, from 0 to 1
No loss measures the samples. Scores do, at each evaluation: metrics.json, TensorBoard.
"""


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("train", __doc__, epilog=_LOSSES)
    arguments.add_argument("--model", help="a registered model, or my_file:my_model")
    arguments.add_argument(
        "--variant",
        help="which of the model's configurations: full, gulrajani, small or loop for resnet, "
        "torch or keras for mlp (default: the first)",
    )
    arguments.add_argument(
        "--latent",
        help="a registered latent, or my_file:my_latent (default: boson; gaussian for autoencoder, "
        "whose training does not use it)",
    )
    arguments.add_argument(
        "--config",
        metavar="SOURCE",
        help="a preset, or a run's directory, whose configuration to train "
        "instead of the model's own; --latent and --seed change it",
    )
    arguments.add_argument(
        "--continue-from",
        metavar="SOURCE",
        help="a preset published with its checkpoint, or a run's directory, "
        "whose training is resumed in a new directory, up to --steps",
    )
    arguments.add_argument(
        "--generator",
        help="quantum or classical, for models that have both: short for --set "
        "model_options.generator=...",
    )
    add_trust_argument(arguments)
    add_data_arguments(
        arguments,
        default="the model's; if it is not available, the one that comes with the package",
    )
    run = arguments.add_argument_group("run")
    run.add_argument(
        "--workdir",
        type=Path,
        help="the run's directory; the same command resumes it "
        "(default: runs/MODEL[_VARIANT][_GENERATOR]_LATENT[_trained]_DATASET[_seedN])",
    )
    run.add_argument(
        "--steps",
        "--iterations",
        type=count,
        help="generator updates; learning rates that fall to 0 do so at the "
        "configuration's own last step, unless --set "
        "learning_rate_decay_steps=STEPS",
    )
    run.add_argument("--batch-size", type=count, help="samples a batch")
    run.add_argument("--seed", type=int, help="decides weights, batches, latents and circuits")
    add_settings_argument(
        run,
        "any other configuration value, such as optimizer_options.learning_rate"
        "=1e-4 or latent_options.transmission=0.8; may be repeated",
    )
    run.add_argument(
        "--strategy",
        choices=["none", "mirrored", "multiworker"],
        default="none",
        help="share each batch among this machine's GPUs, or among the machines that "
        "$TF_CONFIG names; the run is the same up to rounding (default: none)",
    )
    add_inception_argument(run)
    run.add_argument(
        "--dry-run",
        action="store_true",
        help="print the configuration, with names and options checked, and stop",
    )
    run.add_argument("--quiet", action="store_true", help="no progress bars")
    circuit = arguments.add_argument_group("latent")
    circuit.add_argument(
        "--modes",
        type=count,
        help="modes of the interferometer, or latent width; of each, where there "
        "are several side by side, as for resnet",
    )
    circuit.add_argument("--photons", type=count, help="photons, in the first modes")
    circuit.add_argument("--unitary-seed", type=int, help="chooses the random interferometer")
    circuit.add_argument(
        "--train-circuit",
        action="store_true",
        default=None,
        help="train the interferometer with the generator, or the covariance of a gaussian latent; "
        "--set circuit_learning_rate=1e-3 and circuit_optimizer=Adam set its optimizer",
    )
    circuit.add_argument(
        "--unitary-file", help=f"the interferometer's file ({', '.join(UNITARY_SUFFIXES)})"
    )
    circuit.add_argument(
        "--standardize",
        action="store_true",
        default=None,
        help="give each mode unit variance: short for --set latent_options.standardize=true",
    )
    circuit.add_argument("--latent-file", help="file of samples, for --latent samples")
    guide = arguments.add_argument_group("model")
    guide.add_argument(
        "--reward",
        nargs="+",
        metavar="NAME",
        help="properties that molgan is rewarded for, several by their product: qed, "
        "logp, sa, valid, or my_file:my_reward (default: none)",
    )
    guide.add_argument(
        "--reward-weight",
        type=float,
        help="the reward's share of the generator's loss, from 0 to 1",
    )
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_train, parser().parse_args(argv))


def _train(arguments):
    from qlatent_tf.resolve import resolve
    from qlatent_tf.zoo import check_names

    if arguments.continue_from:
        from qlatent_tf.runs.starting_point import starting_point

        # First: where there is no checkpoint, no other option helps.
        starting_point(arguments.continue_from)
    config = config_from_arguments(arguments)
    check_names(config)
    if arguments.dry_run:
        if any(text.startswith(("optimizer", "circuit_optimizer")) for text in arguments.settings):
            # Which there are, and what they take, Keras knows: to ask it takes seconds.
            from qlatent_tf.gan.optimizers import circuit_optimizer, make_optimizer

            make_optimizer(config)
            circuit_optimizer(config)
        print(json.dumps(resolve(config).to_json(), indent=2))
        return 0
    check_files(arguments)
    from qlatent_tf.gan.replicas import is_chief, make_strategy

    # Before anything is computed, or the machines of a cluster do not find each other.
    strategy = make_strategy(arguments.strategy)
    use_inception(arguments)
    from qlatent_tf.runs.training import train

    dataset = None
    if not arguments.continue_from:
        config, dataset = with_fallback_dataset(config, arguments)
    workdir = arguments.workdir or Path("runs") / run_name(
        config, arguments.variant, arguments.generator
    )
    try:
        run = train(
            config,
            workdir,
            data_dir=arguments.data_dir,
            dataset=dataset,
            progress=not arguments.quiet,
            continue_from=arguments.continue_from,
            strategy=strategy,
        )
    except Interrupted as stop:
        print(f"\n{stop} The same command resumes it.", file=sys.stderr)
        return stop.exit_code
    if is_chief(strategy):
        _report(run)
    return 0


def run_name(config, *asked) -> str:
    """Returns ``model_latent_dataset``, which presets are called by too.

    Each run needs a directory of its own. A variant or a generator that was asked for follows the
    model's name. ``trained`` follows the name of a trained latent. The name of the user's file
    follows that of its data set. A seed comes last, unless it is 0.
    """
    trained = "trained" if config.train_circuit else ""
    seed = f"seed{config.seed}" if config.seed else ""
    named = config.dataset_options.get("file")
    file = Path(str(named)).resolve().stem if named else ""
    names = (config.model, *asked, config.latent, trained, config.dataset, file, seed)
    return "_".join(name.rpartition(":")[2] for name in names if name)


def _report(run):
    from qlatent_tf.runs.ending import (
        fitting_arguments,
        in_words,
        note_on_fragments,
        telling_scores,
    )
    from qlatent_tf.scores import read_scores
    from qlatent_tf.storage.preset_files import list_presets

    metrics, record = run.read_metrics(), run.read_run()["dataset"]
    data = record["name"]
    scores = read_scores(metrics.get("metrics", {}), data)
    if scores:
        print(f"Step {metrics['step']:,}, {metrics['num_samples']:,} samples, on {data}:")
    config = run.read_config(trust_code=True)
    trust = trust_option(config)
    named = scores if config.metrics and len(scores) <= _MOST_SHOWN else ()
    floors = {score.metric.removesuffix("_floor"): score for score in scores}
    for score in named or telling_scores(scores) or scores[:3]:
        floor = floors.get(score.metric)
        print(f"  {in_words(score, None if floor is score else floor)}")
    note = note_on_fragments(scores)
    if note:
        print(f"  {note}")
    name = run.path.name
    if name in list_presets(kind=None):
        name = f"my_{name}"
    explained = (
        f"{run.path / 'metrics.json'}, {len(scores)} of them; qlatent-tf list_models --metrics "
        "explains each"
        if scores
        else f"none, for {data} has no metrics of its own. Name some, such as: "
        f"{command('evaluate', run.path, *trust, *fitting_arguments(record))}"
    )
    # Beside others of its kind: one elsewhere may lie in a folder of anything.
    logs = run.path.parent if run.path.parent.name == "runs" else run.path
    print(
        f"\nSamples:      {run.samples}\n"
        f"All scores:   {explained}\n"
        f"TensorBoard:  tensorboard --logdir {shlex.quote(str(logs))}\n"
        f"Keep it:      {command('publish', run.path, name, *trust)}"
    )


if __name__ == "__main__":
    sys.exit(main())
