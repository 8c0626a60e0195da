#!/usr/bin/env python3
"""Draws samples from a preset, or from a run's last checkpoint, into a file.

The file's ending chooses the form: .png a grid of the first 64; .npy an array (for molecules a
structured array of atoms and bonds); and for valid molecules .smi one SMILES a line, .csv and .sdf
with the properties QED, logP (octanol-water) and SA (synthetic accessibility, 1 easy to 10). A
molecule is valid if it is one fragment and holds no wildcard. What the filters leave out is not
replaced.

examples:
  qlatent-tf sample molgan_boson_qm9 -n 64 --out grid.png
  qlatent-tf sample molgan_boson_qm9 -n 64 --valid-only --out grid.png
  qlatent-tf sample molgan_boson_qm9 -n 1000 --seed 7 --out molecules.smi
  qlatent-tf sample molgan_boson_qm9 -n 10000 --unique --keep "qed>0.5" "sa<=4" --out best.csv
  qlatent-tf sample molgan_boson_qm9 -n 10000 --mark-novel --data-dir ~/data --out all.sdf
  qlatent-tf sample runs/mlp_boson_quantum -n 100000 --out samples.npy
"""

import math
import operator
import re
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
from qlatent_tf.tools.sources import (
    check_memory,
    load_model,
)

from qlatent_tf.storage.files import atomic_path, csv_text, write_text

_COMPARISONS = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("sample", __doc__)
    add_source_arguments(arguments)
    arguments.add_argument(
        "-n",
        "--num-samples",
        type=count,
        default=64,
        help="how many are drawn, before any filter (default: 64)",
    )
    arguments.add_argument("--seed", type=int, default=0, help="chooses the latents (default: 0)")
    arguments.add_argument("--out", type=Path, required=True, help="the file to write")
    filters = arguments.add_argument_group("filters of molecules")
    filters.add_argument("--valid-only", action="store_true", help="only valid molecules")
    filters.add_argument("--unique", action="store_true", help="each valid molecule once")
    filters.add_argument(
        "--novel-only", action="store_true", help="only valid molecules that the data set lacks"
    )
    filters.add_argument(
        "--mark-novel",
        action="store_true",
        help="leave none out, but say in .csv and .sdf which are novel",
    )
    filters.add_argument(
        "--keep",
        nargs="+",
        action="extend",
        default=[],
        metavar="CONDITION",
        help='only valid molecules with, say, "qed>0.5" "sa<4" "MolWt<=100": qed, logp, sa and '
        "the descriptors of RDKit",
    )
    add_source_data_arguments(arguments)
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
    if arguments.mark_novel and arguments.out.suffix not in (".csv", ".sdf"):
        raise ValueError(
            f"--mark-novel writes only into .csv and .sdf; received --out {arguments.out}."
        )
    if not (arguments.novel_only or arguments.mark_novel):
        reason = "Only --novel-only and --mark-novel compare with data."
        refuse_given(arguments, parser(), ("dataset", "settings"), reason)
    conditions = [_condition(text) for text in arguments.keep]
    filtered = arguments.valid_only or arguments.unique or arguments.novel_only or conditions
    model, config, _ = load_model(arguments.source, arguments.trust_code, arguments.latent_file)
    known = None
    if arguments.novel_only or arguments.mark_novel:
        known = known_molecules(arguments, config)
    check_memory(model, arguments.num_samples)
    with slow_work(f"Drawing {arguments.num_samples:,} samples"):
        samples = model.sample(arguments.num_samples, arguments.seed)
    note = ""
    if filtered or arguments.out.suffix in _MOLECULE_FORMS:
        left_out = known if arguments.novel_only else frozenset()
        samples, valid = _select(samples, arguments.unique, left_out, conditions)
        count = len(samples["atoms"])
        if not count and arguments.out.suffix == ".png":
            raise ValueError(
                f"There is nothing to draw: {valid} of {arguments.num_samples} samples were valid "
                "molecules, and the filters left none."
            )
        note = f" {valid} were valid molecules"
        note += f", of which the filters left {count}." if count != valid else "."
    form = write(arguments.out, samples, known if arguments.mark_novel else None)
    if not note and arguments.out.suffix == ".png" and are_molecules(samples):
        note = f" {_select(samples, False, frozenset(), [])[1]} are valid molecules."
    print(
        f"{arguments.num_samples} samples of {arguments.source} were drawn.{note} "
        f"They are in {arguments.out}{form}"
    )
    return 0


def _condition(text):
    """Returns the property, comparison and number of a condition such as ``qed>0.5``."""
    from qlatent_tf.metrics.molecules.properties import check_property

    match = re.fullmatch(r"\s*(\w+)\s*(<=|>=|<|>)\s*(\S+)\s*", text)
    try:
        name, comparison, number = match.groups()
        if math.isnan(float(number)):
            raise ValueError(number)
    except (AttributeError, ValueError) as error:
        raise ValueError(
            '--keep takes conditions such as "qed>0.5" or "MolWt<=100": qed, logp, sa or a '
            f"descriptor of RDKit with {', '.join(_COMPARISONS)} and a number; received {text!r}."
        ) from error
    try:
        return check_property(name), _COMPARISONS[comparison], float(number)
    except ValueError as error:
        raise ValueError(f"{error} --keep received {text!r}.") from error


def _select(samples, unique, known, conditions):
    """Returns the valid molecules that pass the filters, and how many were valid."""
    from qlatent_tf.metrics.molecules.counts import is_whole
    from qlatent_tf.metrics.molecules.properties import property_values

    smiles = np.array([text or "" for text in _smiles_of(samples)], dtype=object)
    rows = np.array([is_whole(text) for text in smiles], dtype=bool).nonzero()[0]
    valid = len(rows)
    if unique:
        rows = np.sort(rows[np.unique(smiles[rows].astype(str), return_index=True)[1]])
    rows = np.array([row for row in rows if smiles[row] not in known], dtype=int)
    for name, compare, number in conditions:
        rows = rows[compare(property_values(smiles[rows], name, progress=True), number)]
    return {name: part[rows] for name, part in samples.items()}, valid


def _smiles_of(samples):
    from qlatent_tf.datasets.molecules.graphs import graphs_to_smiles

    if not are_molecules(samples):
        raise ValueError(
            "Only molecules have SMILES, which .smi, .csv, .sdf and filters need; this model makes "
            "other samples: --out FILE.npy, or .png."
        )
    return graphs_to_smiles(samples)


def _columns(smiles, known):
    from qlatent_tf.metrics.molecules.properties import PROPERTIES, property_table

    table = property_table(smiles, progress=True)
    columns = {
        name: [f"{value:.4f}" for value in column]
        for name, column in zip(PROPERTIES, table.T, strict=True)
    }
    if known is not None:
        columns["novel"] = ["no" if text in known else "yes" for text in smiles]
    return columns


def _write_picture(path, samples, known):
    from qlatent_tf.drawing.images import MAX_DRAWN
    from qlatent_tf.drawing.png import write_picture

    del known
    write_picture(path, _render(samples))
    count = len(next(iter(samples.values())) if isinstance(samples, dict) else samples)
    return "." if count <= MAX_DRAWN else f", which shows the first {MAX_DRAWN}."


def _render(samples) -> np.ndarray:
    """Draws samples by what they are: molecules or images in a grid, vectors as a map."""
    from qlatent_tf.drawing.images import draw_images

    if are_molecules(samples):
        from qlatent_tf.datasets.molecules.pictures import draw_molecules

        return draw_molecules(samples)
    if not isinstance(samples, dict) and np.ndim(samples) == 2:
        from qlatent_tf.drawing.vectors import draw_vectors

        return draw_vectors(samples)
    if not isinstance(samples, dict) and np.ndim(samples) == 4:
        return draw_images(samples)
    import tensorflow as tf

    shapes = tf.nest.map_structure(np.shape, samples)
    raise ValueError(f"There is no picture for samples of shape {shapes}.")


def _write_array(path, samples, known):
    del known
    if isinstance(samples, dict):
        record = [(name, part.dtype, part.shape[1:]) for name, part in samples.items()]
        array = np.empty(len(next(iter(samples.values()))), record)
        for name, part in samples.items():
            array[name] = part
        samples = array
    with atomic_path(path) as temporary:
        np.save(temporary, samples, allow_pickle=False)
    return f" (dtype {samples.dtype}, shape {samples.shape})."


def _write_smiles(path, samples, known):
    del known
    write_text(path, "".join(f"{line}\n" for line in _smiles_of(samples)))
    return "."


def _write_table(path, samples, known):
    smiles = _smiles_of(samples)
    columns = {"smiles": smiles, **_columns(smiles, known)}
    write_text(path, csv_text(columns, zip(*columns.values(), strict=True)))
    return "."


def _write_structures(path, samples, known):
    from qlatent_tf.datasets.molecules.files import write_structures

    smiles = _smiles_of(samples)
    write_structures(path, smiles, _columns(smiles, known))
    return "."


_MOLECULE_FORMS = {".smi": _write_smiles, ".csv": _write_table, ".sdf": _write_structures}
_WRITERS = {".png": _write_picture, ".npy": _write_array, **_MOLECULE_FORMS}


if __name__ == "__main__":
    sys.exit(main())
