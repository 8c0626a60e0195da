"""Chi-square of every sampling method and precision against the exact law.

    python -m benchmarks.chi_square                   # a minute
    python -m benchmarks.chi_square --out chi_square.md

The laws are squared permanents by the definition, independent of the samplers. A p-value is uniform
between 0 and 1 if the law is right; each has a seed of its own.
"""

import numpy as np
from qlatent_tf.tools.arguments import count

from benchmarks.machine import machine_lines
from benchmarks.report import new_parser, show_report
from qlatent_tf.quantum.reference import outcomes, probability
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.threads import check_num_threads
from qlatent_tf.quantum.unitaries import haar_unitary
from qlatent_tf.quantum.verification.chi_square import chi_square_p_value

SIZES = [(3, 4), (4, 5), (5, 8), (8, 10)]
METHODS = [
    ("table", "double"), ("lanes", "double"), ("lanes", "single"),
    ("glynn", "double"), ("glynn", "single"),
]  # fmt: skip


def chi_square_table(samples: int) -> str:
    """Returns the Markdown table of p-values.

    Args:
      samples: int. Samples of each size, method and precision.
    """
    names = " | ".join(f"{method}, {precision}" for method, precision in METHODS)
    lines = [f"| (n, m) | outcomes | {names} |", "|---" * (len(METHODS) + 2) + "|"]
    for size, (photons, modes) in enumerate(SIZES):
        unitary = haar_unitary(modes, seed=photons)
        state = [1] * photons + [0] * (modes - photons)
        occupations = outcomes(modes, photons)
        law = np.array([probability(unitary, state, outcome) for outcome in occupations])
        row = [f"({photons}, {modes})", f"{len(law):,}"]
        for seed, (method, precision) in enumerate(METHODS, start=len(METHODS) * size):
            sampler = BosonSampler(unitary, state, method=method, precision=precision)
            rows = sampler.sample(samples, seed)
            row.append(f"{chi_square_p_value(rows, occupations, law):.3f}")
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def main(argv=None) -> None:
    """Prints the table."""
    parser = new_parser(__doc__)
    parser.add_argument(
        "--samples",
        type=count,
        default=1_000_000,
        help="of each size, method and precision (default: 1000000)",
    )
    options = parser.parse_args(argv)
    machine = "\n".join(machine_lines(("qlatent_tf", "numpy", "numba"), check_num_threads(None)))
    table = chi_square_table(options.samples)
    text = f"{machine}\n\np-values of {options.samples:,} samples each.\n\n{table}"
    show_report(text, options.out)


if __name__ == "__main__":
    main()
