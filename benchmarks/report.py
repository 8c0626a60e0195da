"""What benchmarks share: their options, what they run and time, and where the report goes."""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from qlatent_tf.storage.files import write_text


def new_parser(description: str) -> argparse.ArgumentParser:
    """Returns a parser that keeps the lines of the description, with --out."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out", type=Path, help="Markdown file to write; one that is there is replaced"
    )
    return parser


def write_report(text: str, out: Path | None) -> None:
    """Writes a report if a file was asked for."""
    if out:
        write_text(out, text.rstrip("\n") + "\n")


def show_report(text: str, out: Path | None) -> None:
    """Prints a report, and writes it if a file was asked for."""
    print(text)
    write_report(text, out)


def run_quietly(words: Sequence, code: int = 0, cwd: Path | str | None = None) -> None:
    """Runs a command whose output nobody reads.

    Raises:
      RuntimeError: if it ends with another code, with the end of what it said.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        done = subprocess.run(
            words, env=environment, cwd=cwd, stdout=subprocess.DEVNULL, stderr=said, check=False
        )
        if done.returncode != code:
            said.seek(0)
            raise RuntimeError(
                f"{' '.join(map(str, words))} ended with {done.returncode}, not with {code}: "
                f"{said.read()[-1000:].strip()}"
            )


def timed(run: Callable, *arguments) -> tuple[float, float]:
    """Returns the seconds and the processor seconds of `run(*arguments)`."""
    wall, processor = time.perf_counter(), time.process_time()
    run(*arguments)
    return time.perf_counter() - wall, time.process_time() - processor


def in_units(seconds: float) -> str:
    """Returns a time with three digits and a unit."""
    for factor, unit in ((1e9, "ns"), (1e6, "µs"), (1e3, "ms")):
        # What is rounded to 1000 has the next unit.
        if float(f"{seconds * factor:.3g}") < 1000:
            return f"{seconds * factor:#.3g} {unit}".replace(". ", " ")
    return f"{seconds:.3g} s"


def medians(times: Mapping[str, Sequence[tuple]]) -> dict[str, tuple]:
    """Returns the median over turns of each column of each candidate."""
    return {
        name: tuple(statistics.median(column) for column in zip(*values, strict=True))
        for name, values in times.items()
    }
