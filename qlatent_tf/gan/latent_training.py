"""Where the latents of a training step come from, and what is trained in them."""

from typing import Protocol, runtime_checkable

import keras
import tensorflow as tf
from keras import ops


@runtime_checkable
class TrainableLatent(Protocol):
    """A distribution that draws inside a training step and learns from the generator's losses.

    Attributes:
      layer: keras.layers.Layer. Its weights are what is trained.
      differentiable: bool. Whether draws depend on the weights by a gradient.
    """

    layer: keras.layers.Layer
    differentiable: bool

    def noise(self, count: int, seed):
        """Returns what draws are made of, ``(count, ...)``, by the seed alone."""

    def draw(self, noise):
        """Returns the draws of some noise, ``(count, latent_size)``; for XLA."""

    def surrogate(self, noise, latents, losses, path):
        """Returns numbers ``(count,)`` whose sum has the gradient of the mean loss.

        Args:
          noise: as `noise` returned.
          latents: tensor, ``(count, latent_size)``. Its draws.
          losses: tensor, ``(count,)``. The loss of each.
          path: tensor, ``(count, latent_size)``. The gradient of the mean loss in the draws, zeros
            where these are not differentiable.
        """

    def drift(self):
        """Returns a scalar, how far the weights have moved from where they started."""


class FixedLatent:
    """A latent that is not trained: its draws are made ahead, in the input pipeline.

    Args:
      latent: tfd.Distribution.
    """

    layer = None

    def __init__(self, latent):
        self.latent = latent

    def compile(self, optimizer) -> None:
        """Sets the optimizer of what is trained."""

    def noise(self, count, seed):
        """Returns what the input pipeline prepares, ``(count, ...)``."""
        return tf.cast(self.latent.sample(count, seed=seed), tf.float32)

    def draw(self, *noise):
        """Returns the latents that each noise makes in the step, each with its leading axes."""
        return noise

    def watched(self, latents):
        """Returns those of the latents in which the generator's gradient is needed, in a list."""
        return []

    def update(self, noise, latents, losses, gradients) -> dict:
        """Trains on the losses of the generator's update, and returns reports, scalars by name."""
        return {}

    def learning_rates(self) -> dict:
        """Returns the present learning rate by the name that TensorBoard shows it under."""
        return {}

    def checkpoint_parts(self) -> dict:
        """Returns all that training changes, by name."""
        return {}


class TrainedLatent(FixedLatent):
    """A latent that is trained beside the generator, by an optimizer of its own.

    Args:
      latent: TrainableLatent.
    """

    def __init__(self, latent):
        super().__init__(latent)
        self.layer = latent.layer
        self.optimizer = None

    def compile(self, optimizer):
        self.optimizer = keras.optimizers.get(optimizer)
        self.optimizer.build(self.layer.trainable_variables)

    def noise(self, count, seed):
        return self.latent.noise(count, seed)

    def draw(self, *noise):
        # One draw for all: it is compiled once.
        width = self.latent.event_shape[0]
        item = noise[-1].shape[1:]
        leading = [part.shape[: len(part.shape) - len(item)] for part in noise]
        rows = tf.concat([tf.reshape(part, [-1, *item]) for part in noise], axis=0)
        sizes = [shape.num_elements() for shape in leading]
        drawn = tf.split(tf.stop_gradient(self.latent.draw(rows)), sizes)
        return tuple(
            tf.reshape(part, [*shape, width]) for part, shape in zip(drawn, leading, strict=True)
        )

    def watched(self, latents):
        return [latents] if self.latent.differentiable else []

    def update(self, noise, latents, losses, gradients):
        """Trains on the losses of the generator's update.

        Two halves of the batch give two independent estimates of the gradient. Half their sum is
        the estimate of the batch, a quarter of their squared distance estimates its variance.

        Returns:
          dict of scalars: the ``gradient_norm``, the ``gradient_variance``, summed over all
          weights, and the ``drift``.
        """
        path = gradients[0] if gradients else tf.zeros_like(latents)
        variables = self.layer.trainable_variables
        half = losses.shape[0] // 2
        with tf.GradientTape(persistent=True) as tape:
            terms = self.latent.surrogate(noise, latents, losses, path)
            parts = [tf.reduce_sum(terms[:half]), tf.reduce_sum(terms[half:])]
        first, second = (tape.gradient(part, variables) for part in parts)
        total = [one + other for one, other in zip(first, second, strict=True)]
        apart = [one - other for one, other in zip(first, second, strict=True)]
        self.optimizer.apply(total, variables)
        return {
            "circuit/gradient_norm": ops.sqrt(_square(total)),
            "circuit/gradient_variance": _square(apart),
            "circuit/drift": self.latent.drift(),
        }

    def learning_rates(self):
        return {"circuit_learning_rate": self.optimizer.learning_rate}

    def checkpoint_parts(self):
        return {"circuit": self.layer, "circuit_optimizer": self.optimizer}


def latent_training(latent) -> FixedLatent:
    """Returns how a latent takes part in training."""
    return TrainedLatent(latent) if isinstance(latent, TrainableLatent) else FixedLatent(latent)


def _square(tensors):
    return sum(ops.sum(ops.square(tensor)) for tensor in tensors)
