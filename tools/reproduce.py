#!/usr/bin/env python3
"""Runs the published experiments again, with any latent, such as your own `my_file:my_latent`.

examples:
  qlatent-tf reproduce table1 --iterations 5000 --seeds 3 --data quantum --workdir results
  qlatent-tf reproduce table1 --latents boson my_file:my_latent --iterations 5000
  qlatent-tf reproduce table1 --latents gaussian boson --samples shots.csv   # a row of your shots
  qlatent-tf reproduce table1 --workers 4          # processes of this machine
  qlatent-tf reproduce table1 --cluster slurm.yaml # jobs of a batch system
  qlatent-tf reproduce table1 --merge other/results
  qlatent-tf reproduce origins --reuse runs/noise  # runs that are the same are trained once
  qlatent-tf reproduce figure2 --workdir results
  qlatent-tf reproduce mixture --seeds 5
  qlatent-tf reproduce table2 --sizes 16 --latents boson gaussian --seeds 3
  qlatent-tf reproduce table2 --sizes 32 --latents boson --interferometers haar 1-1 1-3-9
  qlatent-tf reproduce table2 --sizes 48 --bank-samples 100000
  qlatent-tf reproduce table2 --sizes --samples shots.npz:counts       # only these
  qlatent-tf reproduce table2_cifar --variant small --iterations 8000 --seeds 1
  qlatent-tf reproduce table2_cifar --latents --samples shots.npy        # of 128 modes or more
  qlatent-tf reproduce theorem1 --iterations 2000
  qlatent-tf reproduce capacity --autoencoder my_autoencoder --qubits 3 4 5 --seeds 3

Each finished run is a file; the same command resumes where it was stopped.
"""

import shlex
import sys
from pathlib import Path

from qlatent_tf.tools.arguments import (
    Parser,
    add_cluster_arguments,
    add_inception_argument,
    add_settings_argument,
    add_trust_argument,
    cluster_of,
    count,
)
from qlatent_tf.tools.asked_data import check_dataset
from qlatent_tf.tools.command_line import run_tool
from qlatent_tf.tools.measured import (
    SOURCES,
    measure_figure2,
    measure_theorem1,
    parsed_settings,
    show_table,
    stopped,
)
from qlatent_tf.tools.sources import use_inception

from qlatent_tf.experiments.catalogue import EXPERIMENTS
from qlatent_tf.experiments.experiment import GridExperiment
from qlatent_tf.experiments.grids.cells import named_code
from qlatent_tf.experiments.grids.finished_cells import (
    cell_differences,
    read_like,
    scored_samples,
)
from qlatent_tf.runs.interrupted import Interrupted
from qlatent_tf.text.differences import differences, format_differences


def parser() -> Parser:
    """Returns the tool's argument parser."""
    arguments = Parser("reproduce", __doc__)
    commands = arguments.add_subparsers(dest="experiment", required=True)
    for name, experiment in EXPERIMENTS.items():
        about = f"{experiment.help}. {experiment.citation}. {experiment.description}".strip()
        about = f"{about[0].upper()}{about[1:]}"
        command = commands.add_parser(name, help=experiment.help, description=about)
        _add_arguments(command, experiment)
    return arguments


def _add_arguments(command, experiment):
    if experiment.name in SOURCES:
        command.add_argument("source", metavar="SOURCE", **SOURCES[experiment.name])
    read = "SOURCE" if experiment.name in SOURCES else "runs in --workdir"
    if "autoencoder" in experiment.arguments:
        read += " and the autoencoder"
    add_trust_argument(command, read)
    for name, option in experiment.arguments.items():
        _add_option(command, name, option)
    workdir = Path("runs", experiment.runs_of or experiment.name)
    command.add_argument(
        "--workdir",
        type=Path,
        default=workdir,
        help=f"where runs, cells and results go (default: {workdir})",
    )
    if "iterations" in experiment.arguments:
        add_settings_argument(
            command,
            "any other configuration value, as for train",
        )
    if isinstance(experiment, GridExperiment):
        command.add_argument("--data-dir", help="where data files are looked for first")
        if experiment.scores_images:
            add_inception_argument(command)
        add_cluster_arguments(command)
        command.add_argument(
            "--merge",
            metavar="DIR",
            nargs="*",
            help="train nothing: take in the cells (finished runs) of other working directories "
            "and write the table of all",
        )
        command.add_argument(
            "--reuse",
            metavar="DIR",
            nargs="+",
            default=[],
            help="first take finished runs of the same configuration from the working directories "
            "of other experiments",
        )
        command.add_argument(
            "--dry-run",
            action="store_true",
            help="list the runs and how far each of them is, and stop",
        )
    command.add_argument("--quiet", action="store_true", help="no progress bars")


def _add_option(command, name, option):
    several = isinstance(option.default, tuple)
    values = option.default if several else (option.default,)
    about = option.help
    if values not in ((), (None,)):
        whose = f", {option.whose}" if option.whose else ""
        about += f" (default: {' '.join(map(str, values))}{whose})"
    command.add_argument(
        *(["--steps"] if name == "iterations" else []),
        f"--{name.replace('_', '-')}",
        dest=name,
        default=option.default,
        nargs=("*" if option.may_be_empty else "+") if several else None,
        type=_type_of(name, values),
        metavar=option.metavar,
        choices=option.choices,
        help=about,
    )


def _type_of(name, values):
    if not any(isinstance(value, int) for value in values):
        return str
    return int if name == "seed" else count


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    arguments = parser().parse_args(argv)
    measuring = {"figure2": measure_figure2, "theorem1": measure_theorem1}
    return run_tool(measuring.get(arguments.experiment, _run_grid), arguments)


def _run_grid(arguments):
    """Lists, merges or runs the cells, then writes the experiment's results of all finished."""
    experiment = EXPERIMENTS[arguments.experiment]
    if arguments.merge is not None:
        _refuse_beside_merge(arguments)
    opening = cluster_of(arguments)
    asked_data = getattr(arguments, "data", None) or ()
    for name in (asked_data,) if isinstance(asked_data, str) else asked_data:
        check_dataset(name)
    cells = experiment.cells(
        parsed_settings(arguments), **_asked(arguments, experiment.cell_options)
    )
    # Now, so that a wrong name is refused without TensorFlow.
    from qlatent_tf.experiments.grids.grid import Grid
    from qlatent_tf.experiments.grids.taken_in import mergeable, reusable, take_in

    grid = Grid(arguments.workdir, getattr(arguments, "num_samples", experiment.num_samples))
    if arguments.merge is None:
        grid.check(cells)
    reused = reusable(grid, cells, arguments.reuse)
    # Before anything is copied.
    new = {} if arguments.merge is None else mergeable(grid, arguments.merge, cells)
    if arguments.dry_run and arguments.merge is not None:
        taken = {cell.file_name for cell in cells if cell.name in reused}
        names = sorted(name.removesuffix(".json") for name in taken | {file.name for file in new})
        print("\n".join([*names, f"{len(names)} cells would be new here."]))
        return 0
    if arguments.dry_run:
        return _list(grid, cells, reused)
    for cell in cells:
        if cell.name in reused:
            grid.keep(cell, reused[cell.name])
    if arguments.reuse:
        print(f"Cells that other experiments have run: {len(reused)}.")
    if experiment.scores_images:
        _check_inception(arguments, grid, cells)
    status, steps = 0, cells[0].config.steps
    if arguments.merge is None:
        status = _train(arguments, experiment, grid, cells, opening)
    else:
        there = [*read_like(grid.path, cells), *new.values()]
        _check_steps([grid.path, *arguments.merge], there, steps)
        print(f"{take_in(new)} cells are new here.")
    found = read_like(grid.path, cells)
    finished = [cell for cell in found if cell["config"].steps == steps]
    if finished and len(finished) < len(found):
        print(
            f"note: {len(found) - len(finished)} cells of other than {steps:,} steps are not in "
            "this table: --iterations says of which it is.",
            file=sys.stderr,
        )
    if arguments.merge is not None:
        _tell_differences(grid, finished, cells)
    if finished or not status:
        experiment.write(arguments.workdir, finished, arguments.trust_code or named_code(cells))
        show_table(arguments)
        print(
            f"Table and figures are in {arguments.workdir}.   "
            f"{shlex.join(['tensorboard', '--logdir', str(arguments.workdir)])}"
        )
    return status


def _refuse_beside_merge(arguments):
    """Refuses what is for cells that are trained."""
    named = [name for name in ("workers", "scheduler", "cluster") if vars(arguments)[name]]
    if named:
        raise ValueError(f"--merge trains nothing, so that --{named[0]} has no meaning beside it.")


def _check_steps(folders, found, steps):
    """Refuses to make a table of no cells, or of cells that are all of other steps."""
    named = " or ".join(map(str, folders))
    if not found:
        raise ValueError(
            f"{named} has no finished cells of this experiment. Name folders that have some: "
            "--merge DIR."
        )
    there = sorted({cell["config"].steps for cell in found})
    if steps not in there:
        raise ValueError(
            f"No cell in {named} has {steps} steps, but {', '.join(map(str, there))}: "
            "--iterations says of which the table is."
        )


def _tell_differences(grid, finished, cells):
    """Says where cells that were merged are of another configuration than the one asked for."""
    asked = {cell.name: cell.config for cell in cells}
    for cell in finished:
        if cell["name"] in asked:
            found = cell_differences(cell["config"], asked[cell["name"]])
            found |= differences(scored_samples(cell), {"scored samples": grid.num_samples})
            if found:
                print(
                    "note: cells stay as they are, also where they differ from what you ask for "
                    f"(theirs -> yours): {format_differences(found)}.",
                    file=sys.stderr,
                )
                return


def _train(arguments, experiment, grid, cells, opening):
    """Runs the cells, on the cluster that is to be opened, if any; returns the exit code."""
    from qlatent_tf.experiments.grids.cluster_cells import CellsFailed, run_on
    from qlatent_tf.storage.locks import InUseError, once_free

    options = {"data_dir": arguments.data_dir, "progress": not arguments.quiet}
    try:
        if experiment.prepare is not None:
            asked = _asked(arguments, experiment.preparation)
            trust = arguments.trust_code or named_code(cells)
            # Another process of the same folder may be at it.
            options["data_dir"] = once_free(
                lambda: experiment.prepare(grid.path, cells, trust_code=trust, **options, **asked)
            )
        with opening as cluster:
            if cluster is None:
                grid.run(cells, **options)
            else:
                run_on(cluster, grid, cells, **options)
    except Interrupted as stop:
        return stopped(stop)
    except (InUseError, FloatingPointError, CellsFailed) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _check_inception(arguments, grid, cells):
    """Loads Inception where it is to score finished runs: bad weights are refused before those."""
    from qlatent_tf.metrics.images.inception import inception_network, local_weights

    use_inception(arguments)
    if arguments.merge is not None or local_weights() is None:
        return
    inception_network()
    without = [
        cell.file_name
        for cell in cells
        if grid.is_finished(cell)
        and grid.run_directory(cell).path.is_dir()
        and not grid.has_score(cell, "inception_score")
    ]
    if without:
        print(
            f"note: {len(without)} finished cells were scored without Inception. Their runs are "
            f"scored again, not trained again, where their files are removed from "
            f"{grid.path / 'cells'}: {', '.join(without)}",
            file=sys.stderr,
        )


def _asked(arguments, options):
    return {name: getattr(arguments, name) for name in options}


def _list(grid, cells, reused):
    steps = [(grid.step(cell), cell.config.steps) for cell in cells]
    for cell, (step, last) in zip(cells, steps, strict=True):
        state = "finished" if grid.is_finished(cell) else f"step {step:,} of {last:,}"
        if cell.name in reused:
            state = f"reuses {reused[cell.name]['reused']}"
        print(f"{cell.name:44} {state}")
    done, total = (sum(column) for column in zip(*steps, strict=True))
    print(f"{len(cells)} cells, {done:,} of {total:,} steps done, in {grid.path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
