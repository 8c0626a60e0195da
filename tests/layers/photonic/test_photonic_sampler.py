import numpy as np
import pytest
import tensorflow as tf
from reference_samplers import permanent_by_definition

from qlatent_tf.layers.photonic.interferometer import Interferometer
from qlatent_tf.layers.photonic.permanents import permanents
from qlatent_tf.layers.photonic.photonic_sampler import PhotonicSampler, log_absolute
from qlatent_tf.quantum import PhotonicDevice, haar_unitary, reference
from qlatent_tf.quantum.verification.chi_square import chi_square_p_value

SPLITTER = np.array([[1, -1], [1, 1]]) / 2**0.5


def exact_device(unitary, input_state, statistics):
    indistinguishability = {"identical": 1.0, "distinguishable": 0.0}[statistics]
    state = [*input_state, *[0] * (len(unitary) - len(input_state))]
    return PhotonicDevice(unitary, state, indistinguishability=indistinguishability)


@pytest.mark.parametrize("statistics", ["identical", "distinguishable"])
@pytest.mark.parametrize("input_state, modes", [((1, 1, 1), 5), ((2, 0, 1, 1), 4), ((1,), 3)])
def test_draws_the_exact_law(statistics, input_state, modes):
    unitary = haar_unitary(modes, seed=1)
    sampler = PhotonicSampler(input_state, statistics)
    counts = sampler(tf.constant(unitary, "complex64"), num_samples=20_000, seed=(0, 2)).numpy()
    outcomes = reference.outcomes(modes, sum(input_state))
    law = np.exp(exact_device(unitary, input_state, statistics).log_prob(outcomes))
    assert chi_square_p_value(counts, outcomes, law) > 1e-3


@pytest.mark.parametrize("statistics", ["identical", "distinguishable"])
@pytest.mark.parametrize("input_state, modes", [((1,) * 3, 5), ((1,) * 8, 16), ((3, 1, 2), 4)])
def test_log_prob_is_that_of_quantum(statistics, input_state, modes):
    unitary = haar_unitary(modes, seed=2)
    sampler = PhotonicSampler(input_state, statistics)
    counts = sampler(tf.constant(unitary, "complex64"), num_samples=500, seed=(0, 1))
    exact = exact_device(unitary, input_state, statistics).log_prob(counts.numpy())
    single = sampler.log_prob(tf.constant(unitary, "complex64"), counts)
    np.testing.assert_allclose(single, exact, atol=1e-5)
    double = sampler.log_prob(tf.constant(unitary, "complex128"), counts)
    np.testing.assert_allclose(double, exact, atol=1e-10)


@pytest.mark.parametrize("statistics", ["identical", "distinguishable"])
def test_twelve_photons_agree_with_quantum(statistics):
    unitary = haar_unitary(24, seed=3)
    sampler = PhotonicSampler(12, statistics)
    counts = sampler(tf.constant(unitary, "complex64"), num_samples=20, seed=(0, 1))
    exact = exact_device(unitary, [1] * 12, statistics).log_prob(counts.numpy())
    np.testing.assert_allclose(
        sampler.log_prob(tf.constant(unitary, "complex128"), counts), exact, atol=1e-10
    )


def test_compiled_samples_are_those_of_eager_tensorflow():
    sampler, unitary = PhotonicSampler(3), tf.constant(haar_unitary(5, 4), "complex64")

    def draw(seed):
        return sampler(unitary, num_samples=1000, seed=seed)

    seed = tf.constant([3, 4])
    compiled = tf.function(draw, jit_compile=True, autograph=False)(seed).numpy()
    eager = draw(seed).numpy()
    # Sums in another order may shift a border between two modes by a rounding error.
    assert (compiled != eager).any(axis=1).mean() < 0.002
    assert (eager != draw(tf.constant([3, 5])).numpy()).any()


def test_two_identical_photons_bunch_on_a_balanced_splitter():
    unitary = tf.constant(SPLITTER, "complex128")
    outcomes = tf.constant([[2, 0], [1, 1], [0, 2]])
    np.testing.assert_allclose(
        np.exp(PhotonicSampler(2).log_prob(unitary, outcomes)), [0.5, 0, 0.5], atol=1e-30
    )
    np.testing.assert_allclose(
        np.exp(PhotonicSampler(2, "distinguishable").log_prob(unitary, outcomes)),
        [0.25, 0.5, 0.25],
    )
    counts = PhotonicSampler(2)(unitary, num_samples=1000, seed=(0, 0)).numpy()
    assert set(map(tuple, counts)) == {(2, 0), (0, 2)}


def test_impossible_counts_have_no_probability_and_no_gradient():
    unitary = tf.constant(haar_unitary(3, 0))
    with tf.GradientTape() as tape:
        tape.watch(unitary)
        value = PhotonicSampler(2).log_prob(unitary, [[1, 1, 1], [3, -1, 0], [0, 1, 1]])
        total = tf.reduce_sum(value[:2])
    assert np.isneginf(value.numpy()).tolist() == [True, True, False]
    np.testing.assert_array_equal(tape.gradient(total, unitary), np.zeros((3, 3)))


@pytest.mark.parametrize("order", [1, 2, 5])
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_permanents_and_their_gradients_follow_the_definition(order, kind):
    draw = np.random.default_rng(order)
    matrices = draw.normal(size=(3, order, order))
    if kind == "complex":
        matrices = matrices + 1j * draw.normal(size=(3, order, order))
    batch_last = tf.constant(np.moveaxis(matrices, 0, -1))
    with tf.GradientTape() as tape:
        tape.watch(batch_last)
        values, _ = permanents(batch_last)
    expected = [permanent_by_definition(matrix) for matrix in matrices]
    np.testing.assert_allclose(values, expected, atol=1e-12)
    gradient = tape.gradient(values, batch_last).numpy()
    for place in np.ndindex(order, order):
        minors = [
            permanent_by_definition(np.delete(np.delete(m, place[0], 0), place[1], 1))
            for m in matrices
        ]
        # TensorFlow's gradient of a holomorphic function is the conjugate of its derivative.
        np.testing.assert_allclose(gradient[place], np.conj(minors), atol=1e-12)


@pytest.mark.parametrize("statistics", ["identical", "distinguishable"])
def test_the_gradient_of_log_prob_is_that_of_finite_differences(statistics):
    layer = Interferometer(4, seed=2, dtype="float64")
    sampler = PhotonicSampler((1, 0, 2), statistics)
    counts = tf.constant([[1, 1, 1, 0], [0, 0, 3, 0], [2, 0, 0, 1]])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(sampler.log_prob(layer(), counts))
    gradient = tape.gradient(total, layer.angles).numpy()
    start = layer.angles.numpy()

    def by_quantum(angles):
        layer.angles.assign(angles)
        return (
            exact_device(layer.exact_unitary(), (1, 0, 2), statistics)
            .log_prob(counts.numpy())
            .sum()
        )

    steps = 1e-5 * np.eye(len(start))
    found = [(by_quantum(start + step) - by_quantum(start - step)) / 2e-5 for step in steps]
    np.testing.assert_allclose(gradient, found, atol=1e-6)


@pytest.mark.parametrize("distance", [1e-3, 1e-9, 1e-30, 0.0])
def test_the_gradient_near_a_zero_of_the_probability_is_right_or_bounded(distance):
    # Coincidences of two photons have the amplitude cos(2 theta), 0 on a balanced splitter.
    layer = Interferometer(2, unitary=np.eye(2), dtype="float64")
    layer.angles.assign([np.pi / 4 - distance / 2])
    with tf.GradientTape() as tape:
        value = PhotonicSampler(2).log_prob(layer(), tf.constant([[1, 1]]))[0]
    gradient = float(tape.gradient(value, layer.angles)[0])
    if distance > 1e-15:
        assert gradient == pytest.approx(-4 * np.tan(2 * layer.angles.numpy()[0]), rel=1e-5)
    assert np.isfinite(gradient) and abs(gradient) < 1e17


def test_the_gradient_at_zero_itself_is_zero():
    values, rounding = tf.constant([0j, 1e-20 + 0j]), tf.constant([1e-16, 1e-16], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(values)
        log = tf.gather(log_absolute(values, rounding), [0, 1])
    assert tape.gradient(log, values).numpy() == pytest.approx([0, 1e-20 / 1e-32])


@pytest.mark.parametrize("build, message", [
    (lambda: PhotonicSampler(13), "from 1 to 12; received 13"),
    (lambda: PhotonicSampler(0), "from 1 to 12; received 0"),
    (lambda: PhotonicSampler(2, max_bytes=-1), "max_bytes is at least 1; received -1"),
    (lambda: PhotonicSampler(2)(tf.eye(2, dtype="complex64"), num_samples=-1, seed=(0, 0)),
     "num_samples is at least 0; received -1"),
    (lambda: PhotonicSampler(2, "fermions"), "identical, distinguishable; received 'fermions'"),
    (lambda: PhotonicSampler(3)(tf.eye(2, dtype="complex64"), num_samples=2, seed=(0, 0)),
     "first 3 modes"),
    (lambda: PhotonicSampler(8, max_bytes=2**20)(
        tf.eye(16, dtype="complex64"), num_samples=1000, seed=(0, 0)
    ), "max_bytes allows 1 MiB"),
])  # fmt: skip
def test_what_is_out_of_range_is_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_counts_that_rounding_has_touched_keep_their_probability():
    sampler, unitary = PhotonicSampler(2), haar_unitary(3, 0)
    counts = np.array([[1, 1, 0], [0, 0, 2]])
    touched = (counts * (1 - 6e-8)).astype("float32")
    np.testing.assert_array_equal(
        sampler.log_prob(unitary, touched), sampler.log_prob(unitary, counts)
    )


@pytest.mark.parametrize("matrix", [np.eye(3), haar_unitary(4, 0)[:3]])
def test_what_is_no_square_complex_matrix_is_refused(matrix):
    with pytest.raises(ValueError, match="square complex matrix; received"):
        PhotonicSampler(2)(matrix, num_samples=2, seed=(0, 0))


@pytest.mark.parametrize("counts", [[1, 1, 0], [[1, 1]]])
def test_counts_of_another_width_are_refused(counts):
    with pytest.raises(ValueError, match="a column a mode of the unitary; received shape"):
        PhotonicSampler(2).log_prob(haar_unitary(3, 0), counts)


def test_a_number_of_samples_may_be_a_tensor():
    unitary, sampler = tf.constant(haar_unitary(4, 1), tf.complex64), PhotonicSampler(2)
    draw = tf.function(lambda number: sampler(unitary, num_samples=number, seed=(0, 1)))
    expected = sampler(unitary, num_samples=7, seed=(0, 1))
    for drawn in (draw(tf.constant(7)), sampler(unitary, num_samples=tf.constant(7), seed=(0, 1))):
        np.testing.assert_array_equal(drawn, expected)
    with pytest.raises(ValueError, match="num_samples is at least 0; received -5"):
        sampler(unitary, num_samples=tf.constant(-5), seed=(0, 1))
