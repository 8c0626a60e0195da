"""How much classical capacity matches how much quantum capacity? A protocol of our own.

The claim to test is that the capacity at which a classical discriminator, or generator, is optimal
grows exponentially with that of the quantum generator. Here, on the codes of one autoencoder:

- for each circuit (qubits, layers) the critic's width is swept, and the smallest optimal critic
  taken, see `optima`;
- for each code the classical generator's width is swept beside a critic of one width, and for
  each circuit the smallest generator is taken whose score is that of the circuit's best run;
- three laws are fitted to both, see `scaling_laws`.

A circuit of n qubits has 2 n features, so it is trained on the 2 n leading principal components
of the codes. Its capacity is its number of parameters, 2 n (5 layers + 1); a classical network's is
that of its trainable parameters.

Reference:
  Liepelt and Baglio, Exponential capacity scaling of classical GANs compared to hybrid latent
  style-based quantum GANs, arXiv 2601.05036. The protocol is not theirs.
"""

from qlatent_tf.configs.last_qgan import get_config
from qlatent_tf.experiments.capacity import IMAGE_DATA, WINDOW
from qlatent_tf.experiments.experiment import GridExperiment, Option
from qlatent_tf.experiments.grids.cells import seed_by_seed

# Ours: with the 2e-4 of `last_qgan` a circuit, whose angles begin near 0, is far from done.
LEARNING_RATE = 1e-3
_TAKEN = (
    # Runs are judged by theirs.
    "metrics",
    "latent_options.modes",
    "dataset_options.components",
    "model",
    *(
        f"model_options.{name}"
        for name in (
            *("generator", "image", "qubits", "circuit_layers", "width", "critic_width"),
            # Capacities and widths of codes are those of their defaults.
            *("ansatz", "style", "readout"),
        )
    ),
)


def _cells(
    latents,
    qubits,
    circuit_layers,
    critic_widths,
    generator_widths,
    reference_critic,
    **schedule,
):
    if len(latents) != 1 or ":" in latents[0]:
        raise ValueError(f"The study is of one registered latent; received {list(latents)}.")
    if schedule["iterations"] < WINDOW:
        raise ValueError(
            f"The last {WINDOW} evaluations judge a run, so that iterations are at least {WINDOW}; "
            f"received {schedule['iterations']}."
        )
    rows = []
    for count in qubits:
        for depth in circuit_layers:
            rows += [
                _row(latents[0], "quantum", count, depth, None, width) for width in critic_widths
            ]
        rows += [
            _row(latents[0], "classical", count, None, width, reference_critic)
            for width in generator_widths
        ]
    # Ours: at a constant rate scores still swing by their own size when a run ends.
    return seed_by_seed(rows, taken=_TAKEN, decay=True, **schedule)


def _row(latent, generator, qubits, depth, width, critic_width):
    row = {
        "generator": generator,
        "code": 2 * qubits,
        "layers": depth or "",
        "width": width or "",
        "critic": critic_width,
    }
    options = {
        "generator": generator,
        "image": None,
        "qubits": qubits,
        "circuit_layers": depth or 1,
        "width": width or 1,
        "critic_width": critic_width,
    }
    config = get_config(latent).override(
        **{
            "latent_options.modes": qubits,
            "model_options": options,
            "dataset": "codes",
            "dataset_options": {"components": 2 * qubits},
            "evaluation_samples": 5000,
            "optimizer_options.learning_rate": LEARNING_RATE,
            # XLA would compile for as long as these small circuits are trained.
            "jit_compile": False,
        }
    )
    return row, config


def _prepare(folder, cells, **options):
    from qlatent_tf.experiments.capacity.codes import prepare

    return prepare(folder, cells, **options)


def _write(folder, finished):
    from qlatent_tf.experiments.capacity.results import write_results

    return write_results(folder, finished)


EXPERIMENT = GridExperiment(
    name="capacity",
    help="finds the capacity of critics and classical generators that match a circuit's",
    citation="A protocol of this project for the question of Liepelt and Baglio, see "
    "docs/last_qgan.md",
    description="It sweeps widths, takes the smallest optimal one and fits growth models. Latents "
    "are as wide as there are qubits.",
    options={
        "qubits": Option((3, 4, 5, 6), "numbers of qubits of the circuits"),
        "circuit_layers": Option((1, 2, 3), "numbers of layers of the circuits"),
        "critic_widths": Option(
            (4, 8, 16, 32, 64, 128), "widths of the critics that each circuit is trained with"
        ),
        "generator_widths": Option(
            (1, 2, 4, 8, 16, 32), "widths of the classical generators for each number of qubits"
        ),
        "reference_critic": Option(
            128, "width of the critic that classical generators are trained with"
        ),
    },
    latents=("gaussian",),
    iterations=2000,
    seeds=3,
    num_samples=10_000,
    judges_the_way=True,
    whose="ours",
    make_cells=_cells,
    write_instead=_write,
    prepare=_prepare,
    preparation={
        "autoencoder": Option(
            None,
            "preset or run whose encoder makes the codes (default: one is trained)",
            metavar="SOURCE",
        ),
        "image_data": Option(None, f"data set to train an autoencoder on (default: {IMAGE_DATA})"),
    },
)
