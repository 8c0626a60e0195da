"""An interferometer whose splitters are the weights of a Keras layer."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from qlatent_tf.checks import check_count
from qlatent_tf.layers.photonic.mesh import CLEMENTS, Mesh, clements_angles, make_mesh
from qlatent_tf.quantum.unitaries import check_circuit_seed, haar_unitary, loop_angles


@keras.saving.register_keras_serializable(package="qlatent_tf")
class Interferometer(keras.layers.Layer):
    """A mesh of beam splitters and phases, whose output is its unitary.

    Whatever the weights are, the output is unitary up to rounding. It has no input: call it without
    arguments. Phases behind the last splitter are weights, but not trained: no probability depends
    on them. Splitters of a layer of the mesh, which share no mode, are applied at once, and the
    backward pass too is made of gathers and sums in a fixed order, so that it repeats bit for bit.

    Args:
      modes: int. At least 1.
      mesh: str. `"clements"`, which reaches any unitary; or loop delays such as `"1-1"`, which
        reach those of time-bin loops with a phase at each splitter.
      unitary: complex array-like, shape `[modes, modes]`. Where a Clements mesh starts.
      seed: int. Where none is given, starts at `haar_unitary(modes, seed)`, or loops at
        `loop_unitary(modes, mesh, seed=seed)`.

    Output shape:
      `(modes, modes)`, complex64, or complex128 for the dtype float64.

    Raises:
      ValueError: if there is no such mesh, a start that it cannot make, or there are no complex
        numbers of the dtype.

    Example:
      >>> Interferometer(16)().shape
      TensorShape([16, 16])

    Reference: Clements et al., "An optimal design for universal multiport interferometers",
      arXiv 1603.08788.
    """

    def __init__(self, modes, mesh=CLEMENTS, unitary=None, seed=0, **kwargs):
        super().__init__(**kwargs)
        if self.variable_dtype not in ("float32", "float64"):
            raise ValueError(
                "Angles are float32 or float64, of which there are complex numbers; received "
                f"dtype={self.variable_dtype!r}."
            )
        self.modes, self.mesh = check_count(modes, "modes", least=1), mesh
        self.seed = check_circuit_seed(seed, "seed")
        if not isinstance(mesh, str):
            raise ValueError(f"mesh is {CLEMENTS!r}, or delays such as '1-1'; received {mesh!r}.")
        self._mesh = make_mesh(self.modes, mesh)
        for name, start in zip(
            ("angles", "phases", "output_phases"), self._start(unitary), strict=True
        ):
            initial = keras.initializers.Constant(start)
            # Phases behind the last splitter change no probability: their gradient is rounding.
            trainable = name != "output_phases"
            # Angles stay in single precision where the policy is a mixed one.
            options = {"initializer": initial, "trainable": trainable, "autocast": False}
            weight = self.add_weight(name=name, shape=start.shape, **options)
            setattr(self, name, weight)
        self._product = layered_product(self._mesh)
        self.built = True

    def call(self, inputs=None):
        """Returns the unitary; takes no inputs, but Keras needs to know of one argument."""
        del inputs
        cos, sin = (tf.complex(part(self.angles), ops.zeros_like(self.angles)) for part in _BOTH)
        turn = _turn(self.phases)
        own = ops.concatenate([turn * cos, cos])
        partner = ops.concatenate([-sin, turn * sin])
        # A matrix product: XLA would compute a product of elements anew wherever it is used.
        return tf.linalg.diag(_turn(self.output_phases)) @ self._product(own, partner)

    def exact_unitary(self) -> np.ndarray:
        """Returns the unitary of the present weights in double precision, a NumPy array."""
        return self._mesh.unitary(*map(np.asarray, (self.angles, self.phases, self.output_phases)))

    def get_config(self):
        """Returns the arguments, the start apart, which the weights replace."""
        return {**super().get_config(), "modes": self.modes, "mesh": self.mesh, "seed": self.seed}

    def _start(self, unitary):
        if self.mesh == CLEMENTS:
            start = haar_unitary(self.modes, self.seed) if unitary is None else unitary
            if np.shape(start) != (self.modes, self.modes):
                raise ValueError(
                    f"{self.modes} modes start at a matrix of shape ({self.modes}, {self.modes}); "
                    f"received shape {np.shape(start)}."
                )
            return clements_angles(start)
        if unitary is not None:
            raise ValueError(
                f"Not every unitary is one of loops: mesh={self.mesh!r} starts at a seed. "
                f"mesh={CLEMENTS!r} starts at any unitary."
            )
        angles = loop_angles(self.modes, self.mesh, self.seed)
        return angles, np.zeros(len(angles)), np.zeros(self.modes)


def layered_product(mesh: Mesh):
    """Returns a function that multiplies a mesh's splitters, a layer at a time.

    A row of the product becomes ``own * row + partner * (the row of the other mode)``, and a row
    that no splitter of the layer touches is left.

    Args:
      mesh: Mesh.

    Returns:
      callable. ``product(own, partner)`` takes complex tensors of shape `[2 * splitters]`, first
      of the first modes of all splitters, then of the second, and returns `[modes, modes]`.
    """
    count, shape = mesh.splitters, (mesh.depth, mesh.modes)
    places = np.full(shape, 2 * count)
    partners = np.tile(np.arange(mesh.modes), (mesh.depth, 1))
    for side in (0, 1):
        places[mesh.layers, mesh.pairs[:, side]] = side * count + np.arange(count)
        partners[mesh.layers, mesh.pairs[:, side]] = mesh.pairs[:, 1 - side]
    partners = tf.constant(partners)
    flat = np.concatenate([mesh.layers * mesh.modes + mesh.pairs[:, side] for side in (0, 1)])

    def spread(values, untouched):
        values = tf.concat([values, tf.constant([untouched], values.dtype)], axis=0)
        return tf.gather(values, places)[..., None]

    @tf.custom_gradient
    def product(own, partner):
        own, partner = spread(own, 1), spread(partner, 0)

        def forwards(layer, matrix):
            other = tf.gather(matrix, partners[layer])
            return layer + 1, own[layer] * matrix + partner[layer] * other

        def backwards(step, both, own_parts, partner_parts):
            # A layer's adjoint is its inverse: it takes back the product and its gradient alike.
            layer = mesh.depth - 1 - step
            crossed = tf.gather(tf.math.conj(partner[layer]) * both, partners[layer])
            before = tf.math.conj(own[layer]) * both + crossed
            upstream, matrix = both[:, mesh.modes :], tf.math.conj(before[:, : mesh.modes])
            own_part = tf.reduce_sum(matrix * upstream, axis=1)
            partner_part = tf.reduce_sum(tf.gather(matrix, partners[layer]) * upstream, axis=1)
            return (
                step + 1, before,
                own_parts.write(layer, own_part), partner_parts.write(layer, partner_part),
            )  # fmt: skip

        start = tf.eye(mesh.modes, dtype=own.dtype)
        matrix = _repeat(forwards, mesh.depth, start)[0]

        def gradient(upstream):
            empty = [
                tf.TensorArray(own.dtype, mesh.depth, element_shape=[mesh.modes]) for _ in range(2)
            ]
            _, *parts = _repeat(backwards, mesh.depth, tf.concat([matrix, upstream], 1), *empty)
            return tuple(tf.gather(tf.reshape(part.stack(), [-1]), flat) for part in parts)

        return matrix, gradient

    return product


def _repeat(body, times, *start):
    """A loop, which XLA compiles in a fraction of the time that copies of its body would take."""
    return tf.while_loop(
        lambda step, *_: step < times, body, (0, *start), maximum_iterations=times
    )[1:]


def _turn(phases):
    return tf.complex(*(part(phases) for part in _BOTH))


_BOTH = (ops.cos, ops.sin)
