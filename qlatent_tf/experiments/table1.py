"""Does a latent pass its statistics on? Data x latent x seed, scored by discreteness.

Reference:
  H. Wallner and W. R. Clements, "Towards an inductive bias for quantum statistics in GANs",
  table 1.
"""

from qlatent_tf.configs.mlp import get_config
from qlatent_tf.experiments.experiment import GridExperiment, Option
from qlatent_tf.experiments.grids.cells import seed_by_seed
from qlatent_tf.experiments.grids.tables import Column

DATA = ("quantum", "bernoulli")
LATENTS = ("gaussian", "bernoulli", "photonic", "boson")
CONTROLS = ("dirichlet_multinomial", "negative_binomial", "shuffled", "copula")
ITERATIONS = 40_000
SEEDS = 12
COLUMNS = (
    Column("integer_distance", "distance to integers", min),
    Column("right_total_share", "right total", max),
    Column("outcome_tv", "total variation", min),
    Column("outcome_tv_floor", "its floor"),
    Column("total_number_tv", "total variation of totals", min),
    Column("pair_correlation_error", "error of pair correlations", min),
)
_DISTANCE = ("integer_distance", "distance to the nearest integer")
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


def _cells(latents, data, **schedule):
    rows = [
        ({"data": dataset, "latent": latent}, get_config(latent).override(dataset=dataset))
        for dataset in data
        for latent in latents
    ]
    return seed_by_seed(rows, **schedule)


def _published(row):
    known = PAPER.get((row["data"], row["latent"]))
    return {_DISTANCE[0]: known} if known else {}


EXPERIMENT = GridExperiment(
    name="table1",
    help="discreteness of generated samples: data x latent x seed",
    citation="Wallner and Clements, table 1",
    description="About 0.06 s a step on two idle cores.",
    options={"data": Option(DATA, "data sets")},
    latents=LATENTS + CONTROLS,
    iterations=ITERATIONS,
    seeds=SEEDS,
    num_samples=100_000,
    make_cells=_cells,
    columns=COLUMNS,
    notes=NOTES,
    order={"data": DATA, "latent": LATENTS + CONTROLS},
    curve=_DISTANCE,
    bars={"bars": _DISTANCE},
    published=_published,
)
