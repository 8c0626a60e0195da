#!/usr/bin/env python3
"""Draws samples from a preset, or from a run's last checkpoint, into a file.

The file's ending chooses the form: .png a grid; .npy an array (a record of the parts, for
samples of several); .smi one SMILES a line, for the valid molecules.

examples:
  tools/sample.py molgan_boson_qm9 -n 64 --out grid.png
  tools/sample.py molgan_boson_qm9 -n 1000 --seed 7 --out molecules.smi
  tools/sample.py runs/mlp_boson_quantum -n 100000 --out samples.npy
"""

import argparse
import sys
from pathlib import Path

import numpy as np

from qlatent_tf.files import atomic_path, write_text
from qlatent_tf.tools.command_line import add_source_arguments, load_model, run_tool


def parser() -> argparse.ArgumentParser:
    """Returns the tool's argument parser."""
    arguments = argparse.ArgumentParser(
        "sample", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_source_arguments(arguments)
    arguments.add_argument("-n", "--num-samples", type=int, default=64, help="(default: 64)")
    arguments.add_argument("--seed", type=int, default=0, help="chooses the latents (default: 0)")
    arguments.add_argument("--out", type=Path, required=True, help="the file to write")
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_sample, parser().parse_args(argv))


def _sample(arguments):
    write = _WRITERS.get(arguments.out.suffix)
    if write is None:
        raise ValueError(
            f"--out {arguments.out} should end with one of {', '.join(sorted(_WRITERS))}."
        )
    model, _, _ = load_model(arguments.source, arguments.trust_code)
    note = write(arguments.out, model.sample(arguments.num_samples, arguments.seed))
    print(f"{arguments.num_samples} samples of {arguments.source} are in {arguments.out}{note}")
    return 0


def _write_picture(path, samples):
    from qlatent_tf.pictures import render, write_picture

    write_picture(path, render(samples))
    return "."


def _write_array(path, samples):
    if isinstance(samples, dict):
        record = [(name, part.dtype, part.shape[1:]) for name, part in samples.items()]
        array = np.empty(len(next(iter(samples.values()))), record)
        for name, part in samples.items():
            array[name] = part
        samples = array
    with atomic_path(path) as temporary:
        np.save(temporary, samples, allow_pickle=False)
    return f" (dtype {samples.dtype}, shape {samples.shape})."


def _write_smiles(path, samples):
    from qlatent_tf.datasets.molecule_graphs import graphs_to_smiles
    from qlatent_tf.metrics.molecules import strictly_valid

    if not isinstance(samples, dict) or set(samples) != {"atoms", "bonds"}:
        raise ValueError("Only molecules have SMILES; this model makes other samples.")
    smiles = strictly_valid(graphs_to_smiles(samples))
    write_text(path, "".join(f"{line}\n" for line in smiles))
    return f", of which {len(smiles)} are valid molecules; the others were left out."


_WRITERS = {".png": _write_picture, ".npy": _write_array, ".smi": _write_smiles}


if __name__ == "__main__":
    sys.exit(main())
