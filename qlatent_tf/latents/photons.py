"""Photon counts of an interferometer as a latent: identical photons, or classical ones."""

from typing import TYPE_CHECKING

import numpy as np
from absl import logging

from qlatent_tf.quantum.arguments import check_count
from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.quantum.unitaries import haar_unitary, load_unitary, loop_unitary
from qlatent_tf.registry import takes_options_of
from qlatent_tf.seeds import derive_seed

if TYPE_CHECKING:
    from qlatent_tf.latents.boson_sampling import BosonSampling
    from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice

CENTRING_SAMPLES = 10_000


def boson(
    modes: int = 16,
    photons: int | None = None,
    input_state: list[int] | None = None,
    unitary_seed: int = 0,
    unitary_file: str | None = None,
    interferometer: str = "haar",
    tiles: int = 1,
    indistinguishability: float = 1.0,
    transmission: float | list[float] = 1.0,
    detector: str = "number",
    dark_count_probability: float = 0.0,
    postselect: int | list[int] | None = None,
    method: str = "auto",
    precision: str = "double",
    center: bool = True,
) -> "BosonSampling":
    """Identical photons in a random interferometer: boson sampling.

    Args:
      modes: int. The width of one circuit.
      photons: int. One photon into each of the first modes; half of them by default.
      input_state: list of int. The photons of each mode, in place of `photons`.
      unitary_seed: int, from 0 to 2**32 - 1. Names the circuit.
      unitary_file: path. A circuit of one's own, see `load_unitary`.
      interferometer: str. `"haar"`, or loop delays such as `"1-1"` or `"1-3-9"`.
      tiles: int. Independent circuits side by side, each with a unitary seed derived from
        `unitary_seed`; the width is `modes * tiles`.
      indistinguishability: float in [0, 1]. The Hong-Ou-Mandel visibility.
      transmission: float in [0, 1], or one for each output mode of a circuit.
      detector: str. `"number"` or `"threshold"`.
      dark_count_probability: float in [0, 1].
      postselect: int, or pair. The total counts of a circuit that are kept.
      method: str. `"auto"`, `"table"`, `"lanes"`, `"glynn"` or `"loop"`; see `BosonSampler`. The
        tables of all tiles take at most 512 MiB together.
      precision: str. `"double"` or `"single"`.
      center: bool. Whether the mean is moved to 0. The exact mean is subtracted; where a
        post-selection makes that too long a sum, the mean of 10,000 samples of seed 0.

    Returns:
      BosonSampling, event shape `[modes * tiles]`.

    Raises:
      ValueError: if an option is out of range or contradicts another.
      FileNotFoundError: if there is no such unitary file.
    """
    from qlatent_tf.latents.boson_sampling import BosonSampling
    from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
    from qlatent_tf.quantum.samplers.fock_table import DEFAULT_MAX_TABLE_BYTES

    modes = check_count(modes, "modes", least=1)
    tiles = check_count(tiles, "tiles", least=1)
    devices = [
        PhotonicDevice(
            unitary,
            _input_state(modes, photons, input_state),
            indistinguishability=indistinguishability,
            transmission=transmission,
            detector=detector,
            dark_count_probability=dark_count_probability,
            postselect=postselect,
            method=method,
            precision=precision,
            max_table_bytes=DEFAULT_MAX_TABLE_BYTES // tiles,
        )
        for unitary in _unitaries(modes, unitary_seed, unitary_file, interferometer, tiles)
    ]
    loc = -np.concatenate([_centre(device) for device in devices]) if center else None
    return BosonSampling(devices, loc, name="Photonic" if indistinguishability == 0 else "Boson")


@takes_options_of(boson, without=("indistinguishability", "method", "precision"))
def photonic(**options) -> "BosonSampling":
    """Distinguishable photons in the same kind of circuit: classical particles.

    Under the same `unitary_seed` it shares with the boson latent the circuit, the photon number and
    the mean of every mode; it lacks the interference, hence the bunching and the correlations that
    are hard to sample.

    Args:
      **options: those of `boson`, but for `indistinguishability`, `method` and `precision`.

    Returns:
      BosonSampling, event shape `[modes * tiles]`.

    Raises:
      ValueError: if an option is out of range or contradicts another.
      FileNotFoundError: if there is no such unitary file.
    """
    return boson(**options, indistinguishability=0.0)


def _input_state(modes: int, photons: int | None, input_state: list[int] | None) -> list[int]:
    if input_state is not None:
        if photons is not None:
            raise ValueError(
                f"Give photons or input_state, not both; received photons={photons!r} and "
                f"input_state={input_state!r}."
            )
        return input_state
    photons = max(modes // 2, 1) if photons is None else check_count(photons, "photons")
    if photons > modes:
        raise ValueError(
            f"photons enter one a mode, so there are at most modes={modes}; received {photons}. "
            "Use input_state to send several into a mode."
        )
    return [1] * photons + [0] * (modes - photons)


def _unitaries(
    modes: int, unitary_seed: int, unitary_file: str | None, interferometer: str, tiles: int
) -> list[np.ndarray]:
    if unitary_file is not None:
        if interferometer != "haar":
            raise ValueError(
                f"unitary_file is the interferometer; received interferometer={interferometer!r} "
                "beside it."
            )
        unitary = load_unitary(unitary_file)
        if len(unitary) != modes:
            raise ValueError(
                f"{unitary_file} holds a {len(unitary)}-mode unitary; received modes={modes}."
            )
        return [unitary] * tiles
    seeds = unitary_seeds(unitary_seed, tiles)
    if interferometer == "haar":
        return [haar_unitary(modes, seed) for seed in seeds]
    return [loop_unitary(modes, interferometer, seed=seed) for seed in seeds]


def unitary_seeds(unitary_seed: int, tiles: int) -> list[int]:
    """Returns the seed of each circuit; the first is that of an untiled latent."""
    return [unitary_seed] + [derive_seed(unitary_seed, f"tile {tile}") for tile in range(1, tiles)]


def _centre(device: "PhotonicDevice") -> np.ndarray:
    """Returns the exact mean of a device, or where that takes too long, the mean of samples."""
    try:
        return device.mean()
    except NoClosedForm as error:
        logging.warning(
            "The latent is centred by the mean of %d samples: %s", CENTRING_SAMPLES, error
        )
        return device.sample(CENTRING_SAMPLES, seed=0).mean(axis=0)
