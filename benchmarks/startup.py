"""Seconds until a command line answers, and those of another version beside it.

    taskset -c 0 python -m benchmarks.startup --out startup.md
    taskset -c 0 python -m benchmarks.startup --beside path/to/another/checkout

The other checkout is one with a virtual environment of its own in `.venv`, as `make` sets it up.
Each command is a process of its own. Of several repetitions, in which the versions take turns, the
shortest counts: the time that passed, and the processor's, which other processes disturb less.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

from qlatent_tf.tools.arguments import count

from benchmarks.machine import machine_lines, usable_cores
from benchmarks.report import new_parser, run_quietly, write_report

PACKAGES = ("qlatent_tf", "tensorflow", "keras", "numpy")
STATEMENTS = ("pass", "import qlatent_tf", "import tensorflow")
COMMANDS = (
    "list_models",
    "train --help",
    "sample --help",
    "inspect_samples --help",
    "cut_naip --help",
    "train --model molgan --latent boson --dry-run",
    "train --model resnet --latent copula --dry-run",
    "train --model mlp --latent bosson",
    "evaluate mlp_bosson_quantum",
)
# Of these, what is refused.
REFUSED = COMMANDS[-2:]


def seconds(
    pythons: list[Path], arguments: list[str], repeats: int, code: int
) -> list[tuple[float, float]]:
    """Returns the shortest time that passed and the processor's, for each of some interpreters.

    Args:
      pythons: list of path. Interpreters, which take turns.
      arguments: list of str. What they are called with.
      repeats: int. How often each is called.
      code: int. What they end with.
    """
    found = [(float("inf"), float("inf"))] * len(pythons)
    for _ in range(repeats):
        for place, python in enumerate(pythons):
            found[place] = tuple(map(min, found[place], _once(python, arguments, code)))
    return found


def _once(python, arguments, code):
    with tempfile.TemporaryDirectory() as folder:
        before, start = _processor_seconds(), time.perf_counter()
        run_quietly([python, *arguments], code, folder)
        return time.perf_counter() - start, _processor_seconds() - before


def _processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main(argv=None) -> None:
    """Runs the benchmark and prints it, or writes it to a file."""
    parser = new_parser(__doc__)
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="another version")
    parser.add_argument("--repeats", type=count, default=5, help="default: 5")
    parser.add_argument("--note", help="a remark on the machine, such as what else it did")
    options = parser.parse_args(argv)
    pythons = {"this version": Path(sys.executable)}
    if options.beside:
        pythons[options.beside.resolve().name] = options.beside.resolve() / ".venv/bin/python"
    heads = [f"{name}, s | processor, s" for name in pythons]
    lines = [
        "# What a command line takes to start",
        "",
        "Made by `taskset -c 0 python -m benchmarks.startup`.",
        "",
        *machine_lines(PACKAGES, usable_cores()),
        *([f"- {options.note}"] if options.note else []),
        "",
        f"| what | {' | '.join(heads)} |",
        "|---|" + "---:|" * 2 * len(pythons),
    ]
    timed = {f"python -c '{text}'": (["-c", text], 0) for text in STATEMENTS}
    for text in COMMANDS:
        arguments = ["-m", "qlatent_tf", *text.split()]
        timed[f"qlatent-tf {text}"] = arguments, int(text in REFUSED)
    for what, (arguments, code) in timed.items():
        times = seconds(list(pythons.values()), arguments, options.repeats, code)
        cells = [f"{value:.2f}" for pair in times for value in pair]
        lines.append(f"| `{what}` | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    write_report("\n".join(lines), options.out)


if __name__ == "__main__":
    main()
