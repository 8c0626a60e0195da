"""Time per sample of exact boson sampling: ours by method and precision, beside its peers.

    python -m benchmarks.boson_sampling                      # about ten minutes
    python -m benchmarks.boson_sampling --quick              # a look, under a minute
    python -m benchmarks.boson_sampling --out boson_sampling.md
    python -m benchmarks.boson_sampling --large --out large_boson_sampling.md    # half an hour

n photons in the first of m modes of one Haar-random interferometer, the same for everybody; what
one call needs to start is timed with it, compilation is not and is listed apart. Candidates take
turns, and the median over the turns counts. CPU time / wall time near the number of threads means
that nothing else ran; near 1 on several threads, repeat the run. `--large` draws up to 40 photons,
one sample at a time on one core. Perceval (its Clifford-Clifford backend) and Piquasso are measured
where they are installed: `pip install .[bench]`.
"""

import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
from qlatent_tf.tools.arguments import count

from benchmarks.machine import machine_lines
from benchmarks.report import in_units, medians, new_parser, timed, write_report
from qlatent_tf.quantum.kernels.glynn import REFRESH, compute_minors, new_buffers
from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler
from qlatent_tf.quantum.samplers.distinguishable import DistinguishableSampler
from qlatent_tf.quantum.samplers.fock_table import FockTable
from qlatent_tf.quantum.threads import check_num_threads
from qlatent_tf.quantum.unitaries import haar_unitary

LARGE = {(28, 56): 8, (32, 64): 4, (36, 60): 2, (40, 60): 2}  # photons, modes: samples
# Four FPGAs in parallel, arXiv 2309.07027.
EMULATOR = {(40, 60): 80.0}
SIZES = [(8, 16), (12, 24), (16, 32), (20, 40), (24, 48)]
METHODS = {8: ("lanes",), 12: ("lanes", "glynn")}  # others: glynn
# Bacarreza et al., arXiv 2508.19857, table V: 670 s for 500 samples.
PAPER_SECONDS = {24: 1.34}
PACKAGES = ["numpy", "numba", "llvmlite", "perceval-quandela", "exqalibur", "piquasso"]
LARGEST_CALL = 2_000_000

# One call of a candidate: so many samples under a seed.
Candidate = Callable[[int, int], object]


def first_modes(photons: int, modes: int) -> list[int]:
    """Returns the input state with one photon in each of the first modes."""
    return [1] * photons + [0] * (modes - photons)


def ours(unitary: np.ndarray, photons: int, threads: int) -> dict[str, Candidate]:
    """Returns our candidates for a size, a new circuit in every call."""
    candidates = {}
    for method in METHODS.get(photons, ("glynn",)):
        for precision in ("double", "single"):

            def draw(samples, seed, method=method, precision=precision):
                sampler = BosonSampler(
                    unitary, first_modes(photons, len(unitary)), method=method,
                    precision=precision, num_threads=threads,
                )  # fmt: skip
                return sampler.sample(samples, seed)

            candidates[f"{method}, {precision}"] = draw
    return candidates


def fixed_circuit(unitary: np.ndarray, photons: int, threads: int) -> dict[str, Candidate]:
    """Returns the candidates whose preparation is not timed: the table, classical photons."""
    state = first_modes(photons, len(unitary))
    table = FockTable(unitary, state, num_threads=threads)
    particles = DistinguishableSampler(unitary, state, num_threads=threads)
    return {
        "table (built before), double": table.sample,
        "distinguishable photons": particles.sample,
    }


def perceval(unitary: np.ndarray, photons: int, threads: int) -> Candidate:
    """Returns Perceval's Clifford-Clifford backend.

    Raises:
      ImportError: if Perceval is not installed.
    """
    import exqalibur
    import perceval as pcvl

    exqalibur.Config.compute_max_thread_count = threads
    backend = pcvl.BackendFactory.get_backend("CliffordClifford2017")
    backend.set_circuit(pcvl.Unitary(pcvl.Matrix(unitary)))
    backend.set_input_state(pcvl.BasicState(first_modes(photons, len(unitary))))
    return lambda samples, seed: backend.samples(samples)


def piquasso(unitary: np.ndarray, photons: int, threads: int) -> Candidate:
    """Returns Piquasso's simulator; it chooses its threads itself.

    Raises:
      ImportError: if Piquasso is not installed.
    """
    import piquasso as pq

    state = getattr(pq, "NumberState", pq.StateVector)  # renamed in Piquasso 8
    with pq.Program() as program:
        pq.Q(all) | state(first_modes(photons, len(unitary)))
        pq.Q(all) | pq.Interferometer(unitary)
        pq.Q(all) | pq.ParticleNumberMeasurement()
    simulator_class = getattr(pq, "PassiveSimulator", None) or pq.SamplingSimulator

    def draw(samples, seed):
        simulator = simulator_class(d=len(unitary), config=pq.Config(seed_sequence=seed + 1))
        return simulator.execute(program, shots=samples)

    return draw


def samples_per_call(candidate: Candidate, seconds: float, threads: int) -> int:
    """Returns how many samples fill a call of about `seconds`; warms the candidate up.

    At least a few for each thread: with a single sample, candidates that share samples out would
    leave the other threads idle.
    """
    candidate(1, 0)
    samples = 1
    while True:
        start = time.perf_counter()
        candidate(samples, 0)
        elapsed = max(time.perf_counter() - start, 1e-6)
        if elapsed > seconds / 3 or samples == LARGEST_CALL:
            return max(2 * threads, min(LARGEST_CALL, round(samples * seconds / elapsed)))
        samples = min(LARGEST_CALL, samples * max(2, min(30, int(seconds / 2 / elapsed))))


def measure(
    candidates: dict[str, Candidate], seconds: float, turns: int, threads: int
) -> dict[str, tuple[float, float]]:
    """Returns each candidate's median seconds per sample and its CPU time / wall time."""
    sizes = {name: samples_per_call(draw, seconds, threads) for name, draw in candidates.items()}
    times = {name: [] for name in candidates}
    for turn in range(turns):
        for name, draw in candidates.items():
            wall, cpu = timed(draw, sizes[name], turn)
            times[name].append((wall / sizes[name], cpu / wall))
    return medians(times)


def timing(seconds: float, load: float) -> str:
    """Returns a time per sample with its CPU time / wall time."""
    return f"{in_units(seconds)} ({load:.2f})"


def speed_table(seconds: float, turns: int, largest: int, threads: int) -> list[str]:
    """Returns the Markdown table of times per sample."""
    lines = [
        "| n, m | ours | time (CPU / wall) | Perceval | ratio | Piquasso | ratio "
        "| Bacarreza et al. |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for photons, modes in SIZES:
        if photons > largest:
            continue
        unitary = haar_unitary(modes, seed=1)
        candidates = ours(unitary, photons, threads)
        if photons == 8:
            candidates |= fixed_circuit(unitary, photons, threads)
        own_names = list(candidates)
        for peer, prepare in (("Perceval", perceval), ("Piquasso", piquasso)):
            try:
                candidates[peer] = prepare(unitary, photons, threads)
            except ImportError:
                print(f"{peer} is not installed: its column stays empty.", file=sys.stderr)
        results = measure(candidates, seconds, turns, threads)
        paper = PAPER_SECONDS.get(photons)
        for name in own_names:
            own = results[name][0]
            cells = [f"{photons}, {modes}", name, timing(*results[name])]
            for peer in ("Perceval", "Piquasso"):
                if peer in results and name != "distinguishable photons":
                    cells += [timing(*results[peer]), f"{results[peer][0] / own:.3g}"]
                else:
                    cells += ["-", "-"]
            cells.append(f"{in_units(paper)} ({paper / own:.3g}x)" if paper else "-")
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    return lines


def table_line(threads: int) -> str:
    """Returns a sentence on building the (8, 16) table."""
    unitary, state = haar_unitary(16, seed=1), first_modes(8, 16)
    times = []
    for _ in range(6):
        start = time.perf_counter()
        table = FockTable(unitary, state, num_threads=threads)
        times.append(time.perf_counter() - start)
    built = statistics.median(times[1:])
    outcomes = len(table.probabilities)
    return f"The (8, 16) table of {outcomes:,} outcomes is built in {in_units(built)}."


def large_table() -> list[str]:
    """Returns the Markdown table of samples of many photons, drawn one at a time on one core.

    A sample with the counts c_i sums over prod (c_i + 1) terms, up to a factor: one whose photons
    bunch is cheap. The mean of that product over Haar-random circuits, whose outcomes are equally
    likely, is C(n + 2m - 1, n) / C(n + m - 1, n): the last column scales the time to it.
    """
    lines = [
        "| n, m | precision | samples | processor seconds | of the mean sample | published |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for precision in ("double", "single"):  # compiles
        BosonSampler(haar_unitary(12, 1), first_modes(6, 12), method="glynn", precision=precision,
                     num_threads=1).sample(1, 0)  # fmt: skip
    print("\n".join(lines))
    for (photons, modes), samples in LARGE.items():
        unitary, state = haar_unitary(modes, seed=1), first_modes(photons, modes)
        mean = math.comb(photons + 2 * modes - 1, photons) / math.comb(photons + modes - 1, photons)
        for precision in ("double", "single"):
            sampler = BosonSampler(
                unitary, state, method="glynn", precision=precision, num_threads=1
            )
            seconds, terms = [], []
            for seed in range(1, samples + 1):
                start = time.process_time()
                counts = sampler.sample(1, seed)
                seconds.append(time.process_time() - start)
                terms.append(float(np.prod(counts + 1.0)))
            times = ", ".join(f"{one:.3g}" for one in seconds)
            scaled = in_units(sum(seconds) / sum(terms) * mean)
            known = EMULATOR.get((photons, modes))
            cells = [f"{photons}, {modes}", precision, str(samples), times, scaled]
            cells.append(f"{in_units(known)}, four FPGAs" if known else "-")
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    return lines


def single_precision_error(
    photons: int, modes: int, draws: int = 5, seed: int = 3
) -> tuple[float, float]:
    """Returns what single precision does to the last photon's mode, the mean of some draws.

    The rows drawn before are uniformly random multisets, as those of Haar-random circuits are.

    Returns:
      The total variation of the mode's distribution, and the relative error of the permanents that
      it is made of, in root mean square.
    """
    unitary = haar_unitary(modes, seed=2)
    columns = unitary[:, :photons] * 2**0.5
    random = np.random.default_rng(seed)
    distances, errors = [], []
    for _ in range(draws):
        places = np.sort(random.choice(modes + photons - 2, size=photons - 1, replace=False))
        drawn_modes, drawn = np.unique(places - np.arange(photons - 1), return_counts=True)
        counts = np.zeros(photons, np.int64)
        counts[: len(drawn_modes)] = drawn
        laws, permanents = [], []
        for dtype in (np.float64, np.float32):
            rows = np.zeros((2, photons, photons), dtype)
            rows[:, : len(drawn_modes)] = columns[drawn_modes].real, columns[drawn_modes].imag
            buffers = new_buffers(photons, rows)
            compute_minors(rows, counts, len(drawn_modes), photons, 0, REFRESH, *buffers)
            minors = buffers.minors[0].astype(float) + 1j * buffers.minors[1]
            weights = np.abs(columns @ minors) ** 2
            laws.append(weights / weights.sum())
            permanents.append(minors)
        distances.append(np.abs(laws[0] - laws[1]).sum() / 2)
        exact, rounded = permanents
        errors.append(np.linalg.norm(exact - rounded) / np.linalg.norm(exact))
    return float(np.mean(distances)), float(np.mean(errors))


def compile_table() -> list[str]:
    """Returns the Markdown table of the first call's time, cold and with a filled cache."""
    code = (
        "import sys, time; start = time.perf_counter();"
        "from qlatent_tf.quantum.samplers.boson_sampler import BosonSampler;"
        "import numpy; imported = time.perf_counter();"
        "BosonSampler(numpy.eye(8), [1] * 6 + [0] * 2, method=sys.argv[1], precision=sys.argv[2])"
        ".sample(3, 0); print(imported - start, time.perf_counter() - imported)"
    )
    lines = ["| first call | cold | next process | of it, import |", "|---|---:|---:|---:|"]
    for method, precision in (
        ("table", "double"), ("lanes", "double"), ("lanes", "single"), ("glynn", "double"),
        ("glynn", "single"),
    ):  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
            command = [sys.executable, "-c", code, method, precision]
            runs = [
                subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
                for _ in range(2)
            ]
        (_, cold), (imported, warm) = (map(float, run.stdout.split()) for run in runs)
        total = imported + warm
        lines.append(f"| {method}, {precision} | {cold:.1f} s | {total:.2f} s | {imported:.2f} s |")
        print(lines[-1], flush=True)
    return lines


def small_report(seconds: float, turns: int, largest: int, threads: int) -> list[str]:
    """Returns the lines on up to 24 photons."""
    report = speed_table(seconds, turns, largest, threads)
    sizes = [photons for photons, _ in SIZES if photons <= largest]
    errors = ", ".join(f"{single_precision_error(n, 2 * n)[0]:.1e} at {n}" for n in sizes)
    report += ["", table_line(threads), ""]
    report += [f"Total variation by single precision in the last photon's mode: {errors}."]
    print("\n".join(report[-3:]))
    return report


def large_report() -> list[str]:
    """Returns the lines on 28 to 40 photons."""
    report = [
        *large_table(),
        "",
        "Processor seconds of one core for each of a few samples of one Haar-random circuit. "
        "How long a sample takes depends on how its photons bunch: the fifth column scales the "
        "measured times to the mean over all outcomes, by the number of terms that a sample "
        "sums over. Cores draw different samples, so that k of them draw k in the same time. "
        "Published: the mean time of an emulator on four FPGAs, arXiv 2309.07027.",
        "",
        "| n, m | total variation | error of permanents |",
        "|---|---:|---:|",
    ]
    for photons, modes in LARGE:
        distance, error = single_precision_error(photons, modes, draws=1, seed=4)
        report.append(f"| {photons}, {modes} | {distance:.1e} | {error:.1e} |")
        print(report[-1], flush=True)
    report += [
        "",
        "What single precision changes: the total variation of the last photon's mode, and the "
        "relative error of the permanents that it is made of, in root mean square.",
    ]
    return report


def main(argv=None) -> None:
    """Runs the benchmark and prints it, or writes it to a file."""
    parser = new_parser(__doc__)
    parser.add_argument("--quick", action="store_true", help="short calls, up to 16 photons")
    parser.add_argument("--large", action="store_true", help="28 to 40 photons, one by one")
    parser.add_argument("--threads", type=count, help="threads of all candidates (default: all)")
    options = parser.parse_args(argv)
    if options.large and (options.quick or options.threads):
        parser.error("--large is of one core, and has no --quick")
    threads = 1 if options.large else check_num_threads(options.threads)
    seconds, turns, largest = (0.1, 3, 16) if options.quick else (1.0, 7, SIZES[-1][0])
    machine = machine_lines(PACKAGES, threads)
    subject = "28 to 40 photons" if options.large else "exact boson sampling"
    report = [f"# Time per sample of {subject}", "", *machine, ""]
    print("\n".join(report))
    report += large_report() if options.large else small_report(seconds, turns, largest, threads)
    if not (options.quick or options.large):
        report += ["", *compile_table()]
    write_report("\n".join(report), options.out)


if __name__ == "__main__":
    main()
