import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from harness import eagerly

from qlatent_tf.gan.batches import step_seed
from qlatent_tf.gan.wgan_gp import WGANGP, gradient_penalty
from qlatent_tf.models.perceptrons import perceptron
from qlatent_tf.seeds import derive_seed

tfd = tfp.distributions


def normal(width):
    return tfd.MultivariateNormalDiag(tf.zeros(width))


def small_gan(width=3, features=2, critic_steps=2, **compile_options):
    keras.utils.set_random_seed(0)
    gan = WGANGP(
        normal(width),
        perceptron(width, features, [8]),
        perceptron(features, 1, [8]),
        critic_steps=critic_steps,
    )
    options = {"jit_compile": False, **compile_options}
    gan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2), **options)
    return gan


def first(batches):
    return next(iter(batches))


REAL = np.arange(20, dtype="float32").reshape(10, 2)


def test_penalty_of_a_linear_critic_is_its_closed_form():
    # The gradient of w.x is w everywhere: the penalty is (|w| - 1)^2, jointly over the parts.
    weights = {"a": tf.constant([3.0, 0.0]), "b": tf.constant([[0.0, 4.0]])}

    def critic(sample, training):
        return tf.reduce_sum(sample["a"] * weights["a"], 1) + tf.reduce_sum(
            sample["b"] * weights["b"], (1, 2)
        )

    generator = tf.random.Generator.from_seed(0)
    real = {"a": generator.normal([5, 2]), "b": generator.normal([5, 1, 2])}
    fake = {"a": generator.normal([5, 2]), "b": generator.normal([5, 1, 2])}
    penalty = gradient_penalty(critic, real, fake, tf.random.stateless_uniform([5], [0, 0]))
    np.testing.assert_allclose(penalty, (5.0 - 1.0) ** 2, rtol=1e-6)


def test_a_part_that_a_critic_ignores_has_no_slope():
    def critic(sample, training):
        return sample["seen"] @ tf.constant([[3.0], [4.0]])

    parts = {"seen": tf.zeros((5, 2)), "ignored": tf.zeros((5, 3))}
    assert float(gradient_penalty(critic, parts, parts, tf.zeros(5))) == pytest.approx(16)


def test_penalty_is_taken_on_the_line_between_real_and_fake():
    # The gradient of |x|^2 / 2 is x: the penalty shows where x was.
    def critic(sample, training):
        return tf.reduce_sum(sample**2, 1) / 2

    real, fake = tf.constant([[4.0, 0.0]]), tf.constant([[0.0, 0.0]])
    penalty = gradient_penalty(critic, real, fake, tf.constant([0.25]))
    np.testing.assert_allclose(penalty, (0.25 * 4 - 1) ** 2, atol=1e-6)


@pytest.mark.parametrize(("slope", "penalty"), [(3.0, 4.0), (0.5, 0.0)])
def test_the_one_sided_penalty_leaves_small_gradients_alone(slope, penalty):
    def critic(sample, training):
        return slope * sample[:, 0]

    ends = tf.zeros([4, 2]), tf.ones([4, 2])
    places = tf.random.stateless_uniform([4], [0, 0])
    found = gradient_penalty(critic, *ends, places, one_sided=True)
    np.testing.assert_allclose(found, penalty, atol=1e-6)
    gan = WGANGP(normal(3), perceptron(3, 2, [4]), perceptron(2, 1, [4]), one_sided_penalty=True)
    gan.compile("adam", keras.optimizers.Adam())
    gan.critic.set_weights([0 * weight for weight in gan.critic.get_weights()])
    report = gan._update_critic(ends[0], tf.zeros([4, 3]), tf.constant([1, 2]))
    np.testing.assert_array_equal(report["gradient_penalty"], 0)  # 1, if it were two-sided.


def test_penalty_of_a_flat_critic_has_a_gradient():
    variable = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        penalty = gradient_penalty(
            lambda sample, training: variable * tf.reduce_sum(sample, 1),
            tf.ones([2, 3]),
            tf.zeros([2, 3]),
            tf.constant([0.1, 0.9]),
        )
    assert np.isfinite(tape.gradient(penalty, variable))


@pytest.mark.parametrize("generator_batch_size", [None, 7])
def test_batches_have_the_documented_shapes(generator_batch_size):
    batches = small_gan().training_batches(
        REAL, batch_size=4, seed=0, steps=1, generator_batch_size=generator_batch_size
    )
    shapes = {name: tuple(part.shape) for name, part in first(batches).items()}
    assert shapes == {
        "real": (2, 4, 2),
        "latent": (2, 4, 3),
        "generator_latent": (generator_batch_size or 4, 3),
        "seed": (3, 2),
    }


def test_batches_depend_on_seed_and_step_alone():
    gan = small_gan()
    whole = list(gan.training_batches(REAL, 4, seed=5, steps=6).as_numpy_iterator())
    late = list(gan.training_batches(REAL, 4, seed=5, start_step=4, steps=6).as_numpy_iterator())
    for expected, found in zip(whole[4:], late, strict=True):
        keras.tree.map_structure(np.testing.assert_array_equal, expected, found)
    other = first(gan.training_batches(REAL, 4, seed=6, steps=1))
    assert not np.array_equal(whole[0]["latent"], other["latent"])
    assert not np.array_equal(whole[0]["latent"], whole[1]["latent"])


def test_each_epoch_holds_every_sample_once_and_in_another_order():
    # 5 batches of 2 x 4 samples are 4 epochs of 10.
    gan = small_gan()
    rows = [
        batch["real"].reshape(-1, 2)
        for batch in gan.training_batches(REAL, 4, 0, steps=5).as_numpy_iterator()
    ]
    epochs = np.concatenate(rows).reshape(4, 10, 2)
    for epoch in epochs:
        np.testing.assert_array_equal(epoch[np.argsort(epoch[:, 0])], REAL)
    assert not np.array_equal(epochs[0], epochs[1])


def test_mapped_samples_are_read_like_those_in_memory(tmp_path):
    gan = small_gan()
    np.save(tmp_path / "real.npy", REAL)
    mapped = np.load(tmp_path / "real.npy", mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    memory, file = (
        list(gan.training_batches(real, 4, 0, steps=3).as_numpy_iterator())
        for real in (REAL, mapped)
    )
    for expected, found in zip(memory, file, strict=True):
        keras.tree.map_structure(np.testing.assert_array_equal, expected, found)


def test_updates_of_one_size_share_the_draw_of_their_step():
    # One draw of (critic_steps + 1, batch), as it was when there was but one batch size.
    gan = small_gan()
    batch = first(gan.training_batches(REAL, 4, seed=5, start_step=3))
    whole = gan.latent.sample((3, 4), seed=step_seed(derive_seed(5, "latent"), 3))
    np.testing.assert_array_equal(batch["latent"], whole[:2])
    np.testing.assert_array_equal(batch["generator_latent"], whole[2])


def test_a_larger_generator_batch_leaves_the_critic_s_as_it_was():
    gan = small_gan()
    one, other = (
        first(gan.training_batches(REAL, 4, seed=5, generator_batch_size=size)) for size in (4, 9)
    )
    for name in ("real", "latent", "seed"):
        np.testing.assert_array_equal(one[name], other[name])
    assert len(np.unique(other["generator_latent"], axis=0)) == 9
    batches = gan.training_batches(REAL, 4, 5, steps=2, generator_batch_size=9)
    with eagerly():
        gan.fit(batches, verbose=0, shuffle=False)
    assert gan.step == 2


def test_real_samples_may_be_a_distribution():
    gan = small_gan()
    batch = first(gan.training_batches(normal(2), 4, seed=0, steps=1))
    assert batch["real"].shape == (2, 4, 2)


def test_compiled_step_is_the_step_of_its_parts():
    # One critic update and one generator update by hand, from the same weights and batch.
    batch = first(small_gan(critic_steps=1).training_batches(REAL, 4, seed=0, steps=1))
    compiled, eager = (small_gan(critic_steps=1, jit_compile=jit) for jit in (True, False))
    report = tf.function(compiled.train_step, jit_compile=True)(batch)
    by_hand = eager._update_critic(batch["real"][0], batch["latent"][0], batch["seed"][0])
    by_hand |= eager._update_generator(batch["generator_latent"], batch["seed"][1], None)
    for name, value in by_hand.items():
        np.testing.assert_allclose(report[name], value, rtol=1e-4, err_msg=name)
    for mine, theirs in zip(compiled.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


def test_what_is_told_of_the_critic_is_the_mean_over_its_updates():
    gan, by_hand = small_gan(), small_gan()
    batch = first(gan.training_batches(REAL, 4, seed=0, steps=1))
    report = gan.train_step(batch)
    updates = [
        by_hand._update_critic(*(batch[part][i] for part in ("real", "latent", "seed")))
        for i in range(2)
    ]
    for name in updates[0]:
        mean = np.mean([update[name] for update in updates])
        np.testing.assert_allclose(report[name], mean, rtol=1e-5, err_msg=name)


def test_runs_with_one_seed_are_equal():
    runs = [small_gan() for _ in range(2)]
    with eagerly():
        for gan in runs:
            gan.fit(gan.training_batches(REAL, 4, seed=0, steps=3), verbose=0, shuffle=False)
    for one, other in zip(runs[0].get_weights(), runs[1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_training_moves_the_generator_to_the_data():
    target = np.array([3.0, -2.0], "float32")
    real = tfd.Independent(tfd.Normal(target, 0.1), 1)
    gan = small_gan(critic_steps=5)

    def distance():
        return np.linalg.norm(np.asarray(gan.sample(2000, 0)).mean(axis=0) - target)

    distances = [distance()]
    for steps in range(40, 401, 40):
        batches = gan.training_batches(real, 64, seed=0, start_step=gan.step, steps=steps)
        gan.fit(batches, verbose=0, shuffle=False)
        distances.append(distance())
    assert gan.step == 400
    # At so large a constant rate the generator circles the target; where it is after any one step
    # depends on a processor's rounding.
    assert distances[0] > 3 and np.median(distances[3:]) < 1


def test_samples_do_not_depend_on_the_batch_size():
    gan = small_gan()
    np.testing.assert_allclose(
        gan.sample(7, seed=1, batch_size=3), gan.sample(7, seed=1), atol=1e-6
    )
    assert not np.allclose(gan.sample(7, seed=1), gan.sample(7, seed=2))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((normal(4), perceptron(3, 2, [4]), perceptron(2, 1, [4])), r"takes latents of shape \(3,"),
        ((normal(3), perceptron(3, 5, [4]), perceptron(2, 1, [4])), r"makes samples of shape \(5,"),
        (
            (normal(3), perceptron(3, 2, [4]), perceptron(2, 3, [4])),
            r"one number, of shape \(1,\); received \(3,\)",
        ),
        (([1, 2], perceptron(3, 2, [4]), perceptron(2, 1, [4])), "is a distribution .* list"),
        (
            (tfd.Normal(0.0, 1.0), perceptron(3, 2, [4]), perceptron(2, 1, [4])),
            r"draws vectors: its event shape is \(width,\)",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        WGANGP(*parts)


@pytest.mark.parametrize(
    "option", [{"one_sided_penalty": "no"}, {"gradient_penalty_weight": -1}, {"critic_steps": 0}]
)
def test_values_that_are_not_legal_are_refused(option):
    parts = normal(3), perceptron(3, 2, [4]), perceptron(2, 1, [4])
    with pytest.raises(ValueError, match=next(iter(option))):
        WGANGP(*parts, **option)


@pytest.mark.parametrize(
    ("real", "message"),
    [
        (np.zeros((5, 3)), r"real samples have shape \(3,\); the critic takes \(2,\)"),
        ({"a": np.zeros((5, 2)), "b": np.zeros((4, 2))}, "one common length"),
        ({"a": np.zeros((5, 2))}, "real samples have shape"),
        (np.zeros((0, 2)), "above 0"),
    ],
)
def test_real_samples_of_another_shape_are_refused(real, message):
    with pytest.raises(ValueError, match=message):
        small_gan().training_batches(real, 4, seed=0)


def test_one_optimizer_for_both_is_refused():
    gan = small_gan()
    optimizer = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="an optimizer each"):
        gan.compile(optimizer, optimizer)


def test_models_side_by_side_are_not_taken_for_retracing(caplog):
    """TensorFlow warns of five traces among ten calls, and counts those of shared code together."""
    for model in [small_gan() for _ in range(6)]:
        assert model.sample(4, seed=0).shape == (4, 2)
    assert "retracing" not in caplog.text
