"""How much interference does a model need? Photons that interfere x seed, on counts.

In each sample, k of the 8 photons can interfere: 1 is the photonic latent, 8 the boson latent, and
the cost of a sample grows as 2^k. Classical controls stand beside them.
"""

from qlatent_tf.configs.mlp import get_config
from qlatent_tf.experiments.experiment import GridExperiment
from qlatent_tf.experiments.grids.cells import seed_by_seed
from qlatent_tf.experiments.grids.tables import judges
from qlatent_tf.experiments.table1 import COLUMNS, CONTROLS

PHOTONS = 8
LATENTS = ("boson", "gaussian", "bernoulli", *CONTROLS)
NOTES = (
    "In each sample a random set of so many of the 8 photons can interfere: 1 is the latent "
    "`photonic`, 8 is `boson`."
)


def _cells(latents, **schedule):
    rows = []
    for latent in latents:
        counts = range(1, PHOTONS + 1) if latent == "boson" else ("",)
        for count in counts:
            row = {"data": "quantum", "latent": latent, "interfering photons": count}
            options = {"interfering_photons": count} if count else {}
            rows.append((row, get_config(latent).override(latent_options=options)))
    return seed_by_seed(rows, paired=True, **schedule)


def _draw(folder, finished, table, trusted):
    from qlatent_tf.drawing.style import save_figure
    from qlatent_tf.experiments.studies.charts import sweep_figure

    drawing = sweep_figure(
        table,
        "integer_distance",
        "distance to the nearest integer",
        panel="data",
        place="interfering photons",
        without=None,
    )
    save_figure(drawing, folder / "interference", step=table["steps"])


EXPERIMENT = GridExperiment(
    name="interference",
    help="how many photons need to interfere, on photon counts: photons x seed, and controls",
    citation="A study of ours; truncated interference after Renema et al., arXiv 1707.02793",
    description="42 cells of 3,000 steps; about 0.1 s a step on one core.",
    latents=LATENTS,
    iterations=3000,
    seeds=3,
    num_samples=100_000,
    whose="ours",
    make_cells=_cells,
    columns=COLUMNS,
    more_columns=judges(),
    notes=NOTES,
    order={"latent": LATENTS},
    baseline={"latent": "boson", "interfering photons": PHOTONS},
    curve=("integer_distance", "distance to the nearest integer"),
    bars={"bars": ("integer_distance", "distance to the nearest integer")},
    write_more=_draw,
)
