"""What a benchmark ran on, for the head of its report."""

import importlib.metadata
import os
import platform
from pathlib import Path


def usable_cores() -> int:
    """Returns how many processor cores this process may use: `taskset` leaves it fewer."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def machine_lines(packages, threads: int) -> list[str]:
    """Returns the machine and the versions, one Markdown list item each.

    Args:
      packages: sequence of str. Distributions whose versions matter, installed or not.
      threads: int. Those that were used.
    """
    cpu = platform.processor() or platform.machine()
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.exists():
        names = [line for line in cpu_info.read_text().splitlines() if "model name" in line]
        cpu = names[0].split(":")[1].strip() if names else cpu
    system = f"{platform.system()}, Python {platform.python_version()}"
    lines = [f"- {cpu}, {threads} of {os.cpu_count()} threads, {system}"]
    for package in packages:
        try:
            lines.append(f"- {package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            lines.append(f"- {package}: not installed")
    return lines
