"""Training steps of several candidates, timed in turns, as a table."""

from collections.abc import Callable, Iterable

import keras
import numba
import tensorflow as tf
from qlatent_tf.tools.arguments import count

from benchmarks.machine import machine_lines, usable_cores
from benchmarks.report import medians, timed
from qlatent_tf import resolve as completion
from qlatent_tf.config import Config
from qlatent_tf.gan.wgan_gp import WGANGP
from qlatent_tf.runs import training

WARM_STEPS = 6  # More than are drawn ahead.

# Does so many steps and waits for the last.
Candidate = Callable[[int], None]


def model_and_batches(config: Config) -> tuple[WGANGP, tf.data.Dataset]:
    """Returns a model, compiled as the training loop compiles it, and its batches, drawn live."""
    config = completion.resolve(config)
    model = training.prepare(config)
    dataset = training.load_dataset(config, progress=False)
    real = model.precompute(dataset.source)
    return model, model.training_batches(real, config.batch_size, config.seed)


def keras_steps(model: keras.Model, batches: tf.data.Dataset) -> Candidate:
    """Returns steps as `fit` makes them."""
    iterator = iter(batches)
    model.make_train_function()

    def run(steps):
        for _ in range(steps):
            logs = model.train_function(iterator)
        float(logs["generator_loss"])

    return run


def bare_steps(config: Config) -> Candidate:
    """Returns steps of our program on one batch that lies in memory: nothing is drawn."""
    model, batches = model_and_batches(config)
    return keras_steps(model, batches.take(1).cache().repeat())


def measure(candidates: dict[str, Candidate], steps: int, turns: int) -> dict[str, tuple]:
    """Returns the medians over turns of seconds and of processor seconds a step."""
    times = {name: [] for name in candidates}
    for turn in range(turns + 1):
        for name, run in candidates.items():
            run(WARM_STEPS)
            spent = timed(run, steps)
            if turn:  # The first one compiles.
                times[name].append(tuple(one / steps for one in spent))
    return medians(times)


def add_options(parser, latents, batch_size: int, steps: int, turns: int) -> None:
    """Adds what all benchmarks of steps can be asked for; no latents where they are given."""
    if latents:
        parser.add_argument("--latents", nargs="+", default=latents)
    parser.add_argument("--batch-size", type=count, default=batch_size)
    parser.add_argument(
        "--steps", type=count, default=steps, help=f"steps of a turn (default: {steps})"
    )
    parser.add_argument(
        "--turns", type=count, default=turns, help=f"turns of each (default: {turns})"
    )
    parser.add_argument(
        "--threads",
        type=count,
        default=usable_cores(),
        help="threads of TensorFlow's kernels, and of samplers (default: all)",
    )


def parse_options(parser, argv=None):
    """Returns the options of a command line, and bounds the threads."""
    options = parser.parse_args(argv)
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    # As the variable of this name would: samplers look here at each call.
    numba.config.NUMBA_NUM_THREADS = options.threads
    return options


def report(what: str, options, packages: Iterable[str], measured: dict[str, tuple]) -> str:
    """Returns the table as Markdown; ratios are to the first candidate.

    Args:
      what: str. What is trained, such as "`mlp` on quantum data".
      options: namespace. Of `add_options`.
      packages: iterable of str. Those whose versions matter.
      measured: dict. What `measure` returned.
    """
    lines = [
        "# Training steps",
        "",
        *machine_lines(packages, options.threads),
        "",
        f"{what}, batch {options.batch_size}, {options.turns} turns of {options.steps} steps.",
        "",
        "| candidate | steps/s | ms a step | of the first | processor ms a step | of the first |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    first_seconds, first_processor = next(iter(measured.values()))
    for name, (seconds, processor) in measured.items():
        lines.append(
            f"| {name} | {1 / seconds:.2f} | {1000 * seconds:.0f} | {seconds / first_seconds:.2f} "
            f"| {1000 * processor:.0f} | {processor / first_processor:.2f} |"
        )
    return "\n".join(lines) + "\n"
