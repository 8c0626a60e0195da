"""Do photographs profit from a quantum latent? Latent x seed, residual networks on CIFAR-10.

Reference:
  H. Wallner and W. R. Clements, "Towards an inductive bias for quantum statistics in GANs",
  table 2.
"""

from pathlib import Path

from qlatent_tf.configs.resnet import get_config
from qlatent_tf.drawing.style import save_figure
from qlatent_tf.experiments.grids import charts
from qlatent_tf.experiments.grids.cells import Cell, seed_by_seed
from qlatent_tf.experiments.grids.latent_files import recorded_samples
from qlatent_tf.experiments.grids.table_files import write_table
from qlatent_tf.experiments.grids.tables import Column, Published, in_order, make_table
from qlatent_tf.runs.evaluation import figure_of

DATA = "cifar10"
LATENTS = ("gaussian", "bernoulli", "photonic", "boson")
ITERATIONS = 100_000
SEEDS = 5
NUM_SAMPLES = 50_000
_SCORE, _SCORE_LABEL = "classifier_score_cifar_classifier", "classifier score"
_FRECHET = "classifier_frechet_distance_cifar_classifier"
_INCEPTION = "inception_score"
# Of real images.
_NO_LATENT = "none"
COLUMNS = (
    Column(_SCORE, "classifier score", max),
    Column(_FRECHET, "classifier Frechet distance", min),
    Column("classifier_kernel_distance_cifar_classifier", "classifier kernel distance", min),
)
_INCEPTION_COLUMNS = (
    Column(_INCEPTION, "Inception score", max),
    Column("frechet_inception_distance", "Frechet Inception distance", min),
    Column("kernel_inception_distance", "kernel Inception distance", min),
)
CITATION = "Wallner and Clements, table 2"
# Inception scores, mean and standard error of 5 runs. The paper's quantum latent is a device's
# samples.
PAPER = {"gaussian": (7.57, 0.02), "bernoulli": (7.66, 0.039), "boson": (7.54, 0.011)}
NOTES = (
    f"Paper: {ITERATIONS:,} iterations, {SEEDS} runs, Inception scores of {NUM_SAMPLES:,} images; "
    "its quantum latent, in the row of `boson`, is recorded samples of a device of 128 modes and "
    "65 photons on average, ours, unless options say otherwise, eight simulated circuits of 16 "
    "modes and 8 photons, others in each seed. Classifier scores are no Inception scores: they "
    "compare the rows of this table with each other and with real images. Ours compare with the "
    "paper's where an Inception score is of the network `tfgan_inception`. Learning rates fall to "
    "0 at the last step."
)
_REAL = (
    " Real images are of the held-out part; seeds count no training. Where they are fewer than the "
    "generated ones, their Frechet distance is the larger for it, and a score the smaller."
)


def cells(
    latents=LATENTS,
    seeds=SEEDS,
    iterations=ITERATIONS,
    settings=(),
    *,
    samples=(),
    variant="full",
    data=DATA,
) -> list[Cell]:
    """Returns the cells, seed by seed, so that an unfinished table has each latent.

    Args:
      latents: sequence of str. Registered latents, or ``my_file:my_latent``.
      seeds: int. Seeds 0 to seeds - 1.
      iterations: int. Generator steps; the learning rates are 0 at the last.
      settings: sequence of (key, value). Other changes of the configuration.
      samples: sequence of str. Files of recorded samples, a row each: ``FILE``, or ``FILE:KEY`` for
        an array of a ``.npz`` file. Their first 128 modes are the latent.
      variant: str. Of `configs.resnet`: ``full``, the published one, ``gulrajani``, ``small`` or
        ``loop``.
      data: str. A registered data set of images.

    Raises:
      ValueError: if a name, a key or a number is not legal.
      FileNotFoundError: if there is no such file of samples.
    """
    if "samples" in latents:
        raise ValueError("Files of samples are rows of their own: name them by --samples.")
    rows = [(latent, latent, {}) for latent in latents]
    for text in samples:
        name, _, options = recorded_samples(text)
        rows.append((f"samples {name}", "samples", options))
    rows = [
        (
            {"data": data, "latent": name},
            get_config(latent, variant).override(
                dataset=data,
                **{f"latent_options.{option}": value for option, value in options.items()},
            ),
        )
        for name, latent, options in rows
    ]
    return seed_by_seed(
        rows, seeds, iterations, settings, ("learning_rate_decay_steps", "model"), decay=True
    )


def published(row) -> dict:
    """Returns the paper's figures of a row, see `Published`; it does not say of which Inception."""
    known = PAPER.get(row["latent"]) if row["data"] == DATA else None
    return {_INCEPTION: known} if known else {}


def write_results(folder, finished) -> dict:
    """Writes ``table2_cifar.md``, ``.csv``, ``.json`` and the figures; returns the table.

    Args:
      folder: path.
      finished: sequence of dict. Finished cells of one schedule, see `finished_cells.read_cell`.

    Raises:
      ValueError: if there are none.
    """
    folder = Path(folder)
    finished = in_order(finished, latent=LATENTS)
    columns, inception = _columns(finished)
    source = Published(
        f"paper ({ITERATIONS:,} steps)",
        lambda row: dict(zip([inception], published(row).values(), strict=False)),
    )
    real_cells = _real_cells(finished)
    table = make_table([*finished, *real_cells.values()], columns, source)
    real = [row for row in table["rows"] if row["latent"] == _NO_LATENT]
    for row in real:
        row.update(seeds=[], seconds=[])
    write_table(folder / "table2_cifar", table, columns, NOTES + (_REAL if real else ""))
    step = finished[0]["config"].steps
    generated = make_table(finished, columns, source)
    curves = charts.history_figure(generated, finished, _SCORE, _SCORE_LABEL, "{}")
    save_figure(curves, folder / "table2_cifar_iterations", step=step)
    for name, figure, label in (
        ("score", _SCORE, _SCORE_LABEL),
        ("frechet", _FRECHET, COLUMNS[1].title),
        ("inception", inception, "Inception score"),
    ):
        if figure in generated["columns"]:
            scores = {
                data: row["scores"][figure]["mean"]
                for data, row in zip(real_cells, real, strict=True)
            }
            bars = charts.bars_figure(generated, figure, label, "{}", real=scores)
            save_figure(bars, folder / f"table2_cifar_{name}", step=step)
    return table


def _columns(finished):
    """The table's columns, and the figure of the one that the paper's scores stand beside.

    A network's name is a part of its figures', and there are several Inceptions.
    """
    found = {
        figure_of(name, cell["evaluation"].get("dataset", cell["config"].dataset))
        for cell in finished
        for name in cell["evaluation"]["metrics"]
    }
    columns = list(COLUMNS)
    for column in _INCEPTION_COLUMNS:
        networks = sorted(
            name.removeprefix(f"{column.figure}_")
            for name in found
            if name.startswith(f"{column.figure}_") and "_deviation_" not in name
        )
        columns += [
            Column(f"{column.figure}_{network}", f"{column.title} ({network})", column.best)
            for network in networks
        ]
    scores = [column.figure for column in columns if column.figure.startswith(_INCEPTION)]
    comparable = [figure for figure in scores if "tfgan_inception" in figure]
    if not comparable and any(published(cell["row"]) for cell in finished):
        columns.append(Column(_INCEPTION, "Inception score", max))
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
    real, dataset = cell["real"], cell["evaluation"].get("dataset", data)
    # The sample size, which their row tells, may be another one than that in the table's names.
    names = {figure_of(name, dataset): name for name in cell["evaluation"]["metrics"]}
    scores = {
        names.get(figure_of(name, dataset), name): score for name, score in real["metrics"].items()
    }
    return {
        **cell,
        "row": {"data": f"{data}, {real['num_samples']:,} real images", "latent": _NO_LATENT},
        "evaluation": {**cell["evaluation"], "metrics": scores},
        "history": [],
    }
