"""The experiments of `reproduce` that are grids of runs, as the command line shows them."""

import dataclasses
from collections.abc import Mapping

from qlatent_tf.configs.resnet import VARIANTS


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
      whose: str. Iterations and seeds are whose.
      preparation: dict. Where the experiment has a `prepare(workdir, data_dir, progress, ...)`, to
        be called before the first cell: name of a further argument -> as `options`. It takes those
        of `options` that it knows, too, and returns the folder of the cells' data files.
      options: dict. Name of a further argument of `cells` -> keywords of `add_argument`; what is
        None is left to `cells`.
      scores_images: bool. Whether Inception may score the finished runs.
    """

    help: str
    description: str
    latents: str
    iterations: int
    seeds: int
    num_samples: int = 100_000
    whose: str = "the paper's"
    preparation: Mapping[str, Mapping] = dataclasses.field(default_factory=dict)
    options: Mapping[str, Mapping] = dataclasses.field(default_factory=dict)
    scores_images: bool = False


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
    "table2": GridCommand(
        help="molecules by MolGAN: latent x modes x seed",
        description="Bacarreza et al., table II. About 0.2 s a step on two idle cores, 70 minutes "
        "a run of 20000 steps; scoring the first run computes what is to be known of "
        "the data, some minutes once. A bank of 1000000 samples of 24 photons in 48 "
        "modes takes about 65 minutes on two cores, once.",
        latents="the paper's four and four classical controls",
        iterations=20_000,
        seeds=20,
        num_samples=10_000,
        options={
            "sizes": {
                "nargs": "*",
                "type": int,
                "metavar": "MODES",
                "help": "modes of each latent; none for --samples alone (default: 16 32 48)",
            },
            "interferometers": {
                "nargs": "+",
                "metavar": "CIRCUIT",
                "help": "circuits of boson and photonic, a row each: haar, or loop delays such as "
                "1-1 1-3-9 (default: haar)",
            },
            "samples": {
                "nargs": "+",
                "metavar": "FILE[:KEY]",
                "help": "files of recorded samples, a row each, as wide as the file; KEY chooses "
                "an array of a .npz file (default: none)",
            },
            "bank_sizes": {
                "nargs": "*",
                "type": int,
                "metavar": "MODES",
                "help": "sizes with one fixed circuit, at which boson and photonic draw from a "
                "bank of samples in WORKDIR/banks, made when first needed (default: 48)",
            },
            "bank_samples": {
                "type": int,
                "metavar": "N",
                "help": "samples of a bank; the table says how many (default: 1000000, the "
                "paper's)",
            },
            "data": {"help": "a registered data set of molecules (default: qm9)"},
        },
    ),
    "capacity": GridCommand(
        help="capacity of critics and classical generators that match a circuit's",
        description="A protocol of our own for the question of Liepelt and Baglio, see "
        "docs/last_qgan.md: widths are swept, the smallest optimal one is taken, laws "
        "are fitted. Latents are as wide as there are qubits.",
        latents="gaussian",
        iterations=2000,
        seeds=3,
        num_samples=10_000,
        whose="ours",
        preparation={
            "autoencoder": {
                "metavar": "SOURCE",
                "help": "preset or run whose encoder makes the codes (default: one is trained)",
            },
            "image_data": {"help": "data set to train an autoencoder on (default: naip28)"},
        },
        options={
            "qubits": {"nargs": "+", "type": int, "help": "default: 3 4 5 6"},
            "circuit_layers": {"nargs": "+", "type": int, "help": "default: 1 2 3"},
            "critic_widths": {
                "nargs": "+",
                "type": int,
                "help": "default: 4 8 16 32 64 128",
            },
            "generator_widths": {
                "nargs": "+",
                "type": int,
                "help": "default: 1 2 4 8 16 32",
            },
            "reference_critic": {
                "type": int,
                "help": "width of the critic beside classical generators (default: 128)",
            },
        },
    ),
    "table2_cifar": GridCommand(
        help="photographs by residual networks: latent x seed",
        description="Wallner and Clements, table 2. A run of the published size wants a GPU and "
        "hours, see configs/resnet.py; --variant small --iterations 8000 takes one "
        "CPU core two hours and a quarter a run. Images are scored by the classifier "
        "that comes with the package, and finished runs by Inception, too, where its "
        "weights are at hand, see docs/image_metrics.md.",
        latents="the paper's three and photonic",
        iterations=100_000,
        seeds=5,
        num_samples=50_000,
        options={
            "variant": {
                "choices": VARIANTS,
                "help": "the published size, with the paper's schedule or that of Gulrajani et "
                "al., or one for two CPU cores, of tiled or of one device (default: full)",
            },
            "data": {"help": "a registered data set of images (default: cifar10)"},
            "samples": {
                "nargs": "+",
                "metavar": "FILE[:KEY]",
                "help": "files of recorded samples, a row each, whose first 128 modes are the "
                "latent; KEY chooses an array of a .npz file (default: none)",
            },
        },
        scores_images=True,
    ),
}
