"""Time per sample of time-bin interferometers: walked through, and by the methods for any matrix.

    python -m benchmarks.loops                      # about ten minutes
    python -m benchmarks.loops --quick              # a look, about a minute
    python -m benchmarks.loops --threads 1 --cpu    # CPU time of one core that others use, too
    python -m benchmarks.loops --out loops_speed.md

One photon in each of the first half of the bins, loops with random splitters of seed 1, the same
for everybody. What one call needs to start is timed with it, but for the walk, which is planned
once for a circuit. "dense" is the faster of the methods "lanes" and "glynn". Candidates take turns,
and the median over the turns counts; CPU time / wall time, in brackets, says whether anything else
ran. What would take longer than 0.1 s for a sample is not run: "about" is the estimate by which
"auto" chooses. Perceval (its Clifford-Clifford backend) is measured where it is installed:
`pip install .[bench]`.
"""

import sys
import time

import numpy as np
from qlatent_tf.tools.arguments import count

from benchmarks.boson_sampling import (
    PACKAGES,
    Candidate,
    first_modes,
    measure,
    perceval,
    timing,
)
from benchmarks.machine import machine_lines
from benchmarks.report import in_units, new_parser, write_report
from qlatent_tf.quantum.memory import readable_bytes
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.samplers.method_choice import (
    GLYNN_MAX_PHOTONS,
    LANES_MAX_PHOTONS,
    MAX_WALK_BYTES,
    choose_method,
    glynn_seconds,
    lanes_seconds,
    walk_seconds,
)
from qlatent_tf.quantum.samplers.walk_plan import walk_shape
from qlatent_tf.quantum.threads import check_num_threads
from qlatent_tf.quantum.unitaries import loop_unitary

SIZES = [(8, 16), (12, 24), (16, 32), (20, 40), (24, 48), (32, 64), (64, 128)]
DELAYS = ["1", "1-1", "1-1-1", "1-3", "1-2-4", "1-3-9"]
DELAY_SIZES = [(8, 16), (16, 32), (24, 48), (32, 64), (64, 128)]
PERCEVAL_PHOTONS = 20
SEED = 1


def measured(candidates: dict[str, Candidate], seconds, turns, threads, cpu: bool):
    """Returns seconds per sample and CPU time / wall time, see `measure`; of CPU time if wanted."""
    results = measure(candidates, seconds, turns, threads)
    if cpu:
        return {name: (wall * load, load) for name, (wall, load) in results.items()}
    return results


def walks(unitary: np.ndarray, photons: int, threads: int) -> dict[str, Candidate]:
    """Returns walks through a circuit, without and with log-probabilities."""
    state = first_modes(photons, len(unitary))
    sampler = BosonSampler(unitary, state, method="loop", num_threads=threads)

    def with_log_prob(samples, seed):
        return sampler.sample(samples, seed, return_log_prob=True)

    return {"loop": sampler.sample, "log_prob": with_log_prob}


def dense(unitary: np.ndarray, photons: int, threads: int) -> Candidate:
    """Returns the method for any matrix that is estimated to be the faster one."""
    modes = len(unitary)
    method = "glynn"
    if photons <= LANES_MAX_PHOTONS:
        costs = lanes_seconds(modes, photons, 1), glynn_seconds(modes, photons, 1)
        method = "lanes" if costs[0] < costs[1] else "glynn"

    def draw(samples, seed):
        sampler = BosonSampler(
            unitary, first_modes(photons, modes), method=method, num_threads=threads
        )
        return sampler.sample(samples, seed)

    return draw


def planning_seconds(unitary: np.ndarray, photons: int) -> float:
    """Returns how long it takes to plan a walk and to fill its tables."""
    times = []
    for _ in range(4):
        start = time.perf_counter()
        BosonSampler(unitary, first_modes(photons, len(unitary)), method="loop")
        times.append(time.perf_counter() - start)
    return min(times)


def size_table(seconds: float, turns: int, limit: float, threads: int, cpu: bool) -> list[str]:
    """Returns the Markdown table of two loops of delay 1, by size."""
    lines = [
        "| n, m | loop | with log_prob | planned in | dense | ratio | Perceval | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for photons, modes in SIZES:
        unitary = loop_unitary(modes, "1-1", seed=SEED)
        candidates = walks(unitary, photons, threads)
        if photons <= GLYNN_MAX_PHOTONS and glynn_seconds(modes, photons, 1) < limit:
            candidates["dense"] = dense(unitary, photons, threads)
        if photons <= PERCEVAL_PHOTONS and glynn_seconds(modes, photons, 100) < limit:
            try:
                candidates["Perceval"] = perceval(unitary, photons, threads)
            except ImportError:
                print("Perceval is not installed: its column stays empty.", file=sys.stderr)
        results = measured(candidates, seconds, turns, threads, cpu)
        own = results["loop"][0]
        planned = in_units(planning_seconds(unitary, photons))
        cells = [f"{photons}, {modes}", timing(*results["loop"]), timing(*results["log_prob"])]
        cells.append(planned)
        for peer in ("dense", "Perceval"):
            cells += ["-", "-"]
            if peer in results:
                cells[-2:] = [timing(*results[peer]), f"{results[peer][0] / own:.3g}"]
        lines.append(f"| {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return lines


def delay_table(seconds: float, turns: int, limit: float, threads: int, cpu: bool) -> list[str]:
    """Returns the Markdown table of loops of other delays, and of what "auto" chooses."""
    lines = [
        "| delays | n, m | modes kept | photons in them | largest state | loop | dense | auto |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for delays in DELAYS:
        for photons, modes in DELAY_SIZES:
            unitary = loop_unitary(modes, delays, seed=SEED)
            walk = walk_shape(unitary, np.array(first_modes(photons, modes)))
            fits = walk.num_bytes <= MAX_WALK_BYTES
            estimates = {}
            if fits:
                estimates["loop"] = walk_seconds(walk, 1)
            if photons <= GLYNN_MAX_PHOTONS:
                estimates["dense"] = glynn_seconds(modes, photons, 1)
            candidates = {}
            if estimates.get("loop", limit) < limit:
                candidates["loop"] = walks(unitary, photons, threads)["loop"]
            if estimates.get("dense", limit) < limit:
                candidates["dense"] = dense(unitary, photons, threads)
            results = measured(candidates, seconds, turns, threads, cpu)
            cells = [delays, f"{photons}, {modes}", str(walk.width), f"{walk.mean_kept.max():.1f}"]
            cells.append(readable_bytes(16 * walk.amplitudes))
            for name in ("loop", "dense"):
                if name in results:
                    cells.append(timing(*results[name]))
                elif name in estimates:
                    cells.append(f"about {in_units(estimates[name] / threads)}")
                else:
                    cells.append("does not fit" if name == "loop" else "too many photons")
            chosen = "none"
            if estimates:
                chosen = choose_method(modes, photons, 10**6, max_table_bytes=2**29, walk=walk)
            lines.append(f"| {' | '.join([*cells, chosen])} |")
            print(lines[-1], flush=True)
    return lines


def main(argv=None) -> None:
    """Runs the benchmark and prints it, or writes it to a file."""
    parser = new_parser(__doc__)
    parser.add_argument("--quick", action="store_true", help="short calls, a lower limit")
    parser.add_argument("--cpu", action="store_true", help="CPU time in place of wall time")
    parser.add_argument("--threads", type=count, help="threads of all candidates (default: all)")
    options = parser.parse_args(argv)
    threads = check_num_threads(options.threads)
    seconds, turns, limit = (0.1, 3, 2e-3) if options.quick else (1.0, 5, 0.1)
    report = ["# Time per sample of time-bin interferometers", ""]
    clock = "CPU time" if options.cpu else "Wall time"
    report += [*machine_lines(PACKAGES, threads), "", f"{clock}. Two loops of delay 1:", ""]
    print("\n".join(report))
    report += size_table(seconds, turns, limit, threads, options.cpu)
    report += ["", "Other loops; photons on average, `auto` for a million samples:", ""]
    print("\n".join(report[-3:]))
    report += delay_table(seconds, turns, limit, threads, options.cpu)
    write_report("\n".join(report), options.out)


if __name__ == "__main__":
    main()
