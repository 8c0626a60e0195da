"""Photon counts of interferometers that are trained."""

import keras
import numpy as np
import tensorflow as tf

from qlatent_tf.gan.score_function import score_function_losses
from qlatent_tf.latents.boson_sampling import BosonSampling
from qlatent_tf.layers.photonic.interferometer import Interferometer
from qlatent_tf.layers.photonic.photonic_sampler import MOST_PHOTONS, PhotonicSampler
from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
from qlatent_tf.quantum.samplers.fock_table import DEFAULT_MAX_TABLE_BYTES

_STATISTICS = {1.0: "identical", 0.0: "distinguishable"}


class TrainedPhotons(BosonSampling):
    """Photon counts of devices whose interferometers are trained.

    It starts as the distribution that it is made of, and is at any time that of devices with the
    present unitaries: `sample`, `log_prob` and the moments are theirs. Inside a training step
    `draw` draws the same law without them, and the interferometers learn by the score function.
    What is subtracted from the counts stays the mean that they had at the start.

    A copy shares the interferometers.

    Args:
      latent: BosonSampling. Ideal devices that count photons, identical or distinguishable ones.
      interferometers: sequence of Interferometer. One for each device, with its unitary.
      name: str. The latent's by default.

    Raises:
      ValueError: if a device is not ideal, or its photons are too many to draw in a step.
    """

    changes = True

    def __init__(self, latent: BosonSampling, interferometers, name: str | None = None):
        parameters = dict(locals())
        for device in latent.devices:
            _check_ideal(device)
        self._built, self._built_of = latent.devices, None
        super().__init__(latent.devices, latent._loc, latent.dtype, name or latent.name, parameters)
        self.layer = SideBySide(interferometers, name="circuit")
        self._samplers = [
            PhotonicSampler(device.input_state.tolist(), _STATISTICS[device.indistinguishability])
            for device in latent.devices
        ]
        self._start = [tf.constant(device.unitary, tf.complex64) for device in latent.devices]

    @property
    def devices(self):
        """The devices of the present unitaries, left to right."""
        if not hasattr(self, "layer"):
            return self._built
        weights = b"".join(weight.numpy().tobytes() for weight in self.layer.weights)
        if weights != self._built_of:
            self._built = tuple(
                PhotonicDevice(
                    layer.exact_unitary(),
                    device.input_state,
                    indistinguishability=device.indistinguishability,
                    method=device.method,
                    max_table_bytes=DEFAULT_MAX_TABLE_BYTES // len(self._built),
                    precision=device.precision,
                )
                for layer, device in zip(self.layer.parts, self._built, strict=True)
            )
            self._built_of = weights
        return self._built

    def noise(self, count, seed):
        """Returns random bits, ``(count, devices, 2, photons)``, photons the most of a device."""
        most = max(sampler.photons for sampler in self._samplers)
        shape = [count, len(self._samplers), 2, most]
        # All bits of an integer: TensorFlow asks for no limits, its annotations for numbers.
        return tf.random.stateless_uniform(shape, seed, None, None, tf.uint32, "philox")  # pyright: ignore[reportArgumentType]

    def check_batch(self, rows: int) -> None:
        """Refuses more latents a step than its circuits draw at a time.

        Raises:
          ValueError: with the memory that they take.
        """
        for sampler, layer in zip(self._samplers, self.layer.parts, strict=True):
            sampler.check_bytes(rows, layer.modes)

    def draw(self, noise):
        """Returns the counts, less their first mean, that random bits make."""
        bits = tf.unstack(tf.transpose(noise, [1, 2, 3, 0]))
        counts = [
            sampler.counts_of(unitary, part[:, : sampler.photons])
            for sampler, unitary, part in zip(self._samplers, self.layer(), bits, strict=True)
        ]
        return tf.cast(tf.concat(counts, axis=1), self.dtype) + self.loc

    def surrogate(self, noise, latents, losses, path):
        counts = tf.cast(tf.round(latents - self.loc), tf.int32)
        parts = tf.split(counts, [layer.modes for layer in self.layer.parts], axis=1)
        log_probs = sum(
            sampler.log_prob(unitary, part)
            for sampler, unitary, part in zip(self._samplers, self.layer(), parts, strict=True)
        )
        return score_function_losses(losses, log_probs) / losses.shape[0]

    def drift(self):
        """Returns ``|U - U_start| / sqrt(2 modes)``, 1 for two independent Haar-random unitaries.

        Where circuits stand side by side it is the mean over them.
        """
        distances = [
            tf.norm(tf.abs(now - start)) / (2 * layer.modes) ** 0.5
            for now, start, layer in zip(self.layer(), self._start, self.layer.parts, strict=True)
        ]
        return tf.reduce_mean(tf.stack(distances))


class SideBySide(keras.layers.Layer):
    """Layers without input side by side, whose outputs are a list.

    Args:
      parts: sequence of layers.
    """

    def __init__(self, parts, **kwargs):
        super().__init__(**kwargs)
        self.parts = list(parts)
        self.built = True

    def call(self, inputs=None):
        """Returns what each layer returns; takes no inputs."""
        return [part() for part in self.parts]


def trained_photons(
    latent: BosonSampling, interferometer: str = "haar", seeds=()
) -> TrainedPhotons:
    """Returns a boson or photonic latent with trained circuits, which start at its own.

    Args:
      latent: BosonSampling.
      interferometer: str. What its circuits are: `"haar"`, also for those from files, or delays of
        loops, which stay loops.
      seeds: sequence of int. Those of the loops.

    Raises:
      ValueError: if a loop is not that of its delays and its seed, or as `TrainedPhotons` says.
    """
    if interferometer == "haar":
        layers = [Interferometer(device.modes, unitary=device.unitary) for device in latent.devices]
    else:
        layers = [
            Interferometer(device.modes, interferometer, seed=seed)
            for device, seed in zip(latent.devices, seeds, strict=True)
        ]
        for layer, device in zip(layers, latent.devices, strict=True):
            if not np.allclose(layer.exact_unitary(), device.unitary, atol=1e-6):
                raise ValueError(
                    "A trained loop starts at splitters without errors; received phase_error or "
                    "phase_imprecision. Circuits that are no loops start where errors put them."
                )
    return TrainedPhotons(latent, layers)


def _check_ideal(device):
    if not 1 <= device.photons <= MOST_PHOTONS:
        raise ValueError(
            f"A circuit is trained with 1 to {MOST_PHOTONS} photons; received {device.photons}."
        )
    transmission = np.unique(device.transmission).tolist()
    dark_counts = device.dark_count_probability
    # The name of what may not be ideal, its value, and whether a circuit can be trained with it.
    found = (
        ("transmission", transmission, transmission == [1.0]),
        ("detector", device.detector, device.detector == "number"),
        ("dark_count_probability", dark_counts, dark_counts == 0),
        ("g2", device.noise.g2, device.noise.second_photon == 0),
        ("postselect", device.postselect, device.postselect is None),
        (
            "interfering_photons",
            device.interfering_photons,
            device.interfering_photons == device.photons,
        ),
        (
            "indistinguishability",
            device.indistinguishability,
            device.indistinguishability in _STATISTICS,
        ),
    )
    for name, value, legal in found:
        if not legal:
            raise ValueError(
                "A circuit is trained without loss and second photons, with detectors that count, "
                "and with photons that are identical or distinguishable; received "
                f"{name}={value!r}."
            )
