import dataclasses
import shutil
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from harness import eagerly, tiny_config

from qlatent_tf import zoo
from qlatent_tf.config import Config
from qlatent_tf.datasets.molecules.small_molecules import small_molecules
from qlatent_tf.gan.wgan_gp import WGANGP
from qlatent_tf.models.molecules import rewards
from qlatent_tf.models.molecules.model import MolGAN
from qlatent_tf.models.molecules.rewards import Replay, RewardMolGAN
from qlatent_tf.registry import OwnCodeError, models
from qlatent_tf.registry import rewards as rewards_registry
from qlatent_tf.runs import training
from qlatent_tf.runs.checks import check_fit

SMALL = {
    "generator_units": [6],
    "critic_graph_units": [4],
    "critic_units": [4],
    "critic_readout_units": 4,
}
CONFIG = tiny_config(
    model="molgan",
    latent="gaussian",
    dataset="small_molecules",
    dataset_options={},
    steps=5,
    batch_size=4,
    latent_options={"modes": 3},
    critic_steps=1,
    optimizer_options={"learning_rate": 1e-2},
    model_options={**SMALL, "reward": ["qed", "sa"], "replay_size": 8, "replay_interval": 2},
    metrics=["molecules"],
    evaluate_every=5,
    evaluation_samples=8,
    checkpoint_every=3,
)


def carbon(samples, *, keep=False, progress=False):
    """The share of carbon among the nine places: a reward that is known without chemistry."""
    return (samples["atoms"] == 1).mean(axis=1)


def guided(rewards=(carbon,), **options):
    keras.utils.set_random_seed(0)
    latent = tfp.distributions.MultivariateNormalDiag(tf.zeros(3))
    plain = models.build("molgan", latent, **SMALL, critic_steps=2)
    critic = models.build("molgan", latent, **SMALL, reward="qed").reward_network
    gan = RewardMolGAN(
        latent,
        plain.generator,
        plain.critic,
        critic,
        rewards,
        critic_steps=2,
        **{"replay_size": 16, "replay_interval": 5, **options},
    )
    gan.compile(
        keras.optimizers.Adam(1e-2),
        keras.optimizers.Adam(1e-2),
        jit_compile=False,
    )
    return gan


@pytest.fixture
def resting_critic(monkeypatch):
    """Leaves out the critic's update, which takes longest and is that of `MolGAN`."""

    def update_generator(gan, batch):
        latent = batch["generator_latent"]
        return gan._update_generator(latent, batch["seed"][-1], latent)

    monkeypatch.setattr(WGANGP, "train_step", update_generator)


@pytest.fixture(scope="module")
def molecules():
    """The first 40 molecules that come with the package."""
    dataset = small_molecules(progress=False)
    source = {name: part[:40] for name, part in dataset.source.items()}
    return dataclasses.replace(dataset, source=source)


def test_each_real_molecule_travels_with_its_own_reward(molecules):
    gan = guided()
    for batch in gan.training_batches(molecules.source, 7, seed=3, start_step=4, steps=8):
        shares = batch["real"]["atoms"].numpy()[..., 1].mean(axis=-1)
        np.testing.assert_allclose(batch["reward"], shares, atol=1e-6)
    plain = MolGAN(gan.latent, gan.generator, gan.critic, critic_steps=2)
    pairs = zip(
        gan.training_batches(molecules.source, 7, seed=3, steps=2),
        plain.training_batches(molecules.source, 7, seed=3, steps=2),
        strict=True,
    )
    for batch, expected in pairs:
        assert batch.pop("reward").shape == (2, 7)
        keras.tree.map_structure(np.testing.assert_array_equal, batch, expected)


def test_the_replay_holds_probabilities_and_the_rewards_of_their_likely_types(molecules):
    gan = guided()
    gan.training_batches(molecules.source, 4, seed=0)
    gan.renew_replay()
    atoms = gan.replay.parts["atoms"].numpy()
    np.testing.assert_allclose(atoms.sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(gan.replay.rewards, (atoms.argmax(-1) == 1).mean(-1), atol=1e-6)
    again, other = guided(), guided()
    again.training_batches(molecules.source, 4, seed=0)
    other.training_batches(molecules.source, 4, seed=1)
    for one in (again, other):
        one.renew_replay()
    np.testing.assert_array_equal(again.replay.parts["atoms"], atoms)
    assert not np.allclose(other.replay.parts["atoms"], atoms)


@pytest.mark.parametrize(("at_once", "steps"), [(1, [0, 5]), (2, [0, 6]), (8, [0, 8])])
def test_the_replay_is_renewed_every_interval(monkeypatch, at_once, steps):
    gan, renewed = guided(), []
    gan.compile(steps_per_execution=at_once)
    monkeypatch.setattr(gan, "renew_replay", lambda: renewed.append(gan.step))
    renewal = rewards._RenewReplay()
    renewal.set_model(gan)
    for step in range(0, 10, at_once):
        gan.step_counter.assign(step)
        renewal.on_train_batch_begin(step)
    assert renewed == steps


def test_callbacks_are_given_as_keras_takes_them(molecules):
    gan, seen = guided(), []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    with eagerly():
        gan.fit(molecules.source, batch_size=4, steps_per_epoch=1, callbacks=callback, verbose=0)
        gan.fit(molecules.source, None, 4, 1, 0, [callback], steps_per_epoch=1)
    assert seen == [0, 0]


def test_draws_are_rows_of_the_replay():
    replay = Replay(5, {"x": tf.zeros([1, 2])})
    replay.replace({"x": tf.reshape(tf.range(10.0), [5, 2])}, tf.range(5.0))
    graphs, rewards = replay.draw(400, tf.constant([1, 2]))
    np.testing.assert_array_equal(graphs["x"][:, 0], 2 * rewards)
    # Five standard errors of a count whose mean is 80.
    assert np.abs(np.bincount(rewards.numpy().astype(int), minlength=5) - 80).max() < 5 * 8


def test_the_generators_loss_is_the_weighted_mean():
    gan, seed = guided(reward_weight=0.25), tf.constant([1, 2])
    outputs = gan.generator(tf.random.stateless_normal([6, 3], seed))
    score = tf.reduce_mean(gan.critic(gan.relax(outputs, seed)))
    likely = {name: tf.nn.softmax(part) for name, part in outputs.items()}
    itself = tf.eye(9, dtype=tf.bool)[..., tf.newaxis]
    likely["bonds"] = tf.where(itself, tf.one_hot(0, 5), likely["bonds"])
    predicted = gan.reward_network(likely)
    assert np.all((predicted > 0) & (predicted < 1))
    expected = -0.75 * score - 0.25 * tf.reduce_mean(predicted)
    np.testing.assert_allclose(np.mean(gan.generator_losses(outputs, seed)), expected, rtol=1e-5)
    gan.reward_start = 1  # The step at hand is 0.
    np.testing.assert_allclose(np.mean(gan.generator_losses(outputs, seed)), -score, rtol=1e-5)


def test_the_reward_starts_by_steps_where_updates_are_passed_over():
    gan = guided(reward_weight=1.0, reward_start=1)
    gan.compile(*(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD()) for _ in range(2)))
    outputs = gan.generator(tf.zeros([2, 3]))
    early = np.mean(gan.generator_losses(outputs, tf.constant([1, 2])))
    gan.count_step()
    assert gan.step == 1 and int(gan.generator_optimizer.iterations.numpy()) == 0
    likely = gan.reward_network(gan.probabilities(outputs))
    np.testing.assert_allclose(
        np.mean(gan.generator_losses(outputs, tf.constant([1, 2]))), -np.mean(likely), rtol=1e-5
    )
    assert abs(early + np.mean(likely)) > 1e-3


@pytest.mark.slow
def test_without_weight_it_is_the_plain_model(molecules):
    gan = guided(reward_weight=0.0)
    plain = MolGAN(
        gan.latent, *map(keras.models.clone_model, (gan.generator, gan.critic)), critic_steps=2
    )
    plain.set_weights([*gan.generator.get_weights(), *gan.critic.get_weights()])
    plain.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2), jit_compile=False)
    for batch in gan.training_batches(molecules.source, 4, seed=0, steps=2):
        gan.train_step(batch)
        plain.train_step(batch)
    for mine, theirs in zip(gan.generator.weights, plain.generator.weights, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


@pytest.mark.slow
def test_the_reward_network_learns_and_leads_the_generator(molecules, resting_critic):
    gan = guided(reward_weight=1.0, replay_size=64, replay_interval=2)
    ends = []
    for start, steps in ((0, 1), (1, 120)):
        batches = gan.training_batches(molecules.source, 32, 0, start, steps)
        [error] = gan.fit(batches, verbose=0, shuffle=False).history["reward_error"]
        ends.append((error, (gan.sample(300, seed=0)["atoms"] == 1).mean()))
    assert ends[1][0] < ends[0][0] / 3
    assert ends[1][1] > ends[0][1] + 0.3
    assert gan.replay.rewards.numpy().mean() > ends[0][1] + 0.3


@pytest.mark.slow
def test_xla_changes_nothing_of_what_the_reward_adds(molecules, resting_critic):
    found = []
    for compiled in (False, True):
        # Nothing depends on random numbers, of which XLA has others.
        gan = guided(reward_weight=1.0, replay_size=1)
        [batch] = gan.training_batches(molecules.source, 4, seed=0, steps=1)
        gan.renew_replay()
        step = gan.train_step
        if compiled:
            step = tf.function(step, jit_compile=True, autograph=False)
        report = step(batch)
        found.append((report, gan.reward_network.get_weights(), gan.generator.get_weights()))
    assert set(found[0][0]) == {"generator_loss", "reward_error", "replay_reward"}
    keras.tree.map_structure(
        lambda one, other: np.testing.assert_allclose(one, other, atol=1e-4), *found
    )


def test_a_reward_may_leave_out_what_it_does_not_need(molecules):
    def plain(samples):
        return carbon(samples)

    gan, same = guided([plain]), guided([carbon])
    real = molecules.source
    np.testing.assert_array_equal(gan.precompute(real)["reward"], same.precompute(real)["reward"])


def test_rewards_out_of_range_are_refused(molecules, monkeypatch):
    gan = guided()
    for bad in (
        lambda samples, **_: np.full(40, 2.0),
        lambda samples, **_: np.zeros(3),
        lambda samples, **_: np.full(40, np.nan),
    ):
        monkeypatch.setattr(gan, "_rewards", [bad])
        with pytest.raises(OwnCodeError, match="from 0 to 1 for each of the 40 graphs"):
            gan.training_batches(molecules.source, 4, seed=0)
    for other in (gan.latent, np.zeros((40, 9))):
        with pytest.raises(ValueError, match="molecules as arrays, a dict of atoms and bonds"):
            gan.training_batches(other, 4, seed=0)


def test_a_reward_that_fails_is_named_with_its_error(molecules, monkeypatch):
    def no_smiles(samples):
        return samples["smiles"]

    gan = guided()
    monkeypatch.setattr(gan, "_rewards", [no_smiles])
    with pytest.raises(OwnCodeError, match=":no_smiles failed: KeyError: 'smiles'") as caught:
        check_fit(tiny_config(), gan, molecules)
    assert no_smiles.__code__ in [entry.frame.code.raw for entry in caught.traceback]


def test_several_rewards_are_multiplied(molecules):
    gan = guided([carbon, carbon])
    expected = carbon(molecules.source) ** 2
    np.testing.assert_allclose(gan.score(molecules.source), expected, rtol=1e-6)


@pytest.mark.slow
def test_a_killed_run_ends_as_if_it_had_not_been(molecules, tmp_path, monkeypatch, resting_critic):
    # The checkpoint of step 3 lies between the renewals at steps 2 and 4.
    original, seen = training.callbacks.LossEvents.on_train_batch_end, []

    def watched(self, batch, logs=None):
        original(self, batch, logs)
        seen.append((self.model.step, self.model))
        if len(seen) == 4:  # What lies there now is what a killed process leaves.
            shutil.copytree(tmp_path / "whole", tmp_path / "killed")

    monkeypatch.setattr(training.callbacks.LossEvents, "on_train_batch_end", watched)
    with eagerly():  # Tracing takes longer than five steps.
        whole, run = (
            training.train(CONFIG, tmp_path / name, dataset=molecules, progress=False)
            for name in ("whole", "killed")
        )
    assert [step for step, _ in seen] == [1, 2, 3, 4, 5, 4, 5]
    ends = [seen[number][1] for number in (4, -1)]
    assert ends[0] is not ends[1]
    for mine, theirs in zip(*(end.get_weights() for end in ends), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(*(end.replay.rewards for end in ends))
    assert run.read_metrics()["metrics"] == whole.read_metrics()["metrics"]


def test_a_preset_keeps_the_reward_network(tmp_path):
    model = zoo.build_model(CONFIG)
    loaded = zoo.from_preset(zoo.save_preset(tmp_path / "mine", model, CONFIG))
    graphs = {
        name: tf.random.stateless_uniform([5, *part.shape[1:]], [1, 2])
        for name, part in model.generator.output.items()
    }
    np.testing.assert_array_equal(loaded.reward_network(graphs), model.reward_network(graphs))
    for mine, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_reward_of_ones_own_runs_only_when_trusted(empty_folder, molecules):
    (empty_folder / "my_reward.py").write_text(
        "def mine(samples):\n    return samples['atoms'].any(axis=1)\n"
    )
    config = CONFIG.override(**{"model_options.reward": ["qed", "my_reward:mine"]})
    with pytest.raises(ValueError, match="my_reward:mine.*trust_code"):
        Config.from_json(config.to_json())
    trusted = Config.from_json(config.to_json(), trust_code=True)
    model = zoo.build_model(trusted)
    model.precompute(molecules.source)
    assert [reward.__name__ for reward in model._rewards] == ["qed", "mine"]


def test_a_reward_of_ones_own_pays_for_whole_molecules_alone(empty_folder, molecules):
    (empty_folder / "generous.py").write_text(
        "import numpy as np\ndef mine(samples):\n    return np.ones(len(samples['atoms']))\n"
    )
    model = zoo.build_model(CONFIG.override(**{"model_options.reward": "generous:mine"}))
    atoms, bonds = (molecules.source[name][:3].copy() for name in ("atoms", "bonds"))
    np.testing.assert_array_equal(model.score({"atoms": atoms, "bonds": bonds}), 1)
    atoms[1, :2], bonds[1] = 1, 0  # C.C
    np.testing.assert_array_equal(model.score({"atoms": atoms, "bonds": bonds}), [1, 0, 1])
    # Of whatever size; a reward of ours is 0 there already.
    larger = {"model_options.reward": "generous:mine", "model_options.max_atoms": 12}
    graphs = {"atoms": np.zeros((2, 12), int), "bonds": np.zeros((2, 12, 12), int)}
    graphs["atoms"][0, 11] = 5  # hydrogen sulfide
    np.testing.assert_array_equal(zoo.build_model(CONFIG.override(**larger)).score(graphs), [1, 0])
    both = zoo.build_model(CONFIG.override(**{"model_options.reward": ["qed", "generous:mine"]}))
    np.testing.assert_array_equal(both.score({"atoms": atoms, "bonds": bonds}) > 0, [1, 0, 1])


def test_a_registered_reward_pays_for_whole_molecules_alone(molecules, monkeypatch):
    monkeypatch.setitem(
        rewards_registry._builders, "generous", lambda samples: np.ones(len(samples["atoms"]))
    )
    model = zoo.build_model(CONFIG.override(**{"model_options.reward": "generous"}))
    fragments = {name: part[:1] * 0 for name, part in molecules.source.items()}
    fragments["atoms"][:, :2] = 1
    np.testing.assert_array_equal(model.score(fragments), 0)


def test_a_run_is_sampled_without_the_files_of_its_reward_and_metric(
    empty_folder, tmp_path, molecules, monkeypatch
):
    (empty_folder / "away.py").write_text(
        "import numpy as np\n"
        "def mine(samples):\n    return np.ones(len(samples['atoms']))\n"
        "def many(dataset, samples):\n    return {'many': 1.0}\n"
    )
    own = {"model_options.reward": "away:mine", "metrics": ("away:many",)}
    run = training.train(
        CONFIG.override(**own), tmp_path / "run", dataset=molecules, progress=False
    )
    (empty_folder / "away.py").unlink()
    monkeypatch.delitem(sys.modules, "away")
    model, _ = training.restore_model(run.path, trust_code=True)
    assert len(model.sample(3, seed=0)["atoms"]) == 3
    with pytest.raises(ValueError, match="'away', which is neither a file"):
        training.train(
            CONFIG.override(**own), tmp_path / "other", dataset=molecules, progress=False
        )


def test_a_preset_is_sampled_without_the_file_of_its_reward(empty_folder, tmp_path, monkeypatch):
    (empty_folder / "gone.py").write_text("def mine(samples):\n    return 1\n")
    config = CONFIG.override(**{"model_options.reward": "gone:mine"})
    preset = zoo.save_preset(tmp_path / "mine", zoo.build_model(config), config)
    (empty_folder / "gone.py").unlink()
    assert len(zoo.from_preset(preset, trust_code=True).sample(3, seed=0)["atoms"]) == 3
    with pytest.raises(ValueError, match="'gone', which is neither a file"):
        zoo.check_names(config)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reward": "beauty"}, "Unknown reward 'beauty'. Known: logp, qed, sa, valid"),
        ({"reward": 3}, "Unknown reward '3'"),
        ({"reward": []}, "one reward or several"),
        ({"reward": "qed", "reward_weight": 1.5}, "reward_weight is in"),
        ({"reward": "qed", "replay_size": 0}, "replay_size"),
        ({"reward": "qed", "reward_start": -1}, "reward_start"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    latent = tfp.distributions.MultivariateNormalDiag(tf.zeros(3))
    with pytest.raises(ValueError, match=message):
        models.build("molgan", latent, **SMALL, **options)
