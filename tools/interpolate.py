#!/usr/bin/env python3
"""Draws molecules or images along straight lines between latents, or the nearest molecules.

Each row of the picture is a line between two latents, drawn from the model's own distribution, at
equal steps. Between two rows of counts lie fractions, which the generator never saw in training.

With --nearest, each row is instead a generated molecule, followed by the molecules of the data set
most like it by the Tanimoto similarity of Morgan fingerprints (radius 2, 2048 bits).

examples:
  qlatent-tf interpolate molgan_boson_qm9 --out lines.png
  qlatent-tf interpolate resnet_boson_cifar10 --out lines.png
  qlatent-tf interpolate molgan_boson_qm9 --rows 4 --columns 10 --seed 3 --out lines.png
  qlatent-tf interpolate molgan_boson_qm9 --nearest --columns 4 --data-dir ~/data --out nearest.png
  qlatent-tf interpolate molgan_boson_qm9 --out lines.csv     # the SMILES instead of pictures
"""

import sys
from pathlib import Path

import numpy as np
from qlatent_tf.tools.arguments import (
    Parser,
    add_source_arguments,
    add_source_data_arguments,
    count,
    refuse_given,
)
from qlatent_tf.tools.asked_data import are_molecules, known_molecules
from qlatent_tf.tools.command_line import run_tool, slow_work
from qlatent_tf.tools.sources import load_model

from qlatent_tf.storage.files import csv_text, write_text

_MOST_CELLS = 64
_FORMS = (".png", ".csv")


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("interpolate", __doc__)
    add_source_arguments(arguments)
    arguments.add_argument("--rows", type=count, default=6, help="lines, or molecules (default: 6)")
    arguments.add_argument(
        "--columns", type=count, default=8, help="pictures a row, the ends included (default: 8)"
    )
    arguments.add_argument("--seed", type=int, default=0, help="chooses the latents (default: 0)")
    arguments.add_argument(
        "--nearest", action="store_true", help="show the nearest molecules of the data set"
    )
    arguments.add_argument(
        "--out",
        type=Path,
        required=True,
        help="the file to write: .png, or for molecules .csv with their SMILES",
    )
    add_source_data_arguments(arguments)
    return arguments


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    return run_tool(_interpolate, parser().parse_args(argv))


def _interpolate(arguments):
    rows, columns = arguments.rows, arguments.columns
    if arguments.out.suffix not in _FORMS:
        raise ValueError(f"--out {arguments.out} should end with {' or '.join(_FORMS)}.")
    if columns < 2:
        raise ValueError(f"A row has 2 columns at least; received --columns {columns}.")
    if arguments.out.suffix == ".png" and rows * columns > _MOST_CELLS:
        raise ValueError(
            f"A picture has {_MOST_CELLS} cells at most; received {rows} rows of {columns}. A .csv "
            "file takes more."
        )
    if not arguments.nearest:
        reason = "Only --nearest compares with data."
        refuse_given(arguments, parser(), ("dataset", "settings"), reason)
    if not -(2**31) <= arguments.seed < 2**31:
        raise ValueError(f"--seed is a whole number of 32 bits; received {arguments.seed}.")
    model, config, _ = load_model(arguments.source, arguments.trust_code, arguments.latent_file)
    samples = model.sample(1, arguments.seed)
    molecules = are_molecules(samples)
    if not molecules and (arguments.nearest or isinstance(samples, dict) or samples.ndim != 4):
        drawn = (
            "Only molecules have nearest ones"
            if arguments.nearest
            else ("Only molecules and images are drawn")
        )
        raise ValueError(f"{drawn} here; this model makes other samples.")
    if not molecules and arguments.out.suffix == ".csv":
        raise ValueError("Only molecules have SMILES for a .csv file; this model makes images.")
    with slow_work("Finding the molecules" if molecules else "Drawing the picture"):
        if arguments.nearest:
            _write_nearest(model, config, arguments)
        else:
            _write_lines(model, arguments)
    what = "picture" if arguments.out.suffix == ".png" else "table"
    print(f"The {what} is in {arguments.out}.")
    return 0


def _write_lines(model, arguments):
    rows, columns, out = arguments.rows, arguments.columns, arguments.out
    ends = np.asarray(model.latent.sample(2 * rows, seed=(arguments.seed, 0)), np.float64)
    shares = np.linspace(0, 1, columns)[:, None]
    lines = ends[:rows, None] * (1 - shares) + ends[rows:, None] * shares
    samples = model.generate(lines.reshape(rows * columns, -1).astype(np.float32))
    if out.suffix == ".csv":
        from qlatent_tf.datasets.molecules.graphs import graphs_to_smiles
        from qlatent_tf.metrics.molecules.counts import is_whole

        smiles = graphs_to_smiles(samples)
        places = [divmod(cell, columns) for cell in range(rows * columns)]
        heads = ["line", "share_of_second_end", "smiles", "valid"]
        table = [
            [line, f"{shares[place, 0]:.4g}", text, "yes" if is_whole(text) else "no"]
            for (line, place), text in zip(places, smiles, strict=True)
        ]
        write_text(out, csv_text(heads, table))
    elif isinstance(samples, dict):
        from qlatent_tf.datasets.molecules.pictures import draw_molecules

        _write_png(out, draw_molecules(samples, columns))
    else:
        from qlatent_tf.drawing.images import draw_images

        _write_png(out, draw_images(samples, columns))


def _write_nearest(model, config, arguments):
    from qlatent_tf.datasets.molecules.graphs import graphs_to_smiles
    from qlatent_tf.datasets.molecules.pictures import draw_smiles
    from qlatent_tf.metrics.molecules.counts import strictly_valid
    from qlatent_tf.metrics.molecules.diversity import nearest

    known = known_molecules(arguments, config)
    if arguments.columns > len(known) + 1:
        raise ValueError(
            f"The data have {len(known)} molecules, so a row has {len(known) + 1} columns at most; "
            f"received --columns {arguments.columns}."
        )
    drawn = 100 * arguments.rows
    valid = strictly_valid(graphs_to_smiles(model.sample(drawn, arguments.seed)))
    generated = list(dict.fromkeys(valid))[: arguments.rows]
    if not generated:
        raise ValueError(f"Of {drawn} samples, none is a valid molecule.")
    found = nearest(generated, sorted(known), count=arguments.columns - 1, progress=True)
    novel = {text: "known" if text in known else "new" for text in generated}
    each = list(zip(generated, found, strict=True))
    if arguments.out.suffix == ".csv":
        heads = ["smiles", "novelty", "neighbour", "similarity"]
        table = [
            [text, novel[text], name, f"{similarity:.4f}"]
            for text, neighbours in each
            for name, similarity in neighbours
        ]
        write_text(arguments.out, csv_text(heads, table))
        return
    smiles, legends = [], []
    for text, neighbours in each:
        smiles += [text, *(name for name, _ in neighbours)]
        legends += [
            f"{text} ({novel[text]})",
            *(f"{name}  {similarity:.2f}" for name, similarity in neighbours),
        ]
    _write_png(arguments.out, draw_smiles(smiles, legends, arguments.columns))


def _write_png(path: Path, picture: np.ndarray) -> None:
    from qlatent_tf.drawing.png import write_picture

    write_picture(path, picture)


if __name__ == "__main__":
    sys.exit(main())
