"""Circuits by definition: matrices of Kronecker products, nothing shared with the package."""

import keras
import numpy as np

from qlatent_tf.layers.circuit.style_circuit import StyleCircuit

_X = np.array([[0, 1], [1, 0]])
_Y = np.array([[0, -1j], [1j, 0]])
_Z = np.array([[1, 0], [0, -1]])


def noise(size, batch=3, seed=0):
    return np.random.default_rng(seed).normal(size=(batch, size)).astype("float32")


def wide(**options):
    """A layer with angles all over the circle, in double precision."""
    options = {"initial_range": 2.0, "dtype": "float64", **options}
    keras.utils.set_random_seed(1)
    return StyleCircuit(**options)


def features_by_definition(gates, angles, qubits, readout, depolarizing):
    """Returns the expectations, X before Z, behind gates on |0...0>, one sample at a time."""
    size = 2**qubits
    density = np.zeros((size, size), complex)
    density[0, 0] = 1
    angles = iter(angles)
    for gate in gates:
        if gate in ("ry", "rz"):
            for qubit in range(qubits):
                turn = _rotation(gate, next(angles))
                density = _conjugate(_on(qubit, turn, qubits), density)
                density = _depolarize(density, qubit, qubits, depolarizing)
        else:
            for qubit in range(1 if (gate, qubits) == ("cz", 2) else qubits):
                other = (qubit + 1) % qubits
                turn = _Z if gate == "cz" else _rotation(gate[1:], next(angles))
                off, on = np.diag([1, 0]), np.diag([0, 1])
                matrix = _on(qubit, off, qubits) + _on(qubit, on, qubits) @ _on(other, turn, qubits)
                density = _conjugate(matrix, density)
                for touched in (qubit, other):
                    density = _depolarize(density, touched, qubits, depolarizing)
    assert next(angles, None) is None
    observables = {"x": _X, "z": _Z}
    return [
        np.trace(_on(qubit, observables[basis], qubits) @ density).real
        for basis in readout
        for qubit in range(qubits)
    ]


def _rotation(gate, angle):
    generator = {"ry": _Y, "rz": _Z}[gate]
    return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * generator


def _on(qubit, matrix, qubits):
    return np.kron(np.kron(np.eye(2**qubit), matrix), np.eye(2 ** (qubits - qubit - 1)))


def _conjugate(matrix, density):
    return matrix @ density @ matrix.conj().T


def _depolarize(density, qubit, qubits, strength):
    flipped = sum(_conjugate(_on(qubit, pauli, qubits), density) for pauli in (_X, _Y, _Z))
    return (1 - 0.75 * strength) * density + strength / 4 * flipped
