#!/usr/bin/env python3
"""Makes a preset of a finished run: weights, configuration, scores, samples and a card.

The preset goes into ./models, where other commands find it by its name. A name such as
hf://user/name sends it to the Hugging Face Hub, too, where others load it by that name; a preset
that was made before can be sent instead of a run. The token is that of `hf auth login` or of
HF_TOKEN. With --card, the cards of presets are written again from their scores and their records,
and nothing else.

examples:
  qlatent-tf publish runs/molgan_boson_qm9 molgan_boson_qm9
  qlatent-tf publish runs/mine my_preset --models-dir ~/presets --metrics molecules fcd
  qlatent-tf publish runs/mine my_preset --with-checkpoint   # for train --continue-from my_preset
  qlatent-tf publish runs/mine hf://me/my_preset             # for from_preset("hf://me/my_preset")
  qlatent-tf publish runs/mine my_preset --with-latent-file  # with the latent's shots or circuit
  qlatent-tf publish my_preset hf://me/my_preset --private
  qlatent-tf publish --card my_preset
"""

import shutil
import sys
import tempfile
from pathlib import Path

from qlatent_tf.tools.arguments import (
    Parser,
    add_scoring_arguments,
    add_trust_argument,
    refuse_given,
)
from qlatent_tf.tools.command_line import command, run_tool, trust_option
from qlatent_tf.tools.sources import use_inception

from qlatent_tf.latents.files import latent_file, lies_in
from qlatent_tf.runs.loading import is_preset, source_config
from qlatent_tf.storage.hub import check_upload, is_hub_name, parse_hub_name, upload_preset
from qlatent_tf.storage.preset_files import new_preset_directory, own_preset_directory
from qlatent_tf.zoo import check_metric

# What decides how a preset is made of a run.
_OF_RUNS = (
    "with_checkpoint",
    "with_latent_file",
    "latent_file",
    "models_dir",
    "data_dir",
    "num_samples",
    "seeds",
    "metrics",
    "inception_weights",
)


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("publish", __doc__)
    arguments.add_argument("run", nargs="?", help="the run's directory, or a preset to be sent")
    arguments.add_argument(
        "preset",
        nargs="?",
        help="the preset's name: MODEL_LATENT_DATASET, or hf://USER/NAME on the Hub",
    )
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
    arguments.add_argument(
        "--with-latent-file",
        action="store_true",
        help="put the file that the latent reads, samples or a circuit, into the preset, so that "
        "it needs nothing else: whoever gets the preset gets the file",
    )
    arguments.add_argument(
        "--latent-file", metavar="PATH", help="where the file that the latent reads lies here"
    )
    arguments.add_argument(
        "--private",
        action="store_true",
        help="make a private repository on the Hub; fails if a public one of this name exists",
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
    from qlatent_tf.experiments.published import published_figures
    from qlatent_tf.publishing.publish import publish_run

    for name in arguments.metrics:
        check_metric(name)
    use_inception(arguments)
    name, on_hub = arguments.preset, is_hub_name(arguments.preset)
    if on_hub:
        check_upload(name, arguments.overwrite, arguments.private)
        if is_preset(arguments.run):
            refuse_given(arguments, parser(), _OF_RUNS, "A preset is sent as it is.")
            return _send_copy(own_preset_directory(arguments.run), arguments)
        name = parse_hub_name(name).repository.partition("/")[2]
    elif arguments.private:
        raise ValueError(f"--private is for a preset on the Hub, hf://USER/NAME; received {name}.")
    directory = new_preset_directory(name, arguments.models_dir, arguments.overwrite)
    config = publish_run(
        arguments.run,
        directory,
        name=arguments.preset,
        num_samples=arguments.num_samples,
        seeds=range(arguments.seeds),
        metric_names=arguments.metrics,
        latent_file=arguments.latent_file,
        with_latent_file=arguments.with_latent_file,
        with_checkpoint=arguments.with_checkpoint,
        data_dir=arguments.data_dir,
        published=published_figures,
        trust_code=arguments.trust_code,
    )
    file = latent_file(config)
    if file is not None and not arguments.with_latent_file and not lies_in(config, directory):
        print(
            f"note: the latent reads {file}, which the preset does not hold. "
            "Elsewhere, --latent-file PATH names it; --with-latent-file puts a file into a preset.",
            file=sys.stderr,
        )
    if on_hub:
        return _send(directory, arguments, trust_option(config))
    name = directory if arguments.models_dir else name
    try_it = command("sample", name, "--out", "samples.png", *trust_option(config))
    print(f"{directory} holds the preset. Try: {try_it}")
    return 0


def _send_copy(directory, arguments):
    """Sends a preset that was there, whose card says the name on the Hub."""
    from qlatent_tf.experiments.published import published_figures
    from qlatent_tf.publishing.rescore import rewrite_card

    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(directory, Path(folder) / directory.name)
        how = {"published": published_figures, "trust_code": arguments.trust_code}
        rewrite_card(copy, name=arguments.preset, **how)
        trust = trust_option(source_config(directory, arguments.trust_code))
        return _send(directory, arguments, trust, copy)


def _send(directory, arguments, trust, copy=None):
    """Sends a preset, which stays where it is, to the Hub, or a copy of it."""
    name = arguments.preset
    try:
        address = upload_preset(copy or directory, name, private=arguments.private)
    except (OSError, ValueError) as error:
        # Without --private it would end in a public repository.
        asked = {
            "--private": arguments.private,
            "--overwrite": arguments.overwrite,
            "--trust-code": arguments.trust_code,
        }
        again = command("publish", directory, name, *(flag for flag in asked if asked[flag]))
        raise OSError(f"{error} The preset is in {directory}. Send it again: {again}") from error
    try_it = command("sample", name, "--out", "samples.png", *trust)
    print(f"{address} holds {name}. Try: {try_it}")
    return 0


def _rewrite_cards(arguments):
    from qlatent_tf.experiments.published import published_figures
    from qlatent_tf.publishing.rescore import rewrite_card

    if arguments.run:
        raise ValueError(f"--card names the presets itself; received {arguments.run} besides.")
    options = (*_OF_RUNS, "overwrite", "private")
    refuse_given(arguments, parser(), options, "--card only writes cards again.")
    for name in arguments.card:
        rewrite_card(name, published=published_figures, trust_code=arguments.trust_code)
        print(f"The card of {name} is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
