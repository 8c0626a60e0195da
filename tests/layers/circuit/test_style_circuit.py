import keras
import numpy as np
import pytest
import tensorflow as tf
from dense_circuit import features_by_definition, noise, wide

from qlatent_tf.gan.wgan_gp import WGANGP
from qlatent_tf.layers.circuit.ansatz import ANSATZES, count_angles, count_parameters
from qlatent_tf.layers.circuit.style_circuit import StyleCircuit

BATCH = 3


def angles_by_definition(layer, z):
    """The angles of one sample, in the order of the documentation."""
    bias = np.array(layer.bias, np.float64)
    if layer.style == "none":
        turn = [z[qubit % len(z)] for qubit in range(layer.qubits)]
        return np.concatenate([turn, bias])
    weight = np.array(layer.weight, np.float64)
    if layer.style == "dense":
        return z @ weight + bias
    return np.array([weight[k] * z[k % len(z)] + bias[k] for k in range(len(bias))])


def expected(layer, z):
    gates = (("ry",) if layer.style == "none" else ()) + ANSATZES[layer.ansatz].gates(layer.layers)
    return np.array([
        features_by_definition(
            gates, angles_by_definition(layer, row), layer.qubits, layer.readout,
            layer.depolarizing,
        )
        for row in z.astype(np.float64)
    ])  # fmt: skip


@pytest.mark.parametrize("options, latent_size", [
    ({"qubits": 3, "layers": 2}, 5),
    ({"qubits": 2, "layers": 1, "ansatz": "simple", "style": "dense"}, 7),
    ({"qubits": 4, "layers": 2, "ansatz": "simple", "readout": "z"}, 4),
    ({"qubits": 3, "layers": 2, "ansatz": "last_qgan", "style": "dense"}, 3),
    ({"qubits": 4, "layers": 1, "ansatz": "last_qgan", "style": "none"}, 3),
    pytest.param(
        {"qubits": 2, "layers": 2, "style": "none", "depolarizing": 0.03}, 2, marks=pytest.mark.slow
    ),
    pytest.param({"qubits": 3, "layers": 1, "depolarizing": 0.1}, 18, marks=pytest.mark.slow),
])  # fmt: skip
def test_equals_a_simulation_with_dense_matrices(options, latent_size):
    layer, z = wide(**options), noise(latent_size)
    output = layer(z)
    assert output.shape == layer.compute_output_shape(z.shape) == (BATCH, layer.features)
    np.testing.assert_allclose(output, expected(layer, z), atol=1e-12)


@pytest.mark.parametrize("style", ["scalar", "dense", "none"])
@pytest.mark.parametrize("ansatz", ANSATZES)
def test_parameters_are_counted(ansatz, style):
    layer = StyleCircuit(3, 2, ansatz=ansatz, style=style)
    layer.build((None, 2))
    angles = {"bel": 3 * (5 * 2 + 1), "simple": 3 * (2 + 1), "last_qgan": 3 * (3 * 2 + 1)}[ansatz]
    assert layer.angles == count_angles(3, 2, ansatz) == angles
    parameters = angles * {"scalar": 2, "dense": 3, "none": 1}[style]
    assert layer.count_params() == parameters
    assert count_parameters(3, 2, ansatz, style, latent_size=2) == parameters


def test_a_gradient_is_that_of_finite_differences():
    layer, z = wide(qubits=3, layers=1), noise(4)
    factors = np.random.default_rng(2).normal(size=(BATCH, layer.features))

    def loss():
        return tf.reduce_sum(layer(z) * factors)

    loss()
    with tf.GradientTape() as tape:
        value = loss()
    gradients = tape.gradient(value, [layer.weight.value, layer.bias.value])
    step = 1e-5
    for variable, gradient in zip((layer.weight, layer.bias), gradients, strict=True):
        before = np.array(variable)
        for place in (0, 4, 8, 10, 13, 17):  # One of each gate of the layer, and the last.
            shift = np.eye(len(before))[place] * step
            values = []
            for sign in (1, -1):
                variable.assign(before + sign * shift)
                values.append(float(loss()))
            variable.assign(before)
            slope = (values[0] - values[1]) / (2 * step)
            np.testing.assert_allclose(gradient[place], slope, atol=1e-8)


@pytest.mark.slow
def test_a_rotation_obeys_the_parameter_shift_rule():
    layer, z = wide(qubits=2, layers=1, style="none"), noise(2, batch=1)
    layer(z)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(layer(z))
    gradient = tape.gradient(value, layer.bias.value)
    before = np.array(layer.bias)
    for place in [*range(8), 10, 11]:  # All but the controlled gates.
        values = []
        for sign in (1, -1):
            layer.bias.assign(before + sign * np.eye(len(before))[place] * np.pi / 2)
            values.append(float(tf.reduce_sum(layer(z))))
        np.testing.assert_allclose(gradient[place], (values[0] - values[1]) / 2, atol=1e-12)
        layer.bias.assign(before)


def test_a_ring_passes_a_flip_on_in_order():
    """A flip of qubit 0 is carried around by controlled gates of angle pi, one after another."""
    layer = StyleCircuit(4, 1, readout="z", style="none", initial_range=0.0)
    z = np.zeros((1, 4), "float32")
    layer.build(z.shape)
    angles = np.zeros((6, 4))  # RY, RZ, RY, RZ, the ring, RY.
    angles[0, 0] = np.pi
    angles[4, :3] = np.pi
    layer.bias.assign(angles.ravel())
    np.testing.assert_allclose(layer(z), [[-1, -1, -1, -1]], atol=1e-6)
    angles[4, 0] = 0  # 0 -> 1 stays: nothing reaches 1, 2, 3.
    layer.bias.assign(angles.ravel())
    np.testing.assert_allclose(layer(z), [[-1, 1, 1, 1]], atol=1e-6)
    angles[0] = 0, 0, 0, np.pi  # The last gate, 3 -> 0, finds no flipped qubit behind it.
    angles[4] = np.pi
    layer.bias.assign(angles.ravel())
    np.testing.assert_allclose(layer(z), [[-1, 1, 1, -1]], atol=1e-6)


def test_features_are_x_then_z():
    layer = StyleCircuit(2, 1, style="none", initial_range=0.0)
    turn = np.array([[0.3, 1.1]], "float32")  # RY(t) |0> has <X> = sin t and <Z> = cos t.
    np.testing.assert_allclose(layer(turn), np.hstack([np.sin(turn), np.cos(turn)]), atol=1e-6)


@pytest.mark.slow
def test_a_small_start_stands_near_zero_angles():
    layer = StyleCircuit(4, 2, initial_range=0.01)
    values = np.array(layer(noise(4)))
    assert np.abs(layer.bias).max() <= 0.01 and np.abs(layer.weight).max() <= 0.01
    assert np.abs(layer.bias).max() > 0.008
    assert (values[:, 4:] > 0.97).all() and np.abs(values[:, :4]).max() > 0


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize(
    "options", [{"depolarizing": 0.02}, {"depolarizing": 0.3, "trajectories": 2, "shots": 9}]
)
def test_compiling_and_batches_change_nothing(options, jit_compile):
    layer, z = wide(qubits=2, layers=1, ansatz="simple", **options), noise(3, batch=4)
    layer.build(z.shape)

    @tf.function(jit_compile=jit_compile)
    def compiled(rows):
        with tf.GradientTape() as tape:
            value = layer(rows)
            loss = tf.reduce_sum(value**2)
        return value, tape.gradient(loss, layer.weight.value)

    with tf.GradientTape() as tape:
        value = layer(z)
        loss = tf.reduce_sum(value**2)
    features, gradient = compiled(z)
    np.testing.assert_allclose(features, value, atol=1e-12)
    np.testing.assert_allclose(gradient, tape.gradient(loss, layer.weight.value), atol=1e-12)
    np.testing.assert_allclose(layer(z[[2]]), value[2:3], atol=1e-12)
    np.testing.assert_allclose(layer(z[::-1]), value[::-1], atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"depolarizing": 0.1, "trajectories": 2}])
def test_xla_need_not_know_the_angles(options):
    """Whole numbers among what a function's backward part takes of its forward part would be sizes
    or axes, for which XLA compiles anew whenever the weights change."""
    layer, z = StyleCircuit(2, 1, **options), tf.constant(noise(2))
    layer.build(z.shape)

    @tf.function(jit_compile=True)
    def gradient():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(z))
        return tape.gradient(loss, layer.trainable_variables)

    before = gradient()
    calls = [
        one
        for one in gradient.get_concrete_function().graph.get_operations()
        if one.type.endswith("PartitionedCall")
    ]
    assert len(calls) == 2
    assert not [result for one in calls for result in one.outputs if result.dtype.is_integer]
    layer.bias.assign(layer.bias + 0.3)
    assert not np.allclose(before[0], gradient()[0], atol=1e-3)


def test_single_precision_is_near_double():
    double, z = wide(qubits=3, layers=1), noise(3)
    double(z)
    single = wide(qubits=3, layers=1, dtype="float32")
    single.build(z.shape)
    single.set_weights(double.get_weights())
    assert single(z).dtype == tf.float32
    np.testing.assert_allclose(single(z), double(z), atol=2e-6)
    mixed = wide(qubits=3, layers=1, dtype="mixed_float16")
    mixed.build(z.shape)
    mixed.set_weights(double.get_weights())
    # Its output alone is rounded.
    assert mixed(z).dtype == tf.float16
    np.testing.assert_array_equal(mixed(z), tf.cast(single(z), tf.float16))


def test_serialises_and_runs_in_a_model(tmp_path):
    layer = StyleCircuit(3, 1, ansatz="last_qgan", style="dense", readout="z", shots=7)
    clone = keras.layers.deserialize(keras.layers.serialize(layer))
    assert clone.get_config() == layer.get_config()
    model = keras.Sequential([keras.Input([4]), clone, keras.layers.Dense(2)])
    assert model.output_shape == (None, 2)
    file = tmp_path / "model.keras"
    model.save(file)
    z = noise(4)
    np.testing.assert_array_equal(keras.saving.load_model(file)(z), model(z))


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_generates_in_the_training_loop(jit_compile):
    import tensorflow_probability as tfp

    latent = tfp.distributions.Sample(tfp.distributions.Normal(0.0, 1.0), 3)
    circuit = StyleCircuit(2, 1, ansatz="simple", readout="z", shots=50)
    gan = WGANGP(
        latent,
        keras.Sequential([keras.Input([3]), circuit]),
        keras.Sequential([keras.Input([2]), keras.layers.Dense(1)]),
        critic_steps=2,
    )
    gan.compile("adam", "adam", jit_compile=jit_compile)
    before = np.array(circuit.weight)
    real = np.zeros([20, 2], "float32")
    gan.fit(gan.training_batches(real, batch_size=5, seed=0, steps=2), shuffle=False, verbose=0)
    assert np.isfinite(circuit.weight).all() and (np.array(circuit.weight) != before).all()
    np.testing.assert_array_equal(gan.sample(8, seed=1, batch_size=4), gan.sample(8, seed=1))


def test_leaves_the_simulator_as_it_was():
    import tensorcircuit

    before = tensorcircuit.cons.backend.name, tensorcircuit.cons.dtypestr
    tensorcircuit.set_backend("numpy")
    try:
        wide(qubits=2, layers=1)(noise(2))
        assert tensorcircuit.cons.backend.name == "numpy"
        assert tensorcircuit.cons.dtypestr == before[1]
    finally:
        tensorcircuit.set_backend(before[0])


@pytest.mark.parametrize("options, message", [
    ({"qubits": 1}, "qubits is at least 2; received 1"),
    ({"layers": 0}, "layers is at least 1; received 0"),
    ({"layers": 1.5}, "received 1.5"),
    ({"ansatz": "ring"}, "ansatz is one of bel, simple, last_qgan; received 'ring'"),
    ({"style": "affine"}, "style is one of scalar, dense, none; received 'affine'"),
    ({"readout": "zx"}, "readout is one of z, xz; received 'zx'"),
    ({"initial_range": -1}, "at least 0; received -1"),
    ({"initial_range": "wide"}, "at least 0; received 'wide'"),
    ({"initial_range": np.inf}, "at least 0; received inf"),
    ({"depolarizing": None}, r"in \[0, 1\]; received None"),
    ({"shot_seed": []}, r"shot_seed is an integer; received \[\]"),
    ({"shots": 0}, "shots is at least 1; received 0"),
    ({"depolarizing": 1.5}, r"in \[0, 1\]; received 1.5"),
    ({"qubits": 7, "depolarizing": 0.1}, "up to 6 qubits; received 7. With trajectories"),
    ({"depolarizing": 0.1, "trajectories": 0}, "trajectories is at least 1"),
    ({"qubits": 50}, "amplitudes of 50 qubits take 8 PiB of memory"),
    ({"trajectories": 5}, "trajectories=5 are those of depolarising noise"),
])  # fmt: skip
def test_refuses_what_is_not_legal(options, message):
    with pytest.raises(ValueError, match=message):
        StyleCircuit(**{"qubits": 2, "layers": 1, **options})


@pytest.mark.parametrize("options, shape, message", [
    ({}, (None, 13), "up to 12 components; received 13"),
    ({"style": "none"}, (None, 3), "up to 2 components; received 3"),
    ({}, (None, 3, 2), "shape"),
    ({}, (None, None), "shape"),
])  # fmt: skip
def test_refuses_noise_that_does_not_fit(options, shape, message):
    with pytest.raises(ValueError, match=message):
        StyleCircuit(2, 1, **options).build(shape)


def test_batches_whose_states_memory_does_not_hold_are_refused(monkeypatch):
    circuit = StyleCircuit(10, 1)
    monkeypatch.setattr("qlatent_tf.quantum.memory.memory_limit", lambda: 2**20)
    with pytest.raises(ValueError, match="amplitudes of 1024 times 10 qubits take 8 MiB"):
        circuit(tf.zeros([1024, 2]))
    # A density matrix has as many entries as a state of twice the qubits.
    noisy = StyleCircuit(5, 1, depolarizing=0.1)
    with pytest.raises(ValueError, match="amplitudes of 1024 times 5 qubits take 8 MiB"):
        noisy(tf.zeros([1024, 2]))
