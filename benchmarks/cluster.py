"""Seconds that a grid and a bank take in one process and on workers of this machine.

    python -m benchmarks.cluster                    # about ten minutes on two idle cores
    python -m benchmarks.cluster --turns 1 --out cluster.md

Commands as a user gives them, start included: a grid of eight short cells, and a bank of 20,000
samples of 20 photons in 40 modes. Each is a process of its own in a new folder. Candidates take
turns, and the shortest time counts. The last column says whether all candidates made equal cells or
rows; cells of fewer threads may round otherwise.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

from qlatent_tf.tools.arguments import count

from benchmarks.machine import machine_lines, usable_cores
from benchmarks.report import new_parser, run_quietly, write_report
from qlatent_tf.storage.files import sha256_of

PACKAGES = ("qlatent_tf", "dask", "distributed", "tensorflow", "keras", "numba")
CANDIDATES = {
    "one process": [],
    "`--workers 1`": ["--workers", "1"],
    "`--workers 2`": ["--workers", "2"],
}
GRID = (
    "reproduce table1 --data quantum --latents gaussian boson --seeds 4 --iterations {steps} "
    "--num-samples 1000 --set batch_size=100 --set evaluation_samples=500 "
    "--set metrics=discreteness --set jit_compile=false --quiet --workdir {folder}"
)
BANK = "sample_latent {folder} --photons 20 --modes 40 --num-samples {samples}"


def seconds(command: str, candidate: list[str], read) -> tuple[float, object]:
    """Returns how long a command takes, and what `read` finds in its folder.

    Args:
      command: str. With ``{folder}`` for the folder.
      candidate: list of str. Arguments that say where the work is done.
      read: callable. `read(folder)` returns what all candidates should make.
    """
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "made"
        words = [*command.format(folder=folder).split(), *candidate]
        began = time.perf_counter()
        run_quietly([sys.executable, "-m", "qlatent_tf", *words])
        return time.perf_counter() - began, read(folder)


def cells(folder: Path) -> dict:
    """Returns the scores of a grid's finished cells by their files."""
    found = {
        file.name: json.loads(file.read_text())["evaluation"]["metrics"]
        for file in sorted((folder / "cells").glob("*.json"))
    }
    if not found:
        raise ValueError(f"{folder} has no cells.")
    return found


def rows(folder: Path) -> list[str]:
    """Returns the hashes of a bank's shards."""
    found = [sha256_of(file) for file in sorted(folder.glob("shard-*.npy"))]
    if not found:
        raise ValueError(f"{folder} has no shards.")
    return found


def main(argv=None) -> None:
    """Runs the benchmark and prints it, or writes it to a file."""
    parser = new_parser(__doc__)
    parser.add_argument("--turns", type=count, default=2, help="default: 2")
    parser.add_argument("--steps", type=count, default=100, help="of a cell (default: 100)")
    parser.add_argument(
        "--samples", type=count, default=20_000, help="of the bank (default: 20000)"
    )
    parser.add_argument("--note", help="a remark on the machine, such as what else it did")
    options = parser.parse_args(argv)
    work = {
        f"8 runs of {options.steps} steps": (
            GRID.replace("{steps}", str(options.steps)),
            cells,
        ),
        f"{options.samples:,} samples, 20 photons in 40 modes": (
            BANK.replace("{samples}", str(options.samples)),
            rows,
        ),
    }
    lines = [
        *machine_lines(PACKAGES, usable_cores()),
        *([f"- {options.note}"] if options.note else []),
        "",
        f"| work | {', s | '.join(CANDIDATES)}, s | results |",
        "|---|" + "---:|" * len(CANDIDATES) + "---|",
    ]
    print("\n".join(lines), flush=True)
    for what, (command, read) in work.items():
        best, made = dict.fromkeys(CANDIDATES, float("inf")), []
        for _ in range(options.turns):
            for name, candidate in CANDIDATES.items():
                taken, result = seconds(command, candidate, read)
                best[name] = min(best[name], taken)
                made.append(result)
        same = "equal" if all(one == made[0] for one in made) else "differ"
        times = " | ".join(f"{value:.1f}" for value in best.values())
        lines.append(f"| {what} | {times} | {same} |")
        print(lines[-1], flush=True)
    write_report("\n".join(lines), options.out)


if __name__ == "__main__":
    main()
