"""What benchmarks share: their options, what they run and time, and where the report goes."""

import argparse
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from qlatent_tf.storage.files import write_text


def new_parser(description: str) -> argparse.ArgumentParser:
    """Returns a parser that keeps the lines of the description, with --out."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="Markdown file to write")
    return parser


def write_report(text: str, out: Path | None) -> None:
    """Writes a report if a file was asked for."""
    if out:
        write_text(out, text.rstrip("\n") + "\n")


def show_report(text: str, out: Path | None) -> None:
    """Prints a report, and writes it if a file was asked for."""
    print(text)
    write_report(text, out)


def run_quietly(words: Sequence, **options) -> None:
    """Runs a command whose output nobody reads; `options` are those of `subprocess.run`."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    nothing = subprocess.DEVNULL
    subprocess.run(words, env=environment, stdout=nothing, stderr=nothing, **options)


def timed(run: Callable, *arguments) -> tuple[float, float]:
    """Returns the seconds and the processor seconds of `run(*arguments)`."""
    wall, processor = time.perf_counter(), time.process_time()
    run(*arguments)
    return time.perf_counter() - wall, time.process_time() - processor


def medians(times: Mapping[str, Sequence[tuple]]) -> dict[str, tuple]:
    """Returns the median over turns of each column of each candidate."""
    return {
        name: tuple(statistics.median(column) for column in zip(*values, strict=True))
        for name, values in times.items()
    }
