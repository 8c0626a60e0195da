"""The inverse of a generator of dense layers that do not shrink, and how far it stretches.

A layer ``y = leaky_relu(x W + b)`` loses nothing where W, of shape ``(inputs, outputs)`` with
``inputs <= outputs``, has the rank ``inputs``: LeakyReLU is undone entry by entry, and x is the
one solution of the linear system ``x W = y' - b``.

Reference:
  Bacarreza et al., "Quantum latent distributions in deep generative models", arXiv 2508.19857,
  theorem 1.
"""

import dataclasses

import keras
import numpy as np


@dataclasses.dataclass(frozen=True)
class Recovery:
    """What became of latents that went through a generator and back.

    Attributes:
      tried: int. How many latent vectors.
      recovered: int. Of how many every entry came back within 1/2: whole numbers (moved or not)
        are then exactly those that went in.
      largest_error: float. The largest error of an entry.
      largest_error_double: float. The same with the generator computed in double precision, which
        tells the inverse from the rounding of samples.
      largest_error_bound: float. What `Lipschitz.inverse` makes of the rounding of the samples;
        only as large as that if all stretches and roundings point in one direction.
    """

    tried: int
    recovered: int
    largest_error: float
    largest_error_double: float
    largest_error_bound: float


@dataclasses.dataclass(frozen=True)
class Lipschitz:
    """Bounds of how far distances are stretched, ``|x - x'|`` in the Euclidean norm.

        |z - z'| / inverse  <=  |g(z) - g(z')|  <=  generator * |z - z'|

    The products over all layers of the largest singular value and the largest slope, and of the
    inverses of the smallest ones.
    """

    generator: float
    inverse: float


class Inverse:
    """The inverse of a generator, computed once for many samples.

    Args:
      generator: keras.Model. Dense layers without an activation, each but the last followed by a
        LeakyReLU, as ``mlp`` builds with ``invertible=True``.

    Raises:
      ValueError: if it has other layers, or weights without full row rank.

    Example:
      >>> model = qlatent_tf.from_preset(...)  # trained with model_options.invertible=true
      >>> latent = Inverse(model.generator)(model.sample(100, seed=0))
    """

    def __init__(self, generator):
        self._generator = generator
        self._layers = _read_layers(generator)

    def __call__(self, samples, tolerance: float = 1e-3) -> np.ndarray:
        """Returns the latents of samples.

        Args:
          samples: float array, shape `(n, features)`. Outputs of the generator.
          tolerance: float. How far a sample may be from what a layer can make, as a share of its
            length. The rounding of samples in single precision stays far below the default.

        Returns:
          float64 array, shape `(n, latent_size)`.

        Raises:
          ValueError: if the shape is wrong, or a sample is none that the generator can make.
        """
        values = np.asarray(samples, np.float64)
        width = self._layers[-1].weights.shape[1]
        if values.ndim != 2 or values.shape[1] != width:
            raise ValueError(f"Samples have shape (n, {width}); received {values.shape}.")
        for number, layer in reversed(list(enumerate(self._layers, 1))):
            values = np.where(values < 0, values / layer.slope, values) - layer.bias
            inputs = layer.solve(values)
            missed = np.linalg.norm(inputs @ layer.weights - values, axis=1)
            outside = ~(missed <= tolerance * np.maximum(np.linalg.norm(values, axis=1), 1.0))
            if outside.any():
                raise ValueError(
                    f"{outside.sum()} of {len(values)} samples are none that the generator can "
                    f"make: layer {number} misses sample {outside.argmax()} by "
                    f"{missed[outside.argmax()]:.3g}, tolerance {tolerance:g}."
                )
            values = inputs
        return values

    def lipschitz(self) -> Lipschitz:
        """Returns bounds of the generator's and the inverse's stretch."""
        generator = inverse = 1.0
        for layer in self._layers:
            generator *= layer.singular[0] * max(1.0, layer.slope)
            inverse /= layer.singular[-1] * min(1.0, layer.slope)
        return Lipschitz(float(generator), float(inverse))

    def check(self, latents) -> Recovery:
        """Sends latents through the generator and back.

        Args:
          latents: array, shape `(n, latent_size)`.

        Raises:
          ValueError: as `__call__`.
        """
        latents = np.asarray(latents, np.float64)
        samples = np.asarray(self._generator(latents.astype(np.float32), training=False))
        errors = np.abs(self(samples) - latents)
        exact = np.abs(self(self._forward(latents)) - latents)
        # Twice: the generator's own sums round as well as its outputs.
        rounding = 2 * np.finfo(samples.dtype).eps * np.linalg.norm(samples, axis=1).max()
        return Recovery(
            tried=len(latents),
            recovered=int((errors < 0.5).all(axis=1).sum()),
            largest_error=float(errors.max()),
            largest_error_double=float(exact.max()),
            largest_error_bound=self.lipschitz().inverse * float(rounding),
        )

    def _forward(self, values):
        for layer in self._layers:
            values = values @ layer.weights + layer.bias
            values = np.where(values < 0, values * layer.slope, values)
        return values


class _Layer:
    """``leaky_relu(x weights + bias)``, with the singular values of its weights."""

    def __init__(self, number, weights, bias):
        self.weights = np.asarray(weights, np.float64)
        self.bias = np.asarray(bias, np.float64)
        self.slope = 1.0
        if self.weights.shape[0] > self.weights.shape[1]:
            raise ValueError(
                f"Layer {number} maps {self.weights.shape[0]} numbers to "
                f"{self.weights.shape[1]}; only layers that do not shrink have an inverse."
            )
        self._left, self.singular, self._right = np.linalg.svd(self.weights, full_matrices=False)
        # Weights are kept in single precision: below this, a singular value may as well be zero.
        least = self.singular[0] * max(self.weights.shape) * np.finfo(np.float32).eps
        if not self.singular[-1] > least:
            raise ValueError(
                f"The weights of layer {number} have no full row rank: their singular values go "
                f"from {self.singular[0]:.3g} down to {self.singular[-1]:.3g}. Some latents give "
                "equal samples, so there is no inverse."
            )

    def solve(self, outputs):
        """The least-squares solution of ``x weights = outputs``."""
        return (outputs @ self._right.T / self.singular) @ self._left.T


def _read_layers(generator) -> list[_Layer]:
    found = []
    for part in generator.layers:
        if isinstance(part, keras.layers.Dense) and part.activation is keras.activations.linear:
            bias = 0.0 if part.bias is None else part.bias
            found.append(_Layer(len(found) + 1, part.kernel, bias))
        elif isinstance(part, keras.layers.LeakyReLU) and found and part.negative_slope > 0:
            found[-1].slope *= float(part.negative_slope)
        elif not isinstance(part, keras.layers.InputLayer):
            raise ValueError(
                "An invertible generator has Dense layers without an activation, and LeakyReLU "
                f"layers behind them; received {part.name!r}, a {type(part).__name__}. Train mlp "
                "with model_options.invertible=true."
            )
    if not found:
        raise ValueError("The generator has no Dense layer.")
    return found
