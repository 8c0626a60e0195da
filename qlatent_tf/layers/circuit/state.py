"""States of parametrised circuits, on the TensorFlow backend of TensorCircuit-NG."""

import contextlib
import functools
import itertools
import threading

import numpy as np
import tensorflow as tf

from qlatent_tf.layers.circuit.ansatz import ROTATIONS, has_angle, ring

_GENERATORS = {"ry": np.array([[0, -1j], [1j, 0]]), "rz": np.diag([1, -1])}
_CONTROLLED = {"cry": "ry", "crz": "rz"}
_PAULIS = np.array([np.eye(2), [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], np.diag([1, -1])])
_CZ = np.diag([1, 1, 1, -1])
# The backend and the precision of TensorCircuit are global: one circuit is traced at a time.
_LOCK = threading.RLock()


# AutoGraph would rewrite it for nothing: it does not depend on tensors' values.
@tf.autograph.experimental.do_not_convert
def evolve(angles, gates, depolarizing=0.0, errors=None):
    """Returns the states that a circuit makes of ``|0...0>``, one for each row of a batch.

    Rotations in a row on one qubit are multiplied before they meet the state. The depolarising
    channel commutes with them, so that what each of them adds is gathered as well.

    Args:
      angles: float32 or float64 tensor, ``(batch, rows, qubits)``. A row for each gate that has
        an angle.
      gates: sequence of str. Rotations and rings, in order.
      depolarizing: float. After every gate, each qubit that it touches is replaced, with this
        probability, by a maximally mixed one. Above 0, states are density matrices.
      errors: int tensor, ``(batch, places)``, as `draw_errors` returns, or None. The Pauli
        matrices that happen in place of the channel; states are then amplitudes.

    Returns:
      Complex tensor: amplitudes ``(batch, 2 ** qubits)``, or ``(batch, 2 ** qubits, 2 **
      qubits)``. Qubit 0 is the highest bit of an index.
    """
    inputs = [tf.convert_to_tensor(part) for part in (angles, errors) if part is not None]
    what = (
        tuple(gates),
        float(depolarizing) if errors is None else 0.0,
        tuple((tuple(part.shape), part.dtype) for part in inputs),
    )

    @tf.custom_gradient
    def run(*inputs):
        def gradient(upstream):
            return _traced_gradient(*what)(*inputs, upstream), *[None] * (len(inputs) - 1)

        return _traced(*what)(*inputs), gradient

    return run(*inputs)


# Under XLA, `tf.vectorized_map` makes a function of its own, whose backward part then takes the
# permutations of axes from the forward part. XLA has to know these, holds the angles that they come
# with for constants, and compiles anew whenever an angle has changed: at every training step. Here
# either part is traced by itself, in a graph that knows nothing of XLA, and holds them itself. The
# price is that the gradient computes the states again, a fifth of its time without XLA, which finds
# that they are the same.
@functools.lru_cache(maxsize=64)
def _traced(gates, depolarizing, inputs):
    with tf.Graph().as_default():
        return tf.function(
            lambda *inputs: _evolve_all(gates, depolarizing, *inputs), autograph=False
        ).get_concrete_function(*itertools.starmap(tf.TensorSpec, inputs))


@functools.lru_cache(maxsize=64)
def _traced_gradient(gates, depolarizing, inputs):
    def gradient(angles, *others):
        *others, upstream = others
        with tf.GradientTape() as tape:
            tape.watch(angles)
            states = _evolve_all(gates, depolarizing, angles, *others)
        return tape.gradient(states, angles, upstream)

    states = _traced(gates, depolarizing, inputs).structured_outputs
    specs = [*inputs, (states.shape, states.dtype)]
    with tf.Graph().as_default():
        return tf.function(gradient, autograph=False).get_concrete_function(
            *itertools.starmap(tf.TensorSpec, specs)
        )


def _evolve_all(gates, depolarizing, angles, errors=None):
    with _tensorcircuit(angles.dtype) as tensorcircuit:
        one = functools.partial(_evolve_one, tensorcircuit, gates, depolarizing)
        if errors is None:
            return tensorcircuit.backend.vmap(one)(angles)
        return tensorcircuit.backend.vmap(one, vectorized_argnums=(0, 1))(angles, errors)


def error_strengths(gates, qubits, depolarizing) -> list[float]:
    """Returns the strength of the depolarising channel at each place of a circuit, in order.

    The places are each qubit behind rotations in a row, and both qubits behind each gate of a
    ring.
    """
    strengths = []
    for group in _groups(gates):
        if group[0] in ROTATIONS:
            strengths += [1 - (1 - depolarizing) ** len(group)] * qubits
        else:
            strengths += [depolarizing] * 2 * len(ring(group[0], qubits))
    return strengths


def draw_errors(uniform, strengths):
    """Returns which Pauli matrix happens at each place: 0 for none, then X, Y, Z.

    Args:
      uniform: float tensor, ``(batch, places)``. Independent, in [0, 1).
      strengths: sequence of float, as `error_strengths` returns. A quarter of it falls to each
        of X, Y, Z, and a quarter to the identity.
    """
    quarters = tf.constant(strengths, uniform.dtype) / 4
    return sum(tf.cast(uniform < quarters * count, tf.int32) for count in (1, 2, 3))


def _evolve_one(tensorcircuit, gates, depolarizing, angles, errors=None):
    qubits = angles.shape[-1]
    # A density matrix is a vector of twice the qubits: those of its rows, then of its columns.
    circuit = tensorcircuit.Circuit(2 * qubits if depolarizing else qubits)
    rows = iter(tf.unstack(angles))
    paulis = None
    if errors is not None:
        paulis = iter(tf.unstack(tf.gather(tf.constant(_PAULIS, _complex(angles.dtype)), errors)))
    for group in _groups(gates):
        if group[0] in ROTATIONS:
            matrices = functools.reduce(
                lambda product, gate: _rotation(gate, next(rows)) @ product, group[1:],
                _rotation(group[0], next(rows)),
            )  # fmt: skip
            places = [(qubit,) for qubit in range(qubits)]
        else:
            places = ring(group[0], qubits)
            if has_angle(group[0]):
                matrices = _controlled(_CONTROLLED[group[0]], next(rows))
            else:
                matrices = tf.constant(np.stack([_CZ] * len(places)), _complex(angles.dtype))
        strength = 1 - (1 - depolarizing) ** len(group)
        for touched, matrix in zip(places, tf.unstack(matrices), strict=True):
            if paulis is not None:
                matrix = _multiply([next(paulis) for _ in touched], matrix)
            _apply(circuit, matrix, touched, qubits, strength)
    state = circuit.state()
    return tf.reshape(state, [2**qubits, 2**qubits]) if depolarizing else state


def _groups(gates):
    """Rotations in a row together, rings alone."""
    for rotate, names in itertools.groupby(gates, ROTATIONS.__contains__):
        if rotate:
            yield tuple(names)
        else:
            yield from ((name,) for name in names)


def _multiply(paulis, matrix):
    """Pauli matrices, one for each qubit, behind a gate on these qubits."""
    if len(paulis) == 1:
        return paulis[0] @ matrix
    both = tf.reshape(tf.einsum("ab,cd->acbd", *paulis), [4, 4])
    return both @ matrix


def _apply(circuit, matrix, touched, qubits, strength):
    """Applies a gate, and behind it a depolarising channel on each qubit that it touches."""
    circuit.any(*touched, unitary=matrix)
    if strength:
        circuit.any(*(qubit + qubits for qubit in touched), unitary=tf.math.conj(matrix))
        # On the entries 00, 01, 10, 11 of a qubit's density matrix: a share of its trace goes
        # to the mixed state.
        channel = (1 - strength) * np.eye(4) + strength / 2 * np.outer([1, 0, 0, 1], [1, 0, 0, 1])
        for qubit in touched:
            circuit.any(qubit, qubit + qubits, unitary=tf.constant(channel, matrix.dtype))


def _rotation(gate, angles):
    """``exp(-i angle G / 2)``, shape ``(qubits, 2, 2)``."""
    return _combine(angles, np.eye(2), -1j * _GENERATORS[gate])


def _controlled(gate, angles):
    """The rotation of the second qubit where the first is 1, shape ``(qubits, 4, 4)``."""
    zero, one = np.diag([1, 0]), np.diag([0, 1])
    matrices = _combine(angles, np.kron(one, np.eye(2)), -1j * np.kron(one, _GENERATORS[gate]))
    return matrices + tf.constant(np.kron(zero, np.eye(2)), matrices.dtype)


def _combine(angles, even, odd):
    """``cos(angle / 2) even + sin(angle / 2) odd``."""
    kind = _complex(angles.dtype)
    half = angles[:, None, None] / 2
    cosine, sine = tf.cast(tf.cos(half), kind), tf.cast(tf.sin(half), kind)
    return cosine * tf.constant(even, kind) + sine * tf.constant(odd, kind)


def _complex(dtype):
    return tf.complex128 if dtype == tf.float64 else tf.complex64


@contextlib.contextmanager
def _tensorcircuit(dtype):
    """TensorCircuit with its TensorFlow backend; its global state is afterwards as before."""
    # Imported here: it takes a second, and only circuits need it.
    import tensorcircuit

    with _LOCK:
        backend, kind = tensorcircuit.cons.backend.name, tensorcircuit.cons.dtypestr
        try:
            tensorcircuit.set_backend("tensorflow")
            tensorcircuit.set_dtype(_complex(dtype).name)
            yield tensorcircuit
        finally:
            tensorcircuit.set_dtype(kind)
            tensorcircuit.set_backend(backend)
