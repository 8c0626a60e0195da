"""Photon counts of an interferometer as a latent: identical photons, or classical ones."""

import dataclasses
import math
import os
from typing import TYPE_CHECKING

import numpy as np
from absl import logging

from qlatent_tf.checks import check_count, check_flag, digits
from qlatent_tf.quantum.arguments import check_unitary
from qlatent_tf.quantum.devices.no_closed_form import NoClosedForm
from qlatent_tf.quantum.devices.noise import combined_noise, noisy_phases, noisy_unitary
from qlatent_tf.quantum.memory import check_memory
from qlatent_tf.quantum.unitaries import (
    check_circuit_seed,
    haar_unitary,
    load_unitary,
    loop_angles,
    loop_unitary,
    parse_delays,
)
from qlatent_tf.registry import takes_options_of
from qlatent_tf.seeds import derive_seed

if TYPE_CHECKING:
    from qlatent_tf.latents.boson_sampling import BosonSampling
    from qlatent_tf.quantum.devices.noise import Noise
    from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice

DEFAULT_MODES = 16
CENTRING_SAMPLES = 10_000
CIRCUIT_BYTES = 10_000  # of what a device holds beside its matrices


def boson(
    modes: int | None = None,
    photons: int | None = None,
    input_state: list[int] | str | None = None,
    unitary_seed: int = 0,
    unitary_file: str | os.PathLike | None = None,
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
    interfering_photons: int | None = None,
    g2: float | None = None,
    phase_error: float | None = None,
    noise: dict | None = None,
    unitary: object = None,
) -> "BosonSampling":
    """Identical photons in a random interferometer: boson sampling.

    Args:
      modes: int. The width of one circuit; by default that of `unitary`, `unitary_file` or
        `input_state`, and without these 16.
      photons: int. One photon into each of the first modes; half of them by default.
      input_state: list of int, or str such as `"1,1,0,2"`. The photons of each mode, in place of
        `photons`.
      unitary_seed: int, from 0 to 2**32 - 1. Names the circuit.
      unitary_file: path. Your own circuit, see `load_unitary`.
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
      center: bool. Whether the mean is moved to 0. The exact mean is subtracted; where it has no
        closed form or takes too long, the mean of 10,000 samples of seed 0.
      interfering_photons: int, from 1 to the photons. How many of them, chosen anew for each
        sample, can interfere: 1 is `photonic`, all is `boson`, and between them the cost of a
        sample grows as 2^k. All by default.
      g2: float in [0, 1]. Second photons of the sources, see `Noise`; none by default.
      phase_error: float from 0 to pi, radians. The largest error of each phase of a circuit; errors
        are drawn once, under `unitary_seed`. 0 by default.
      noise: Perceval's `NoiseModel`, or a dict of its parameters, in place of `g2`, `phase_error`,
        `indistinguishability` and `transmission`.
      unitary: array, or a circuit of Perceval or Piquasso, see `circuit_matrix`. Your own circuit,
        in place of `unitary_file`; from Python alone, for a configuration holds no such object.

    Returns:
      BosonSampling, event shape `[modes * tiles]`.

    Raises:
      ValueError: if an option is out of range or contradicts another, the latent would be a
        constant, or its circuits do not fit into memory.
      FileNotFoundError: if there is no such unitary file.

    Example:
      >>> latent = boson(modes=4, input_state="1,1,0,0")
      >>> latent.sample(500, seed=(0, 1)).shape  # the same 500 vectors whenever it is called
      TensorShape([500, 4])
    """
    from qlatent_tf.latents.boson_sampling import BosonSampling
    from qlatent_tf.quantum.devices.photonic_device import PhotonicDevice
    from qlatent_tf.quantum.samplers.fock_table import DEFAULT_MAX_TABLE_BYTES

    own = _own_circuit(modes, unitary_file, unitary, interferometer)
    modes = _width(input_state, own) if modes is None else check_count(modes, "modes", least=1)
    tiles = check_count(tiles, "tiles", least=1)
    check_memory(tiles * (80 * modes**2 + CIRCUIT_BYTES), f"{tiles:,} circuits of {modes:,} modes")
    center = check_flag(center, "center")
    state = entering_photons(modes, photons, input_state)
    told = combined_noise(noise, g2, phase_error, indistinguishability, transmission)
    # The phases' errors are in the circuits.
    rest = dataclasses.replace(told, phase_error=0.0, phase_imprecision=0.0)
    devices = [
        PhotonicDevice(
            circuit,
            state,
            indistinguishability=indistinguishability,
            transmission=transmission,
            detector=detector,
            dark_count_probability=dark_count_probability,
            postselect=postselect,
            interfering_photons=interfering_photons,
            g2=g2,
            noise=None if noise is None else rest,
            method=method,
            precision=precision,
            max_table_bytes=DEFAULT_MAX_TABLE_BYTES // tiles,
        )
        for circuit in _unitaries(modes, unitary_seed, own, interferometer, tiles, told)
    ]
    _check_varies(devices[0], own is not None)
    loc = -np.concatenate([_centre(device) for device in devices]) if center else None
    classical = devices[0].indistinguishability == 0
    return BosonSampling(devices, loc, name="Photonic" if classical else "Boson")


def _follow_circuit(config):
    options = config.latent_options
    file = options.get("unitary_file")
    if file is None:
        return {"modes": _width(options.get("input_state"), None)}
    # Where the modes are known, the file need not be there.
    return {"modes": options.get("modes") or len(load_unitary(file))}


# The width of a circuit, which its file or its photons tell; see `qlatent_tf.resolve`.
boson.follows = _follow_circuit  # pyright: ignore[reportFunctionMemberAccess]

_BOSON_ALONE = (
    "indistinguishability",
    "interfering_photons",
    "g2",
    "phase_error",
    "noise",
    "method",
    "precision",
)


@takes_options_of(boson, without=_BOSON_ALONE)
def photonic(**options) -> "BosonSampling":
    """Distinguishable photons in the same kind of circuit: classical particles.

    Under the same `unitary_seed` it shares with the boson latent the circuit, the photon number and
    the mean of every mode; it lacks the interference, hence the bunching and the correlations that
    are hard to sample.

    Args:
      **options: those of `boson`, but for `indistinguishability`, `interfering_photons`, `g2`,
        `phase_error`, `noise`, `method` and `precision`.

    Returns:
      BosonSampling, event shape `[modes * tiles]`.

    Raises:
      ValueError: if an option is out of range or contradicts another.
      FileNotFoundError: if there is no such unitary file.
    """
    return boson(**options, indistinguishability=0.0)


def entering_photons(modes: int, photons: int | None = None, input_state=None) -> list[int]:
    """Returns the photons that enter each mode, which the options of a latent say."""
    if input_state is not None:
        if photons is not None:
            raise ValueError(
                f"Give photons or input_state, not both; received photons={photons!r} and "
                f"input_state={input_state!r}."
            )
        if not isinstance(input_state, str):
            return input_state
        try:
            return [digits(count) for count in input_state.split(",")]
        except ValueError:
            raise ValueError(
                f"An input state reads like '1,1,0,2'; received {input_state!r}."
            ) from None
    photons = max(modes // 2, 1) if photons is None else check_count(photons, "photons", least=1)
    if photons > modes:
        raise ValueError(
            f"photons enter one a mode, so there are at most modes={modes}; received {photons}. "
            "Use input_state to send several into a mode."
        )
    return [1] * photons + [0] * (modes - photons)


def _own_circuit(modes, unitary_file, unitary, interferometer) -> np.ndarray | None:
    """Returns the circuit that a file or an object states, None where the seed chooses it."""
    if unitary_file is None and unitary is None:
        return None
    name = "unitary" if unitary_file is None else "unitary_file"
    if interferometer != "haar" or (unitary_file is not None and unitary is not None):
        beside = "unitary" if interferometer == "haar" else f"{interferometer=}"
        raise ValueError(f"{name} is the interferometer; received {beside} beside it.")
    own = check_unitary(unitary) if unitary_file is None else load_unitary(unitary_file)
    if modes not in (None, len(own)):
        raise ValueError(
            f"{unitary_file or name} holds a {len(own)}-mode unitary; received modes={modes!r}. "
            f"Set modes={len(own)}, or leave it open (modes=null)."
        )
    return own


def _width(input_state, own: np.ndarray | None) -> int:
    """Returns the modes of a circuit for which no option states them."""
    if own is not None:
        return len(own)
    if input_state is None:
        return DEFAULT_MODES
    state = entering_photons(DEFAULT_MODES, input_state=input_state)
    # Of no list: the device says so.
    return len(state) if np.ndim(np.asarray(state, object)) == 1 else DEFAULT_MODES


def _unitaries(
    modes: int,
    unitary_seed: int,
    own: np.ndarray | None,
    interferometer: str,
    tiles: int,
    noise: "Noise",
) -> list[np.ndarray]:
    """Returns the circuit of each tile, with the errors of its phases."""
    seeds = unitary_seeds(unitary_seed, tiles)
    error_seeds = [derive_seed(seed, "phases") for seed in seeds]
    if own is not None:
        circuits = [own] * tiles
    elif interferometer == "haar":
        circuits = [haar_unitary(modes, seed) for seed in seeds]
    else:
        check_delays(interferometer)
        # A loop's splitter is an interferometer, too: its phase is twice the angle.
        angles = [
            noisy_phases(2 * loop_angles(modes, interferometer, seed), noise, errors) / 2
            for seed, errors in zip(seeds, error_seeds, strict=True)
        ]
        return [loop_unitary(modes, interferometer, angles=one) for one in angles]
    return [
        noisy_unitary(circuit, noise, errors)
        for circuit, errors in zip(circuits, error_seeds, strict=True)
    ]


def unitary_seeds(unitary_seed: int, tiles: int) -> list[int]:
    """Returns the seed of each circuit; the first is that of an untiled latent."""
    unitary_seed = check_circuit_seed(unitary_seed, "unitary_seed")
    return [unitary_seed] + [derive_seed(unitary_seed, f"tile {tile}") for tile in range(1, tiles)]


def check_delays(interferometer) -> None:
    """Refuses an interferometer that is neither `"haar"` nor loop delays, naming both."""
    try:
        parse_delays(interferometer)
    except ValueError:
        raise ValueError(
            "interferometer is 'haar', or the delays of loops such as '1-1' or '1-3-9', whole "
            f"numbers from 1; received {interferometer!r}."
        ) from None


def _check_varies(device: "PhotonicDevice", is_custom: bool) -> None:
    """Refuses a device whose outcomes are all the same: a model would learn from a constant.

    A custom circuit that only permutes the photons is let through, with a warning.
    """
    least, most = device.postselect or (0, math.inf)
    if device.rejects_shots:  # its moments may be long sums
        varies = most > 0 and not (device.detector == "threshold" and least == device.modes)
    else:
        try:
            varies = device.variance().max() > 1e-9
        except NoClosedForm:  # second photons of dim sources, which vary
            varies = True
    if varies:
        return
    text = f"All samples of the latent would be equal, so nothing can be learnt: {device!r}."
    if not is_custom or device.photons == 0:
        raise ValueError(
            f"{text} Send at least one photon through two modes or more, and let detectors see it."
        )
    logging.warning("%s", text)


def _centre(device: "PhotonicDevice") -> np.ndarray:
    """Returns the exact mean of a device, or where that takes too long, the mean of samples."""
    try:
        return device.mean()
    except NoClosedForm as error:
        logging.warning(
            "The latent is centred by the mean of %d samples: %s", CENTRING_SAMPLES, error
        )
        return device.sample(CENTRING_SAMPLES, seed=0).mean(axis=0)
