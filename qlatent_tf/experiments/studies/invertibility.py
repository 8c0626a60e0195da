"""What does theorem 1's condition cost? Latent x generator, invertible or not, x seed."""

from qlatent_tf.configs.mlp import get_config
from qlatent_tf.experiments.grids.cells import seed_by_seed
from qlatent_tf.experiments.studies.counts_study import counts_study

LATENTS = ("boson", "photonic", "gaussian")
PUBLISHED, LEAKY, INVERTIBLE = "published", "leaky", "invertible"
# An invertible generator may not shrink below the latent, nor grow beyond the data's width.
_OPTIONS = {
    PUBLISHED: {},
    LEAKY: {"activation": "leaky_relu"},
    INVERTIBLE: {"invertible": True, "units": [16, 16], "critic_units": [512, 512]},
}
NOTES = (
    "The invertible generator meets the condition of theorem 1 of Bacarreza et al.: kernels of "
    "full rank and LeakyReLU, two hidden layers as wide as the latent, 16. The published generator "
    "has two hidden layers of 512 and ReLU; the leaky one differs from it by LeakyReLU alone, also "
    "in the critic, as the invertible one does. All critics have two hidden layers of 512."
)


def _cells(latents, **schedule):
    rows = [
        (
            {"data": "quantum", "latent": latent, "generator": kind},
            get_config(latent).override(model_options=options),
        )
        for latent in latents
        for kind, options in _OPTIONS.items()
    ]
    return seed_by_seed(rows, paired=True, **schedule)


EXPERIMENT = counts_study(
    name="invertibility",
    help="measures the cost of an invertible generator on photon counts: latent x generator x seed",
    citation="A study of this project on theorem 1 of Bacarreza et al., arXiv 2508.19857",
    description="27 runs of 5,000 steps; about 0.1 s a step on one core.",
    latents=LATENTS,
    iterations=5000,
    make_cells=_cells,
    notes=NOTES,
    order={"latent": LATENTS, "generator": tuple(_OPTIONS)},
    baseline={"generator": PUBLISHED},
)
