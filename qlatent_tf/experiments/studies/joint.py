"""Does a circuit that learns help? Latent, trained or fixed, x seed, on counts and on molecules.

The papers keep their circuits random and fixed. Here each latent is trained beside the generator,
as `docs/joint_training.md` says, and stands beside itself as it is without. Identical photons in a
trained circuit are what is asked about. The controls: distinguishable photons in a trained circuit,
which learns by the same estimator, and Gaussian noise with a trained covariance.
"""

import dataclasses

from qlatent_tf.configs import mlp, molgan
from qlatent_tf.experiments.grids.cells import seed_by_seed
from qlatent_tf.experiments.grids.tables import Column, judges
from qlatent_tf.experiments.studies.counts_study import counts_study
from qlatent_tf.latents.trained import TRAINABLE

LATENTS = ("gaussian", "photonic", "boson")
TRAINED, FIXED = "trained", "fixed"
NOTES = (
    "A trained circuit starts at the one that is fixed in the same seed, and is trained by Adam "
    "with a learning rate of 0.001 unless the caption says otherwise; of a Gaussian latent the "
    "full covariance is trained. {name}_paired.md has the differences between trained and fixed."
)


def _cells(rows_of, latents, **schedule):
    unknown = sorted(set(latents) - set(TRAINABLE))
    if unknown:
        raise ValueError(f"Trained are {', '.join(TRAINABLE)}; received {unknown[0]!r}.")
    rows = []
    for latent in latents:
        for circuit in (FIXED, TRAINED):
            config = rows_of(latent).override(train_circuit=circuit == TRAINED)
            row = {"data": config.dataset, "latent": latent, "trained": circuit}
            rows.append((row, config))
    return seed_by_seed(rows, taken=("train_circuit",), paired=True, **schedule)


def quantum_cells(latents, **schedule):
    """Returns the cells on photon counts; see `GridExperiment.make_cells`."""
    return _cells(mlp.get_config, latents, **schedule)


def molecule_cells(latents, **schedule):
    """Returns the cells on molecules; see `GridExperiment.make_cells`."""
    return _cells(molgan.get_config, latents, **schedule)


EXPERIMENT = counts_study(
    name="joint",
    help="trains circuits with the generator, on photon counts: latent, trained or fixed, x seed",
    citation="A study of this project; Wallner and Clements, and Bacarreza et al., name it as open",
    description="18 runs of 5,000 steps; about 0.1 s a step on one core.",
    latents=LATENTS,
    iterations=5000,
    make_cells=quantum_cells,
    notes=NOTES.format(name="joint"),
    order={"latent": LATENTS, "trained": (FIXED, TRAINED)},
    baseline={"trained": FIXED},
)
MOLECULES = dataclasses.replace(
    EXPERIMENT,
    name="joint_molecules",
    help="trains circuits with the generator, MolGAN on QM9: latent, trained or fixed, x seed",
    description="18 runs of 2,000 steps; about 0.2 s a step on two idle cores.",
    iterations=2000,
    num_samples=10_000,
    make_cells=molecule_cells,
    columns=(
        *map(Column.of, ("fcd", "parsed_unique_count", "parsed_novel_count", "valid_share")),
        *judges("chemnet_512"),
    ),
    notes=NOTES.format(name="joint_molecules"),
    curve=("parsed_unique_count", "valid & unique molecules"),
    bars={"fcd": ("fcd", "Frechet ChemNet Distance")},
)
