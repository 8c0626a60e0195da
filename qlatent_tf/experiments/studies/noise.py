"""How much of the boson latent survives an imperfect device? Imperfection x seed, on counts.

Published devices give the values of g2 and of the phases' errors, except the larger g2:

  X. Ding et al., "High-efficiency single-photon source above the loss-tolerant threshold for
  efficient linear optical quantum computing", Nature Photonics 19 (2025): g2 = 0.0205.
  C. Pentangelo et al., "High-fidelity and polarization-insensitive universal photonic processors
  fabricated by femtosecond laser writing", Nanophotonics 13 (2024): amplitude fidelity of random
  circuits 0.9979, on 6 modes.
  C. Taballione et al., "20-mode universal quantum photonic processor", Quantum 7 (2023): 0.974, on
  20 modes.

An amplitude fidelity is the mean of |U|^T |V| on the diagonal, U the circuit wanted and V the one
made. Errors of 0.1 and 0.17 rad come to these two, if nothing but the phases is imperfect.
"""

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
    "g2": [(str(value), {"g2": value}) for value in (0.0205, 0.1)],
    "phase error": [(f"{value} rad", {"phase_error": value}) for value in (0.1, 0.17)],
}
# Those that every device has, of distinguishable photons, too.
_OF_PHOTONIC = {"transmission": ("0.9",), "detector": ("threshold",)}
NOTES = (
    "One imperfection at a time, some of them of the photonic latent, too; the data are counts of "
    "a perfect device. The row without one is also full indistinguishability and full "
    "transmission; photonic is no indistinguishability. "
    "A g2 of 0.0205 is a published source's (Ding et al. 2025); 0.1 is five times as much. With "
    "phases wrong by up to 0.1 and 0.17 rad, random circuits of 6 and 20 modes have the amplitude "
    "fidelities of published chips: 0.9979 (Pentangelo et al. 2024) and 0.974 (Taballione et al. "
    "2023)."
)


def _cells(latents, **schedule):
    rows = [
        ({"data": "quantum", "latent": latent, "imperfection": PERFECT, "value": ""}, {})
        for latent in latents
    ]
    rows += [
        ({"data": "quantum", "latent": latent, "imperfection": kind, "value": name}, options)
        for latent in latents
        for kind, values in IMPERFECTIONS.items()
        for name, options in values
        if latent == "boson" or (latent == "photonic" and name in _OF_PHOTONIC.get(kind, ()))
    ]
    configured = [
        (row, get_config(row["latent"]).override(latent_options=options)) for row, options in rows
    ]
    # Of which a row keeps 6 to 8.
    taken = ("latent_options.photons",)
    return seed_by_seed(configured, taken=taken, paired=True, **schedule)


EXPERIMENT = counts_study(
    name="noise",
    help="measures the cost of imperfect photons, circuits and detectors on photon counts: "
    "imperfection x seed",
    description="51 runs of 3,000 steps; about 0.1 s a step on one core.",
    latents=("boson", "photonic"),
    make_cells=_cells,
    notes=NOTES,
    order={
        "imperfection": (PERFECT, *IMPERFECTIONS),
        # One order for all, for two imperfections share values; words come last.
        "value": sorted({name for values in IMPERFECTIONS.values() for name, _ in values}),
        "latent": ("boson", "photonic"),
    },
    beside=("imperfection", PERFECT),
    baseline={"latent": "boson", "imperfection": PERFECT, "value": ""},
    write_more=draw_sweep("noise", panel="imperfection", place="value", without=PERFECT),
)
