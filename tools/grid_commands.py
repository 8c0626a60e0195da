"""The experiments of `reproduce` that are grids of runs, as the command line shows them."""

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class GridCommand:
    """An experiment of many runs, as the command line shows it.

    Its module, ``qlatent_tf.experiments.<name>``, has `cells`, which takes `latents`, `seeds`,
    `iterations`, `settings` and the options, and `write_results(folder, finished)`.

    Attributes:
      help: str. A line on it.
      description: str. Where it is from, and what it costs.
      latents: str. The latents by default, in words.
      iterations: int. Generator steps of the paper.
      seeds: int. Training seeds of the paper.
      num_samples: int. Generated samples that score a finished run.
      options: dict. Name of a further argument of `cells` -> keywords of `add_argument`; what is
        None is left to `cells`.
    """

    help: str
    description: str
    latents: str
    iterations: int
    seeds: int
    num_samples: int = 100_000
    options: Mapping[str, Mapping] = dataclasses.field(default_factory=dict)


GRIDS = {
    "table1": GridCommand(
        help="discreteness of generated samples: data x latent x seed",
        description="Wallner and Clements, table 1. About 0.06 s a step on two idle cores.",
        latents="the paper's four and four classical controls",
        iterations=40_000,
        seeds=12,
        options={
            "data": {"nargs": "+", "help": "data sets (default: quantum bernoulli)"},
        },
    ),
    "mixture": GridCommand(
        help="points between seven blobs in the plane: latent x seed",
        description="Bacarreza et al., the mixture in two dimensions.",
        latents="the paper's four",
        iterations=5000,
        seeds=5,
    ),
}
