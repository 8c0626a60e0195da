#!/usr/bin/env python3
"""Makes a bank: a directory of photonic samples, made once and drawn from in every training run.

`train --latent samples --latent-file BANK` draws from the bank instead of a live sampler. The tool
writes the rows in shards. After a kill, the same command resumes and writes the rows that are
missing; it refuses other settings and lists the differences. The circuit, the settings, the version
and the hash of every file lie next to the rows.

On two cores a million samples take seconds with 8 photons in 16 modes, a minute with 16 in 32 and
an hour with 24 in 48, see docs/boson_sampling.md.

examples:
  qlatent-tf sample_latent bank16 --modes 16 --photons 8 --num-samples 1000000
  qlatent-tf sample_latent loops --modes 32 --interferometer 1-1 --transmission 0.8
  qlatent-tf sample_latent mine --unitary-file circuit.npy --input-state 2,1,0,0,1,0
  qlatent-tf sample_latent control --latent photonic --modes 16
  qlatent-tf sample_latent gbs6 --latent gaussian_boson --modes 6 --num-samples 20000
  qlatent-tf sample_latent bank48 --modes 48 --scheduler tcp://host:8786
  qlatent-tf sample_latent shots --provider perceval --platform sim:slos --modes 6

With --provider, a platform draws the shots: a simulator of Perceval on this machine, or a platform
of Quandela's cloud, such as qpu:belenos, with the token that PCVL_CLOUD_TOKEN holds. After a kill,
the same command waits for a job that was sent to the cloud. See docs/devices.md.
"""

import argparse
import sys
from pathlib import Path

from qlatent_tf.tools.arguments import (
    Parser,
    add_cluster_arguments,
    cluster_of,
    count,
)
from qlatent_tf.tools.command_line import command, run_tool


def parse_input_state(text: str) -> list[int]:
    """Parses 1,1,0,2.

    Raises:
      argparse.ArgumentTypeError: if it reads otherwise.
    """
    return _parse_list(text, int, "an input state reads like 1,1,0,2")


def _parse_transmission(text: str):
    values = _parse_list(text, float, "a transmission reads like 0.9, or 0.9,0.8,... by mode")
    return values[0] if len(values) == 1 else values


def _parse_squeezing(text: str):
    values = _parse_list(text, float, "a squeezing reads like 0.66, or 0.66,0.5,... by input")
    return values[0] if len(values) == 1 else values


def _parse_range(text: str):
    values = _parse_list(text, int, "a range of totals reads like 6,8, a single one like 8")
    return values[0] if len(values) == 1 else values


def _parse_list(text: str, number: type, legal: str) -> list:
    try:
        return [number(cell) for cell in text.split(",")]
    except ValueError:
        # Of this error argparse shows the message; of others, the name of the function.
        raise argparse.ArgumentTypeError(f"{legal}; received {text!r}") from None


# Of the latents, by groups: how an option is read, and what it means.
_OPTIONS = {
    "the circuit, as for the latent": {
        "modes": (
            int,
            "the width of a circuit (default: that of your own circuit or --input-state, or 16)",
        ),
        "photons": (
            int,
            "photons sent in, one into each of the first modes (default: half the modes)",
        ),
        "input_state": (
            parse_input_state,
            "instead of --photons: photons sent into each mode, 1,1,0,2",
        ),
        "unitary_seed": (int, "chooses the circuit (default: 0)"),
        "unitary_file": (str, "your own circuit: .npy, .npz, .csv, .pcvl or .xbb"),
        "interferometer": (str, "haar, or loop delays such as 1-1 or 1-3-9 (default: haar)"),
        "tiles": (int, "circuits side by side (default: 1)"),
    },
    "light, for the latents gaussian_boson, squashed, thermal and coherent": {
        "squeezing": (_parse_squeezing, "one number, or one for each input: 0.66,0.5,..."),
        "device": (str, "the calibration of a real device: FILE:NAME"),
        "transfer_file": (str, "your own lossy circuit: .npy, .npz or .csv"),
    },
    "imperfections (default: none)": {
        "indistinguishability": (float, "Hong-Ou-Mandel visibility, 0 to 1"),
        "interfering_photons": (
            int,
            "photons that can interfere, chosen again for each sample: 1 is classical",
        ),
        "g2": (float, "second photons of the sources, 0 to 1, as in Perceval's NoiseModel"),
        "phase_error": (float, "largest error of each of the circuit's phases, in radians"),
        "transmission": (
            _parse_transmission,
            "probability that a photon is detected; one number, or one for each mode: 0.9,0.8,...",
        ),
        "detector": (str, "number or threshold"),
        "dark_count_probability": (float, "per mode and shot"),
        "postselect": (_parse_range, "total counts that are kept: 8, or 6,8 for a range"),
    },
    "method": {
        "method": (str, "auto, table, lanes, glynn or loop, see docs/photonics.md (default: auto)"),
        "precision": (str, "double or single (default: double)"),
    },
}


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("sample_latent", __doc__)
    arguments.add_argument(
        "bank", type=Path, help="the bank's directory: new, empty, or begun by the same command"
    )
    arguments.add_argument(
        "--num-samples", type=int, default=1_000_000, help="rows in all (default: 1000000)"
    )
    arguments.add_argument(
        "--seed", type=int, default=0, help="chooses the samples of a circuit (default: 0)"
    )
    arguments.add_argument(
        "--shard-size",
        type=int,
        default=25_000,
        help="rows in a file; a kill loses at most so many (default: 25000)",
    )
    arguments.add_argument(
        "--latent",
        choices=("boson", "photonic", "gaussian_boson", "squashed", "thermal", "coherent"),
        default="boson",
        help="identical or distinguishable photons, or Gaussian light (default: boson)",
    )
    arguments.add_argument("--quiet", action="store_true", help="no progress bar")
    platform = arguments.add_argument_group("shots of a platform, instead of this package's own")
    platform.add_argument("--provider", choices=("perceval",), help="who has the platform")
    platform.add_argument(
        "--platform",
        help="sim:clifford2017, sim:slos, sim:slap or sim:naive on this machine; any other name is "
        "one of Quandela's cloud, such as qpu:NAME",
    )
    platform.add_argument(
        "--max-shots", type=count, help="shots that a job may use on the cloud, selected or not"
    )
    add_cluster_arguments(arguments)
    for title, options in _OPTIONS.items():
        group = arguments.add_argument_group(title)
        for name, (kind, about) in options.items():
            group.add_argument(f"--{name.replace('_', '-')}", type=kind, help=about)
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_resumable, parser().parse_args(argv))


def _resumable(arguments) -> int:
    """Makes the bank, and says after Ctrl-C what becomes of it."""
    try:
        return _sample(arguments)
    except KeyboardInterrupt:
        print("\nStopped. The same command makes what is missing.", file=sys.stderr)
        return 130


def _sample(arguments) -> int:
    from qlatent_tf.latents.latent_bank import write_latent_bank

    if arguments.seed < 0:
        raise ValueError(f"--seed is a whole number from 0; received {arguments.seed}.")
    names = [name for options in _OPTIONS.values() for name in options]
    options = {name: getattr(arguments, name) for name in names}
    options = {name: value for name, value in options.items() if value is not None}
    bank, latent = arguments.bank, arguments.latent
    how = {
        "num_samples": arguments.num_samples,
        "seed": arguments.seed,
        "shard_size": arguments.shard_size,
        "progress": not arguments.quiet,
    }
    if arguments.provider is None:
        if arguments.platform or arguments.max_shots:
            raise ValueError("--platform and --max-shots go with --provider.")
        with cluster_of(arguments) as cluster:
            write_latent_bank(bank, latent, options, cluster=cluster, **how)
    elif not arguments.platform:
        raise ValueError(f"--provider {arguments.provider} needs a --platform.")
    elif arguments.workers or arguments.scheduler or arguments.cluster:
        raise ValueError("A platform draws the shots, not --workers, --scheduler or --cluster.")
    else:
        from qlatent_tf.latents.device_bank import write_device_bank

        how |= {"provider": arguments.provider, "max_shots": arguments.max_shots}
        write_device_bank(bank, arguments.platform, latent, options, **how)
    train = ("train", "--model", "molgan", "--latent", "samples", "--latent-file", bank)
    print(f"Train with it:   {command(*train)}", file=sys.stderr)
    print(f"Look into it:    {command('inspect_samples', bank)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
