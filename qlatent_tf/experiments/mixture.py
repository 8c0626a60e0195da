"""Does a discrete latent leave the gaps between blobs empty? Latent x seed, in the plane.

Reference:
  Bacarreza et al., "Quantum latent distributions in deep generative models",
  arXiv 2508.19857.
"""

from absl import logging

from qlatent_tf.config import Config
from qlatent_tf.experiments.experiment import GridExperiment
from qlatent_tf.experiments.grids.cells import seed_by_seed
from qlatent_tf.experiments.grids.finished_cells import cell_scores
from qlatent_tf.experiments.grids.tables import Column, judges
from qlatent_tf.experiments.table1 import CONTROLS, LATENTS
from qlatent_tf.registry import latents as latent_registry
from qlatent_tf.runs.run_directory import RunDirectory

ITERATIONS = 5000
DRAWN = 3000
COLUMNS = tuple(map(Column.of, ("interpolation_rate", "mode_coverage", "blob_tv")))
NOTES = (
    "Interpolation rate: share of generated points outside every blob's region of three standard "
    "deviations; 0.0111 for real points. Mode coverage: share of the seven blobs that get at least "
    "a tenth of their points. Photonic and boson latents are loop circuits of delays 1, 3 and 9."
)


def get_config(latent: str) -> Config:
    """Returns the paper's configuration for one latent; circuits are loops of delays 1, 3, 9."""
    takes_circuit = "interferometer" in latent_registry.options(latent)
    return Config(
        model="mlp",
        latent=latent,
        dataset="mixture",
        latent_options={"interferometer": "1-3-9"} if takes_circuit else {},
        model_options={"features": 2, "units": [256, 256], "activation": "leaky_relu"},
        steps=ITERATIONS,
        batch_size=32,
        optimizer="Adam",
        optimizer_options={"learning_rate": 5e-4, "beta_1": 0.0, "beta_2": 0.9},
    )


def _cells(latents, **schedule):
    rows = [({"data": "mixture", "latent": latent}, get_config(latent)) for latent in latents]
    return seed_by_seed(rows, taken=("latent_options.interferometer",), **schedule)


def _draw_points(folder, finished, table, trusted):
    """Draws points of each latent's first seed whose run is here, beside real ones."""
    from qlatent_tf.datasets.vectors.mixture import mixture
    from qlatent_tf.drawing.plane import scatter_points
    from qlatent_tf.drawing.style import INK, latent_style, literal, new_figure, save_figure
    from qlatent_tf.runs.training import restore_model

    drawn = {}
    for cell in finished:
        run = RunDirectory(folder / "runs" / cell["name"])
        if cell["config"].latent not in drawn and run.checkpoints.is_dir():
            try:
                model, step = restore_model(run, trust_code=trusted)
            # Of a run from elsewhere, whose cells are enough.
            except (ValueError, FileNotFoundError) as error:
                logging.warning("The points of %s are not drawn: %s", cell["name"], error)
                continue
            if step == cell["step"]:
                drawn[cell["config"].latent] = cell, model.sample(DRAWN, seed=0)
    if not drawn:
        return
    real = mixture(**finished[0]["config"].dataset_options)
    columns = min(len(drawn) + 1, 5)
    rows = -(-(len(drawn) + 1) // columns)
    figure = new_figure(2.9 * columns, 3.4 * rows)
    # The constrained layout of square panels cuts their titles.
    figure.set_layout_engine("compressed")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    scatter_points(panels[0], real.source.sample(DRAWN, seed=(0, 0)).numpy(), color=INK)
    panels[0].set_title("real", fontsize=11)
    for panel, (latent, (cell, points)) in zip(panels[1:], drawn.items(), strict=False):
        scatter_points(panel, points, color=latent_style(latent)["color"])
        rate = cell_scores(cell).get("interpolation_rate")
        between = f"\n{rate.mean:.1%} between blobs" if rate else ""
        panel.set_title(f"{literal(latent)}{between}", fontsize=11)
    for panel in panels:
        panel.set(xlim=(-6.5, 6.5), ylim=(-6.5, 6.5), xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
    for panel in panels[len(drawn) + 1 :]:
        panel.set_visible(False)
    save_figure(figure, folder / "mixture_points", step=table["steps"])


EXPERIMENT = GridExperiment(
    name="mixture",
    help="counts points between seven blobs in the plane: latent x seed",
    citation="Bacarreza et al., the mixture in two dimensions",
    latents=LATENTS,
    iterations=ITERATIONS,
    seeds=5,
    num_samples=100_000,
    make_cells=_cells,
    columns=(*COLUMNS, *judges()),
    notes=NOTES,
    order={"latent": LATENTS + CONTROLS},
    baseline={"latent": "boson"},
    curve=("interpolation_rate", "interpolation rate"),
    write_more=_draw_points,
)
