#!/usr/bin/env python3
"""Compares samples of photons with identical and with distinguishable photons.

Reads every format of `--latent samples`: .npy, .npz, .csv, JSON counts, banks, Borealis
directories, raw Jiuzhang files. Prints mean photon numbers, totals, collisions and the
distribution of the two-mode correlators, and what identical and distinguishable photons would
give: exactly if the circuit is known, over random circuits if not. A known circuit adds a
likelihood ratio and, for small systems, the distance to the exact distribution. A bank knows its
circuit.

examples:
  qlatent-tf inspect_samples my_bank --out report
  qlatent-tf inspect_samples shots.npy --unitary circuit.npy --input-state 1,1,1,0,0,0
  qlatent-tf inspect_samples hardware.npz --key shots --photons 6 --interferometer 1-1 --json
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
from qlatent_tf.tools.arguments import Parser, count, refuse_given
from qlatent_tf.tools.command_line import run_tool, slow_work
from qlatent_tf.tools.sample_latent import parse_input_state

from qlatent_tf.checks import check_count
from qlatent_tf.quantum.unitaries import UNITARY_SUFFIXES, load_unitary
from qlatent_tf.storage import files

_UNRESOLVED = "unresolved"
# What says more of an experiment with single photons, or compares with one.
_OF_PHOTONS = (
    "unitary",
    "input_state",
    "photons",
    "interferometer",
    "detector",
    "collision_free",
    "circuits",
    "likelihood_shots",
)


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("inspect_samples", __doc__)
    arguments.add_argument("file", type=Path, help="a file or directory with samples")
    arguments.add_argument("--key", help="the array in a .npz file")
    arguments.add_argument(
        "--file-format", help="needed for raw Jiuzhang files: jiuzhang2 or jiuzhang3"
    )
    circuit = arguments.add_argument_group("what is known of the experiment")
    circuit.add_argument(
        "--unitary",
        "--unitary-file",
        type=Path,
        help=f"the circuit's file ({', '.join(UNITARY_SUFFIXES)})",
    )
    circuit.add_argument(
        "--input-state", type=parse_input_state, help="photons sent into each mode: 1,1,0,0"
    )
    circuit.add_argument(
        "--photons", type=int, help="photons sent in, one into each of the first modes"
    )
    circuit.add_argument(
        "--interferometer",
        default="haar",
        help="the random circuits that an unknown one is compared with: haar, or "
        "loop delays such as 1-1 (default: haar)",
    )
    circuit.add_argument(
        "--detector",
        choices=("number", "threshold"),
        help="whether detectors count photons or click (default: a bank's; else as the shots look)",
    )
    circuit.add_argument(
        "--collision-free",
        action=argparse.BooleanOptionalAction,
        help="whether shots with two photons in a mode were discarded (default: as the shots look)",
    )
    arguments.add_argument(
        "--circuits", type=count, default=100, help="random circuits to compare with (default: 100)"
    )
    arguments.add_argument(
        "--likelihood-shots",
        type=count,
        help="shots for the likelihood ratio (default: 2000; fewer where photons are many)",
    )
    arguments.add_argument(
        "--seed", type=int, default=0, help="of the bootstrap and the random circuits (default: 0)"
    )
    output = arguments.add_argument_group("output")
    output.add_argument(
        "--out", type=Path, help="a directory for samples.png, samples.svg and report.json"
    )
    output.add_argument("--json", action="store_true", help="print the numbers as JSON")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_inspect, parser().parse_args(argv))


def _inspect(arguments) -> int:
    from qlatent_tf.quantum.recordings.open_samples import open_samples

    if arguments.out is not None:
        for place in (arguments.out, *arguments.out.parents):
            if place.is_file():
                raise FileExistsError(f"--out names a directory; {place} is a file.")
    rows = open_samples(arguments.file, key=arguments.key, file_format=arguments.file_format)
    light = _light_of(rows)
    report = _compared(arguments, rows) if light is None else _counted(arguments, rows, light)
    source = str(arguments.file) + (f" [{arguments.key}]" if arguments.key else "")
    if arguments.json:
        print(json.dumps(report.to_json(), indent=2, allow_nan=False))
    else:
        print("\n".join([source, *_lines(report)]))
    if arguments.out is not None:
        from qlatent_tf.drawing.photon_report import sample_figure
        from qlatent_tf.drawing.style import save_figure

        shots, modes = rows.shape
        compared = "" if report.counts.shots == shots else f"{report.counts.shots:,} of "
        title = f"{Path(source).name}: {compared}{shots:,} shots, {modes} modes"
        figure = sample_figure(report, title)
        save_figure(figure, arguments.out / "samples", dpi=110)
        files.write_json(arguments.out / "report.json", report.to_json())
        if not arguments.json:
            print(f"\nPlots and numbers are in {arguments.out}.")
    return 0


def _compared(arguments, rows):
    """Returns the report on shots of single photons."""
    from qlatent_tf.quantum.verification.validate import validate_samples

    unitary, input_state = recorded = _known_circuit(rows)
    if arguments.unitary is not None:
        unitary, input_state = load_unitary(arguments.unitary), None
    if arguments.input_state is not None:
        input_state = arguments.input_state
    elif arguments.photons is not None:
        input_state = None
    options = getattr(rows, "metadata", {}).get("sampler", {}).get("options", {})
    with slow_work("Comparing the samples with exact distributions and random circuits"):
        report = validate_samples(
            rows,
            unitary=unitary,
            input_state=input_state,
            photons=arguments.photons,
            interferometer=arguments.interferometer,
            detector=arguments.detector or options.get("detector"),
            collision_free=arguments.collision_free,
            circuits=arguments.circuits,
            likelihood_shots=arguments.likelihood_shots,
            seed=arguments.seed,
        )
    replaced = _replaced(recorded, arguments)
    return dataclasses.replace(report, notes=(*report.notes, *replaced, *_left_out(options)))


def _replaced(recorded, arguments):
    """What is recorded of a bank and the command line says otherwise."""
    unitary, input_state = recorded
    if unitary is not None and arguments.unitary is not None:
        yield f"The circuit is that of {arguments.unitary}, in place of the bank's own."
    elif input_state is not None and (arguments.photons or arguments.input_state is not None):
        yield "The input state is the command line's, in place of the bank's own."


def _left_out(options):
    """What is recorded of a bank and no prediction takes into account."""
    tiles = options.get("tiles", 1)
    if tiles > 1:
        yield (
            f"The bank has {tiles} circuits side by side, and each random circuit is one of all "
            "modes: how far it is from these says nothing of the photons."
        )
    transmission = options.get("transmission", 1.0)
    if np.ndim(transmission) and np.ptp(transmission) > 0:
        yield (
            f"The bank's modes keep {min(transmission):g} to {max(transmission):g} of the photons: "
            "deviations may be due to that."
        )
    if options.get("postselect") is not None and tiles > 1:
        yield (
            "The bank selects by the photons of each of its circuits, of which the totals of all "
            "tell nothing: deviations may be due to that."
        )
    if options.get("dark_count_probability"):
        yield (
            f"The bank's detectors count in the dark, {options['dark_count_probability']:g} a "
            "mode: deviations may be due to that."
        )


def _counted(arguments, rows, light):
    """Returns the report on a bank of Gaussian light, of what was counted alone."""
    from qlatent_tf.quantum.verification.correlators import measure_correlators
    from qlatent_tf.quantum.verification.count_statistics import count_statistics
    from qlatent_tf.quantum.verification.report import SampleReport

    reason = f"{arguments.file} is a bank of {light}, whose light is not of single photons."
    refuse_given(arguments, parser(), _OF_PHOTONS, reason)
    note = f"The light of {light} is not of single photons: nothing is predicted."
    measured = measure_correlators(rows, seed=check_count(arguments.seed, "seed"))
    return SampleReport(count_statistics(rows), measured, arguments.interferometer, (note,))


def _light_of(rows) -> str | None:
    """Returns the latent of a bank of Gaussian light; None for others."""
    sampler = getattr(rows, "metadata", {}).get("sampler", {})
    return sampler.get("latent") if "transfer_sha256" in sampler else None


def _known_circuit(rows):
    """Returns the circuit and the input state that a bank keeps beside its rows, or None."""
    from scipy.linalg import block_diag

    from qlatent_tf.quantum.recordings.bank import SampleBank

    if not isinstance(rows, SampleBank) or rows.unitary is None:
        return None, None
    unitaries = rows.unitary.reshape(-1, *rows.unitary.shape[-2:])
    # Circuits side by side are one large circuit. Banks of other samplers need not name a state.
    input_state = rows.metadata["sampler"].get("input_state")
    if input_state is not None:
        input_state = np.tile(input_state, len(unitaries))
    return block_diag(*unitaries), input_state


def _lines(report) -> list[str]:
    """Returns the report as the lines of a terminal."""
    counts = report.counts
    totals = np.arange(len(counts.total_law))
    mean = counts.total_law @ totals
    deviation = np.sqrt(max(counts.total_law @ totals**2 - mean**2, 0.0))
    lines = [
        f"  {counts.shots:,} shots, {counts.modes} modes",
        f"  photons in a shot    {mean:.4f} +- {deviation:.4f}, "
        f"{np.flatnonzero(counts.total_law)[0]} to {totals[-1]}",
        f"  photons in a mode    {counts.mean_photons.min():.4f} to "
        f"{counts.mean_photons.max():.4f} on average, at most {counts.largest_count}",
        f"  collisions           in {counts.collision_rate:.2%} of shots",
        "",
        "  correlators                      normalised mean  coeff. of variation         skewness",
        _row("measured", "{:.4f} +- {:.4f}", report.measured.signature, report.measured.errors),
    ]
    for name, prediction in report.predictions.items():
        lines.append(_row(f"{name}, this circuit", "{:.4f}", prediction.signature))
    kind = "Haar circuits" if report.interferometer == "haar" else f"{report.interferometer} loops"
    for name, ensemble in report.ensembles.items():
        spread = ensemble.mean(axis=0), ensemble.std(axis=0)
        lines.append(_row(f"{name}, {kind}", "{:.4f} +- {:.4f}", *spread))
        distance = report.ensemble_distance(name)
        lines.append(_row("  measured is away by", "{:+.1f} sigma", distance))
    for name, prediction in report.predictions.items():
        lines += [
            "",
            f"  if the photons are {'identical' if name == 'boson' else name}:",
            f"    squared deviation of the means       {prediction.mean_deviation:.2f} "
            "(1: shot noise alone)",
            f"    squared deviation of the correlators {prediction.correlator_deviation:.2f} "
            "(1: shot noise alone)",
        ]
        if prediction.total_variation is not None:
            measured, expected = prediction.total_variation
            lines.append(
                f"    total variation from exact           {measured:.4f} "
                f"({expected:.4f}: shot noise alone)"
            )
    if report.likelihood is not None:
        lines += ["", *_likelihood_lines(report.likelihood, report.fits)]
    if any(_UNRESOLVED in line for line in lines):
        lines.append(
            f"  note: {_UNRESOLVED}: shot noise exceeds the correlators' spread. Record more shots."
        )
    return lines + [f"  note: {note}" for note in report.notes]


def _likelihood_lines(likelihood, fits) -> list[str]:
    doubt = "" if fits else "   of the two, neither of which fits: see the note"
    shots = len(likelihood.log_ratios)
    lines = [
        f"  likelihood ratio, {shots:,} shots: log(boson / distinguishable) = "
        f"{likelihood.log_ratios.sum():.2f}",
        f"    probability of identical photons     {likelihood.confidence:.6f}{doubt}",
    ]
    for confidence in (0.95, 0.99):
        needed = likelihood.shots_needed(confidence)
        reached = f"from shot {needed} on" if needed else f"not within {shots} shots"
        lines.append(f"    {confidence:.0%} sure, one way or the other   {reached}")
    if likelihood.skipped:
        lines.append(f"    {likelihood.skipped} shots without all photons were left out")
    if likelihood.impossible:
        lines.append(f"    {likelihood.impossible} shots are impossible either way")
    return lines


def _row(label: str, form: str, *columns) -> str:
    entries = (
        form.format(*values) if np.isfinite(values).all() else _UNRESOLVED
        for values in zip(*columns, strict=True)
    )
    return f"    {label:<29}" + "".join(f"{entry:>20}" for entry in entries)


if __name__ == "__main__":
    sys.exit(main())
