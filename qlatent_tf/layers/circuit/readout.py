"""What is measured on states: exact expectations of X and Z, and those of a number of shots."""

import numpy as np
import tensorflow as tf


def expectations(states, basis):
    """Returns the exact expectation of X or Z on each qubit.

    Args:
      states: complex tensor, ``(batch, size)`` or ``(batch, size, size)``. Amplitudes or density
        matrices, with ``size = 2 ** qubits``.
      basis: str. "x" or "z".

    Returns:
      Real tensor, ``(batch, qubits)``.
    """
    qubits = _count_qubits(states)
    if basis == "z":
        return probabilities(states, "z") @ _signs(qubits, states.dtype.real_dtype)
    return tf.stack([_expect_x(states, qubit, qubits) for qubit in range(qubits)], axis=1)


def sampled_expectations(probabilities, shots, seeds):
    """Returns the means of `shots` measurements of all qubits at once, without a gradient.

    Args:
      probabilities: real tensor, ``(batch, 2 ** qubits)``. Of the outcomes in one basis.
      shots: int.
      seeds: int32 tensor, ``(batch, 2)``. A seed for each row of the batch.
    """
    cumulative = tf.cumsum(tf.stop_gradient(probabilities), axis=1)
    # Rounded probabilities do not quite sum to 1.
    places = draw_uniform(shots, seeds, cumulative.dtype) * cumulative[:, -1:]
    outcomes = tf.searchsorted(cumulative, places, side="right")
    outcomes = tf.minimum(outcomes, probabilities.shape[-1] - 1)
    signs = _signs(_count_qubits(probabilities), cumulative.dtype)
    return tf.stop_gradient(tf.reduce_mean(tf.gather(signs, outcomes), axis=1))


def probabilities(states, basis):
    """Returns the probability of each outcome, ``(batch, 2 ** qubits)``, of states in a basis.

    In the X basis, bit 0 stands for ``|+>``.
    """
    if basis == "x":
        for qubit in range(_count_qubits(states)):
            for axis in range(1, len(states.shape)):
                states = _hadamard(states, qubit, axis)
    if len(states.shape) == 3:
        return tf.math.real(tf.linalg.diag_part(states))
    return tf.math.real(states * tf.math.conj(states))


def draw_uniform(count, seeds, dtype):
    """Returns numbers in [0, 1), ``(batch, count)``: a row for each seed of ``(batch, 2)``.

    A row does not depend on the batch that it stands in.
    """
    return tf.map_fn(
        lambda seed: _uniform(count, seed, dtype), seeds,
        fn_output_signature=tf.TensorSpec([count], dtype),
    )  # fmt: skip


def _uniform(count, seed, dtype):
    # From whole numbers: of these alone XLA and eager TensorFlow agree.
    bits = tf.random.stateless_uniform([count], seed, None, None, tf.uint32, alg="philox")
    return tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), dtype) / 2**24


def _hadamard(states, qubit, axis):
    """A Hadamard gate on one qubit of the index at `axis`."""
    shape = [-1, *states.shape[1:]]
    zero, one = _split(states, qubit, axis)
    rotated = tf.stack([zero + one, zero - one], axis=2) / 2**0.5
    return tf.reshape(rotated, shape)


def _expect_x(states, qubit, qubits):
    if len(states.shape) == 2:
        zero, one = _split(states, qubit, 1)
        return 2 * tf.math.real(tf.reduce_sum(tf.math.conj(zero) * one, axis=[1, 2]))
    size = 2**qubits
    flipped = np.arange(size) ^ (1 << (qubits - 1 - qubit))
    places = tf.constant(np.arange(size) * size + flipped)
    entries = tf.gather(tf.reshape(states, [-1, size * size]), places, axis=1)
    return tf.math.real(tf.reduce_sum(entries, axis=1))


def _split(states, qubit, axis):
    """The parts whose index at `axis` has the qubit's bit 0 and 1, ``(batch, before, after)``."""
    size, shape = states.shape[axis], states.shape
    before = int(np.prod(shape[1:axis])) * 2**qubit
    after = size // 2 ** (qubit + 1) * int(np.prod(shape[axis + 1 :]))
    return tf.unstack(tf.reshape(states, [-1, before, 2, after]), axis=2)


def _signs(qubits, dtype):
    """1 and -1 for bit 0 and 1 of each qubit, ``(2 ** qubits, qubits)``; qubit 0 is highest."""
    bits = np.arange(2**qubits)[:, None] >> np.arange(qubits)[::-1] & 1
    return tf.constant(1 - 2 * bits, dtype)


def _count_qubits(states):
    return int(states.shape[-1]).bit_length() - 1
