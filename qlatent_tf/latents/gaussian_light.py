"""Gaussian boson sampling as a latent, and classical light in its place."""

import os
from typing import TYPE_CHECKING

import numpy as np

from qlatent_tf.checks import check_count, check_flag
from qlatent_tf.latents.photons import check_delays, unitary_seeds
from qlatent_tf.quantum.memory import check_memory
from qlatent_tf.quantum.unitaries import haar_unitary, load_unitary, loop_unitary
from qlatent_tf.registry import takes_options_of

if TYPE_CHECKING:
    from qlatent_tf.latents.gaussian_photons import GaussianPhotons

# Squeezed by 0.66, a mode holds half a photon on average, as the boson latent's modes do.
SQUEEZING = 0.66


def gaussian_boson(
    modes: int | None = None,
    squeezing: float | list[float] | None = None,
    unitary_seed: int = 0,
    transfer_file: str | os.PathLike | None = None,
    interferometer: str = "haar",
    device: str | None = None,
    tiles: int = 1,
    transmission: float | list[float] = 1.0,
    detector: str = "number",
    center: bool = True,
) -> "GaussianPhotons":
    """Squeezed light in a random interferometer: Gaussian boson sampling.

    Samples are exact, by Piquasso, and slow: 0.24 ms for 4 modes, 6 ms for 16. Larger devices are
    for banks, see `write_latent_bank`. Mean and covariance are exact at any size.

    Args:
      modes: int. The width of one circuit, 16 by default; of a device or a file, its first modes,
        by default all.
      squeezing: float, or list of float. The squeezing parameter of every input, or of the first
        ones, in which case vacuum enters the others; 0.66 by default, about half a photon an input.
      unitary_seed: int, from 0 to 2**32 - 1. Names the circuit, which is never trained.
      transfer_file: path. A custom transfer matrix, `[modes, inputs]`, lossy or not: `.npy`,
        `.npz` or `.csv`.
      interferometer: str. `"haar"`, or loop delays such as `"1-1"` or `"1-3-9"`.
      device: str. The calibration of a real device, `FILE:NAME`; see `read_calibration`.
      tiles: int. Independent circuits side by side, each with a unitary seed derived from
        `unitary_seed`; the width is `modes * tiles`.
      transmission: float in [0, 1], or one for each output mode of a circuit.
      detector: str. `"number"` or `"threshold"`.
      center: bool. Whether the exact mean is subtracted.

    Returns:
      GaussianPhotons, event shape `[modes * tiles]`.

    Raises:
      ImportError: if Piquasso is not installed.
      ValueError: if an option is out of range or contradicts another.
      FileNotFoundError: if there is no such file.
    """
    from qlatent_tf.quantum.gaussian.exact_sampler import check_piquasso

    check_piquasso()
    return _latent(
        "squeezed",
        modes=modes,
        squeezing=squeezing,
        unitary_seed=unitary_seed,
        transfer_file=transfer_file,
        interferometer=interferometer,
        device=device,
        tiles=tiles,
        transmission=transmission,
        detector=detector,
        center=center,
    )


@takes_options_of(gaussian_boson)
def squashed(**options) -> "GaussianPhotons":
    """Classical light that comes closest to squeezed light: one quadrature fluctuates.

    It shares with `gaussian_boson` the circuit, the mean of every mode and the quadrature that
    fluctuates; the other quadrature fluctuates as the vacuum does, not less.

    Options and result as for `gaussian_boson`. Samples take microseconds.
    """
    return _latent("squashed", **options)


@takes_options_of(gaussian_boson)
def thermal(**options) -> "GaussianPhotons":
    """Thermal light in the same kind of circuit: both quadratures fluctuate alike.

    It shares with `gaussian_boson` the circuit and the mean of every mode; it lacks the phase of
    the squeezing, hence pairs of photons.

    Options and result as for `gaussian_boson`. Samples take microseconds.
    """
    return _latent("thermal", **options)


@takes_options_of(gaussian_boson)
def coherent(**options) -> "GaussianPhotons":
    """Laser pulses of random phases in the same kind of circuit.

    It shares with `gaussian_boson` the circuit and the mean of every mode; the intensity of each
    input does not fluctuate, and each pulse has a phase of its own in each sample.

    Options and result as for `gaussian_boson`. Samples take microseconds. The covariance of clicks
    (`detector="threshold"`) has no closed form.
    """
    return _latent("coherent", **options)


def _latent(light: str, *, squeezing, transmission, detector, center, **circuit):
    from qlatent_tf.latents.gaussian_photons import GaussianPhotons
    from qlatent_tf.quantum.gaussian.device import GaussianDevice

    transfers, calibrated = _circuits(**circuit)
    if squeezing is None:
        squeezing = SQUEEZING if calibrated is None else calibrated
    elif calibrated is not None:
        raise ValueError(
            "A device comes with its squeezing; received squeezing beside it: "
            f"{squeezing!r}, device={circuit['device']!r}."
        )
    devices = [
        GaussianDevice(
            transfer, squeezing, light=light, transmission=transmission, detector=detector
        )
        for transfer in transfers
    ]
    if not any(device.mean().any() for device in devices):
        raise ValueError(
            "No photon arrives, and all samples of the latent would be equal: nothing can be "
            f"learnt. Received squeezing={squeezing!r}, transmission={transmission!r}."
        )
    center = check_flag(center, "center")
    loc = -np.concatenate([device.mean() for device in devices]) if center else None
    return GaussianPhotons(
        devices, loc, name="GaussianBoson" if light == "squeezed" else light.title()
    )


def _circuits(*, modes, unitary_seed, transfer_file, interferometer, device, tiles):
    """Returns the transfer matrix of each tile, and the squeezing where a device states it."""
    tiles = check_count(tiles, "tiles", least=1)
    modes = modes if modes is None else check_count(modes, "modes", least=1)
    named = {"device": device, "transfer_file": transfer_file}
    given = [f"{name}={value!r}" for name, value in named.items() if value is not None]
    if given and interferometer != "haar":
        given.append(f"interferometer={interferometer!r}")
    if len(given) > 1:
        raise ValueError(f"Name the circuit once; received {' and '.join(given)}.")
    transfer, squeezing = _from_file(device, transfer_file) if given else (None, None)
    if transfer is not None and modes is not None and modes > len(transfer):
        raise ValueError(f"{given[0]} has {len(transfer)} modes; received modes={modes}.")
    width = modes or (16 if transfer is None else len(transfer))
    check_memory(tiles * 200 * width**2, f"{tiles:,} circuits of {width:,} modes")
    seeds = unitary_seeds(unitary_seed, tiles)
    if transfer is not None:
        return [transfer[:width]] * tiles, squeezing
    if interferometer == "haar":
        return [haar_unitary(width, seed) for seed in seeds], None
    check_delays(interferometer)
    return [loop_unitary(width, interferometer, seed=seed) for seed in seeds], None


def _from_file(device, transfer_file):
    from qlatent_tf.quantum.gaussian.calibrations import read_calibration
    from qlatent_tf.quantum.gaussian.light import check_transfer

    if device is None:
        return load_unitary(transfer_file, check=check_transfer), None
    calibration = read_calibration(device)
    return calibration.transfer, calibration.squeezing
