"""The experiments of `reproduce` that measure what is trained: figure2 and theorem1."""

import sys
from pathlib import Path

from qlatent_tf.tools.command_line import slow_work

from qlatent_tf.config import parse_setting
from qlatent_tf.experiments import figure2, theorem1
from qlatent_tf.experiments.catalogue import EXPERIMENTS
from qlatent_tf.experiments.grids.cells import cell_name, named_code
from qlatent_tf.experiments.grids.finished_cells import read_cell
from qlatent_tf.runs.interrupted import Interrupted
from qlatent_tf.runs.loading import load_model, source_config
from qlatent_tf.runs.run_directory import RunDirectory

# What they measure, as arguments of the command line.
SOURCES = {
    "figure2": {
        "nargs": "*",
        "help": "presets or runs (default: those of --seed in --workdir's runs)",
    },
    "theorem1": {
        "nargs": "?",
        "help": "a preset or run of mlp with model_options.invertible=true",
    },
}


def measure_figure2(arguments) -> int:
    """Measures presets or runs of table1, and writes figure 2; returns the exit code."""
    if arguments.source:
        _refuse_beside_source(arguments, "data", "seed")
    sources, named = arguments.source or _trained(arguments), {}
    for source in sources:  # Before hours are spent on the first.
        source_config(source, arguments.trust_code)
        other = named.setdefault(_name_of(source), source)
        if other is not source:
            raise ValueError(
                f"{other} and {source} have the same name, by which they are kept. Name them apart."
            )
    options = {"num_samples": arguments.num_samples, "progress": not arguments.quiet}
    measured = [
        figure2.measure(
            arguments.workdir, name, *load_model(source, arguments.trust_code), **options
        )
        for name, source in named.items()
    ]
    figure2.write_results(arguments.workdir, measured)
    show_table(arguments)
    print(f"Table and figure are in {arguments.workdir}.")
    return 0


def _trained(arguments) -> list[Path]:
    """Returns the runs of table1 on the data and with the seed asked for, sorted."""
    any_latent = cell_name({"data": arguments.data, "latent": "LATENT"}, arguments.seed)
    # Other runs may lie beside them.
    found = [
        run
        for run in arguments.workdir.glob(f"runs/{any_latent.replace('LATENT', '*')}")
        if RunDirectory(run).read_run()["step"] and _is_table1(run, arguments.data)
    ]
    if not found:
        raise FileNotFoundError(
            f"{arguments.workdir} has no runs on {arguments.data!r} data with seed "
            f"{arguments.seed}. Train some with table1, or name presets or runs."
        )
    return sorted(found)


def _refuse_beside_source(arguments, *names):
    """Refuses options that choose what is measured where it is named."""
    options = EXPERIMENTS[arguments.experiment].arguments
    for name in names:
        default = options[name].default if name in options else []
        if vars(arguments)[name] != default:
            raise ValueError(
                f"--{name.replace('settings', 'set')} is for what is trained; a preset or run that "
                "is named is measured as it is."
            )


def _is_table1(run, data: str) -> bool:
    """Whether a run is called as table1 calls it, by data, latent and seed, and is no other's."""
    config = RunDirectory(run).read_config(trust_code=True)  # Which is read, not run.
    if config.dataset != data:
        return False
    row = {"data": config.dataset, "latent": config.latent}
    # A row of another study may have the name, if entries of it are empty.
    cells = map(read_cell, run.parents[1].glob(f"cells/{run.name}@*.json"))
    return run.name == cell_name(row, config.seed) and all(cell["row"] == row for cell in cells)


def _name_of(source) -> str:
    """Returns what a table calls a preset, or a run by its directory."""
    path = Path(source)
    return (path.resolve() if path.is_dir() else path).name


def measure_theorem1(arguments) -> int:
    """Trains a model if none is named, and recovers its latents; returns the exit code."""
    source, trusted = arguments.source, arguments.trust_code
    if source is not None:
        _refuse_beside_source(arguments, "latent", "iterations", "settings")
    else:
        cell = theorem1.cell(arguments.latent, arguments.iterations, parsed_settings(arguments))

        # Now, so that a wrong name is refused without TensorFlow.
        from qlatent_tf.runs.training import train

        source, trusted = arguments.workdir / cell.name, named_code([cell])
        try:
            train(cell.config, source, progress=not arguments.quiet)
        except Interrupted as stop:
            return stopped(stop)
    loaded = load_model(source, trusted)
    with slow_work(f"Sending {arguments.num_latents:,} latents there and back", arguments.quiet):
        measured = theorem1.measure(_name_of(source), *loaded, arguments.num_latents)
    theorem1.write_results(arguments.workdir, measured)
    show_table(arguments)
    print(f"The table is in {arguments.workdir}.")
    return 0 if measured["recovered"] == measured["tried"] else 1


def stopped(stop) -> int:
    """Says that a study was stopped; returns the exit code."""
    print(f"\n{stop} The same command continues from there.", file=sys.stderr)
    return stop.exit_code


def show_table(arguments) -> None:
    """Prints the experiment's table."""
    print((arguments.workdir / f"{arguments.experiment}.md").read_text(encoding="utf-8"))


def parsed_settings(arguments) -> list:
    """Returns what `--set` was given, as keys and values."""
    return [parse_setting(text) for text in arguments.settings]
