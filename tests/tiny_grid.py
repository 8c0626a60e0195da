"""A grid of two tiny runs, and how it is run."""

import dataclasses

from qlatent_tf import resolve as completion
from qlatent_tf.config import Config
from qlatent_tf.experiments.grids.cells import Cell
from qlatent_tf.experiments.grids.finished_cells import read_cells
from qlatent_tf.experiments.grids.grid import Grid

CONFIG = completion.resolve(
    Config(
        model="mlp",
        latent="gaussian",
        dataset="bernoulli",
        steps=4,
        batch_size=8,
        critic_steps=1,
        latent_options={"modes": 4},
        dataset_options={"modes": 4},
        model_options={"features": 4, "units": [8]},
        optimizer_options={"learning_rate": 1e-3},
        evaluate_every=2,
        evaluation_samples=50,
        checkpoint_every=2,
        jit_compile=False,
        metrics=("discreteness",),
    )
)
SAMPLES = 200


def cell(seed, **changes):
    return Cell(f"cell_{seed}", dataclasses.replace(CONFIG, seed=seed, **changes))


CELLS = [cell(seed) for seed in range(2)]


def run(folder, cells=CELLS, samples=SAMPLES):
    grid = Grid(folder, samples)
    grid.run(cells, progress=False)
    return grid


def scores(grid):
    return [one["evaluation"] for one in read_cells(grid.path)]
