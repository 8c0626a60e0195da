"""MolGAN with a reward: it also trains its generator towards molecules with given properties."""

import dataclasses
import inspect
import sys

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from qlatent_tf.gan.batches import step_seed
from qlatent_tf.gan.compiled import compiled
from qlatent_tf.gan.latent_generator import single_precision
from qlatent_tf.gan.optimizers import another
from qlatent_tf.models.molecules.model import MolGAN
from qlatent_tf.registry import OwnCodeError
from qlatent_tf.seeds import derive_seed


class RewardMolGAN(MolGAN):
    """MolGAN whose generator minimises ``(1 - w) L_WGAN - w E[V(p(G(z)))]``.

    p are the probabilities of the types, of which a sample takes the most likely. The reward
    network V, a critic with a sigmoid, learns the reward r of real molecules and of the samples
    that go with p by least squares, as often as the critic is updated:

        L_V = E[(V(x) - r(x))^2] + E[(V(p(G(z))) - r(sample of p(G(z))))^2]

    r is the product of the given rewards, each from 0 to 1. It is no function that XLA could
    compile. The real molecules' rewards are computed once and travel in the batch. Every
    `replay_interval` steps, between two of them, `renew_replay` draws `replay_size` graphs from
    the generator and computes their rewards; the steps until the next renewal draw from these. The
    replay is a function of weights, seed and step, and a part of the checkpoint: training steps
    stay pure, and a resumed run repeats the run that was not stopped.

    Args:
      reward_network: keras.Model. Maps graphs, as the critic takes them, to ``(batch, 1)``.
      rewards: sequence of callables, or a function that returns it, called when rewards are first
        needed. ``f(samples, *, keep=False, progress=False)`` returns the
        rewards, float of shape ``(n,)`` from 0 to 1, of graphs in data space; `keep` is true
        for those of the data set, `progress` says whether to show a bar. A function may leave
        out either.
      reward_weight: float. The weight w, from 0 to 1.
      reward_start: int. The step from which it holds; before, w is 0.
      replay_size: int. Generated graphs whose rewards are computed at a time.
      replay_interval: int. Steps for which they are used.
      Others: as `MolGAN`.

    Reference:
      De Cao and Kipf, MolGAN, arXiv 1805.11973, section 3.3, whose lambda is 1 - w.
    """

    def __init__(
        self,
        latent,
        generator,
        critic,
        reward_network,
        rewards,
        reward_weight=0.5,
        reward_start=0,
        replay_size=256,
        replay_interval=10,
        **kwargs,
    ):
        super().__init__(latent, generator, critic, **kwargs)
        self.reward_network = reward_network
        self.reward_weight = reward_weight
        self.reward_start = reward_start
        self.replay = Replay(replay_size, generator.output)
        self.replay_interval = replay_interval
        self._rewards = rewards if callable(rewards) else tuple(rewards)
        self._replay_seed = 0
        self._scored = None

    def compile(self, *args, **kwargs):
        """As `WGANGP.compile`; the reward network gets an optimizer like the critic's."""
        super().compile(*args, **kwargs)
        self.reward_optimizer = another(self.critic_optimizer)
        self.reward_optimizer.build(self.reward_network.trainable_variables)

    def checkpoint_parts(self):
        return {
            **super().checkpoint_parts(),
            "reward_network": self.reward_network,
            "reward_optimizer": self.reward_optimizer,
            "replay": self.replay,
        }

    def score(self, samples, **options):
        """Returns the rewards of graphs in data space, float32 of shape ``(n,)``.

        Raises:
          OwnCodeError: if a reward function fails, or returns what are no numbers from 0 to 1.
        """
        total = np.ones(len(samples["atoms"]), "float32")
        if callable(self._rewards):
            self._rewards = tuple(self._rewards())
        for reward in self._rewards:
            name = _name_of(reward)
            try:
                scores = np.asarray(reward(samples, **_taken(reward, options)), "float32")
            except Exception as error:
                said = f"The reward {name} failed: {type(error).__name__}: {error}"
                # With the place in the reward, of which a tool tells.
                raise OwnCodeError(said).with_traceback(error.__traceback__) from error
            if scores.shape != total.shape or not np.all((scores >= 0) & (scores <= 1)):
                raise OwnCodeError(
                    "A reward takes a dict of atoms and bonds and returns a number from 0 to 1 for "
                    f"each of the {len(total)} graphs; {name} returned shape {scores.shape}, "
                    f"{scores.min(initial=np.inf)} to {scores.max(initial=-np.inf)}."
                )
            total = total * scores
        return total

    def precompute(self, real):
        """Returns the real molecules with their rewards, which are computed once.

        Raises:
          ValueError: if these are no molecules as arrays.
        """
        if not (isinstance(real, dict) and {"atoms", "bonds"} <= real.keys()):
            raise ValueError(
                "Rewards need molecules as arrays, a dict of atoms and bonds; received "
                f"{type(real).__name__}."
            )
        if self._scored is None or self._scored.data is not real:
            scores = self.score(real, keep=True, progress=sys.stderr.isatty())
            self._scored = _Scored(real, scores)
        return {**real, "reward": self._scored.rewards}

    def training_batches(self, real, batch_size, seed, *args, **kwargs):
        """As `WGANGP.training_batches`, with ``"reward": [critic_steps, batch]`` of the real ones.

        These are computed first unless `real` comes from `precompute`. The replay, too, is drawn by
        the seed that is given here.
        """
        scored = real if isinstance(real, dict) and "reward" in real else self.precompute(real)
        self._replay_seed = derive_seed(seed, "replay")
        return super().training_batches(scored, batch_size, seed, *args, **kwargs)

    def beside(self, samples):
        return {"reward": samples["reward"]}

    def fit(
        self, x=None, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None, **options
    ):
        """As `WGANGP.fit`; the replay is renewed in between."""
        callbacks = [_RenewReplay(), *keras.tree.flatten(callbacks or [])]
        return super().fit(x, y, batch_size, epochs, verbose, callbacks, **options)

    def train_step(self, batch):
        """As `WGANGP.train_step`, after as many updates of the reward network as of the critic.

        Returns:
          dict of scalars: also ``reward_error``, the loss L_V, and ``replay_reward``, the mean true
          reward of the generated graphs in the replay.
        """
        _, error = tf.while_loop(
            lambda i, error: i < self.critic_steps,
            lambda i, error: (i + 1, error + self._reward_iteration(batch, i) / self.critic_steps),
            (0, tf.zeros([])),
            maximum_iterations=self.critic_steps,
        )
        return {
            **super().train_step(batch),
            "reward_error": error,
            "replay_reward": ops.mean(self.replay.rewards),
        }

    def generator_losses(self, outputs, seed):
        """Returns ``(1 - w) L_WGAN - w V(p(output))`` for each output."""
        started = self.step_counter >= self.reward_start
        weight = self.reward_weight * ops.cast(started, "float32")
        reward = self._predicted(self.probabilities(outputs))
        return (1.0 - weight) * super().generator_losses(outputs, seed) - weight * reward

    def renew_replay(self):
        """Replaces the replay by graphs of the generator as it is now, and their rewards."""
        seed = step_seed(self._replay_seed, self.step)
        latent = tf.cast(self.latent.sample(self.replay.size, seed=seed), tf.float32)
        graphs, samples = compiled(self, "likely", lambda: self._likely_graphs)(latent)
        samples = keras.tree.map_structure(lambda part: part.numpy(), samples)
        self.replay.replace(graphs, self.score(samples))

    def _likely_graphs(self, latent):
        outputs = single_precision(self.generator(latent, training=True))
        return self.probabilities(outputs), self.decode(outputs)

    def _predicted(self, graphs):
        return ops.cast(self.reward_network(graphs, training=True)[:, 0], "float32")

    def _reward_iteration(self, batch, i):
        real = keras.tree.map_structure(lambda part: part[i], batch["real"])
        real_rewards = batch["reward"][i]
        # Another stream than those that the critic's update splits off the same seed.
        draw_seed = tf.random.fold_in(batch["seed"][i], 1)
        fake, fake_rewards = self.replay.draw(ops.shape(real_rewards)[0], draw_seed)
        with tf.GradientTape() as tape:
            loss = sum(
                ops.mean(ops.square(self._predicted(graphs) - rewards))
                for graphs, rewards in ((real, real_rewards), (fake, fake_rewards))
            )
            scaled = self.reward_optimizer.scale_loss(loss)
        variables = self.reward_network.trainable_variables
        self.reward_optimizer.apply(tape.gradient(scaled, variables), variables)
        return loss


class Replay(tf.Module):
    """Generated graphs, as many as `size`, and their rewards, from which training steps draw."""

    def __init__(self, size, graph):
        super().__init__()
        self.size = size
        self.rewards = tf.Variable(tf.zeros([size]), trainable=False)
        self.parts = {
            name: tf.Variable(tf.zeros([size, *part.shape[1:]]), trainable=False)
            for name, part in graph.items()
        }

    def replace(self, graphs, rewards):
        """Sets all graphs, a dict of tensors ``(size, ...)``, and their rewards ``(size,)``."""
        for name, variable in self.parts.items():
            variable.assign(graphs[name])
        self.rewards.assign(rewards)

    def draw(self, count, seed):
        """Returns `count` random graphs and their rewards; `seed` is an int32 pair."""
        rows = tf.random.stateless_uniform([count], seed, 0, self.size, tf.int32)
        graphs = {name: tf.gather(part, rows) for name, part in self.parts.items()}
        return graphs, tf.gather(self.rewards, rows)


@dataclasses.dataclass(frozen=True)
class _Scored:
    """Data and their rewards. (Keras would copy a dict or a tuple that is set on a model.)"""

    data: dict
    rewards: np.ndarray


class _RenewReplay(keras.callbacks.Callback):
    """Renews the replay every interval, ahead of the first steps that are executed in it."""

    def on_train_batch_begin(self, batch, logs=None):
        # Ahead of the step, and thus on the same side of every checkpoint in a resumed run.
        if self.model.step % self.model.replay_interval < self.model.steps_per_execution:
            self.model.renew_replay()


def _name_of(reward) -> str:
    """What a configuration calls a reward, or Python."""
    name, module = getattr(reward, "__name__", str(reward)), getattr(reward, "__module__", "")
    return name if module.startswith("qlatent_tf.") else f"{module}:{name}"


def _taken(function, options):
    """Those of the options that a function takes."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return options
    names = {parameter.name for parameter in parameters}
    return {name: value for name, value in options.items() if name in names}
