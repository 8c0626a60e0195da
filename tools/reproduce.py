#!/usr/bin/env python3
"""Runs the published experiments again, with any latent: `my_file:my_latent` is a row as well.

examples:
  tools/reproduce.py table1 --iterations 5000 --seeds 3 --data quantum --workdir results
  tools/reproduce.py table1 --latents boson my_file:my_latent --iterations 5000
  tools/reproduce.py table1 --shard 1/2          # on one machine, and 2/2 on another
  tools/reproduce.py table1 --merge other/results
  tools/reproduce.py figure2 --workdir results
  tools/reproduce.py mixture --seeds 5
  tools/reproduce.py table2 --sizes 16 --latents boson gaussian --seeds 3
  tools/reproduce.py table2 --sizes 32 --latents boson --interferometers haar 1-1 1-3-9
  tools/reproduce.py table2 --sizes 48 --bank-samples 100000
  tools/reproduce.py table2 --sizes --samples shots.npz:counts       # these alone
  tools/reproduce.py table2_cifar --variant small --iterations 8000 --seeds 1
  tools/reproduce.py table2_cifar --latents --samples shots.npy        # of 128 modes or more
  tools/reproduce.py theorem1 --iterations 2000
  tools/reproduce.py capacity --autoencoder my_autoencoder --qubits 3 4 5 --seeds 3

Each finished run is a file; the same command goes on where it was stopped.
"""

import argparse
import importlib
import inspect
import sys
from pathlib import Path

from qlatent_tf.tools.command_line import (
    add_inception_argument,
    load_model,
    run_tool,
    use_inception,
)
from qlatent_tf.tools.grid_commands import GRIDS

from qlatent_tf.config import parse_setting


def parser() -> argparse.ArgumentParser:
    """Returns the tool's argument parser."""
    arguments = argparse.ArgumentParser(
        "reproduce", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    experiments = arguments.add_subparsers(dest="experiment", required=True)
    for name, grid in GRIDS.items():
        _add_grid(experiments.add_parser(name, help=grid.help, description=grid.description), grid)
    figure2 = experiments.add_parser(
        "figure2",
        help="law of rounded generator samples beside the exact law of the data",
        description="Wallner and Clements, figure 2, of trained models; memory stays bounded.",
    )
    figure2.set_defaults(function=_figure2)
    figure2.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="*",
        help="presets or runs (default: those of --seed in --workdir's runs)",
    )
    figure2.add_argument(
        "--workdir",
        type=Path,
        default=Path("runs/table1"),
        help="where table1 put its runs; results go there (default: runs/table1)",
    )
    figure2.add_argument(
        "--data", default="quantum", help="data set of the runs to take (default: quantum)"
    )
    figure2.add_argument("--seed", type=int, default=0, help="seed of the runs (default: 0)")
    figure2.add_argument(
        "--num-samples",
        type=int,
        default=10_000_000,
        help="generated samples of each model (default: 10000000, the paper's)",
    )
    figure2.add_argument(
        "--trust-code", action="store_true", help="allow sources to name code outside the project"
    )
    figure2.add_argument("--quiet", action="store_true", help="no progress bars")
    theorem1 = experiments.add_parser(
        "theorem1",
        help="recovers the latent from the samples of an invertible generator",
        description="Bacarreza et al., theorem 1, see docs/theorem1.md. Without a SOURCE, an "
        "invertible generator is trained on quantum data first.",
    )
    theorem1.set_defaults(function=_theorem1)
    theorem1.add_argument(
        "source",
        metavar="SOURCE",
        nargs="?",
        help="a preset or run of mlp with model_options.invertible=true",
    )
    theorem1.add_argument(
        "--latent",
        default="boson",
        help="a registered latent, or my_file:my_latent (default: boson)",
    )
    theorem1.add_argument(
        "--iterations", type=int, default=2000, help="generator steps (default: 2000)"
    )
    theorem1.add_argument(
        "--num-latents",
        type=int,
        default=100_000,
        help="latents to draw, of which each distinct one is tried (default: 100000)",
    )
    theorem1.add_argument(
        "--workdir",
        type=Path,
        default=Path("runs/theorem1"),
        help="where run and results go (default: runs/theorem1)",
    )
    theorem1.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="settings",
        help="any other configuration value, as for train",
    )
    theorem1.add_argument(
        "--trust-code", action="store_true", help="allow SOURCE to name code outside the project"
    )
    theorem1.add_argument("--quiet", action="store_true", help="no progress bars")
    return arguments


def _add_grid(arguments, grid):
    arguments.set_defaults(function=_run_grid)
    for name, keywords in {**grid.preparation, **grid.options}.items():
        arguments.add_argument(f"--{name.replace('_', '-')}", **keywords)
    alone = "; none for --samples alone" if "samples" in grid.options else ""
    arguments.add_argument(
        "--latents",
        nargs="*",
        help=f"registered latents or my_file:my_latent{alone} (default: {grid.latents})",
    )
    arguments.add_argument(
        "--iterations",
        type=int,
        default=grid.iterations,
        help=f"generator steps (default: {grid.iterations}, {grid.whose})",
    )
    arguments.add_argument(
        "--seeds",
        type=int,
        default=grid.seeds,
        help=f"training seeds, from 0 (default: {grid.seeds}, {grid.whose})",
    )
    arguments.add_argument(
        "--workdir", type=Path, help="where runs, cells and results go (default: runs/EXPERIMENT)"
    )
    arguments.add_argument("--data-dir", help="where data files are looked for first")
    arguments.add_argument(
        "--num-samples",
        type=int,
        default=grid.num_samples,
        help=f"generated samples that score a finished run (default: {grid.num_samples})",
    )
    if grid.scores_images:
        add_inception_argument(arguments)
    arguments.add_argument(
        "--shard",
        metavar="I/N",
        default="1/1",
        help="run the I-th part of N of the cells, each with all kinds of rows",
    )
    arguments.add_argument(
        "--merge",
        metavar="DIR",
        nargs="*",
        help="train nothing: take the finished cells of other working "
        "directories in and write the table of all",
    )
    arguments.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="settings",
        help="any other configuration value, as for train",
    )
    arguments.add_argument(
        "--dry-run", action="store_true", help="list the cells and what is done, and stop"
    )
    arguments.add_argument("--quiet", action="store_true", help="no progress bars")


def main(argv=None) -> int:
    """Runs the tool; returns its exit code."""
    arguments = parser().parse_args(argv)
    return run_tool(arguments.function, arguments)


def _figure2(arguments):
    from qlatent_tf.experiments import figure2
    from qlatent_tf.runs.run_directory import RunDirectory

    if arguments.num_samples < 1:
        raise ValueError(f"--num-samples is a positive number; received {arguments.num_samples}.")
    runs = arguments.workdir.glob(f"runs/{arguments.data}_*_seed{arguments.seed}")
    trained = [run for run in runs if RunDirectory(run).read_run()["step"]]
    sources = arguments.sources or sorted(trained)
    if not sources:
        raise FileNotFoundError(
            f"{arguments.workdir} has no runs on {arguments.data!r} data with seed "
            f"{arguments.seed}. Train some with table1, or name presets or runs."
        )
    measured = []
    for source in sources:
        # One's own runs may name one's own code.
        model, config, step = load_model(source, arguments.trust_code or not arguments.sources)
        measured.append(
            figure2.measure(
                arguments.workdir,
                Path(source).name,
                model,
                config,
                step,
                num_samples=arguments.num_samples,
                progress=not arguments.quiet,
            )
        )
    figure2.write_results(arguments.workdir, measured)
    print((arguments.workdir / "figure2.md").read_text(encoding="utf-8"))
    return 0


def _theorem1(arguments):
    from qlatent_tf.experiments import theorem1
    from qlatent_tf.runs.training import Interrupted, train

    if arguments.num_latents < 1:
        raise ValueError(f"--num-latents is a positive number; received {arguments.num_latents}.")
    source = arguments.source
    if source is None:
        cell = theorem1.cell(
            arguments.latent, arguments.iterations, map(parse_setting, arguments.settings)
        )
        source = arguments.workdir / cell.name
        try:
            train(cell.config, source, progress=not arguments.quiet)
        except Interrupted as stop:
            return _stopped(stop)
    model, config, step = load_model(source, arguments.trust_code or not arguments.source)
    measured = theorem1.measure(Path(source).name, model, config, step, arguments.num_latents)
    theorem1.write_results(arguments.workdir, measured)
    print((arguments.workdir / "theorem1.md").read_text(encoding="utf-8"))
    return 0 if measured["recovered"] == measured["tried"] else 1


def _stopped(stop):
    print(f"\n{stop} The same command goes on from there.", file=sys.stderr)
    return 130


def _run_grid(arguments):
    """Lists, merges or runs the cells, then writes the experiment's results of all finished."""
    from qlatent_tf.experiments.grids.cells import shard
    from qlatent_tf.experiments.grids.grid import Grid
    from qlatent_tf.runs.training import Interrupted
    from qlatent_tf.storage.locks import InUseError

    experiment = importlib.import_module(f"qlatent_tf.experiments.{arguments.experiment}")
    command = GRIDS[arguments.experiment]
    workdir = arguments.workdir or Path("runs") / arguments.experiment
    # What is not given is left to the experiment.
    given = _given(arguments, ("latents", *command.options))
    cells = experiment.cells(
        **given,
        seeds=arguments.seeds,
        iterations=arguments.iterations,
        settings=[parse_setting(text) for text in arguments.settings],
    )
    grid = Grid(workdir, arguments.num_samples)
    chosen = shard(cells, arguments.shard)
    if arguments.dry_run:
        return _list(grid, chosen)
    status = 0
    if command.scores_images:
        _check_inception(arguments, grid, chosen)
    if arguments.merge is None:
        try:
            if hasattr(experiment, "prepare"):
                known = inspect.signature(experiment.prepare).parameters
                arguments.data_dir = experiment.prepare(
                    workdir,
                    data_dir=arguments.data_dir,
                    progress=not arguments.quiet,
                    **{
                        name: value
                        for name, value in _given(
                            arguments, (*command.preparation, *command.options)
                        ).items()
                        if name in known
                    },
                )
            grid.run(chosen, data_dir=arguments.data_dir, progress=not arguments.quiet)
        except Interrupted as stop:
            status = _stopped(stop)
        except (InUseError, FloatingPointError) as error:
            print(f"error: {error}", file=sys.stderr)
            status = 1
    else:
        print(f"{grid.merge(arguments.merge)} cells are new here.")
    finished = grid.finished(cells[0].config.steps)
    if finished or not status:
        experiment.write_results(workdir, finished)
        print((workdir / f"{arguments.experiment}.md").read_text(encoding="utf-8"))
        print(f"Table and figures are in {workdir}.   tensorboard --logdir {workdir}")
    return status


def _check_inception(arguments, grid, cells):
    """Loads Inception where it is to score finished runs: bad weights are told of before those."""
    from qlatent_tf.metrics.images.inception import inception_network, local_weights

    use_inception(arguments)
    if arguments.merge is not None or local_weights() is None:
        return
    inception_network()
    without = [
        cell.file_name
        for cell in cells
        if grid.is_finished(cell) and not grid.has_score(cell, "inception_score")
    ]
    if without:
        print(
            f"note: {len(without)} finished cells were scored without Inception. Their runs are "
            f"scored again, not trained again, where their files are removed from "
            f"{grid.path / 'cells'}: {', '.join(without)}",
            file=sys.stderr,
        )


def _given(arguments, names):
    return {
        name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None
    }


def _list(grid, cells):
    steps = [(grid.step(cell), cell.config.steps) for cell in cells]
    for cell, (step, last) in zip(cells, steps, strict=True):
        state = "finished" if grid.is_finished(cell) else f"step {step:,} of {last:,}"
        print(f"{cell.name:44} {state}")
    done, total = (sum(column) for column in zip(*steps, strict=True))
    print(f"{len(cells)} cells, {done:,} of {total:,} steps done, in {grid.path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
