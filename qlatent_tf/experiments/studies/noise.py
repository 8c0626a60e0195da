"""How much of the boson latent survives an imperfect device? Imperfection x seed, on counts."""

from qlatent_tf.configs.mlp import get_config
from qlatent_tf.experiments.grids.cells import seed_by_seed
from qlatent_tf.experiments.studies.counts_study import counts_study, draw_sweep

PERFECT = "none"
# Full indistinguishability and transmission are the perfect device, none the photonic latent.
IMPERFECTIONS = {
    "indistinguishability": [
        (str(value), {"indistinguishability": value}) for value in (0.25, 0.5, 0.75, 0.9)
    ],
    "transmission": [
        *((str(value), {"transmission": value}) for value in (0.9, 0.7, 0.5)),
        ("0.7, at least 6 photons", {"transmission": 0.7, "postselect": [6, 8]}),
    ],
    "detector": [("threshold", {"detector": "threshold"})],
    "g2": [(str(value), {"g2": value}) for value in (0.02, 0.05)],
    "phase error": [(f"{value} rad", {"phase_error": value}) for value in (0.05, 0.2)],
}
NOTES = (
    "One imperfection at a time; the data are counts of a perfect device. The row without one is "
    "also full indistinguishability and full transmission; photonic is no indistinguishability. "
    "The values of g2 and of the phases' errors are our choice."
)


def _cells(latents, **schedule):
    rows = [
        ({"data": "quantum", "latent": latent, "imperfection": PERFECT, "value": ""}, {})
        for latent in latents
    ]
    if "boson" in latents:
        rows += [
            ({"data": "quantum", "latent": "boson", "imperfection": kind, "value": name}, options)
            for kind, values in IMPERFECTIONS.items()
            for name, options in values
        ]
    configured = [
        (row, get_config(row["latent"]).override(latent_options=options)) for row, options in rows
    ]
    return seed_by_seed(configured, paired=True, **schedule)


EXPERIMENT = counts_study(
    name="noise",
    help="imperfect photons, circuits and detectors, on photon counts: imperfection x seed",
    description="45 cells of 3,000 steps; about 0.1 s a step on one core.",
    latents=("boson", "photonic"),
    make_cells=_cells,
    notes=NOTES,
    order={
        "imperfection": (PERFECT, *IMPERFECTIONS),
        "value": [name for values in IMPERFECTIONS.values() for name, _ in values],
        "latent": ("boson", "photonic"),
    },
    baseline={"latent": "boson", "imperfection": PERFECT, "value": ""},
    write_more=draw_sweep("noise", panel="imperfection", place="value", without=PERFECT),
)
