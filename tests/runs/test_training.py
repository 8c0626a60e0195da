import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from harness import tiny_config

from qlatent_tf import resolve as completion
from qlatent_tf.runs import training
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.storage.files import read_json, write_json
from qlatent_tf.storage.locks import InUseError, sole_use

CONFIG = tiny_config(evaluate_every=3)


def train(workdir, **changes):
    return training.train(dataclasses.replace(CONFIG, **changes), workdir, progress=False)


def weights(run):
    return training.restore_model(run)[0].get_weights()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return train(tmp_path_factory.mktemp("whole"))


def interrupt_at(monkeypatch, step, action):
    """Makes the run meet `action` behind the given step, before its checkpoint is due."""
    original = training.callbacks.LossEvents.on_train_batch_end

    def wrapped(self, batch, logs=None):
        original(self, batch, logs)
        if self.model.step == step:
            action()

    monkeypatch.setattr(training.callbacks.LossEvents, "on_train_batch_end", wrapped)


def test_a_run_that_another_process_trains_is_refused_and_left_as_it_is(tmp_path):
    train(tmp_path, steps=2)
    with sole_use(tmp_path / ".lock", "at it"):
        with pytest.raises(InUseError, match=f"training in .*process {os.getpid()}"):
            train(tmp_path)
    assert RunDirectory(tmp_path).read_config().steps == 2
    assert train(tmp_path).read_run()["step"] == 6
    assert not (tmp_path / ".lock").exists()


def test_a_run_leaves_its_files(whole):
    assert (whole.path / "config.json").is_file() and whole.samples.is_file()
    kept = {path.name.partition(".")[0] for path in whole.checkpoints.iterdir()}
    assert kept == {"ckpt-4", "ckpt-6"}
    metrics = whole.read_metrics()
    assert metrics["step"] == 6 and [row["step"] for row in metrics["history"]] == [3, 6]
    run = whole.read_run()
    assert run["step"] == 6 and run["seconds"] > 0 and run["dataset"]["name"] == "quantum"
    assert "tensorflow" in run["versions"]


def test_tensorboard_shows_losses_metrics_pictures_and_the_latent(whole):
    tags = set()
    for file in whole.path.glob("events.*"):
        for record in tf.compat.v1.train.summary_iterator(str(file)):
            tags.update(value.tag for value in record.summary.value)
    losses = {"critic_loss", "generator_loss", "wasserstein_distance", "gradient_penalty"}
    assert {f"losses/{name}" for name in losses} <= tags
    rates = {"speed/learning_rate", "speed/critic_learning_rate"}
    assert rates | {"speed/steps_per_second"} <= tags
    assert {
        "samples/real",
        "samples/generated",
        "latent/all",
        "latent/pair_correlations",
        "_hparams_/session_start_info",
    } <= tags
    assert any(tag.startswith("metrics/") for tag in tags)


def test_a_run_records_its_configuration_with_nothing_left_open(whole):
    assert whole.read_config() == completion.resolve(CONFIG) != CONFIG


def test_a_killed_run_ends_as_if_it_had_not_been(whole, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5, lambda: (_ for _ in ()).throw(SystemError("killed")))
        with pytest.raises(SystemError):
            train(tmp_path)
    run = RunDirectory(tmp_path)
    assert training.restore_model(run)[1] == 4
    train(tmp_path)
    for one, other in zip(weights(run), weights(whole), strict=True):
        np.testing.assert_array_equal(one, other)
    assert run.read_metrics()["metrics"] == whole.read_metrics()["metrics"]


def test_a_run_stopped_in_an_evaluation_makes_it_up(whole, tmp_path, monkeypatch):
    # The checkpoint of the last step is there, its evaluation is not.
    with monkeypatch.context() as patch:
        patch.setattr(training, "evaluate", lambda *args, **options: os.kill(os.getpid(), 15))
        with pytest.raises(training.Interrupted, match="step 6 of 6"):
            train(tmp_path, evaluate_every=6)
    run = train(tmp_path, evaluate_every=6)
    assert run.read_metrics()["metrics"] == whole.read_metrics()["metrics"]
    assert run.samples.is_file()


KILLED = """
import os, signal
from qlatent_tf.runs import training
from qlatent_tf.config import Config
from qlatent_tf.storage.files import read_json

class Killer(training.callbacks.LossEvents):
    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch, logs)
        if self.model.step == 5:
            os.kill(os.getpid(), signal.SIGKILL)

training.callbacks.LossEvents = Killer
training.train(Config.from_json(read_json("config.json")), "run", progress=False)
"""


def test_a_run_killed_for_good_is_resumed(whole, tmp_path):
    write_json(tmp_path / "config.json", CONFIG.to_json())
    done = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    run = train(tmp_path / "run")
    for one, other in zip(weights(run), weights(whole), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [row["step"] for row in run.read_metrics()["history"]] == [3, 6]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_the_run(whole, tmp_path, monkeypatch, request, number):
    # A shell lets its background jobs, this test perhaps among them, ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5, lambda: os.kill(os.getpid(), number))
        with pytest.raises(training.Interrupted, match="step 5 of 6"):
            train(tmp_path)
    run = RunDirectory(tmp_path)
    assert training.restore_model(run)[1] == 5
    train(tmp_path)
    for one, other in zip(weights(run), weights(whole), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_damaged_checkpoint_is_passed_over(whole, tmp_path):
    train(tmp_path, steps=4)
    run = RunDirectory(tmp_path)
    (newest,) = run.checkpoints.glob("*-4.data*")
    newest.write_bytes(newest.read_bytes()[:100])
    assert training.restore_model(run)[1] == 2
    train(tmp_path, steps=4)
    assert training.restore_model(run)[1] == 4  # Made again.
    train(tmp_path)
    for one, other in zip(weights(run), weights(whole), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_full_disk_is_an_error_that_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    train(tmp_path, steps=2)
    run = RunDirectory(tmp_path)

    def full(self, path):
        Path(f"{path}.index").write_bytes(b"")
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tf.train.Checkpoint, "write", full)
        with pytest.raises(OSError, match="No space left on device.*ckpt-4"):
            train(tmp_path)
    assert not list(run.checkpoints.glob("ckpt-4*"))
    assert training.restore_model(run)[1] == 2


def test_a_finished_run_is_left_alone_and_can_be_prolonged(tmp_path):
    train(tmp_path, steps=2)
    before = RunDirectory(tmp_path).read_run()
    train(tmp_path, steps=2)
    assert RunDirectory(tmp_path).read_run() == before
    train(tmp_path, steps=3)
    assert training.restore_model(RunDirectory(tmp_path))[1] == 3


def test_another_configuration_is_refused_with_the_difference(whole):
    with pytest.raises(ValueError, match="batch_size: 8 -> 9"):
        train(whole.path, batch_size=9)


def test_a_run_of_a_version_with_fewer_options_is_continued(tmp_path):
    run = train(tmp_path, steps=2)
    record = read_json(run.path / "config.json")
    del record["model_options"]["activation"], record["latent_options"]["tiles"]
    write_json(run.path / "config.json", record)
    train(tmp_path, steps=3)
    assert training.restore_model(run)[1] == 3
    with pytest.raises(ValueError, match="holds a run of another configuration"):
        train(tmp_path, model_options={**CONFIG.model_options, "activation": "tanh"})


def test_other_data_are_refused_with_the_difference(tmp_path):
    run = train(tmp_path, steps=2)
    record = read_json(run.path / "run.json")
    record["dataset"]["photons"] = 1
    write_json(run.path / "run.json", record)
    with pytest.raises(ValueError, match="photons: 1 -> 2"):
        train(tmp_path, steps=3)


def test_losses_that_are_not_finite_end_the_run_before_a_checkpoint(tmp_path):
    with pytest.raises(FloatingPointError, match="not finite at step 2"):
        train(tmp_path, optimizer="SGD", optimizer_options={"learning_rate": 1e30})
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        training.restore_model(RunDirectory(tmp_path))


DECAY = {"learning_rate_decay_steps": 6, "generator_batch_size": 12}


@pytest.mark.parametrize("of_critic", [None, 4e-3])
def test_both_learning_rates_fall_in_a_line_to_zero_in_step(of_critic):
    config = completion.resolve(
        dataclasses.replace(CONFIG, critic_learning_rate=of_critic, **DECAY)
    )
    model, dataset = training.prepare(config), training.load_dataset(config, progress=False)
    rates = []
    for batch in model.training_batches(dataset.source, config.batch_size, 0, steps=7):
        before = model.get_weights()
        rates.append(
            [
                float(optimizer.learning_rate)
                for optimizer in (model.critic_optimizer, model.generator_optimizer)
            ]
        )
        model.train_step(batch)
    expected = [[(of_critic or 1e-3) * left, 1e-3 * left] for left in 1 - np.arange(7) / 6]
    np.testing.assert_allclose(rates, expected, atol=1e-9)
    # A rate of 0 moves nothing.
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_stopped_run_goes_on_at_its_learning_rate(tmp_path):
    straight, stopped = (
        train(tmp_path / name, steps=steps, **DECAY)
        for name, steps in (("straight", 4), ("stopped", 2))
    )
    train(stopped.path, steps=4, **DECAY)
    for one, other in zip(weights(stopped), weights(straight), strict=True):
        np.testing.assert_array_equal(one, other)
    constant = train(tmp_path / "constant", steps=4, generator_batch_size=12)
    assert not np.array_equal(weights(constant)[0], weights(straight)[0])


def test_a_critic_may_have_a_learning_rate_of_its_own_that_stays():
    config = completion.resolve(dataclasses.replace(CONFIG, critic_learning_rate=4e-3))
    model = training.prepare(config)
    assert float(model.critic_optimizer.learning_rate) == pytest.approx(4e-3)
    assert float(model.generator_optimizer.learning_rate) == pytest.approx(1e-3)


def test_a_learning_rate_that_decays_is_a_number(tmp_path):
    with pytest.raises(ValueError, match="is a number; received 'fast'"):
        train(tmp_path, optimizer_options={"learning_rate": "fast"}, **DECAY)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_options": {"features": 5}}, r"real samples have shape \(4,\)"),
        ({"model_options": {"units": 5}}, "units are positive whole numbers"),
        ({"latent": "samples", "latent_options": {}}, "Option file is missing for the latent"),
        ({"optimizer": "Magic"}, "Unknown optimizer 'Magic'"),
        ({"optimizer_options": {"speed": 1}}, "speed"),
        ({"dataset": "nothing"}, "Unknown data set"),
        ({"metrics": ("nothing",)}, "Unknown metric"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_written(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        train(tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()
