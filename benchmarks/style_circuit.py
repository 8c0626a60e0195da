"""Steps a second of the style circuit, value and gradient, beside its peers.

    python -m benchmarks.style_circuit                       # about half an hour
    python -m benchmarks.style_circuit --qubits 4 6 --quick  # a look
    python -m benchmarks.style_circuit --out style_circuit_speed.md

A step is the features, X and Z of every qubit, of a batch of noise and the gradient of their sum
of squares with respect to all parameters: circuit "bel", style "scalar". All compute the same
numbers from the same parameters, which is checked first. Ours is compiled by XLA; what that takes
once, for a circuit and a batch size, is listed apart. Candidates take turns, and the median over
the turns counts; steps that take long get fewer of them. CPU time / wall time tells how many
threads were busy; below 1, something else ran.

PennyLane is measured with `default.qubit`, whole batch at once, differentiated by Autograd in
reverse, and with `lightning.qubit`, compiled, sample by sample, differentiated by the adjoint
method. Qibo's NumPy backend has no gradient: only its states are timed, sample by sample, next to
our step without the gradient. Both are measured where installed: `pip install .[bench]`.
"""

import sys
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from qlatent_tf.tools.arguments import count

from benchmarks.machine import machine_lines, usable_cores
from benchmarks.report import medians, new_parser, timed, write_report
from qlatent_tf.layers.circuit.style_circuit import StyleCircuit

PACKAGES = ["tensorflow", "tensorcircuit-ng", "numpy", "pennylane", "pennylane-lightning", "qibo"]
TOLERANCE = 1e-4  # Ours is in single precision.

LONG_TURNS = 2  # Of steps that fill a turn alone.

# Returns the features, or the features and the gradients, of the batch.
Candidate = Callable[[], tuple]


def ours(layer: StyleCircuit, noise: tf.Tensor) -> tuple[dict[str, Candidate], float]:
    """Returns our step with and without the gradient, and the seconds that XLA takes for it."""
    variables = [layer.weight.value, layer.bias.value]

    @tf.function(jit_compile=True, autograph=False)
    def value_and_gradient(noise):
        with tf.GradientTape() as tape:
            features = layer(noise)
            loss = tf.reduce_sum(features**2)
        return features, *tape.gradient(loss, variables)

    @tf.function(jit_compile=True, autograph=False)
    def value(noise):
        return layer(noise)

    start = time.perf_counter()
    value_and_gradient(noise)[0].numpy()
    compiling = time.perf_counter() - start
    candidates = {
        "ours": lambda: [part.numpy() for part in value_and_gradient(noise)],
        "ours, value": lambda: [value(noise).numpy()],
    }
    return candidates, compiling


def pennylane(layer: StyleCircuit, noise: np.ndarray, device: str) -> Candidate:
    """Returns PennyLane's step on one of its simulators.

    Raises:
      ImportError: if PennyLane is not installed.
    """
    import pennylane as qml
    from autograd import value_and_grad

    wires = range(layer.qubits)
    batched = device == "default.qubit"
    rotations = qml.RY, qml.RZ
    if batched and layer.qubits >= 12:
        # There PennyLane 0.45 refuses batches of these under Autograd, but not of the general one.
        rotations = (
            lambda angle, wires: qml.Rot(0 * angle, angle, 0 * angle, wires),
            lambda angle, wires: qml.Rot(angle, 0 * angle, 0 * angle, wires),
        )
    ry, rz = rotations

    @qml.qnode(
        qml.device(device, wires=layer.qubits), diff_method="backprop" if batched else "adjoint"
    )
    def circuit(angles):
        columns = iter(angles.T)
        for _ in range(layer.layers):
            for gate in (ry, rz, ry, rz):
                for wire in wires:
                    gate(next(columns), wires=wire)
            for wire in wires:
                qml.CRY(next(columns), wires=[wire, (wire + 1) % layer.qubits])
        for wire in wires:
            ry(next(columns), wires=wire)
        return [qml.expval(kind(wire)) for kind in (qml.X, qml.Z) for wire in wires]

    component = np.arange(layer.angles) % noise.shape[1]
    samples = noise.astype(np.float64)[:, component]
    kept = []

    def loss(parameters):
        angles = samples * parameters[0] + parameters[1]
        features = qml.math.stack(circuit(angles), axis=-1)
        kept.append(features)
        return qml.math.sum(features**2)

    differentiate = value_and_grad(loss)
    parameters = np.array([part.numpy() for part in (layer.weight, layer.bias)], np.float64)

    def step():
        kept.clear()
        _, gradient = differentiate(parameters)
        features = kept[-1]
        return [np.asarray(getattr(features, "_value", features)), *gradient]

    return step


def qibo(layer: StyleCircuit, noise: np.ndarray) -> Candidate:
    """Returns Qibo's states, sample by sample, and the features of them all.

    Raises:
      ImportError: if Qibo is not installed.
    """
    from qibo import Circuit, gates, set_backend

    set_backend("numpy")
    qubits = layer.qubits
    circuit = Circuit(qubits)
    for _ in range(layer.layers):
        for gate in (gates.RY, gates.RZ, gates.RY, gates.RZ):
            circuit.add(gate(qubit, 0.0) for qubit in range(qubits))
        circuit.add(gates.CRY(qubit, (qubit + 1) % qubits, 0.0) for qubit in range(qubits))
    circuit.add(gates.RY(qubit, 0.0) for qubit in range(qubits))
    component = np.arange(layer.angles) % noise.shape[1]
    angles = noise[:, component] * layer.weight.numpy() + layer.bias.numpy()

    def step():
        states = []
        for row in angles:
            circuit.set_parameters(row)
            states.append(circuit().state())
        return [read_features(np.array(states), qubits)]

    return step


def read_features(states: np.ndarray, qubits: int) -> np.ndarray:
    """Returns X and Z of each qubit for amplitudes ``(batch, 2 ** qubits)``."""
    x, z = [], []
    for qubit in range(qubits):
        zero, one = np.moveaxis(states.reshape(len(states), 2**qubit, 2, -1), 2, 0)
        x.append(2 * np.sum(zero.conj() * one, axis=(1, 2)).real)
        z.append(np.sum(np.abs(zero) ** 2 - np.abs(one) ** 2, axis=(1, 2)))
    return np.array(x + z).T


def repeat(step: Candidate, times: int) -> None:
    """Makes so many steps."""
    for _ in range(times):
        step()


def measure(
    candidates: dict[str, Candidate], seconds: float, turns: int
) -> dict[str, tuple[float, float]]:
    """Returns each candidate's median seconds a step, and its CPU time / wall time."""
    calls, times = {}, {name: [] for name in candidates}
    for name, step in candidates.items():
        start = time.perf_counter()
        step()
        calls[name] = max(1, round(seconds / (time.perf_counter() - start)))
    for turn in range(turns):
        for name, step in candidates.items():
            if calls[name] == 1 and turn >= LONG_TURNS:
                continue
            wall, processor = timed(repeat, step, calls[name])
            times[name].append((wall / calls[name], processor / wall))
    return medians(times)


def check_agreement(candidates: dict[str, Candidate]) -> None:
    """Refuses candidates whose numbers are not ours.

    Raises:
      ValueError: naming the candidate and how far off it is.
    """
    expected = candidates["ours"]()
    for name, step in candidates.items():
        # Some compute the features alone, which come first.
        for found, own in zip(step(), expected, strict=False):
            error = np.abs(np.asarray(found) - own).max() / max(1, np.abs(own).max())
            if not error < TOLERANCE:
                raise ValueError(f"{name} differs from ours by {error:.2g}, above {TOLERANCE}.")


def benchmark_row(qubits: int, layers: int, batch: int, seconds: float, turns: int) -> list[str]:
    """Returns the cells of one size."""
    keras.utils.set_random_seed(0)
    layer = StyleCircuit(qubits, layers, initial_range=1.0)
    noise = np.random.default_rng(1).normal(size=(batch, qubits)).astype("float32")
    layer.build(noise.shape)
    candidates, compiling = ours(layer, tf.constant(noise))
    for name, prepare in (
        ("default.qubit", lambda: pennylane(layer, noise, "default.qubit")),
        ("lightning.qubit", lambda: pennylane(layer, noise, "lightning.qubit")),
        ("Qibo", lambda: qibo(layer, noise)),
    ):
        try:
            candidates[name] = prepare()
        except ImportError:
            print(f"{name} is not installed: its columns stay empty.", file=sys.stderr)
    check_agreement(candidates)
    measured = measure(candidates, seconds, turns)
    cells = [str(qubits), str(layer.angles), f"{compiling:.1f} s", timing(measured["ours"])]
    for name, own in (
        ("default.qubit", "ours"), ("lightning.qubit", "ours"), ("ours, value", None),
        ("Qibo", "ours, value"),
    ):  # fmt: skip
        if name not in measured:
            cells += ["-", "-"]
            continue
        cells.append(timing(measured[name]))
        if own:
            cells.append(f"{measured[name][0] / measured[own][0]:.3g}")
    return cells


def timing(measured: tuple[float, float]) -> str:
    """Returns steps a second with CPU time / wall time."""
    seconds, load = measured
    return f"{1 / seconds:.3g} ({load:.2f})"


def main(argv=None) -> None:
    """Runs the benchmark and prints it, or writes it to a file."""
    parser = new_parser(__doc__)
    parser.add_argument("--qubits", type=count, nargs="+", default=[4, 6, 8, 10, 12])
    parser.add_argument("--layers", type=count, default=3)
    parser.add_argument("--batch-size", type=count, default=64)
    parser.add_argument("--quick", action="store_true", help="short turns, and few")
    options = parser.parse_args(argv)
    seconds, turns = (0.3, 3) if options.quick else (2.0, 7)
    # Imports the simulator, which is not to count as compilation.
    StyleCircuit(2, 1)(np.zeros([1, 2], "float32"))
    report = [
        "# Speed of the style circuit", "", *machine_lines(PACKAGES, usable_cores()), "",
        f"Steps a second (CPU / wall), {options.layers} layers, batch {options.batch_size}; "
        "a ratio says how many of our steps fit into one of theirs.", "",
        "| qubits | angles | compiled in | ours | PennyLane default.qubit | ratio | "
        "lightning.qubit | ratio | ours, value only | Qibo, value only | ratio |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    print("\n".join(report), flush=True)
    for qubits in options.qubits:
        cells = benchmark_row(qubits, options.layers, options.batch_size, seconds, turns)
        report.append(f"| {' | '.join(cells)} |")
        print(report[-1], flush=True)
        write_report("\n".join(report), options.out)


if __name__ == "__main__":
    main()
