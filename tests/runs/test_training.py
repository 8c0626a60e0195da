import dataclasses
import os
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from harness import tiny_config
from tensorboard.plugins.hparams import plugin_data_pb2
from tiny_run import TINY, assert_same_end, copy_of, summaries, train

from qlatent_tf import resolve as completion
from qlatent_tf.gan.wgan_gp import WGANGP
from qlatent_tf.runs import callbacks, training
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.runs.tensorboard import forget_later, hyper_parameters
from qlatent_tf.storage.files import read_json, write_json
from qlatent_tf.storage.locks import InUseError, sole_use

pytestmark = pytest.mark.usefixtures("eager_steps")


@pytest.fixture
def copy(tiny_run, tmp_path):
    """The shared run, which a test may change."""
    return copy_of(tiny_run, tmp_path / "copy")


def test_a_run_that_another_process_trains_is_refused_and_left_as_it_is(copy):
    with sole_use(copy.path / ".lock", "at it"):
        with pytest.raises(InUseError, match=f"training in .*process {os.getpid()}"):
            train(copy.path, steps=8)
    assert copy.read_config().steps == 6
    assert train(copy.path, steps=6).read_run()["step"] == 6
    assert not (copy.path / ".lock").exists()


def test_a_run_of_other_data_is_refused_and_left_as_it_is(copy):
    known = training.load_dataset(copy.read_config(), progress=False)
    other = dataclasses.replace(known, provenance={**known.provenance, "sha256": "another"})
    before = copy.read_metrics()
    with pytest.raises(ValueError, match="was trained on other data"):
        train(copy.path, data=other, steps=8, evaluation_samples=60)
    assert copy.read_config().steps == 6 and copy.read_metrics() == before


def test_a_run_leaves_its_files(tiny_run):
    assert (tiny_run.path / "config.json").is_file() and tiny_run.samples.is_file()
    kept = {path.name.partition(".")[0] for path in tiny_run.checkpoints.iterdir()}
    assert kept == {"ckpt-4", "ckpt-6"}
    metrics = tiny_run.read_metrics()
    assert metrics["step"] == 6 and [row["step"] for row in metrics["history"]] == [3, 6]
    run = tiny_run.read_run()
    assert run["step"] == 6 and run["seconds"] > 0 and run["dataset"]["name"] == "quantum"
    assert "tensorflow" in run["versions"] and run["devices"]


KEY_SCORES = [
    f"2_key_scores/{metric}@50"
    for metric in ("integer_distance", "right_total_share", "outcome_tv")
]


def test_tensorboard_shows_what_tells_most_first(tiny_run):
    tags = [value.tag for _, value in summaries(tiny_run)]
    shown = [tag for tag in sorted(set(tags)) if tag[0].isdigit()]
    assert shown[:5] == ["1_samples/generated", "1_samples/real", *sorted(KEY_SCORES)]
    losses = ("critic_loss", "generator_loss", "gradient_penalty", "wasserstein_distance")
    assert [tag for tag in shown if tag.startswith("4_")] == sorted(
        f"4_losses/{name}" for name in losses
    )
    rates = ("critic_learning_rate", "learning_rate", "steps_per_second")
    assert [tag for tag in shown if tag.startswith("5_")] == [f"5_speed/{name}" for name in rates]
    assert [tag for tag in shown if tag.startswith("6_")] == [
        f"6_latent/{name}" for name in ("all", "pair_correlations", "sum")
    ]
    assert [tag for tag in shown if tag.startswith("7_")] == [
        f"7_latent_modes/mode_0{mode}" for mode in range(4)
    ]


def test_hyper_parameters_are_few_and_under_the_runs_name(tiny_run):
    contents = {}
    for _, value in summaries(tiny_run):
        if value.tag.startswith("_hparams_"):
            data = plugin_data_pb2.HParamsPluginData.FromString(value.metadata.plugin_data.content)
            contents[value.tag.rpartition("/")[2]] = data
    started = contents["session_start_info"].session_start_info
    # It was moved when it was whole.
    assert started.group_name.startswith(tiny_run.path.name)
    shown = {"model", "latent", "modes", "photons", "data", "seed", "steps"}
    assert set(started.hparams) == shown and started.hparams["photons"].number_value == 2
    experiment = contents["experiment"].experiment
    # All columns whatever the latent has: TensorBoard takes them from one run of the folder.
    assert {info.name for info in experiment.hparam_infos} == shown
    assert {*hyper_parameters(tiny_config(latent="gaussian"))} < shown
    metrics = experiment.metric_infos
    assert [metric.name.tag for metric in metrics] == KEY_SCORES


def test_what_lies_behind_a_resumed_step_is_shown_once(tmp_path):
    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default():
        for step in range(1, 7):
            tf.summary.scalar("loss", float(step), step=step)
    writer.close()
    (file,) = tmp_path.glob("events.*")
    file.write_bytes(file.read_bytes()[:-5])  # Killed in the middle of a line.
    forget_later(tmp_path, 4)
    steps = [step for step, value in summaries(RunDirectory(tmp_path)) if value.tag == "loss"]
    assert steps == [1, 2, 3, 4]


def test_a_run_records_its_configuration_with_nothing_left_open(tiny_run):
    assert tiny_run.read_config() == completion.resolve(TINY) != TINY


@pytest.mark.slow
def test_a_path_that_reads_as_a_pattern_is_found_again(tmp_path, capfd):
    folder = tmp_path / "a [1] *"
    train(folder, steps=2)
    for left in ("ckpt-9.data-00000-of-00001", "ckpt-2_temp", ".ckpt-2.index.abc"):
        (folder / "checkpoints" / left).touch()  # By a writer that was killed.
    (folder / ".run.json.abc.json").touch()
    (folder / ".samples.png.abc.png").touch()
    config = dataclasses.replace(TINY, steps=3)
    run = training.train(config, folder)
    assert training.restore_model(run)[1] == 3
    assert {file.name.partition(".")[0] for file in run.checkpoints.iterdir()} == {
        "ckpt-2",
        "ckpt-3",
    }
    assert not list(folder.glob(".*.*"))
    bar = capfd.readouterr().err
    assert "3/3" in bar and "compiling the first step" in bar


def test_a_path_that_is_no_text_is_refused_before_there_is_one(tmp_path):
    with pytest.raises(ValueError, match="UTF-8 only; received b'.*xff'"):
        train(os.fsdecode(bytes(tmp_path) + b"/\xff"))
    assert not list(tmp_path.iterdir())


def test_a_directory_from_elsewhere_runs_no_code(tmp_path):
    foreign = dataclasses.replace(TINY, latent="antigravity:fly", latent_options={})
    write_json(tmp_path / "config.json", foreign.to_json())
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "ckpt-2.index").touch()
    with pytest.raises(ValueError, match="latent: 'antigravity:fly' -> 'boson'"):
        train(tmp_path)
    assert "antigravity" not in sys.modules


def test_a_run_without_a_checkpoint_may_become_another(tmp_path):
    write_json(tmp_path / "config.json", dataclasses.replace(TINY, batch_size=9).to_json())
    write_json(tmp_path / "run.json", {"step": 0, "seconds": 1.0, "dataset": {"name": "other"}})
    write_json(tmp_path / "metrics.json", {"step": 5, "history": [{"step": 5}]})
    run = train(tmp_path, steps=1)
    assert run.read_config().batch_size == TINY.batch_size
    assert [row["step"] for row in run.read_metrics()["history"]] == [1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 10**9}, "batch of 1,000,000,000 samples needs about .* GiB"),
        (
            {
                "model": "molgan",
                "model_options": {
                    "generator_units": [4],
                    "critic_graph_units": [4],
                    "critic_units": [4],
                },
            },
            r"'molgan' cannot be trained on 'quantum'\. Its generator makes atoms of shape \(9, 5\)"
            r".*the data are vectors of shape \(4,\)",
        ),
        (
            {
                "model": "resnet",
                "model_options": {"resolution": 8, "filters": 4, "blocks": 2},
            },
            r"Images hold grey levels.*\(8, 8, 3\), the data are vectors of shape \(4,\)\.",
        ),
        ({"dataset": "small_molecules", "dataset_options": {}}, "The real samples have shape"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message) as caught:
        train(tmp_path / "run", **changes)
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_damaged_checkpoint_is_passed_over_and_made_again(tiny_run, copy):
    (newest,) = copy.checkpoints.glob("*-6.data*")
    newest.write_bytes(newest.read_bytes()[:100])
    assert training.restore_model(copy)[1] == 4
    assert_same_end(tiny_run, train(copy.path))


def test_a_damaged_checkpoint_is_none_of_the_two_that_are_kept(tiny_run, copy):
    (newest,) = copy.checkpoints.glob("*-6.data*")
    newest.write_bytes(newest.read_bytes()[:100])
    model, _ = training.restore_model(copy)
    checkpoints = callbacks.Checkpoints(copy.checkpoints, model, 1)
    assert checkpoints.restore() == 4
    model.step_counter.assign(5)
    checkpoints.save()
    assert callbacks.checkpoint_steps(copy.checkpoints) == [4, 5, 6]


def test_a_run_goes_on_elsewhere_from_the_checkpoint_before_a_damaged_one(copy, tmp_path):
    (newest,) = copy.checkpoints.glob("*-6.data*")
    newest.write_bytes(newest.read_bytes()[:100])
    config = dataclasses.replace(copy.read_config(), steps=7)
    on = training.train(config, tmp_path / "on", progress=False, continue_from=copy.path)
    assert training.restore_model(on)[1] == 7


def test_a_full_disk_is_an_error_that_leaves_the_checkpoint_before(copy, monkeypatch):
    def full(self, path):
        Path(f"{path}.index").write_bytes(b"")
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tf.train.Checkpoint, "write", full)
        with pytest.raises(OSError, match="No space left on device.*ckpt-8"):
            train(copy.path, steps=8)
    assert not list(copy.checkpoints.glob("ckpt-8*"))
    assert training.restore_model(copy)[1] == 6


def test_a_finished_run_is_left_alone_and_can_be_prolonged(copy):
    before = copy.read_run()
    train(copy.path)
    assert copy.read_run() == before
    train(copy.path, steps=7)
    assert training.restore_model(copy)[1] == 7


def test_a_finished_run_that_is_asked_for_other_scores_has_them(copy):
    before = copy.read_metrics()
    train(copy.path, evaluation_samples=30, metrics=("total_number",))
    after = copy.read_metrics()
    assert (before["num_samples"], after["num_samples"]) == (50, 30)
    assert all(name.endswith("@30") for name in after["metrics"])
    assert (after["step"], len(after["history"])) == (before["step"], len(before["history"]))


def test_another_configuration_is_refused_with_the_difference(tiny_run):
    with pytest.raises(ValueError, match="batch_size: 8 -> 9"):
        train(tiny_run.path, batch_size=9)


def test_a_run_of_a_version_with_fewer_options_is_taken_up(copy):
    record = read_json(copy.path / "config.json")
    del record["model_options"]["activation"], record["latent_options"]["tiles"]
    write_json(copy.path / "config.json", record)
    with pytest.raises(ValueError, match="holds a run of another configuration"):
        train(copy.path, model_options={**TINY.model_options, "activation": "tanh"})
    assert train(copy.path).read_config() == completion.resolve(TINY)


def test_other_data_are_refused_with_the_difference(copy):
    record = read_json(copy.path / "run.json")
    record["dataset"] = {"sha256": "x", **record["dataset"], "photons": 1}
    write_json(copy.path / "run.json", record)
    with pytest.raises(ValueError, match="photons: 1 -> 2; sha256: 'x' -> None"):
        train(copy.path, steps=7)


def test_losses_that_are_not_finite_end_the_run_before_a_checkpoint(tmp_path):
    with pytest.raises(FloatingPointError, match="not finite at step 2"):
        train(tmp_path, optimizer="SGD", optimizer_options={"learning_rate": 1e30})
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        training.restore_model(RunDirectory(tmp_path))


def test_whole_numbers_of_a_network_are_saved(tmp_path):
    inputs = keras.Input([2])
    scaled = keras.layers.Normalization()
    critic = keras.Model(inputs, keras.layers.Dense(1)(scaled(inputs)))
    assert any(weight.dtype == "int64" for weight in critic.weights)
    latent = tfp.distributions.MultivariateNormalDiag(tf.zeros(2))
    gan = WGANGP(latent, keras.Sequential([keras.Input([2]), keras.layers.Dense(2)]), critic)
    gan.compile("adam")
    gan.generator_optimizer.iterations.assign(1)
    training.callbacks.Checkpoints(tmp_path, gan, 1).save()
    assert (tmp_path / "ckpt-1.index").is_file()


@pytest.mark.parametrize("of_critic", [pytest.param(None, marks=pytest.mark.slow), 4e-3])
def test_both_learning_rates_fall_in_a_line_to_zero_in_step(of_critic):
    config = completion.resolve(
        dataclasses.replace(
            TINY, critic_learning_rate=of_critic, steps=3, learning_rate_decay_steps=3
        )
    )
    model, dataset = training.prepare(config), training.load_dataset(config, progress=False)
    rates = []
    for batch in model.training_batches(dataset.source, config.batch_size, 0, steps=4):
        before = model.get_weights()
        rates.append(
            [
                float(optimizer.learning_rate)
                for optimizer in (model.critic_optimizer, model.generator_optimizer)
            ]
        )
        model.train_step(batch)
    expected = [[(of_critic or 1e-3) * left, 1e-3 * left] for left in 1 - np.arange(4) / 3]
    np.testing.assert_allclose(rates, expected, atol=1e-9)
    # A rate of 0 moves nothing.
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_critic_may_have_a_learning_rate_of_its_own_that_stays():
    config = completion.resolve(dataclasses.replace(TINY, critic_learning_rate=4e-3))
    model = training.prepare(config)
    assert float(model.critic_optimizer.learning_rate) == pytest.approx(4e-3)
    assert float(model.generator_optimizer.learning_rate) == pytest.approx(1e-3)


def test_a_learning_rate_that_decays_is_a_number(tmp_path):
    with pytest.raises(ValueError, match="is a number; received 'fast'"):
        train(tmp_path, optimizer_options={"learning_rate": "fast"})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_options": {"features": 5}}, "Set model_options.features=4"),
        ({"model_options": {"units": 5}}, "units are positive ints"),
        ({"latent": "samples", "latent_options": {}}, "Option file is missing for the latent"),
        ({"optimizer": "Magic"}, "Unknown optimizer 'Magic'"),
        ({"optimizer": "Optimizer"}, "Unknown optimizer 'Optimizer'"),
        ({"optimizer": "LossScaleOptimizer"}, "Unknown optimizer"),
        ({"optimizer_options": {"speed": 1}}, "speed"),
        ({"dataset": "nothing"}, "Unknown data set"),
        ({"metrics": ("nothing",)}, "Unknown metric"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_written(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        train(tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("argument", ["config", "dataset", "strategy"])
def test_an_argument_of_another_kind_is_refused(tmp_path, argument):
    arguments = {"config": TINY, argument: "mirrored"}
    with pytest.raises(ValueError, match=f"^{argument} is .*; received str 'mirrored'"):
        training.train(workdir=tmp_path / "run", **arguments)
    assert not (tmp_path / "run").exists()
