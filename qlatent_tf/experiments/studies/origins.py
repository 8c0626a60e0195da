"""Quantum likes quantum, counts like counts, or scale? Data x latent x scale x seed."""

from qlatent_tf.configs.mlp import get_config
from qlatent_tf.experiments.experiment import Option
from qlatent_tf.experiments.grids.cells import seed_by_seed
from qlatent_tf.experiments.studies.counts_study import LABEL, SCORE, counts_study

DATA = ("quantum", "photonic", "dirichlet_multinomial", "bernoulli", "thermal")
LATENTS = ("boson", "photonic", "dirichlet_multinomial", "gaussian", "bernoulli")
RAW, STANDARDISED = "raw", "standardised"
NOTES = (
    "A standardised latent has unit variance in each mode. The raw variances differ: 1 for "
    "gaussian, 0.25 for bernoulli, and what the circuit gives the others. The raw Gaussian latent "
    "is standardised already, and stands in both halves of the figure."
)


def _cells(latents, data, **schedule):
    rows = []
    for dataset in data:
        for latent in latents:
            for scale in (RAW, STANDARDISED):
                if latent == "gaussian" and scale == STANDARDISED:
                    continue
                options = {"standardize": True} if scale == STANDARDISED else {}
                config = get_config(latent).override(dataset=dataset, latent_options=options)
                rows.append(({"data": dataset, "latent": latent, "scale": scale}, config))
    return seed_by_seed(rows, taken=("latent_options.standardize",), paired=True, **schedule)


def _draw(folder, finished, table, trusted):
    if SCORE not in table["columns"]:
        return  # Other metrics were asked for.
    from qlatent_tf.drawing.style import save_figure
    from qlatent_tf.experiments.studies.charts import matrix_figure

    halves = {}
    for row in table["rows"]:
        scales = (RAW, STANDARDISED) if row["latent"] == "gaussian" else (row["scale"],)
        for scale in scales:
            place = halves.setdefault(scale, {})
            place[row["latent"], row["data"]] = row["scores"][SCORE]
    drawing = matrix_figure(halves, f"{LABEL}, divided by the smallest on the same data")
    save_figure(drawing, folder / "origins", step=table["steps"])


EXPERIMENT = counts_study(
    name="origins",
    help="compares which latent suits which counts: data x latent x scale x seed",
    description="135 runs of 3,000 steps; about 0.1 s a step on one core.",
    options={"data": Option(DATA, "data sets")},
    latents=LATENTS,
    make_cells=_cells,
    notes=NOTES,
    order={"data": DATA, "latent": LATENTS, "scale": (RAW, STANDARDISED)},
    baseline={"latent": "boson"},
    write_more=_draw,
)
