"""Several devices and several machines train as one device does; each in processes of its own."""

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from harness import tiny_config
from tiny_run import summaries

from qlatent_tf import zoo
from qlatent_tf.gan import replicas as distribution
from qlatent_tf.gan.wgan_gp import WGANGP
from qlatent_tf.latents import gaussian
from qlatent_tf.runs import training
from qlatent_tf.runs.run_directory import RunDirectory
from qlatent_tf.storage.files import write_json

MLP = tiny_config(
    steps=4,
    evaluate_every=4,
    generator_batch_size=12,
    learning_rate_decay_steps=8,
    generator_ema=0.9,
)
_TWO_STEPS = {"latent": "gaussian", "steps": 2, "evaluate_every": 2, "dataset_options": {}}
MOLGAN = tiny_config(
    model="molgan",
    dataset="small_molecules",
    model_options={"generator_units": [8], "critic_graph_units": [4], "critic_units": [8]},
    metrics=("molecules",),
    **_TWO_STEPS,
)
# Eight images a batch, or four on each of two devices: batch normalisation is of all eight.
RESNET = tiny_config(
    model="resnet",
    dataset="images",
    model_options={"resolution": 8, "filters": 4, "blocks": 2},
    **_TWO_STEPS,
)
# A run on two devices, stopped after half of its steps and taken up again.
MIRRORED = """
import dataclasses, sys, warnings
import tensorflow as tf

warnings.filterwarnings("error", message=".*ran out of data")

(device,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)
from qlatent_tf.config import Config
from qlatent_tf.gan.replicas import make_strategy
from qlatent_tf.storage.files import read_json
from qlatent_tf.runs.training import train

strategy = make_strategy("mirrored")
assert strategy.num_replicas_in_sync == 2
for name in sys.argv[1:]:
    config = Config.from_json(read_json(f"{name}.json"))
    for steps in (config.steps // 2, config.steps):
        train(dataclasses.replace(config, steps=steps), name, progress=False, strategy=strategy)
"""


def train(workdir, config=MLP, **changes):
    return training.train(dataclasses.replace(config, **changes), workdir, progress=False)


def losses(run):
    """Returns the losses in a run's events, (step, name) -> value."""
    return {
        (step, value.tag): float(tf.make_ndarray(value.tensor))
        for step, value in summaries(run)
        if value.tag.startswith("4_losses/")
    }


def assert_same_run(one, other):
    expected, found = losses(one), losses(other)
    assert found
    for key, value in found.items():
        np.testing.assert_allclose(value, expected[key], rtol=1e-5, atol=1e-6, err_msg=str(key))
    (mine, step), (theirs, other_step) = map(training.restore_model, (one, other))
    assert step == other_step == one.read_config().steps
    for name in ("get_weights", "sampling_weights"):
        pairs = [
            getattr(model.generator if name == "get_weights" else model, name)()
            for model in (mine, theirs)
        ]
        for weight, other_weight in zip(*pairs, strict=True):
            # A bias that cancels in the objective moves by rounding alone.
            np.testing.assert_allclose(weight, other_weight, rtol=1e-4, atol=5e-5)
    assert {path.name for path in one.path.iterdir()} >= {"samples.png", "metrics.json"}


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """Runs on one device, each step's losses in its events."""
    folder = tmp_path_factory.mktemp("single")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.callbacks, "LOSS_STEPS", 1)
        images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
        np.save(folder / "images.npy", images)
        resnet = RESNET.override(**{"dataset_options.file": str(folder / "images.npy")})
        configs = {"mlp": MLP, "molgan": MOLGAN, "resnet": resnet}
        return {name: train(folder / name, config) for name, config in configs.items()}


@pytest.mark.slow
def test_two_devices_train_as_one(single, tmp_path):
    for name, run in single.items():
        write_json(tmp_path / f"{name}.json", run.read_config().to_json())
    _finish([_start([sys.executable, "-c", MIRRORED, *single], tmp_path)])
    for name, run in single.items():
        assert_same_run(run, RunDirectory(tmp_path / name))
    # What two devices began, one can go on with.
    run = train(tmp_path / "mlp", steps=5)
    assert training.restore_model(run)[1] == 5


@pytest.mark.slow
@pytest.mark.parametrize("model", ["mlp", "resnet"])
def test_two_machines_train_as_one(single, model, tmp_path):
    write_json(tmp_path / "run" / "config.json", single[model].read_config().to_json())
    (tmp_path / "run" / "checkpoints").mkdir()  # A run that was stopped before its first step.
    outputs = on_two_machines(tmp_path)
    assert_same_run(single[model], RunDirectory(tmp_path / "run"))
    assert len(list((tmp_path / "run").glob("events.*"))) == 1
    assert "Samples:" in outputs[0] and "Samples:" not in outputs[1]


@pytest.mark.slow
def test_two_machines_go_on_with_the_run_of_one(single, tmp_path):
    train(tmp_path / "run", steps=2)
    on_two_machines(tmp_path, "--steps", "4")
    assert_same_run(single["mlp"], RunDirectory(tmp_path / "run"))


@pytest.mark.slow
def test_a_worker_of_another_configuration_is_noticed(tmp_path):
    train(tmp_path / "run", steps=2)
    for error in on_two_machines(tmp_path, "--steps", "4", others=("--steps", "6"), code=1):
        assert "do not agree on the configuration" in error


def on_two_machines(folder, *arguments, others=None, code=0):
    """Trains the run in `folder` by two processes, the second with arguments of its own."""
    cluster = {"worker": [f"localhost:{_free_port()}" for _ in range(2)]}
    command = [
        sys.executable,
        "-m",
        "qlatent_tf",
        "train",
        "--config",
        "run",
        "--workdir",
        "run",
        "--strategy",
        "multiworker",
        "--quiet",
    ]
    return _finish(
        [
            _start(
                [*command, *more],
                folder,
                TF_CONFIG=json.dumps(
                    {"cluster": cluster, "task": {"type": "worker", "index": index}}
                ),
            )
            for index, more in enumerate((arguments, arguments if others is None else others))
        ],
        code,
    )


class TwoReplicas:
    """What is asked of a strategy before anything is trained."""

    num_replicas_in_sync = 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 9}, "batch_size is shared evenly by 2 replicas.* received 9"),
        ({"generator_batch_size": 9}, "generator_batch_size is shared evenly"),
        ({"optimizer_options": {"clipnorm": 1.0}}, "clipnorm is not for 2 replicas"),
        ({"precision": "mixed_float16"}, "mixed_float16 is not for 2 replicas"),
    ],
)
def test_what_replicas_cannot_share_is_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        training.train(
            dataclasses.replace(MLP, **changes), tmp_path / "run", strategy=TwoReplicas()
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("optimizer", "steps", "message"),
    [
        (keras.optimizers.Adam(), 2, "a step at a time; received steps_per_execution=2"),
        (keras.optimizers.Adam(clipvalue=1.0), 1, "clipvalue is not for 2 replicas"),
        (keras.optimizers.Adam(gradient_accumulation_steps=2), 1, "is not for 2 replicas"),
        (
            keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam()),
            1,
            "mixed_float16 is not for 2 replicas",
        ),
    ],
)
def test_a_model_is_compiled_for_what_replicas_share(optimizer, steps, message):
    gan = zoo.build_model(MLP)
    gan.replicas = 2
    with pytest.raises(ValueError, match=message):
        gan.compile(optimizer, steps_per_execution=steps)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (keras.layers.BatchNormalization(name="bn"), "'bn' normalises the rows of each replica"),
        (keras.layers.Dropout(0.5, name="drop"), "'drop' draws random numbers, which 2 replicas"),
        (keras.layers.BatchNormalization(synchronized=True), None),
        (keras.layers.BatchNormalization(trainable=False), None),
        (keras.layers.Dropout(0.0), None),
    ],
)
@pytest.mark.parametrize("network", ["generator", "critic"])
def test_layers_that_see_half_a_batch_are_refused(layer, message, network):
    inner = keras.Sequential([keras.Input([4]), layer])
    networks = {"generator": keras.Sequential(), "critic": keras.Sequential()}
    networks[network].add(inner)
    for one in networks.values():
        one.add(keras.layers.Dense(1 if one is networks["critic"] else 4))
        one.build([None, 4])
    gan = WGANGP(gaussian(4), networks["generator"], networks["critic"])
    gan.replicas = 2
    with contextlib.nullcontext() if message is None else pytest.raises(ValueError, match=message):
        gan.compile(keras.optimizers.Adam())


def test_a_latent_that_learns_is_for_one_device():
    gan = zoo.build_model(dataclasses.replace(MLP, train_circuit=True))
    gan.replicas = 2
    with pytest.raises(ValueError, match="train_circuit is not for 2 replicas"):
        gan.compile(keras.optimizers.Adam())


def test_a_worker_that_is_gone_before_the_first_step_is_told_of(tmp_path, monkeypatch):
    def alone(strategy, what, value):
        raise tf.errors.UnavailableError(None, None, "Connection refused")

    monkeypatch.setattr(distribution, "agree", alone)
    monkeypatch.setattr(distribution, "worker_count", lambda strategy: 2)
    with pytest.raises(ConnectionError, match="Another worker has gone.*Connection refused"):
        train(tmp_path / "run", MLP)


def test_one_device_needs_no_strategy():
    assert distribution.make_strategy("none") is None
    assert distribution.make_strategy("mirrored") is None  # This process has one CPU device.
    with pytest.raises(ValueError, match="none, mirrored, multiworker; received 'tpu'"):
        distribution.make_strategy("tpu")


def test_replicas_share_the_gradient_as_they_share_the_batch():
    # Keras' optimizers sum what the replicas give, so that each of two gives half.
    gan, rate = zoo.build_model(MLP), 1e-3
    gan.compile(keras.optimizers.SGD(rate), keras.optimizers.SGD(rate))
    latent, seed, start = tf.ones([4, 4]), tf.constant([1, 2]), gan.get_weights()
    for update in (
        lambda: gan._update_critic(tf.zeros([4, 4]), latent, seed),
        lambda: gan._update_generator(latent, seed, None),
    ):
        moves = []
        for gan.replicas in (1, 2):
            gan.set_weights(start)
            update()
            moves.append(
                np.concatenate(
                    [np.ravel(b - a) for a, b in zip(start, gan.get_weights(), strict=True)]
                )
            )
        assert np.abs(moves[0]).max() > 1e-5
        np.testing.assert_allclose(moves[1], moves[0] / 2, atol=2e-7)


def test_the_rows_of_replicas_are_the_batch():
    rows = np.arange(24).reshape(2, 6, 2)
    batch = {
        "real": {"a": tf.constant(rows)},
        "latent": tf.constant(rows),
        "generator_latent": tf.constant(rows[0]),
        "seed": tf.constant(rows[:, 0]),
    }
    parts = [distribution._rows(batch, replica, 3) for replica in range(3)]
    for take, axis in (
        (lambda part: part["real"]["a"], 1),
        (lambda part: part["latent"], 1),
        (lambda part: part["generator_latent"], 0),
    ):
        np.testing.assert_array_equal(tf.concat(list(map(take, parts)), axis), take(batch))
    np.testing.assert_array_equal(parts[2]["seed"], batch["seed"])


def _start(command, folder, **variables):
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **variables},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _finish(processes, code=0):
    """Waits for all, ends those that are left behind, and returns what they printed."""
    try:
        # So long only where they hang: a busy machine takes several times the usual 80 seconds.
        ended = [process.communicate(timeout=900) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, error) in zip(processes, ended, strict=True):
        assert process.returncode == code, error[-3000:]
    return [error if code else output for output, error in ended]


def _free_port():
    with socket.socket() as server:
        server.bind(("localhost", 0))
        return server.getsockname()[1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{bad",
        "[]",
        '{"cluster": {"worker": ["one:2222"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["one:2222"]}}',
    ],
)
def test_machines_that_nothing_names_are_asked_for(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match="TF_CONFIG names the machines.*received"):
        distribution.make_strategy("multiworker")


@pytest.mark.parametrize(
    "cluster, task",
    [
        ({"chief": ["one:2222"], "worker": ["two:2222"]}, {"type": "chief", "index": 0}),
        ({"worker": ["one:2222", "two:2222"]}, {"type": "worker", "index": "1"}),
        ({"worker": {"0": "one:2222", "1": "two:2222"}}, {"type": "worker", "index": 1}),
    ],
)
def test_machines_are_named_as_tensorflow_reads_them(monkeypatch, cluster, task):
    content = {"cluster": cluster, "task": task}
    monkeypatch.setenv("TF_CONFIG", json.dumps(content))
    assert distribution._machines() == ["one:2222", "two:2222"]
