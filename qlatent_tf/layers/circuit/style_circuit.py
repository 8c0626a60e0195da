"""A Keras layer: a quantum circuit, each angle of which depends on noise."""

import functools

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from qlatent_tf.checks import check_count
from qlatent_tf.layers.circuit.ansatz import ANSATZES, READOUTS, STYLES, count_angles
from qlatent_tf.layers.circuit.readout import (
    draw_uniform,
    expectations,
    probabilities,
    sampled_expectations,
)
from qlatent_tf.layers.circuit.state import draw_errors, error_strengths, evolve
from qlatent_tf.quantum.memory import check_memory
from qlatent_tf.text.names import check_choice, check_number

# A density matrix of n qubits is as large as the amplitudes of 2 n.
MOST_NOISY_QUBITS = 6


@keras.saving.register_keras_serializable(package="qlatent_tf")
class StyleCircuit(keras.layers.Layer):
    """A style-based quantum circuit: noise in, expectations of X and Z out.

    Every angle of the circuit depends on the noise z, by its *style*:

    - `"scalar"`: ``angle_k = w_k z_(k mod latent_size) + b_k``, two parameters an angle;
    - `"dense"`: ``angle = W z + b``, with a W and a b for each gate of each layer;
    - `"none"`: ``angle = b``. The noise enters once, as a rotation RY(z_i) of qubit i before the
      circuit, with components in turn where there are fewer than qubits.

    Angles are counted gate by gate through the layers, and qubit by qubit within a gate. All
    parameters begin uniform in [-initial_range, initial_range]: with small angles the gradient
    does not vanish as qubits are added.

    The state is computed once for each sample, and all features are read from it. With `shots`,
    features are means of that many measurements of all qubits, and of as many more in the X basis
    for the readout "xz". Their gradient is that of the exact expectations, which is what the
    mean over infinitely many shots has. The seed of a sample's shots, and of its errors, is a hash
    of its noise: the layer stays a function of (noise, weights), and equal noise gives equal shots.

    Args:
      qubits: int. At least 2.
      layers: int. At least 1.
      ansatz: str. "bel", "simple" or "last_qgan"; see `ANSATZES`.
      style: str. "scalar", "dense" or "none".
      readout: str. "z": the expectation of Z on each qubit; "xz": those of X, then those of Z.
      initial_range: float. Where parameters begin.
      shots: int, or None for exact expectations.
      depolarizing: float in [0, 1]. After every gate, each qubit that it touches is replaced with
        this probability by a maximally mixed one.
      trajectories: int, or None. None computes depolarising noise exactly, with density matrices,
        up to 6 qubits. A number takes the mean over as many circuits with random errors, Pauli
        matrices behind the gates, which costs as many states, of any number of qubits.
      shot_seed: int. Another one gives other shots and errors for the same noise.

    Input shape:
      ``(batch, latent_size)``.

    Output shape:
      ``(batch, qubits)`` for the readout "z", ``(batch, 2 * qubits)`` for "xz"; in [-1, 1].

    Raises:
      ValueError: for an argument that is not legal, noise with components that no angle would
        depend on, or states that memory does not hold.

    Example:
      >>> layer = StyleCircuit(qubits=10, layers=3)
      >>> layer(keras.random.normal((64, 10))).shape
      TensorShape([64, 20])

    References:
      Bravo-Prieto et al., Style-based quantum generative adversarial networks for Monte Carlo
      events, arXiv 2110.06933. Chang et al., Latent style-based quantum GAN for high-quality
      image generation, arXiv 2406.02668. Liepelt and Baglio, Exponential capacity scaling of
      classical GANs compared to hybrid latent style-based quantum GANs, arXiv 2601.05036.
    """

    def __init__(
        self,
        qubits,
        layers,
        ansatz="bel",
        style="scalar",
        readout="xz",
        initial_range=0.15,
        shots=None,
        depolarizing=0.0,
        trajectories=None,
        shot_seed=0,
        **kwargs,
    ):
        # Noise stays in single precision where the policy is a mixed one, and so do parameters.
        super().__init__(**{"autocast": False, **kwargs})
        self.qubits = check_count(qubits, "qubits", least=2)
        self.layers = check_count(layers, "layers", least=1)
        self.ansatz = check_choice("ansatz", ansatz, ANSATZES)
        self.style = check_choice("style", style, STYLES)
        self.readout = check_choice("readout", readout, READOUTS)
        check_number("initial_range", initial_range, 0)
        self.initial_range = float(initial_range)
        self.shots = None if shots is None else check_count(shots, "shots", least=1)
        check_number("depolarizing", depolarizing, 0, 1)
        self.depolarizing = float(depolarizing)
        self.shot_seed = check_count(shot_seed, "shot_seed")
        self.trajectories = trajectories
        if trajectories is not None:
            self.trajectories = check_count(trajectories, "trajectories", least=1)
            if not depolarizing:
                raise ValueError(
                    f"trajectories={trajectories} are those of depolarising noise, and "
                    "depolarizing is 0. Legal: depolarizing above 0, or trajectories=None."
                )
        elif depolarizing and qubits > MOST_NOISY_QUBITS:
            raise ValueError(
                f"depolarizing={depolarizing:g} is computed exactly up to {MOST_NOISY_QUBITS} "
                f"qubits; received {qubits}. With trajectories=N, N circuits with random errors "
                "are averaged instead."
            )
        # Exact noise has density matrices, with as many entries as a state of twice the qubits.
        self._simulated = qubits * (2 if depolarizing and trajectories is None else 1)
        check_memory(8 * 2**self._simulated, f"The amplitudes of {qubits} qubits")

    @property
    def angles(self) -> int:
        """The number of angles of the circuit."""
        return count_angles(self.qubits, self.layers, self.ansatz)

    @property
    def features(self) -> int:
        """The number of features, all in [-1, 1]."""
        return self.qubits * READOUTS[self.readout]

    def build(self, input_shape):
        """Makes the parameters; there are `count_params()` of them."""
        if len(input_shape) != 2 or not input_shape[-1]:
            raise ValueError(f"Noise has shape (batch, latent_size); received {input_shape}.")
        latent_size = input_shape[-1]
        steered = self.qubits if self.style == "none" else self.angles
        if self.style != "dense" and latent_size > steered:
            raise ValueError(
                f"With style={self.style!r}, this circuit takes noise of up to {steered} "
                f"components; received {latent_size}, of which the last would change nothing. "
                "style='dense' takes any."
            )
        self.bias = self._add_parameters("bias", [self.angles])
        self._component = None
        if self.style == "scalar":
            self.weight = self._add_parameters("weight", [self.angles])
            self._component = np.arange(self.angles) % latent_size
        elif self.style == "dense":
            self.weight = self._add_parameters("weight", [latent_size, self.angles])
        else:
            self._component = np.arange(self.qubits) % latent_size
        draw = np.random.default_rng([self.shot_seed, latent_size])
        self._keys = draw.integers(0, 2**32, (latent_size, 2), np.uint32)
        # Outside a tf.function of the caller's: traced once for each batch size, not at every call.
        # A partial has no code, by which TensorFlow would count the traces of all circuits as one.
        measure = functools.partial(type(self)._measure, self)
        self._traced = tf.function(measure, autograph=False)
        self.built = True

    def call(self, noise):
        """Returns the features of each row of noise."""
        kind = "float64" if self.compute_dtype == "float64" else "float32"
        noise = ops.cast(noise, kind)
        states = (noise.shape[0] or 1) * (self.trajectories or 1)
        check_memory(
            8 * states * 2**self._simulated,
            f"The amplitudes of {states} times {self.qubits} qubits",
        )
        measure = self._traced if tf.executing_eagerly() else self._measure
        features = measure(self._steer(noise), self._seeds(noise))
        return ops.cast(features, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        """Returns ``(batch, features)``."""
        return (input_shape[0], self.features)

    def get_config(self):
        """Returns the arguments."""
        names = (
            "qubits", "layers", "ansatz", "style", "readout", "initial_range", "shots",
            "depolarizing", "trajectories", "shot_seed",
        )  # fmt: skip
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def _add_parameters(self, name, shape):
        initial = keras.initializers.RandomUniform(-self.initial_range, self.initial_range)
        return self.add_weight(name=name, shape=shape, initializer=initial, autocast=False)

    def _steer(self, noise):
        """The angles, ``(batch, rows, qubits)``; those of style "none" have a row more."""
        bias = ops.cast(self.bias, noise.dtype)
        if self.style == "none":
            rows = ops.take(noise, self._component, axis=1)
            repeated = ops.zeros_like(noise[:, :1]) + bias
            angles = ops.concatenate([rows, repeated], axis=1)
        elif self.style == "scalar":
            weight = ops.cast(self.weight, noise.dtype)
            angles = ops.take(noise, self._component, axis=1) * weight + bias
        else:
            angles = noise @ ops.cast(self.weight, noise.dtype) + bias
        return ops.reshape(angles, [-1, angles.shape[1] // self.qubits, self.qubits])

    def _seeds(self, noise):
        """A seed pair for each row: sums, modulo 2^32, of a hash of each component in its place."""
        bits = tf.bitcast(tf.cast(noise, tf.float32), tf.uint32)
        mixed = _mix(tf.bitwise.bitwise_xor(bits[:, :, None], self._keys))
        return tf.reduce_sum(tf.bitcast(mixed, tf.int32), axis=1)

    def _measure(self, angles, seeds):
        gates = ANSATZES[self.ansatz].gates(self.layers)
        if self.style == "none":
            gates = ("ry", *gates)
        states, average = self._evolve(angles, gates, seeds)
        parts = []
        for place, basis in enumerate(self.readout):
            part = average(expectations(states, basis))
            if self.shots is not None:
                outcomes = average(probabilities(states, basis))
                sampled = sampled_expectations(outcomes, self.shots, seeds + place)
                part = part + tf.stop_gradient(sampled - part)
            parts.append(part)
        return tf.concat(parts, axis=1)

    def _evolve(self, angles, gates, seeds):
        """States, and how rows of what is read from them become one row a sample."""
        if self.trajectories is None:
            return evolve(angles, gates, self.depolarizing), lambda rows: rows
        strengths = error_strengths(gates, self.qubits, self.depolarizing)
        count = self.trajectories
        # Seeds apart from those of shots in the bases X and Z.
        uniform = draw_uniform(count * len(strengths), seeds + len(READOUTS), angles.dtype)
        errors = draw_errors(tf.reshape(uniform, [-1, len(strengths)]), strengths)
        states = evolve(tf.repeat(angles, count, axis=0), gates, errors=errors)
        return states, lambda rows: tf.reduce_mean(
            tf.reshape(rows, [-1, count, rows.shape[-1]]), axis=1
        )


def _mix(bits):
    """Spreads each bit over all, as MurmurHash3 does at its end.

    Numbers such as 0.5 and -0.5, or whole ones, differ in few and high bits alone.
    """
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = tf.bitwise.bitwise_xor(bits, tf.bitwise.right_shift(bits, np.uint32(shift)))
        bits *= np.uint32(factor)
    return tf.bitwise.bitwise_xor(bits, tf.bitwise.right_shift(bits, np.uint32(16)))
