"""The configurations of resnet, and runs and presets of it."""

import dataclasses
import signal

import numpy as np
import pytest
import tensorflow as tf
from harness import eagerly, tiny_config
from qlatent_tf.configs.resnet import VARIANTS, get_config
from qlatent_tf.tools import train as tool
from tiny_run import check_resumes, summaries, train

from qlatent_tf import resolve as completion
from qlatent_tf.datasets.images.arrays import image_dataset
from qlatent_tf.registry import latents, models
from qlatent_tf.runs import training
from qlatent_tf.runs.tensorboard import RunEvents, correlation_picture
from qlatent_tf.zoo import check_names, from_preset, save_preset

TINY = tiny_config(
    model="resnet",
    dataset="cifar10",
    dataset_options={},
    steps=3,
    batch_size=4,
    latent_options={"modes": 4, "tiles": 2},
    generator_batch_size=6,
    generator_ema=0.5,
    critic_steps=1,
    model_options={"resolution": 8, "filters": 4, "blocks": 2, "flip": True},
    evaluate_every=3,
    evaluation_samples=8,
)


def noise(count, size):
    images = np.random.default_rng(0).integers(0, 256, (count, size, size, 3)).astype("uint8")
    return image_dataset(
        "noise", {"x_train": images}, class_names=(), classes=None, provenance={"origin": "a test"}
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with eagerly():  # Tracing takes longer than three steps.
        return train(tmp_path_factory.mktemp("whole"), TINY, data=noise(40, 8))


@pytest.mark.slow
def test_a_stopped_run_goes_on_with_its_moving_averages(whole, tmp_path):
    with eagerly():
        check_resumes(whole, tmp_path, {2: signal.SIGTERM}, data=noise(40, 8))


def test_a_run_keeps_its_moving_averages(whole):
    model, _ = training.restore_model(whole)
    fresh = training.prepare(completion.resolve(TINY)).generator.non_trainable_variables
    for one, other in zip(model.generator.non_trainable_variables, fresh, strict=True):
        assert not np.array_equal(one, other)


def test_an_average_of_the_weights_is_kept_beside_the_moving_averages(whole):
    model, _ = training.restore_model(whole)
    trained, averaged = model.generator.get_weights(), model.sampling_weights()
    moving = {id(variable) for variable in model.generator.non_trainable_variables}
    for variable, one, other in zip(model.generator.weights, trained, averaged, strict=True):
        # Moving statistics, which are averages already, are those of the trained network.
        assert (id(variable) in moving) == np.array_equal(one, other)


def test_grids_are_drawn_from_the_same_latents_in_every_session(whole, tmp_path):
    config = whole.read_config()
    model, data = training.prepare(config), noise(40, 8)
    sessions = [RunEvents(tmp_path, config, model, data, start) for start in (0, 2)]
    for session in sessions:
        session.close()
    first, second = (session.grid_latents for session in sessions)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first[0], first[1])


def test_a_preset_keeps_the_moving_averages(whole, tmp_path):
    model, _ = training.restore_model(whole)
    loaded = from_preset(save_preset(tmp_path / "preset", model, whole.read_config()))
    generator = (loaded.generator.get_weights(), model.sampling_weights())
    critic = (loaded.critic.get_weights(), model.critic.get_weights())
    for pair in (generator, critic):
        for one, other in zip(*pair, strict=True):
            np.testing.assert_array_equal(one, other)
    with eagerly():
        np.testing.assert_array_equal(loaded.sample(5, seed=3), model.sample(5, seed=3))


def test_tensorboard_shows_grids_of_real_and_generated_images(whole):
    shapes = {}
    for _, value in summaries(whole):
        if value.tag.startswith("1_samples/"):
            image = tf.make_ndarray(value.tensor)[2]
            shapes.setdefault(value.tag, []).append(tf.io.decode_png(image).shape)
    assert set(shapes) == {"1_samples/real", "1_samples/generated"}
    # Six rows of six images of one size, each pixel enlarged.
    assert shapes["1_samples/real"] == shapes["1_samples/generated"]
    assert shapes["1_samples/real"][0][0] > 6 * 8


@pytest.mark.parametrize("width", [4, 128])
def test_correlations_have_one_scale_for_all_latents(width):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(10_000, width))
    alike = noise[:, :1] + 0.1 * noise
    pictures = [correlation_picture(values) for values in (noise, alike)]
    assert pictures[0].shape == pictures[1].shape
    # The middle of the matrix is pale for noise, and dark red for modes that go together.
    middle = [picture[180:260, 150:260].reshape(-1, 3).mean(axis=0) for picture in pictures]
    assert middle[0].min() > 225 and middle[1][2] < middle[1][0] < 225


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("latent", ["gaussian", "bernoulli", "boson", "photonic"])
def test_registered_latents_have_the_published_width(latent, variant):
    config = get_config(latent, variant)
    built = latents.build(latent, **config.latent_options)
    assert built.event_shape == (128,)
    np.testing.assert_allclose(built.mean(), np.zeros(128), atol=1e-6)
    if latent in ("boson", "photonic"):
        assert sum(device.photons for device in built.devices) == 64
        circuits = {device.unitary.tobytes() for device in built.devices}
        assert len(circuits) == len(built.devices) == (1 if variant == "loop" else 8)


def test_recorded_samples_give_their_first_128_columns_or_are_projected(tmp_path):
    shots = np.random.default_rng(0).poisson(0.5, (50, 144))
    np.save(tmp_path / "shots.npy", shots)
    config = get_config("samples").override(**{"latent_options.file": str(tmp_path / "shots.npy")})
    cut = latents.build("samples", **config.latent_options)
    np.testing.assert_allclose(cut.variance(), shots[:, :128].var(axis=0), rtol=1e-5)
    config = config.override(**{"latent_options.projection": 128, "latent_options.modes": None})
    projected = latents.build("samples", **config.latent_options)
    assert projected.event_shape == cut.event_shape == (128,)
    assert "modes=144, projected to 128" in repr(projected)
    assert get_config("my_file:my_latent").latent_options == {}


def test_schedules():
    full, gulrajani, small, loop = (get_config("boson", variant) for variant in VARIANTS)
    assert get_config("boson") == full
    adam = {"learning_rate": 1e-4, "beta_1": 0.0, "beta_2": 0.9}
    assert full.optimizer_options == adam and full.model_options == {}
    assert (full.steps, full.batch_size, full.critic_steps) == (100_000, 64, 5)
    assert full.learning_rate_decay_steps == full.steps
    assert gulrajani == full.override(
        **{
            "optimizer_options.learning_rate": 2e-4,
            "generator_batch_size": 128,
        }
    )
    assert small.learning_rate_decay_steps == small.steps >= 8000
    one_device = {"modes": 128, "photons": 64, "interferometer": "1-1"}
    assert loop == dataclasses.replace(small, latent_options=one_device)
    assert get_config("photonic", "loop").latent_options == one_device
    for latent in ("thermal", "gaussian_boson"):
        check_names(get_config(latent, "loop"))
    for latent in ("gaussian", "bernoulli"):
        for variant, config in zip(VARIANTS, (full, gulrajani, small, loop), strict=True):
            twin = dataclasses.replace(get_config(latent, variant), latent="boson")
            if variant == "loop":
                twin = dataclasses.replace(twin, latent_options=one_device)
            assert twin == config


def test_the_command_line_chooses_the_variant(capsys):
    def dry_run(*arguments):
        return tool.main(["--latent", "gaussian", "--dry-run", *arguments])

    assert dry_run("--model", "resnet", "--variant", "small") == 0
    assert '"filters": 64' in capsys.readouterr().out
    assert dry_run("--model", "resnet", "--variant", "smal") == 1
    said = capsys.readouterr().err
    assert "Did you mean small? Legal: full, gulrajani, small, loop." in said
    assert dry_run("--model", "molgan", "--variant", "small") == 1
    assert "Legal: none, it has one configuration" in capsys.readouterr().err
    assert dry_run("--config", "molgan_boson_qm9", "--variant", "small") == 1
    assert "goes with --model" in capsys.readouterr().err
    assert dry_run("--model", "resnet", "--modes", "4") == 0
    assert "8 circuits of 4 modes stand side by side: the latent is 32 wide" in (
        capsys.readouterr().err
    )
    assert dry_run("--model", "resnet", "--modes", "4", "--set", "latent_options.tiles=1") == 0
    assert "side by side" not in capsys.readouterr().err
    with pytest.raises(ValueError, match="full, gulrajani, small, loop; received 'tiny'"):
        get_config("boson", "tiny")


def test_variants_and_seeds_have_a_directory_each():
    config = get_config("boson", "small")
    assert tool.run_name(config, "small", None) == "resnet_small_boson_cifar10"
    assert tool.run_name(config, None, None) == "resnet_boson_cifar10"
    own = config.override(dataset="images", **{"dataset_options.file": "mine/photos.npz"})
    assert tool.run_name(own, None, None) == "resnet_boson_images_photos"
    third = dataclasses.replace(config, seed=3)
    assert tool.run_name(third, None, None) == "resnet_boson_cifar10_seed3"


def test_the_full_size_has_the_published_sizes():
    config = completion.resolve(get_config("gaussian"))
    model = models.build("resnet", latents.build("gaussian", modes=128), **config.model_options)
    counts = [
        sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
        for network in (model.generator, model.critic)
    ]
    assert counts == [1_204_483, 1_053_825]


@pytest.mark.slow
@pytest.mark.parametrize("variant, sizes", [("full", (2, None)), ("gulrajani", (2, 4))])
def test_the_full_size_runs_for_two_steps_of_few_images(variant, sizes, tmp_path):
    config = dataclasses.replace(
        get_config("boson", variant),
        steps=2,
        evaluation_samples=4,
        batch_size=sizes[0],
        generator_batch_size=sizes[1],
    )
    before = training.prepare(completion.resolve(config)).get_weights()
    run = training.train(config, tmp_path, dataset=noise(20, 32), progress=False)
    model, step = training.restore_model(run)
    counts = [
        sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
        for network in (model.generator, model.critic)
    ]
    assert step == 2 and counts == [1_204_483, 1_053_825]
    for one, other in zip(before, model.get_weights(), strict=True):
        # The critic's last bias, alone of its shape, cancels in its objective.
        assert one.shape == (1,) or not np.array_equal(one, other)


@pytest.mark.slow
def test_the_full_size_runs_for_two_steps(tmp_path):
    config = dataclasses.replace(get_config("boson"), steps=2, evaluation_samples=100)
    run = training.train(config, tmp_path, dataset=noise(1000, 32), progress=False)
    model, step = training.restore_model(run)
    assert step == 2 and run.samples.is_file()
    assert model.sample(10, seed=0).shape == (10, 32, 32, 3)
