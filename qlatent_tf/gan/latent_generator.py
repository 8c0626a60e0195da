"""A latent and its generator: all that drawing samples takes, and what a run asks of a model."""

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from qlatent_tf.checks import check_count
from qlatent_tf.gan.batches import sizes_of
from qlatent_tf.gan.compiled import compiled
from qlatent_tf.quantum.memory import check_memory
from qlatent_tf.scores import Score
from qlatent_tf.seeds import derive_seed

_NO_VALIDATION = (
    "A model without targets has no validation loss: qlatent_tf.evaluate(model, dataset) scores "
    "its samples, also from a callback"
)
Tree = object  # One tensor, or a dict of tensors.


class LatentGenerator(keras.Model):
    """A generator that makes samples of what is drawn from a latent.

    Whoever trains it may set `generator_optimizer`. Where that keeps an average of the generator's
    weights, samples are made with the average.

    Args:
      latent: tfd.Distribution, event shape ``[latent_size]``. Any distribution.
      generator: keras.Model. Maps ``(batch, latent_size)`` to a sample or a dict of parts.
    """

    # Updates in a training step that see real samples.
    critic_steps = 1
    # What batches that `training_batches` made hold, and no others.
    prepared_part = "generator_latent"
    # Whether the generator learns from draws of the latent.
    trains_on_latent = True
    # Samples a call of the generator, unless a caller says how many: what bounds the memory.
    generation_batch_size = 1000

    def __init__(self, latent, generator, **kwargs):
        super().__init__(**kwargs)
        self.latent = latent
        self.generator = generator

    def decode(self, outputs: Tree) -> Tree:
        """Maps generator outputs to data space; traced without AutoGraph."""
        return outputs

    def precompute(self, real):
        """Returns what `training_batches` needs of the real samples, computed once."""
        return real

    def own_scores(self, dataset, num_samples, seed) -> list[Score]:
        """Returns scores that no metric can have, for they need the model itself."""
        return []

    def pictures(self, dataset) -> dict:
        """Returns pictures beside that of samples: name -> uint8 ``(height, width, 3)``."""
        return {}

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        *,
        seed=0,
        steps_per_epoch=None,
        **options,
    ):
        """Trains on real samples, as `keras.Model.fit` does; a second call continues.

        Args:
          x: Real samples in data space: an array or a dict of arrays, ``(count, ...)``, a
            tfd.Distribution, or a tf.data.Dataset of batches ``(batch, ...)`` of them. Or a
            `Dataset`, or what `training_batches` returned.
          y: None, because there are no targets.
          batch_size: int. Samples in each update; 32 by default, or that of a tf.data.Dataset.
          epochs: int. How often the critic sees all samples.
          verbose, callbacks, **options: as for `keras.Model.fit`.
          seed: int. Decides the order of the samples, the latents and the noise.
          steps_per_epoch: int. Training steps in an epoch, by default as many as show the samples
            once. A distribution, or a tf.data.Dataset of unknown length, needs it.

        Returns:
          keras.callbacks.History.

        Raises:
          ValueError: if the samples do not fit the model, or `steps_per_epoch` is needed.
        """
        if y is not None:
            raise ValueError(f"{type(self).__name__} takes no targets: y is None; received {y!r}.")
        if not self.compiled:
            raise ValueError("fit trains with optimizers: call compile first, compile('adam').")
        if options.get("validation_data") is not None or options.get("validation_split"):
            given = [name for name in options if name.startswith("validation_")]
            raise ValueError(f"{_NO_VALIDATION}; received {', '.join(given)}.")
        if hasattr(x, "source") and hasattr(x, "provenance"):  # A Dataset.
            x = x.source
        if x is None or isinstance(x, Iterator):
            raise ValueError(
                f"fit takes the real samples, an array or a tf.data.Dataset; received {x!r}."
            )
        if batch_size is not None:
            batch_size = check_count(batch_size, "batch_size", 1)
        if steps_per_epoch is not None:
            steps_per_epoch = check_count(steps_per_epoch, "steps_per_epoch", 1)
        if not self.is_prepared(x):
            real = np.asarray(x) if isinstance(x, (list, tuple)) else x
            count, own_size = sizes_of(real)
            batch_size = batch_size or own_size or 32
            if steps_per_epoch is None:
                if count is None:
                    raise ValueError(
                        "The real samples have no known number: give steps_per_epoch; received "
                        f"{real!r}."
                    )
                steps_per_epoch = max(1, count // (batch_size * self.critic_steps))
            if not isinstance(real, tf.data.Dataset):
                real = self.precompute(real)
            at_once = self.steps_per_execution or 1
            if steps_per_epoch % at_once:
                raise ValueError(
                    f"An epoch of {steps_per_epoch} steps is no multiple of "
                    f"steps_per_execution={at_once}: give steps_per_epoch."
                )
            x = self.training_batches(real, batch_size, seed, start_step=self.step)
        shared = self.shared(x)
        if shared is not x and steps_per_epoch is None and x.cardinality() >= 0:
            # Keras cannot tell how many batches there are once devices share them.
            steps_per_epoch = int(x.cardinality())
        return super().fit(
            shared,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            steps_per_epoch=steps_per_epoch,
            **{**options, "shuffle": False},
        )

    def evaluate(self, *arguments, **options):
        """Not for models without targets: `qlatent_tf.evaluate` scores their samples."""
        raise NotImplementedError(_NO_VALIDATION)

    def test_on_batch(self, *arguments, **options):
        """Not for models without targets: `qlatent_tf.evaluate` scores their samples."""
        raise NotImplementedError(_NO_VALIDATION)

    def predict(self, *arguments, **options):
        """Not for models that draw their own inputs: `sample` and `generate` make samples."""
        raise NotImplementedError(
            f"{type(self).__name__} makes samples by model.sample(n, seed), or, of latents that "
            "you give, by model.generate(latents)."
        )

    def train_on_batch(self, *arguments, **options):
        """Not for models whose step takes several batches: `fit` trains."""
        raise NotImplementedError(
            f"{type(self).__name__} trains by fit, such as model.fit(real, steps_per_epoch=1): a "
            "step takes several batches and draws latents."
        )

    def is_prepared(self, data) -> bool:
        """Returns whether data are what `training_batches` returned."""
        spec = getattr(data, "element_spec", None)
        return isinstance(spec, dict) and self.prepared_part in spec

    def shared(self, batches):
        """Returns the batches as the devices that train together share them."""
        return batches

    def get_config(self):
        """Tells how a model is kept, since Keras cannot write a latent into one file."""
        raise NotImplementedError(
            f"{type(self).__name__} is not saved as one file of Keras, which cannot hold its "
            "latent. Save the networks, model.generator.save('generator.keras'), which "
            "keras.models.load_model reads with custom_objects=qlatent_tf.layers.custom_objects(), "
            "or the weights, model.save_weights('gan.weights.h5'). "
            "qlatent_tf.save_preset(directory, model, config) saves all that from_preset needs, if "
            "a Config describes the model."
        )

    def sample(self, num_samples, seed=0, batch_size=None):
        """Draws generated samples in data space.

        Args:
          num_samples: int. How many.
          seed: int, or int32 pair. Decides the latents, whatever `batch_size` is: calls with the
            same seed return the same samples.
          batch_size: int. Samples a call of the generator; `generation_batch_size` by default.

        Returns:
          np.ndarray ``(num_samples, ...)``, or a dict of them.

        Raises:
          ValueError: if a number is not from 1, or the seed is neither.
        """
        return self.generate(self.sample_latents(num_samples, seed), batch_size)

    def sample_latents(self, num_samples, seed=0):
        """Returns the latents of what `sample` returns, ``(num_samples, latent_size)``."""
        num_samples = check_count(num_samples, "num_samples", 1)
        size = int(self.latent.event_shape[0])
        check_memory(4 * num_samples * size, f"{num_samples:,} latents of {size}")
        if isinstance(seed, (int, np.integer)):
            seed = (derive_seed(int(seed), "sample"), derive_seed(int(seed), "sample, low word"))
        elif np.shape(seed) != (2,):
            raise ValueError(f"A seed is an integer, or a pair of them; received {seed!r}.")
        latent = self.latent.sample(num_samples, seed=tf.constant(seed, tf.int32))
        return tf.cast(latent, tf.float32)

    def generate(self, latent, batch_size=None):
        """Returns the samples, in data space, that the generator makes of given latents.

        Where the generator's optimizer keeps an average of the weights, it is the generator of
        these weights that makes them.

        Args:
          latent: array-like, shape ``(count, latent_size)``.
          batch_size: int. Samples a call of the generator; `generation_batch_size` by default.

        Returns:
          As `sample`.

        Raises:
          ValueError: if the latents have another shape than ``(count, latent_size)``, or are NaN
            or infinite.
        """
        if batch_size is None:
            batch_size = self.generation_batch_size
        batch_size = check_count(batch_size, "batch_size", 1)
        latent = tf.cast(latent, tf.float32)
        size = int(self.latent.event_shape[0])
        if latent.shape.rank != 2 or latent.shape[1] != size or not len(latent):
            raise ValueError(
                f"Latents have the shape (count, {size}), with a count from 1; received "
                f"{tuple(latent.shape)}."
            )
        if not tf.reduce_all(tf.math.is_finite(latent)):
            raise ValueError("Latents are finite numbers; received NaN or infinity.")
        weights = self.averages()
        generate = compiled(self, "samples", lambda: self._samples_of)
        parts = [
            keras.tree.map_structure(np.asarray, generate(latent[i : i + batch_size], weights))
            for i in range(0, len(latent), batch_size)
        ]
        return keras.tree.map_structure(lambda *blocks: np.concatenate(blocks), *parts)

    def sampling_weights(self):
        """Returns the generator's weights, averages in the place of what is averaged.

        Returns:
          list of np.ndarray, in the order of ``generator.get_weights()``.
        """
        variables = self.generator.trainable_variables
        averages = dict(zip(map(id, variables), self.averages() or variables, strict=True))
        return [averages.get(id(weight), weight).numpy() for weight in self.generator.weights]

    def averages(self):
        """Returns the averages of the generator's trainable weights, none where none are kept."""
        optimizer = getattr(self, "generator_optimizer", None)
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        if optimizer is None or not optimizer.use_ema or not optimizer.iterations.numpy():
            return []
        return list(map(tf.convert_to_tensor, optimizer._model_variables_moving_average))

    def outputs_of(self, latent, weights):
        """Returns the generator's outputs in single precision, made with what `averages` returned.

        The averages are used without being put in the place of what is trained.
        """
        if not weights:
            return single_precision(self.generator(latent, training=False))
        fixed = list(map(tf.convert_to_tensor, self.generator.non_trainable_variables))
        outputs, _ = self.generator.stateless_call(weights, fixed, latent, training=False)
        return single_precision(outputs)

    def call(self, latent, training=False):
        """Returns the generator's outputs for latents ``(batch, latent_size)``."""
        return self.generator(latent, training=training)

    def _samples_of(self, latent, weights):
        return self.decode(self.outputs_of(latent, weights))


def single_precision(tree: Tree) -> Tree:
    """Casts all tensors: networks may compute in reduced precision, what judges them does not."""
    return keras.tree.map_structure(lambda part: ops.cast(part, "float32"), tree)
