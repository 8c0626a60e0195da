"""Does a latent pass its statistics on? Data x latent x seed, scored by discreteness.

Reference:
  H. Wallner and W. R. Clements, "Towards an inductive bias for quantum statistics in GANs",
  table 1.
"""

from pathlib import Path

from qlatent_tf.configs.mlp import get_config
from qlatent_tf.drawing.style import save_figure
from qlatent_tf.experiments.grids import charts
from qlatent_tf.experiments.grids.cells import Cell, seed_by_seed
from qlatent_tf.experiments.grids.table_files import write_table
from qlatent_tf.experiments.grids.tables import Column, Published, in_order, make_table

DATA = ("quantum", "bernoulli")
LATENTS = ("gaussian", "bernoulli", "photonic", "boson")
CONTROLS = ("dirichlet_multinomial", "negative_binomial", "shuffled", "copula")
ITERATIONS = 40_000
_LABEL = "distance to the nearest integer"
SEEDS = 12
COLUMNS = (
    Column("integer_distance", "distance to integers", min),
    Column("right_total_share", "right total", max),
    Column("outcome_tv", "total variation", min),
    Column("outcome_tv_floor", "its floor"),
    Column("total_number_tv", "total variation of totals", min),
    Column("pair_correlation_error", "error of pair correlations", min),
)
CITATION = "Wallner and Clements, table 1"
# Mean and standard error of 12 runs.
PAPER = {
    ("quantum", "gaussian"): (0.061, 0.001),
    ("quantum", "bernoulli"): (0.065, 0.001),
    ("quantum", "photonic"): (0.041, 0.002),
    ("quantum", "boson"): (0.036, 0.001),
    ("bernoulli", "gaussian"): (0.012, 0.0015),
    ("bernoulli", "bernoulli"): (0.0195, 0.0125),
    ("bernoulli", "photonic"): (0.017, 0.002),
    ("bernoulli", "boson"): (0.0153, 0.0015),
}
NOTES = (
    f"Paper: {ITERATIONS:,} iterations, {SEEDS} runs. In each seed, the latent's circuit and the "
    "data's are independent and Haar-random. Totals and total variation are of samples rounded to "
    "whole numbers; the floor is the total variation that as many samples of the data show."
)


def cells(
    data=DATA, latents=(*LATENTS, *CONTROLS), seeds=SEEDS, iterations=ITERATIONS, settings=()
) -> list[Cell]:
    """Returns the cells, seed by seed, so that an unfinished table has each latent.

    Args:
      data: sequence of str. Registered data sets.
      latents: sequence of str. Registered latents, or ``my_file:my_latent``.
      seeds: int. Seeds 0 to seeds - 1.
      iterations: int. Generator steps.
      settings: sequence of (key, value). Other changes of the configuration.

    Raises:
      ValueError: if a name, a key or a number is not legal.
    """
    rows = [
        ({"data": dataset, "latent": latent}, get_config(latent).override(dataset=dataset))
        for dataset in data
        for latent in latents
    ]
    return seed_by_seed(rows, seeds, iterations, settings)


def published(row) -> dict:
    """Returns the paper's figures of a row, see `Published`."""
    known = PAPER.get((row["data"], row["latent"]))
    return {"integer_distance": known} if known else {}


def write_results(folder, finished) -> dict:
    """Writes ``table1.md``, ``.csv``, ``.json`` and the figures; returns the table.

    Args:
      folder: path.
      finished: sequence of dict. Finished cells of one schedule, see `finished_cells.read_cell`.

    Raises:
      ValueError: if there are none.
    """
    folder = Path(folder)
    finished = in_order(finished, data=DATA, latent=LATENTS + CONTROLS)
    source = Published(f"paper ({ITERATIONS:,} steps)", published)
    table = make_table(finished, COLUMNS, source)
    write_table(folder / "table1", table, COLUMNS, NOTES)
    step = finished[0]["config"].steps
    curves = charts.history_figure(table, finished, "integer_distance", _LABEL, "{} data")
    save_figure(curves, folder / "table1_iterations", step=step)
    bars = charts.bars_figure(table, "integer_distance", _LABEL, "{} data")
    save_figure(bars, folder / "table1_bars", step=step)
    return table
