"""Does a latent pass its statistics on? Data x latent x seed, scored by discreteness.

Reference:
  H. Wallner and W. R. Clements, "Towards an inductive bias for quantum statistics in GANs",
  table 1.
"""

from qlatent_tf.configs.mlp import VARIANTS, get_config
from qlatent_tf.experiments.experiment import GridExperiment, Option
from qlatent_tf.experiments.grids.cells import seed_by_seed
from qlatent_tf.experiments.grids.latent_files import recorded_samples, refuse_samples
from qlatent_tf.experiments.grids.tables import Column, judges
from qlatent_tf.registry import datasets
from qlatent_tf.registry import latents as latent_registry

DATA = ("quantum", "bernoulli")
LATENTS = ("gaussian", "bernoulli", "photonic", "boson")
CONTROLS = ("dirichlet_multinomial", "negative_binomial", "shuffled", "copula")
ITERATIONS = 40_000
SEEDS = 12
COLUMNS = tuple(
    map(
        Column.of,
        (
            "integer_distance",
            "right_total_share",
            "outcome_tv",
            "outcome_tv_floor",
            "total_number_tv",
            "pair_correlation_error",
        ),
    )
)
DISTANCE = ("integer_distance", "distance to the nearest integer")
# Mean and standard error of 12 runs.
PAPER = {
    ("quantum", "gaussian"): (0.061, 0.001),
    ("quantum", "bernoulli"): (0.065, 0.001),
    ("quantum", "photonic"): (0.041, 0.002),
    ("quantum", "boson"): (0.036, 0.001),
    ("bernoulli", "gaussian"): (0.012, 0.0015),
    ("bernoulli", "bernoulli"): (0.0195, 0.0125),
    ("bernoulli", "photonic"): (0.017, 0.002),
    ("bernoulli", "boson"): (0.0153, 0.0015),
}
# Of what a table shows: published figures, any data, the distribution of counts.
_OF_PAPER = f"Paper: {ITERATIONS:,} iterations, {SEEDS} runs."
_OF_CIRCUITS = (
    "In each seed, the latent's circuit and the data's are independent, and Haar-random unless an "
    "option or a file says otherwise."
)
_OF_COUNTS = (
    "Totals and total variation are of samples rounded to whole numbers; the floor is the total "
    "variation that as many samples of the data show. Of 100,000 samples most of the total "
    "variation is this floor, so it does not rank latents that lie close together: figure 2 "
    "measures it with 10,000,000."
)


def _cells(latents, data, variant, samples, settings=(), **schedule):
    if "latent_options.file" not in dict(settings):
        refuse_samples(latents)
    configs = [(latent, get_config(latent, variant)) for latent in latents]
    for text in samples:
        name, _, options = recorded_samples(text)
        config = get_config("samples", variant).override(latent_options=options)
        configs.append((f"samples {name}", config))
    rows = [
        ({"data": dataset, "latent": name}, config.override(dataset=dataset))
        for dataset in data
        for name, config in configs
    ]
    taken = ("latent_options.file", "latent_options.key") if samples else ()
    return seed_by_seed(rows, settings=settings, taken=taken, **schedule)


def _notes(table):
    said = {
        _OF_PAPER: any(row["published"] for row in table["rows"]),
        _OF_CIRCUITS: any(map(_has_circuit, table["rows"])),
        _OF_COUNTS: "outcome_tv" in table["columns"],
    }
    return " ".join(note for note, is_said in said.items() if is_said)


def _has_circuit(row):
    registries = {"latent": latent_registry, "data": datasets}
    return any(
        row[kind] in known.names() and "unitary_seed" in known.options(row[kind])
        for kind, known in registries.items()
    )


def _published(row):
    known = PAPER.get((row["data"], row["latent"]))
    return {DISTANCE[0]: known} if known else {}


EXPERIMENT = GridExperiment(
    name="table1",
    help="measures how discrete generated samples are: data x latent x seed",
    citation="Wallner and Clements, table 1",
    description="About 0.06 s a step on two idle cores.",
    options={
        "data": Option(DATA, "data sets"),
        "variant": Option(
            "torch",
            "the epsilon of RMSprop, PyTorch's or Keras', see configs/mlp.py",
            choices=VARIANTS,
        ),
        "samples": Option(
            (),
            "files of recorded samples, a row each, as wide as the file; KEY chooses an array of "
            "a .npz file",
            metavar="FILE[:KEY]",
        ),
    },
    latents=LATENTS + CONTROLS,
    iterations=ITERATIONS,
    seeds=SEEDS,
    num_samples=100_000,
    make_cells=_cells,
    columns=(*COLUMNS, *judges()),
    notes=_notes,
    order={"data": DATA, "latent": LATENTS + CONTROLS},
    baseline={"latent": "boson"},
    curve=DISTANCE,
    bars={"bars": DISTANCE},
    published=_published,
)
