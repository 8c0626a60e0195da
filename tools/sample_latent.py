#!/usr/bin/env python3
"""Makes a bank: a directory of photonic samples, made once and drawn from in every training run.

The bank stands for the live sampler: train with `--latent samples --latent-file BANK`. Rows are
written in shards. The same command continues after a kill, with the same rows as if nothing had
happened; a command with other settings is refused, and the differences are listed. The circuit,
the settings, the version and the hash of every file are kept beside the rows.

On two cores a million samples take seconds with 8 photons in 16 modes, a minute with 16 in 32 and
an hour with 24 in 48, see docs/boson_sampling.md.

examples:
  tools/sample_latent.py bank16 --modes 16 --photons 8 --num-samples 1000000
  tools/sample_latent.py loops --modes 32 --interferometer 1-1 --transmission 0.8
  tools/sample_latent.py mine --modes 6 --unitary-file circuit.npy --input-state 2,1,0,0,1,0
  tools/sample_latent.py control --latent photonic --modes 16
"""

import argparse
import sys
from pathlib import Path

from qlatent_tf.tools.command_line import run_tool

_OPTIONS = (
    "modes",
    "photons",
    "input_state",
    "unitary_seed",
    "unitary_file",
    "interferometer",
    "tiles",
    "indistinguishability",
    "transmission",
    "detector",
    "dark_count_probability",
    "postselect",
    "method",
    "precision",
)


def parser() -> argparse.ArgumentParser:
    """Returns the tool's argument parser."""
    arguments = argparse.ArgumentParser(
        "sample_latent",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
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
    circuit = arguments.add_argument_group("the circuit, as for the latents boson and photonic")
    circuit.add_argument(
        "--latent",
        choices=("boson", "photonic"),
        default="boson",
        help="identical or distinguishable photons (default: boson)",
    )
    circuit.add_argument("--modes", type=int, help="the width of a circuit (default: 16)")
    circuit.add_argument(
        "--photons",
        type=int,
        help="photons sent in, one into each of the first modes (default: half the modes)",
    )
    circuit.add_argument(
        "--input-state",
        type=parse_input_state,
        help="instead of --photons: photons sent into each mode, 1,1,0,2",
    )
    circuit.add_argument("--unitary-seed", type=int, help="chooses the circuit (default: 0)")
    circuit.add_argument("--unitary-file", help="a circuit of one's own: .npy, .npz or .csv")
    circuit.add_argument(
        "--interferometer", help="haar, or loop delays such as 1-1 or 1-3-9 (default: haar)"
    )
    circuit.add_argument("--tiles", type=int, help="circuits side by side (default: 1)")
    physics = arguments.add_argument_group("imperfections (default: none)")
    physics.add_argument(
        "--indistinguishability", type=float, help="Hong-Ou-Mandel visibility, 0 to 1"
    )
    physics.add_argument(
        "--transmission",
        type=_parse_transmission,
        help="probability that a photon is detected; one number, or one for each mode: 0.9,0.8,...",
    )
    physics.add_argument("--detector", help="number or threshold")
    physics.add_argument("--dark-count-probability", type=float, help="per mode and shot")
    physics.add_argument(
        "--postselect", type=_parse_range, help="total counts that are kept: 8, or 6,8 for a range"
    )
    speed = arguments.add_argument_group("method")
    speed.add_argument("--method", help="auto, table, lanes, glynn or loop (default: auto)")
    speed.add_argument("--precision", help="double or single (default: double)")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_sample, parser().parse_args(argv))


def parse_input_state(text: str) -> list[int]:
    """Parses 1,1,0,2.

    Raises:
      argparse.ArgumentTypeError: if it reads otherwise.
    """
    return _parse_list(text, int, "an input state reads like 1,1,0,2")


def _sample(arguments) -> int:
    from qlatent_tf.latents.latent_bank import write_latent_bank

    if arguments.seed < 0:
        raise ValueError(f"--seed is a whole number from 0; received {arguments.seed}.")
    options = {
        name: getattr(arguments, name) for name in _OPTIONS if getattr(arguments, name) is not None
    }
    write_latent_bank(
        arguments.bank,
        arguments.latent,
        options,
        num_samples=arguments.num_samples,
        seed=arguments.seed,
        shard_size=arguments.shard_size,
    )
    print(f"Train with: --latent samples --latent-file {arguments.bank}", file=sys.stderr)
    return 0


def _parse_transmission(text: str):
    values = _parse_list(text, float, "a transmission reads like 0.9, or 0.9,0.8,... by mode")
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


if __name__ == "__main__":
    sys.exit(main())
