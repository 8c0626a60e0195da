"""Do photographs profit from a quantum latent? Latent x seed, residual networks on CIFAR-10.

Reference:
  H. Wallner and W. R. Clements, "Towards an inductive bias for quantum statistics in GANs",
  table 2.
"""

import dataclasses

from qlatent_tf.configs.resnet import VARIANTS, get_config
from qlatent_tf.experiments.experiment import GridExperiment, Option
from qlatent_tf.experiments.grids.cells import seed_by_seed
from qlatent_tf.experiments.grids.finished_cells import cell_scores
from qlatent_tf.experiments.grids.latent_files import recorded_samples, refuse_samples
from qlatent_tf.experiments.grids.paired_tables import write_paired
from qlatent_tf.experiments.grids.table_files import write_table
from qlatent_tf.experiments.grids.tables import (
    Column,
    in_order,
    judges,
    make_table,
    other_columns,
)
from qlatent_tf.experiments.table1 import LATENTS
from qlatent_tf.scores import read_scores

DATA = "cifar10"
ITERATIONS = 100_000
WIDTH = 128  # of the latents
SEEDS = 5
NUM_SAMPLES = 50_000
_INCEPTION = "inception_score"
# Of the variant `loop`, whose latents with a circuit are rows beside those of several circuits.
_ONE_DEVICE = ", one device"
# Of real images.
_NO_LATENT = "none"
COLUMNS = tuple(
    Column.of(f"classifier_{kind}", "cifar_classifier")
    for kind in ("score", "frechet_distance", "kernel_distance")
)
_INCEPTION_COLUMNS = tuple(
    map(Column.of, (_INCEPTION, "frechet_inception_distance", "kernel_inception_distance"))
)
# Inception scores, mean and standard error of 5 runs. The paper's quantum latent is a device's
# samples.
PAPER = {"gaussian": (7.57, 0.02), "bernoulli": (7.66, 0.039), "boson": (7.54, 0.011)}
NOTES = (
    f"Paper: {ITERATIONS:,} iterations, {SEEDS} runs, Inception scores of {NUM_SAMPLES:,} images; "
    "its quantum latent, in rows of `boson`, is recorded samples of a device of 128 modes and "
    "65 photons on average. Ours, unless options say otherwise, is eight simulated circuits of 16 "
    "modes and 8 photons, drawn anew in each seed; one device is 64 photons in 128 modes behind "
    "two fibre loops. Classifier scores are not Inception scores: they compare the rows of this "
    "table with each other and with real images. Only Inception scores by the network "
    "`tfgan_inception` compare with the paper's. Learning rates fall to 0 at the last step."
)
_REAL = (
    " Real images are held out of the training. Where they are fewer than the generated images, "
    "that alone makes their Frechet distance larger and their score smaller."
)


def _cells(latents, samples, variant, data, **schedule):
    refuse_samples(latents)
    configs = []
    for latent in latents:
        config = get_config(latent, variant)
        device = _ONE_DEVICE if "interferometer" in config.latent_options else ""
        configs.append((f"{latent}{device}", config))
    for text in samples:
        name, _, options = recorded_samples(text)
        config = get_config("samples", variant)
        options = {**config.latent_options, **options}
        configs.append((f"samples {name}", config.override(latent_options=options)))
    rows = [
        ({"data": data, "latent": name}, config.override(dataset=data)) for name, config in configs
    ]
    taken = ["learning_rate_decay_steps", "model"]
    if samples:
        taken += ["latent_options.file", "latent_options.key"]
    return seed_by_seed(rows, taken=taken, decay=True, **schedule)


def _published(row):
    # The paper does not say of which Inception its scores are.
    known = PAPER.get(row["latent"].removesuffix(_ONE_DEVICE)) if row["data"] == DATA else None
    return {_INCEPTION: known} if known else {}


def _write(folder, finished):
    from qlatent_tf.experiments.grids.charts import save_charts

    finished = in_order(finished, latent=LATENTS)
    columns, inception = _columns(finished)
    published = (
        f"paper ({ITERATIONS:,} steps)",
        lambda row: dict(zip([inception], _published(row).values(), strict=False)),
    )
    real_cells = _real_cells(finished)
    table = make_table([*finished, *real_cells.values()], columns, *published)
    real = [row for row in table["rows"] if row["latent"] == _NO_LATENT]
    for row in real:
        row.update(seeds=[], seconds=[])
    write_table(folder / "table2_cifar", table, columns, NOTES + (_REAL if real else ""))
    generated = make_table(finished, columns, *published)
    write_paired(folder / "table2_cifar_paired", finished, generated, EXPERIMENT.baseline)
    score, frechet, _ = ((column.name, column.title) for column in COLUMNS)
    bars = {"score": score, "frechet": frechet, "inception": (inception, "Inception score")}
    save_charts(
        folder / "table2_cifar",
        generated,
        finished,
        "{}",
        score,
        {name: bar for name, bar in bars.items() if bar[0] in generated["columns"]},
        real=dict(zip(real_cells, real, strict=True)),
    )
    return table


def _columns(finished):
    """The table's columns, and the name of the one that compares with the paper.

    There are several Inceptions, and a column for each.
    """
    found = {name: score for cell in finished for name, score in cell_scores(cell).items()}
    more = [column for column in judges("cifar_classifier") if column.name in found]
    columns, comparable = [*COLUMNS, *more], []
    for column in _INCEPTION_COLUMNS:
        for name, score in sorted(found.items()):
            if score.metric == column.name and score.network:
                title = f"{column.title} ({score.network})"
                columns.append(Column(name, title, column.best))
                if score.metric == _INCEPTION and score.is_as_published:
                    comparable.append(name)
    if any(cell["config"].metrics for cell in finished):
        columns += other_columns(found, columns)
    if not comparable and any(_published(cell["row"]) for cell in finished):
        columns.append(Column.of(_INCEPTION))
    return columns, (comparable or [_INCEPTION])[0]


def _real_cells(finished):
    """Data set -> a cell of its real images, made of what a finished cell found of them."""
    known = {}
    for cell in finished:
        real, best = cell.get("real"), known.get(cell["row"]["data"])
        if real and (best is None or len(real["metrics"]) > len(best["real"]["metrics"])):
            known[cell["row"]["data"]] = cell
    return {data: _real_cell(data, cell) for data, cell in known.items()}


def _real_cell(data, cell):
    real = cell["real"]
    # Their number, which their row tells, may be another one than that in the table's keys.
    size = cell["evaluation"]["num_samples"]
    scores = {
        dataclasses.replace(score, num_samples=size).key: score.to_json()
        for score in read_scores(real["metrics"], real["dataset"])
    }
    return {
        **cell,
        "row": {"data": f"{data}, {real['num_samples']:,} real images", "latent": _NO_LATENT},
        "evaluation": {**cell["evaluation"], "metrics": scores},
        "history": [],
    }


EXPERIMENT = GridExperiment(
    name="table2_cifar",
    help="generates photographs by residual networks: latent x seed",
    citation="Wallner and Clements, table 2",
    description="A run of the published size needs a GPU and hours, see configs/resnet.py; "
    "--variant small --iterations 8000 takes one CPU core two hours and a quarter a run. The "
    "classifier that comes with the package scores images. Inception also scores finished runs "
    "where its weights are available, see docs/image_metrics.md.",
    options={
        "variant": Option(
            VARIANTS[0],
            "the published size with the paper's schedule or that of Gulrajani et al., or one for "
            "two CPU cores, with several circuits side by side or with one",
            choices=VARIANTS,
        ),
        "data": Option(DATA, "a registered data set of images"),
        "samples": Option(
            (),
            "files of recorded samples, a row each, whose first 128 modes are the latent; KEY "
            "chooses an array of a .npz file",
            metavar="FILE[:KEY]",
        ),
    },
    latents=LATENTS,
    iterations=ITERATIONS,
    seeds=SEEDS,
    num_samples=NUM_SAMPLES,
    make_cells=_cells,
    baseline={"latent": "boson"},
    write_instead=_write,
    published=_published,
    scores_images=True,
)
