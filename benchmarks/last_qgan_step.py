"""Training steps of the latent GAN: circuit and perceptron, with XLA and without.

    python -m benchmarks.last_qgan_step                       # some minutes
    python -m benchmarks.last_qgan_step --qubits 6 --steps 10 --turns 2
    python -m benchmarks.last_qgan_step --width 4             # a small classical generator
    python -m benchmarks.last_qgan_step --out last_qgan_step.md

One step is five critic updates and one generator update of `last_qgan` under its configuration, on
codes that lie in memory: real images are encoded once, before the first step, so that an
autoencoder takes no part in it. Candidates take turns, and the median over the turns counts; the
first turn, which compiles, does not.
"""

import numpy as np
from qlatent_tf.configs.last_qgan import get_config
from qlatent_tf.tools.arguments import count

from benchmarks.report import new_parser, show_report
from benchmarks.steps import add_options, keras_steps, measure, parse_options, report
from qlatent_tf import resolve as completion
from qlatent_tf.models.codes.builder import GENERATORS
from qlatent_tf.runs import training
from qlatent_tf.storage.preset_files import versions

_CODES = 6500


def candidate(latent: str, generator: str, compiled: bool, options):
    """Returns steps of one generator.

    Args:
      latent: str. A registered latent, as wide as there are qubits.
      generator: str. ``quantum`` or ``classical``.
      compiled: bool. Whether XLA compiles the step.
      options: namespace. Of the command line.
    """
    config = completion.resolve(
        get_config(latent).override(
            **{
                "dataset": "codes",
                "batch_size": options.batch_size,
                "jit_compile": compiled,
                "latent_options.modes": options.qubits,
                "model_options": {
                    "generator": generator,
                    "image": None,
                    "qubits": options.qubits,
                    "circuit_layers": options.layers,
                    "width": options.width,
                },
            }
        )
    )
    model = training.prepare(config)
    codes = np.random.default_rng(0).uniform(-1, 1, (_CODES, 2 * options.qubits))
    batches = model.training_batches(codes.astype(np.float32), config.batch_size, config.seed)
    return keras_steps(model, batches)


def main(argv=None) -> None:
    """Runs the benchmark and prints it, or writes it to a file."""
    parser = new_parser(__doc__)
    add_options(parser, ["gaussian", "boson"], batch_size=64, steps=50, turns=5)
    parser.add_argument("--qubits", type=count, default=10, help="default: 10")
    parser.add_argument("--layers", type=count, default=2, help="of the circuit (default: 2)")
    parser.add_argument(
        "--width",
        type=count,
        default=128,
        help="of the classical generator's first layer (default: 128)",
    )
    options = parse_options(parser, argv)
    candidates = {
        f"{generator}, {latent}, {'XLA' if compiled else 'no XLA'}": candidate(
            latent, generator, compiled, options
        )
        for generator in GENERATORS
        for latent in options.latents
        for compiled in (True, False)
    }
    what = (
        f"`last_qgan` on codes, {options.qubits} qubits, {options.layers} layers, "
        f"width {options.width}"
    )
    text = report(what, options, versions(), measure(candidates, options.steps, options.turns))
    show_report(text, options.out)


if __name__ == "__main__":
    main()
