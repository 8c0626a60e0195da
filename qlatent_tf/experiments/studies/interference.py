"""How much interference does a model need? Photons that interfere x seed, on counts.

In each sample, k of the 8 photons can interfere: 1 is the photonic latent, 8 the boson latent, and
the cost of a sample grows as 2^k. Classical controls stand beside them.
"""

from qlatent_tf.configs.mlp import get_config
from qlatent_tf.experiments.grids.cells import seed_by_seed
from qlatent_tf.experiments.studies.counts_study import counts_study, draw_sweep
from qlatent_tf.experiments.table1 import CONTROLS

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
            # All 8 are the latent as it is, a run that other studies have too.
            options = {} if count in ("", PHOTONS) else {"interfering_photons": count}
            rows.append((row, get_config(latent).override(latent_options=options)))
    return seed_by_seed(rows, taken=("latent_options.photons",), paired=True, **schedule)


EXPERIMENT = counts_study(
    name="interference",
    help="measures how many photons need to interfere on photon counts: photons x seed, and "
    "controls",
    citation="A study of this project; truncated interference after Renema et al., arXiv "
    "1707.02793",
    description="42 runs of 3,000 steps; about 0.1 s a step on one core.",
    latents=LATENTS,
    make_cells=_cells,
    notes=NOTES,
    order={"latent": LATENTS},
    baseline={"latent": "boson", "interfering photons": PHOTONS},
    write_more=draw_sweep("interference", panel="data", place="interfering photons"),
)
